//! `ring revoke` asks on a terminal, which `script` plays, and does nothing without one unless told `--yes`.

use std::io::Write as _;
use std::process::Stdio;

use crate::common::Folder;
use crate::common::running::{Running, on_a_terminal};
use crate::{fails_and_changes_nothing, states};

fn two_roots() -> Folder {
    let folder = Folder::with_ring();
    folder.run("ring rotate ring.json --activate-in 0s").succeeds();
    folder
}

/// What is shown when the question is answered so.
fn answered(folder: &Folder, answer: &str) -> String {
    let line = format!("sealed-session ring revoke ring.json {}", folder.root_id(0));
    let mut running = Running::spawn(on_a_terminal(folder, &line).stdin(Stdio::piped()));
    let mut stdin = running.stdin();
    let rest = running.wait_for("[y/N] ");
    stdin.write_all(answer.as_bytes()).unwrap();
    let said = running.end(&rest);
    assert_eq!(said.code, 0);
    said.stdout
}

#[test]
fn a_revocation_is_asked_for_and_says_what_is_left() {
    for answer in ["y\n", "YES\n"] {
        let folder = two_roots();
        let said = answered(&folder, answer);
        assert!(said.contains(&format!("open tokens: 1; root {} seals", folder.root_id(1))), "{said}");
        assert_eq!(states(&folder), ["revoked", "sealing"]);
    }
}

#[test]
fn any_other_answer_changes_nothing() {
    for answer in ["\n", "n\n", "no\n", "yess\n", "\u{4}"] {
        let folder = two_roots();
        let said = answered(&folder, answer);
        assert!(said.contains("nothing changed"), "{said}");
        assert_eq!(states(&folder), ["accepted", "sealing"], "{answer:?}");
    }
}

#[test]
fn without_a_terminal_it_takes_a_flag() {
    let folder = two_roots();
    let line = format!("ring revoke ring.json {}", folder.root_id(0));
    fails_and_changes_nothing(&folder, &line, 2, "there is no terminal to ask on: add --yes");
    let said = folder.run(&format!("{line} --yes")).last_line();
    assert!(said.ends_with(&format!("open tokens: 1; root {} seals", folder.root_id(1))), "{said}");
    // There is nothing to ask about.
    folder.run(&line).succeeds();
}
