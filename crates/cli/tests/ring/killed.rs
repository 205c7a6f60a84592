//! `kill -9` at any point of a command that changes a ring leaves a ring that loads: the old one or the new.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::Folder;

/// Runs a command again and again and kills it, each time a little later, until several have come through.
/// The delays decide only at which points it is killed; what is asserted holds for all of them.
fn kill_everywhere(folder: &Folder, line: &str, mut check: impl FnMut(bool)) {
    let (mut finished, mut killed, mut delay) = (0, 0, Duration::ZERO);
    while finished < 8 {
        let mut command = folder.cli(line).command;
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while start.elapsed() < delay {
            thread::yield_now();
        }
        child.kill().unwrap();
        let done = child.wait().unwrap().success();
        if done {
            finished += 1;
        } else {
            killed += 1;
        }
        check(done);
        delay += Duration::from_micros(100);
        assert!(delay < Duration::from_secs(60), "{line} does not end");
    }
    assert!(killed > 0, "{line} was never killed");
}

#[test]
fn a_killed_rotation_leaves_the_old_ring_or_the_new_one() {
    let folder = Folder::with_ring();
    let (token, mut before) = (folder.seal(""), 1);
    kill_everywhere(&folder, "ring rotate ring.json", |done| {
        let now = folder.roots("").len();
        assert!(now == before + 1 || now == before && !done, "{before} roots became {now}");
        before = now;
    });
    folder.open(&token, "").line();
    // No lock outlives its command.
    folder.run("ring rotate ring.json --wait 0s").succeeds();
}

#[test]
fn a_killed_init_leaves_no_ring_or_a_whole_one() {
    let folder = Folder::new();
    kill_everywhere(&folder, "ring init ring.json", |done| {
        let exists = folder.path("ring.json").exists();
        assert!(exists || !done);
        if exists {
            assert_eq!(folder.roots("").len(), 1);
            std::fs::remove_file(folder.path("ring.json")).unwrap();
        }
    });
}

#[test]
fn a_killed_add_revocation_or_pruning_leaves_the_old_ring_or_the_new_one() {
    let folder = Folder::new();
    folder.run("ring init ring.json").succeeds();
    folder.run("ring rotate ring.json --activate-in 0s").succeeds();
    folder.keygen("secret");
    let old = folder.read("ring.json");
    let revoke = format!("ring revoke ring.json {} --yes", folder.root_id(0));
    folder.run(&revoke).succeeds();
    let revoked = folder.read("ring.json");
    let cases =
        [("ring add ring.json secret", &old, 3), (&revoke, &old, 2), ("ring prune ring.json", &revoked, 1)];
    for (line, start, roots) in cases {
        folder.write("ring.json", start);
        kill_everywhere(&folder, line, |done| {
            let now = folder.read("ring.json");
            assert!(now == *start && !done || folder.roots("").len() == roots, "{line}");
            folder.write("ring.json", start);
        });
    }
}
