//! `keygen` and `ring init`.

use serde_json::{Value, json};

use crate::common::Folder;
use crate::common::ring_file::ring;
use crate::{MAX_TTL_S, fails_and_changes_nothing, states};

#[test]
fn keygen_prints_one_new_secret() {
    let folder = Folder::new();
    let secrets = [folder.run("keygen").line(), folder.run("keygen").line()];
    assert_ne!(secrets[0], secrets[1]);
    for secret in secrets {
        let text = secret.strip_prefix("ssr1_").unwrap();
        // 32 bytes and a checksum of 4.
        assert_eq!(text.len(), 48);
        assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c)), "{text}");
    }
}

#[test]
fn init_makes_a_private_ring_with_one_sealing_secret() {
    let folder = Folder::new();
    let said = folder.run("ring init ring.json").line();
    let roots = folder.roots("");
    let id = roots[0]["root_id"].as_str().unwrap();
    assert_eq!(said, format!("created ring.json: root {id} seals (fixed)"));
    assert_eq!((roots.len(), &roots[0]["state"], &roots[0]["period_s"]), (1, &json!("sealing"), &json!(0)));
    assert_eq!(
        (&roots[0]["activate_at"], &roots[0]["retire_at"]),
        (&json!("1970-01-01T00:00:00Z"), &Value::Null)
    );
    assert_eq!(folder.names(), ["ring.json"]);
    #[cfg(unix)]
    assert_eq!(folder.mode("ring.json"), 0o600);
    folder.open(&folder.seal(""), "").line();
}

#[test]
fn init_never_overwrites() {
    let folder = Folder::new();
    for contents in ["", "something else", &ring(MAX_TTL_S, &[])] {
        folder.write("ring.json", contents);
        fails_and_changes_nothing(&folder, "ring init ring.json", 1, "exists, and is not overwritten");
        fails_and_changes_nothing(&folder, "ring init ring.json --every 7d", 1, "is not overwritten");
    }
    fails_and_changes_nothing(&folder, "ring init .", 1, "is not overwritten");
    fails_and_changes_nothing(
        &folder,
        "ring init missing/ring.json",
        1,
        "missing/ring.json: cannot be written",
    );
}

#[cfg(unix)]
#[test]
fn init_does_not_write_through_a_dangling_link() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("elsewhere", folder.path("ring.json")).unwrap();
    folder.run("ring init ring.json").fails(1, "is not overwritten");
    assert_eq!(folder.names(), ["ring.json"]);
}

#[test]
fn init_takes_a_period_and_a_longest_ttl() {
    let folder = Folder::new();
    let said = folder.run("ring init ring.json --every 7d --max-ttl 14d").last_line();
    assert!(said.ends_with(" seals (a new key every 7days)"), "{said}");
    assert_eq!(folder.roots("")[0]["period_s"], 7 * 86_400);
    let file: Value = serde_json::from_str(&folder.read("ring.json")).unwrap();
    assert_eq!(file["max_ttl_s"], 14 * 86_400);
    folder.seal("--ttl 14d");
}

#[test]
fn a_period_with_more_than_1024_epochs_at_a_time_is_refused() {
    let folder = Folder::new();
    // 30 days, a day of grace and a minute of leeway, in 1,023 steps and the epoch before them.
    for every in ["1s", "2618s --max-ttl 30d", "88s --max-ttl 1h"] {
        folder.run(&format!("ring init ring.json --every {every}")).fails(1, "at most 1024 are allowed");
        assert!(folder.names().is_empty(), "{every}");
    }
    folder.run("ring init ring.json --every 2619s").succeeds();
    fails_and_changes_nothing(&folder, "ring rotate ring.json --every 2618s", 1, "at most 1024 are allowed");
    let keys = folder.roots("--name s")[0]["key_ids"].as_array().unwrap().len();
    assert!((1023..=1024).contains(&keys), "{keys}");
}

#[test]
fn durations_that_are_none_are_usage_errors() {
    let folder = Folder::with_ring();
    for flag in ["--every", "--max-ttl"] {
        for duration in ["1.5s", "500ms", "1d1ms", "7", "x", "", "-1d", "600000000y"] {
            let ended = folder.cli("ring init new.json").arg(format!("{flag}={duration}")).end();
            ended.fails(2, flag);
        }
    }
    for duration in ["1us", "x", "", "-1s", "600000000y"] {
        let ended = folder.cli("ring rotate ring.json").arg(format!("--activate-in={duration}")).end();
        ended.fails(2, "--activate-in");
    }
    assert_eq!(folder.names(), ["ring.json"]);
    assert_eq!(states(&folder), ["sealing"]);
}

#[test]
fn a_short_longest_life_allows_a_short_period() {
    let folder = Folder::new();
    // A day and an hour of lives and grace, in steps of 89 s: 1,013 epochs and the one before them.
    folder.run("ring init ring.json --every 89s --max-ttl 1h").succeeds();
    folder.run("ring init half-hourly.json --every 30m --max-ttl 1d").succeeds();
    folder.run("ring init none.json --max-ttl 0s").fails(2, "a second or more");
}
