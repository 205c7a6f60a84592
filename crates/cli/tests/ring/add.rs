//! `ring add` and `ring rotate`: a new secret takes over, and the old one gets its end.

use serde_json::{Value, json};

use crate::common::ring_file::ms;
use crate::common::{DAY, Folder, HOUR};
use crate::{MINUTE, fails_and_changes_nothing, states};

#[test]
fn an_added_secret_is_staged_for_ten_minutes() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    folder.keygen("secret");
    let said = folder.run("ring add ring.json secret").last_line();
    let roots = folder.roots("");
    let (id, start) = (roots[1]["root_id"].as_str().unwrap(), roots[1]["activate_at"].as_str().unwrap());
    assert_eq!(said, format!("added root {id} to ring.json: staged, seals from {start} (fixed)"));
    assert_eq!(states(&folder), ["sealing", "staged"]);
    assert_eq!(ms(&roots[1]["activate_at"]) - ms(&roots[1]["created_at"]), 10 * MINUTE);
    assert_eq!(folder.open(&token, "").json()["key_state"], "sealing");
    assert_eq!(folder.open(&folder.seal(""), "").json()["key_state"], "sealing");
}

#[test]
fn an_added_secret_seals_at_once_if_told_so() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    folder.keygen("secret");
    let said = folder.run("ring add ring.json secret --activate-in 0s").last_line();
    assert!(said.contains("to ring.json: sealing, seals from "), "{said}");
    assert_eq!(states(&folder), ["accepted", "sealing"]);
    assert_eq!(folder.open(&token, "").json()["key_state"], "accepted");
    assert_eq!(folder.open(&folder.seal(""), "").json()["key_state"], "sealing");
}

#[test]
fn rotate_names_the_new_secret_and_when_it_seals() {
    let folder = Folder::with_ring();
    let said = folder.run("ring rotate ring.json").line();
    let root = &folder.roots("")[1];
    let (id, start) = (root["root_id"].as_str().unwrap(), root["activate_at"].as_str().unwrap());
    assert_eq!(said, format!("added root {id} to ring.json: staged, seals from {start} (fixed)"));
    assert_eq!(ms(&root["activate_at"]) - ms(&root["created_at"]), 10 * MINUTE);
    assert_eq!(folder.names(), ["ring.json"]);
    fails_and_changes_nothing(&folder, "ring rotate ring.json --activate-in 8000y", 1, "year 9999");
}

#[test]
fn the_old_secret_retires_when_its_last_token_has_expired_and_a_grace_has_passed() {
    let cases =
        [("", 30, 1), ("--max-ttl 1d", 1, 1), ("--every 7d", 30, 7), ("--every 1h --max-ttl 2d", 2, 1)];
    for (flags, ttl_days, grace_days) in cases {
        let folder = Folder::new();
        folder.run(&format!("ring init ring.json {flags}")).succeeds();
        for wait in ["0s", "2h"] {
            folder.run(&format!("ring rotate ring.json --activate-in {wait}")).succeeds();
        }
        let roots = folder.roots("");
        assert_eq!(states(&folder), ["accepted", "sealing", "staged"]);
        assert_eq!(ms(&roots[2]["activate_at"]) - ms(&roots[2]["created_at"]), 2 * HOUR);
        for (old, new) in [(0, 1), (1, 2)] {
            let kept = ms(&roots[old]["retire_at"]) - ms(&roots[new]["activate_at"]);
            assert_eq!(kept, (ttl_days + grace_days) * DAY, "{flags}");
        }
        assert_eq!(roots[2]["retire_at"], Value::Null);
    }
}

#[test]
fn a_new_secret_rotates_as_the_one_that_seals_unless_told_otherwise() {
    let folder = Folder::new();
    folder.run("ring init ring.json --every 12h").succeeds();
    folder.keygen("secret");
    folder.run("ring rotate ring.json").succeeds();
    folder.run("ring add ring.json secret --activate-in 1h").succeeds();
    folder.run("ring rotate ring.json --activate-in 2h --every 0s").succeeds();
    folder.run("ring rotate ring.json --activate-in 3h --every 7d").succeeds();
    let periods: Vec<Value> = folder.roots("").iter().map(|root| root["period_s"].clone()).collect();
    assert_eq!(periods, [43_200, 43_200, 43_200, 0, 604_800]);
}

#[test]
fn the_known_secret_has_the_known_root_and_key_ids() {
    let folder = Folder::with_ring();
    folder.write("secret", "ssr1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DmDBr\n");
    folder.run("ring add ring.json secret").succeeds();
    let added = &folder.roots("--name __Host-session")[1];
    assert_eq!(added["root_id"], "97dd7b545d5769dc");
    let key = json!({ "key_id": "4e2f5d6e4df145e46bf19e3bc108f4a4", "epoch": 0, "state": "staged" });
    assert_eq!(added["key_ids"], json!([key]));
}

#[test]
fn the_same_secret_twice_is_an_error() {
    let folder = Folder::with_ring();
    folder.keygen("secret");
    folder.run("ring add ring.json secret").succeeds();
    fails_and_changes_nothing(&folder, "ring add ring.json secret", 1, "the same secret stands in keys[1]");
    fails_and_changes_nothing(&folder, "ring add ring.json secret --activate-in 1h", 1, "the same secret");
}

#[test]
fn a_file_that_is_not_one_secret_is_not_added() {
    let folder = Folder::with_ring();
    let secret = folder.keygen("good");
    let cases = [
        (String::new(), "there is nothing"),
        (format!("{secret}\n{secret}\n"), "there are 2 words"),
        (format!("{secret}\r\n"), "white space"),
        (format!("{secret}\n\n"), "white space"),
        ("hunter2".to_owned(), "does not begin with ssr1_"),
        (secret[..30].to_owned(), "cut short"),
        (secret.replacen("ssr1_", "ssr1_+", 1), "is not base64url"),
        (format!("{secret}{secret}"), "too long"),
        (folder.read("ring.json"), "words"),
        ("x".repeat(5_000), "is larger than 4096 bytes"),
    ];
    for (contents, words) in cases {
        folder.write("secret", contents);
        fails_and_changes_nothing(&folder, "ring add ring.json secret", 1, words);
    }
    folder.write("secret", b"\xff");
    fails_and_changes_nothing(&folder, "ring add ring.json secret", 1, "secret: is not UTF-8 text");
    fails_and_changes_nothing(&folder, "ring add ring.json missing", 1, "missing: cannot be read");
    fails_and_changes_nothing(&folder, "ring add ring.json .", 1, "is a folder");
}
