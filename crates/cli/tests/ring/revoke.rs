//! `ring revoke` and `ring prune`.

use serde_json::{Value, json};

use crate::common::Folder;
use crate::common::ring_file::{ring, root};
use crate::{MAX_TTL_S, fails_and_changes_nothing, states};

#[test]
fn tokens_of_a_revoked_secret_are_refused() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    folder.run("ring rotate ring.json --activate-in 0s").succeeds();
    let (old, new) = (folder.root_id(0), folder.root_id(1));
    let said = folder.run(&format!("ring revoke ring.json {old} --yes")).last_line();
    assert!(said.starts_with(&format!("revoked root {old}: ")) && said.contains(&new), "{said}");
    assert_eq!(states(&folder), ["revoked", "sealing"]);
    folder.open(&token, "").fails(3, "refused");
    folder.open(&folder.seal(""), "").line();
}

#[test]
fn the_only_secret_that_seals_is_revoked_only_by_force() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let line = format!("ring revoke ring.json {} --yes", folder.root_id(0));
    fails_and_changes_nothing(&folder, &line, 1, "is the only one that seals now");
    folder.run("ring rotate ring.json --activate-in 1h").succeeds();
    fails_and_changes_nothing(&folder, &line, 1, "is the only one that seals now");
    let said = folder.run(&format!("{line} --force")).last_line();
    assert!(said.starts_with("revoked root ") && said.ends_with("none seals"), "{said}");
    assert_eq!(states(&folder), ["revoked", "staged"]);
    folder.open(&token, "").fails(3, "refused");
    let words = "no key of the ring is sealing now";
    folder.run("seal --ring ring.json --name s --data {}").fails(1, words);
    folder.cli("seal --ring ring.json --name s").input("{}\n").end().fails(1, words);
}

#[test]
fn a_secret_that_was_revoked_before_stays_revoked() {
    let folder = Folder::with_ring();
    folder.run("ring rotate ring.json --activate-in 0s").succeeds();
    let line = format!("ring revoke ring.json {} --yes", folder.root_id(0));
    folder.run(&line).succeeds();
    let ring = folder.read("ring.json");
    for line in [&line, &format!("{line} --force")] {
        let said = folder.run(line).last_line();
        assert!(said.contains("was revoked before; nothing changed"), "{said}");
        assert_eq!(folder.read("ring.json"), ring);
    }
}

#[test]
fn the_secret_before_a_revoked_one_takes_over_again() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    folder.run("ring rotate ring.json --activate-in 0s").succeeds();
    folder.run(&format!("ring revoke ring.json {} --yes", folder.root_id(1))).succeeds();
    assert_eq!(states(&folder), ["sealing", "revoked"]);
    assert_eq!(folder.roots("")[0]["retire_at"], Value::Null);
    assert_eq!(folder.open(&token, "").json()["key_state"], "sealing");
}

#[test]
fn an_unknown_root_is_an_error_and_a_malformed_one_a_usage_error() {
    let folder = Folder::with_ring();
    fails_and_changes_nothing(
        &folder,
        "ring revoke ring.json 0123456789abcdef --yes",
        1,
        "no root 0123456789abcdef",
    );
    let id = folder.root_id(0);
    for bad in ["", "x", &id[1..], &format!("{id}0"), "0123456789abcdeg", "97dd7b545d5769d\u{e9}"] {
        let ended = folder.cli("ring revoke ring.json --force").arg(bad).end();
        ended.fails(2, "a root id has 16 hexadecimal digits");
    }
    folder.run("ring revoke ring.json").fails(2, "<ROOT_ID>");
    assert_eq!(states(&folder), ["sealing"]);
}

#[test]
fn prune_removes_what_is_gone_or_revoked_and_keeps_the_rest() {
    let folder = Folder::new();
    let secrets =
        ["gone", "revoked", "accepted", "sealing", "staged"].map(|state| (state, folder.keygen(state)));
    let mut roots = secrets.each_ref().map(|(_, secret)| root(secret));
    let times =
        ["1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z", "1970-01-03T00:00:00Z", "9998-01-01T00:00:00Z"];
    for (root, time) in roots[1..].iter_mut().zip(times) {
        root["activate_at"] = json!(time);
    }
    roots[0]["retire_at"] = json!("1970-01-05T00:00:00Z");
    roots[1]["revoked"] = json!(true);
    roots[2]["retire_at"] = json!("9999-01-01T00:00:00Z");
    folder.write("ring.json", ring(MAX_TTL_S, &roots));
    assert_eq!(states(&folder), secrets.each_ref().map(|(state, _)| *state));
    let ids: Vec<String> = (0..5).map(|index| folder.root_id(index)).collect();
    let (token, said) = (folder.seal(""), folder.run("ring prune ring.json").succeeds());
    for (index, id) in ids.iter().enumerate() {
        let word = if index < 2 { "removed" } else { "kept" };
        assert!(said.contains(&format!("{word} root {id}: ")), "{said}");
    }
    assert_eq!(said.lines().last(), Some("pruned ring.json: 2 removed, 3 kept"));
    assert_eq!(states(&folder), ["accepted", "sealing", "staged"]);
    folder.open(&token, "").line();
    let ring = folder.read("ring.json");
    assert_eq!(folder.run("ring prune ring.json").last_line(), "pruned ring.json: 0 removed, 3 kept");
    assert_eq!(folder.read("ring.json"), ring);
}

#[test]
fn a_ring_without_any_secret_opens_and_seals_nothing_but_can_be_listed_and_filled() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    folder.run(&format!("ring revoke ring.json {} --force --yes", folder.root_id(0))).succeeds();
    assert_eq!(folder.run("ring prune ring.json").last_line(), "pruned ring.json: 1 removed, 0 kept");
    assert_eq!(folder.run("ring list ring.json").line(), "root secrets: 0; open tokens: 0; none seals");
    assert!(folder.roots("").is_empty());
    folder.open(&token, "").fails(3, "refused");
    folder.run("ring rotate ring.json --activate-in 0s").succeeds();
    folder.open(&folder.seal(""), "").line();
}
