//! `ring list`, and what no ring command prints.

use serde_json::{Value, json};

use crate::common::Folder;

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
    assert!(last.starts_with("root secrets: 2; ") && last.contains(&folder.root_id(0)), "{last}");
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

/// The secrets in the ring, without their prefix.
fn secrets(folder: &Folder) -> Vec<String> {
    let ring: Value = serde_json::from_str(&folder.read("ring.json")).unwrap();
    let keys = ring["keys"].as_array().unwrap();
    keys.iter().map(|key| key["secret"].as_str().unwrap().trim_start_matches("ssr1_").to_owned()).collect()
}

#[test]
fn no_ring_command_ever_prints_a_secret() {
    let folder = Folder::with_ring();
    folder.keygen("secret");
    let first = folder.root_id(0);
    let before = run_all(
        &folder,
        &[
            "ring init ring.json",
            "ring add ring.json secret",
            "ring rotate ring.json --activate-in 0s",
            "ring list ring.json",
            "ring list ring.json --json --name s",
            "ring add ring.json secret",
            "ring add ring.json ring.json",
        ],
    );
    let secrets = secrets(&folder);
    let after = run_all(&folder, &[&format!("ring revoke ring.json {first} --yes"), "ring prune ring.json"]);
    assert_eq!((secrets.len(), folder.roots("").len()), (3, 2), "all of it happened");
    let said = before + &after;
    for secret in secrets {
        let mut pieces = (0..secret.len() - 12).map(|at| &secret[at..at + 12]);
        assert!(pieces.all(|piece| !said.contains(piece)), "{said}");
    }
}

/// All that some commands print, done or refused.
fn run_all(folder: &Folder, lines: &[&str]) -> String {
    let ended = lines.iter().map(|line| folder.run(line));
    ended.map(|ended| ended.stdout + &ended.stderr).collect()
}
