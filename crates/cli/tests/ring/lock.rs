//! Ring commands at the same time: one after the other, and none loses what another wrote.

use std::fs::{File, OpenOptions};
use std::process::Command;
use std::thread;

use crate::common::Folder;
use crate::common::running::Running;
use crate::{fails_and_changes_nothing, states};

/// Holds the lock as a command at work does.
fn held(folder: &Folder) -> File {
    let mut options = OpenOptions::new();
    let lock = options.read(true).write(true).create(true).truncate(false);
    let lock = lock.open(folder.path(".ring.json.lock")).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn eight_commands_at_once_lose_no_secret() {
    const COMMANDS: usize = 8;
    let folder = Folder::with_ring();
    for number in 0..COMMANDS / 2 {
        folder.keygen(&format!("secret-{number}"));
    }
    let line = |number: usize| match number % 2 {
        0 => format!("ring add ring.json secret-{}", number / 2),
        _ => "ring rotate ring.json".to_owned(),
    };
    let ids: Vec<String> = thread::scope(|scope| {
        let spawned: Vec<_> = (0..COMMANDS)
            .map(|number| {
                let (folder, line) = (&folder, line(number));
                scope.spawn(move || folder.run(&line))
            })
            .collect();
        spawned.into_iter().map(|command| added(&command.join().unwrap())).collect()
    });
    let roots = folder.roots("");
    assert_eq!(roots.len(), 1 + COMMANDS);
    for id in ids {
        assert!(roots.iter().any(|root| root["root_id"] == *id), "{id} was lost");
    }
}

/// The root that a command says it has added. It may have said that it waited.
fn added(ended: &crate::common::Ended) -> String {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout.strip_prefix("added root ").unwrap()[..16].to_owned()
}

#[cfg(unix)]
#[test]
fn a_command_waits_for_the_one_before_it_and_says_so() {
    let folder = Folder::with_ring();
    let lock = held(&folder);
    let mut shell = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_sealed-session");
    shell.args(["-c", &format!("exec '{program}' ring rotate ring.json --wait 1h 2>&1")]);
    let mut running = Running::start({
        shell.current_dir(folder.path(""));
        shell
    });
    let lines = running.lines();
    let said = lines.next();
    assert!(said.contains(".ring.json.lock: waiting for another command"), "{said}");
    assert_eq!(states(&folder), ["sealing"], "nothing is changed meanwhile, and a list needs no lock");
    drop(lock);
    assert!(lines.next().starts_with("added root "));
    assert_eq!(running.end_without_stdout().code, 0);
    assert_eq!(states(&folder), ["sealing", "staged"]);
}

#[test]
fn a_command_gives_up_at_its_deadline_and_changes_nothing() {
    let folder = Folder::with_ring();
    folder.keygen("secret");
    let (id, _lock) = (folder.root_id(0), held(&folder));
    for line in [
        "ring add ring.json secret --wait 0s",
        "ring rotate ring.json --wait 0s",
        "ring rotate . --wait 1ms",
        "ring prune ring.json --wait 0s",
        &format!("ring revoke ring.json {id} --force --yes --wait 0s"),
    ] {
        fails_and_changes_nothing(&folder, line, 1, "another command has been changing the ring for ");
    }
}

#[cfg(unix)]
#[test]
fn the_lock_file_is_as_private_as_the_ring_and_of_the_same_owner() {
    use std::os::unix::fs::MetadataExt as _;
    for (ring_mode, lock_mode) in [(0o600, 0o600), (0o640, 0o640), (0o660, 0o660), (0o400, 0o600)] {
        let folder = Folder::with_ring();
        folder.set_mode("ring.json", ring_mode);
        // Only root may give files away; for everybody else the owner is the same anyway.
        let _ = std::os::unix::fs::chown(folder.path("ring.json"), Some(12_345), Some(54_321));
        folder.run("ring rotate ring.json").succeeds();
        assert_eq!(folder.mode(".ring.json.lock"), lock_mode);
        let [ring, lock] =
            ["ring.json", ".ring.json.lock"].map(|name| std::fs::metadata(folder.path(name)).unwrap());
        assert_eq!((lock.uid(), lock.gid(), lock.len()), (ring.uid(), ring.gid(), 0));
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_ring_has_the_lock_of_the_ring() {
    let folder = Folder::with_ring();
    std::os::unix::fs::symlink(folder.path("ring.json"), folder.path("link")).unwrap();
    let _lock = held(&folder);
    fails_and_changes_nothing(&folder, "ring rotate link --wait 0s", 1, ".ring.json.lock: another command");
}

#[test]
fn what_is_no_ring_gets_no_lock_file() {
    let folder = Folder::with_ring();
    folder.write("other", "{}");
    folder.run("ring rotate other").fails(1, "missing field");
    assert!(!folder.path(".other.lock").exists());
}
