//! The commands of docs/rotation.md run as they stand there, one block after the other, and print what stands
//! there.

#![cfg(all(feature = "cli", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod cli_common;

use std::env;
use std::path::Path;
use std::process::Command;

use sealed_session::{KeyState, Reason};

use cli_common::Folder;

const RUNBOOK: &str = include_str!("../docs/rotation.md");

/// A block that is fenced with three backticks, wherever it is indented to.
struct Block {
    line: usize,
    language: String,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let (mut blocks, mut open): (Vec<Block>, Option<usize>) = (Vec::new(), None);
    for (number, line) in (1..).zip(document.lines()) {
        let fence = line.trim_start().strip_prefix("```");
        match (open, fence) {
            (None, Some(language)) => {
                open = Some(line.len() - line.trim_start().len());
                blocks.push(Block { line: number, language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => open = None,
            (Some(indent), None) => {
                let text = &mut blocks.last_mut().unwrap().text;
                text.push_str(line.get(indent..).unwrap_or_default());
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block has no end");
    blocks
}

/// Whether a text is what a pattern shows, in which `...` stands for anything.
fn shows(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once("...") else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split("...").collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match left.split_once(piece) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

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
            "text" | "promql" => {}
            other => panic!("line {line}: {other:?} is neither run nor marked as not to be"),
        }
    }
    assert!(ran > 20 && compared > 10, "{ran} blocks ran and {compared} were compared");
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
    let telemetry = include_str!("../src/telemetry.rs");
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
