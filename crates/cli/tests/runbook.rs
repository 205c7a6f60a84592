//! The commands of docs/rotation.md run as they stand there, one block after the other, and print what stands
//! there. Those of docs/command.md run.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;
#[path = "../../../tests/document/mod.rs"]
mod document;

use std::env;
use std::path::Path;
use std::process::Command;

use sealed_session::{KeyState, Reason};

use common::Folder;
use document::{Block, blocks, shows};

const RUNBOOK: &str = include_str!("../../../docs/rotation.md");
const INTRODUCTION: &str = include_str!("../../../docs/command.md");

/// Runs a block as a user would: in `sh`, where an error or a misspelt variable ends it.
fn run(folder: &Folder, secret: &str, block: &Block) -> String {
    let commands = Path::new(env!("CARGO_BIN_EXE_sealed-session")).parent().unwrap();
    let path = format!("{}:{}", commands.display(), env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-euc", &block.text]).current_dir(folder.path(""));
    let ran = shell.env("PATH", path).env("SHOP_SESSION_SECRET", secret).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    assert!(ran.status.success(), "line {}: {}\n{stdout}{stderr}", block.line, ran.status);
    stdout
}

#[test]
fn every_command_of_the_runbook_runs_and_prints_what_it_shows() {
    let folder = Folder::new();
    let secret = folder.run("keygen").line();
    let (mut ran, mut compared, mut printed) = (0, 0, None);
    for block in blocks(RUNBOOK) {
        let Block { line, language, text } = &block;
        match language.as_str() {
            "sh" => (ran, printed) = (ran + 1, Some(run(&folder, &secret, &block))),
            "output" => {
                let printed = printed.take().unwrap_or_else(|| panic!("line {line}: the output of what?"));
                assert!(shows(text, &printed), "line {line}: {text}\nis shown, and it prints\n{printed}");
                compared += 1;
            }
            "rust,no_run" => {} // `src/lib.rs` has it compiled
            "text" | "promql" => {}
            other => panic!("line {line}: {other:?} is neither run nor marked as not to be"),
        }
    }
    assert!(ran > 20 && compared > 10, "{ran} blocks ran and {compared} were compared");
}

#[test]
fn every_command_of_the_introduction_runs() {
    let folder = Folder::new();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    std::os::unix::fs::symlink(examples, folder.path("examples")).unwrap();
    // In one shell, because a later block uses a variable of an earlier one.
    let commands = blocks(INTRODUCTION).into_iter().filter(|block| block.language == "sh");
    let text: String = commands.map(|block| block.text).collect();
    run(&folder, "", &Block { line: 1, language: "sh".to_owned(), text });
    let opened = std::fs::read_to_string(folder.path("opened.jsonl")).unwrap();
    assert_eq!(opened.lines().count(), 1_200);
}

/// The word before `="` and the text up to the next quotation mark, for every label of a query.
fn labels(query: &str) -> Vec<(&str, &str)> {
    let pieces: Vec<&str> = query.split('"').collect();
    pieces
        .chunks_exact(2)
        .map(|pair| {
            let name = pair[0].strip_suffix('=').expect("labels are compared with =");
            (name.rsplit(['{', ',', ' ']).next().unwrap(), pair[1])
        })
        .collect()
}

#[test]
fn the_queries_name_counters_and_labels_that_the_crate_has() {
    let telemetry = include_str!("../../../src/telemetry.rs");
    let (reason, states) = (Reason::UnknownKey.as_str(), [KeyState::Accepted, KeyState::Staged]);
    let (mut counters, mut labelled) = (0, 0);
    for query in blocks(RUNBOOK).into_iter().filter(|block| block.language == "promql") {
        for word in query.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if word.starts_with("sealed_session_") {
                assert!(telemetry.contains(&format!("\"{word}\"")), "line {}: {word}", query.line);
                counters += 1;
            }
        }
        for (name, value) in labels(&query.text) {
            let known = match name {
                "key_id" => value == "KEY_ID",
                "reason" => value == reason,
                "state" => states.iter().any(|state| state.as_str() == value),
                "result" => telemetry.contains(&format!("\"result\" => \"{value}\"")),
                _ => false,
            };
            assert!(known, "line {}: {name}={value}", query.line);
            labelled += 1;
        }
    }
    assert_eq!((counters, labelled), (6, 6));
}

#[test]
fn three_dots_stand_for_anything_and_all_else_for_itself() {
    for (pattern, text) in [("a...c", "abc"), ("...", ""), ("a...", "abc"), ("...c\n", "ab c\n"), ("a", "a")]
    {
        assert!(shows(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a...c", "abd"), ("a", "ab"), ("...b...", "ac"), ("a...", "ba"), ("", "a")] {
        assert!(!shows(pattern, text), "{pattern} {text}");
    }
}
