//! `ring list`, and what no ring command prints.

use serde_json::{Value, json};

use crate::cli_common::Folder;

#[test]
fn list_tells_of_every_root_in_text_and_in_json() {
    let folder = Folder::with_ring();
    folder.run("ring rotate ring.json").succeeds();
    let roots = folder.roots("");
    let text = folder.run("ring list ring.json").succeeds();
    for (root, line) in roots.iter().zip(text.lines()) {
        for field in ["root_id", "state", "created_at", "activate_at"] {
            assert!(line.contains(root[field].as_str().unwrap()), "{field}: {line}");
        }
    }
    assert_eq!(roots[1]["retire_at"], Value::Null);
    assert!(text.lines().nth(1).unwrap().ends_with("retires -"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("2 root secrets; ") && last.contains(&folder.root_id(0)), "{last}");
    // The last line stands elsewhere when a program reads the list.
    folder.run("ring list ring.json --json").says(last);
}

#[test]
fn list_with_a_name_adds_the_ids_of_its_keys() {
    let folder = Folder::new();
    folder.run("ring init ring.json --every 7d").succeeds();
    let keys = |flags: &str| folder.roots(flags)[0]["key_ids"].as_array().cloned();
    assert_eq!(keys(""), None);
    for (flags, list) in [("--app a", "--name s --app a"), ("", "--name s")] {
        let token = folder.seal(flags);
        let sealing = json!(folder.open(&token, flags).json()["key_id"]);
        let listed = keys(list).unwrap();
        let found: Vec<_> = listed.iter().filter(|key| key["key_id"] == sealing).collect();
        assert_eq!((found.len(), &found[0]["state"]), (1, &json!("sealing")));
        let text = folder.run(&format!("ring list ring.json {list}")).succeeds();
        for key in &listed {
            assert!(text.contains(key["key_id"].as_str().unwrap()), "{text}");
        }
    }
    folder.run("ring list ring.json --app a").fails(2, "--name");
}

/// The words that a ring command may not say.
fn secrets(folder: &Folder) -> Vec<String> {
    let ring: Value = serde_json::from_str(&folder.read("ring.json")).unwrap();
    let keys = ring["keys"].as_array().unwrap();
    keys.iter().map(|key| key["secret"].as_str().unwrap().trim_start_matches("ssr1_").to_owned()).collect()
}

#[test]
fn no_ring_command_ever_prints_a_secret() {
    let folder = Folder::new();
    folder.keygen("secret");
    let mut said = String::new();
    let mut run = |line: &str| {
        let ended = folder.run(line);
        said += &ended.stdout;
        said += &ended.stderr;
    };
    for line in
        ["init ring.json", "add ring.json secret", "rotate ring.json --activate-in 0s", "init ring.json"]
    {
        run(&format!("ring {line}"));
    }
    let before = secrets(&folder);
    let (first, second) = (folder.root_id(0), folder.root_id(1));
    for line in [
        "list ring.json",
        "list ring.json --json --name s",
        "add ring.json secret",
        "add ring.json ring.json",
    ] {
        run(&format!("ring {line}"));
    }
    for line in
        [format!("revoke ring.json {first}"), format!("revoke ring.json {second}"), "prune ring.json".into()]
    {
        run(&format!("ring {line}"));
    }
    assert_eq!((before.len(), secrets(&folder).len()), (3, 1), "all of it happened");
    assert!(said.contains(&first) && said.contains("pruned"), "{said}");
    for secret in before {
        let pieces = (0..secret.len() - 12).map(|at| &secret[at..at + 12]);
        assert!(pieces.into_iter().all(|piece| !said.contains(piece)), "{said}");
    }
}
