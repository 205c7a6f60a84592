//! What a newcomer meets first: the help, the tour, usage errors; and how it looks on a terminal.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;

#[cfg(target_os = "linux")]
#[path = "tour/terminal.rs"]
mod terminal;

use common::Folder;
use common::running::{Running, closed_pipe};

const COMMANDS: [&str; 7] = ["keygen", "ring", "seal", "open", "inspect", "tour", "bench"];
const RING_COMMANDS: [&str; 6] = ["init", "add", "list", "rotate", "revoke", "prune"];

#[test]
fn every_command_has_help_with_an_example_of_itself() {
    let folder = Folder::new();
    let ring_commands = RING_COMMANDS.map(|command| format!("ring {command}"));
    for command in
        ["keygen", "seal", "open", "inspect", "bench"].into_iter().chain(ring_commands.iter().map(|c| &**c))
    {
        let help = folder.run(&format!("{command} --help")).succeeds();
        assert!(help.contains(&format!("\nUsage: sealed-session {command}")), "{help}");
        let (_, examples) = help.split_once("\nExample").expect("it has examples");
        assert!(examples.contains(&format!("sealed-session {command}")), "{help}");
    }
}

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    let folder = Folder::new();
    let help = folder.run("help").succeeds();
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
    }
    for words in ["\nExamples:\n", "0 done, 2 usage, 3 Invalid, 4 NotFound, 1 anything else"] {
        assert!(help.contains(words), "{help}");
    }
    assert_eq!(folder.run("--help").succeeds(), help);
    assert_eq!(folder.run("-h").succeeds(), help);
    let of_ring = folder.run("ring --help").succeeds();
    for command in RING_COMMANDS {
        assert!(of_ring.contains(&format!("\n  {command} ")), "{command}: {of_ring}");
    }
    assert_eq!(folder.run("help ring add").succeeds(), folder.run("ring add --help").succeeds());
    assert_eq!(folder.run("tour --help").succeeds(), folder.run("help tour").succeeds());
    assert_eq!(folder.run("--version").line(), concat!("sealed-session ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn bench_has_a_figure_for_every_operation_and_size() {
    let folder = Folder::new();
    let table = folder.run("bench --seconds 1").succeeds();
    for row in ["open", "create", "touch", "refuse"] {
        let line = table.lines().find(|line| line.starts_with(row)).expect(row);
        let figures: Vec<f64> = line.split_whitespace().skip(1).map(|n| n.parse().unwrap()).collect();
        assert!(figures.len() == 4 && figures.iter().all(|ns| *ns > 0.0), "{table}");
    }
    let json = folder.run("bench --seconds 1 --json").succeeds();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let figures = json["figures"].as_array().unwrap();
    assert!(figures.len() == 16 && figures.iter().all(|figure| figure["median_ns"].as_f64() > Some(0.0)));
    folder.run("bench --seconds 0").fails(2, "1..=3600");
}

#[test]
fn help_stands_before_everything_else() {
    let folder = Folder::new();
    for line in ["open --help", "open --ring missing --name s x --help", "open -x --help", "inspect x --help"]
    {
        assert!(folder.run(line).succeeds().contains("\nUsage: "), "{line}");
    }
    // `open` and `inspect` have no short flags, and what stands after `--` is a token.
    folder.run("inspect -- --help").fails(3, "refused");
}

/// Command lines, and what the error says of them.
const SENSELESS: [(&str, &str); 30] = [
    ("bogus", "'bogus'"),
    ("--bogus", "'--bogus'"),
    ("ring bogus", "'bogus'"),
    ("keygen x", "'x'"),
    ("tour x", "'x'"),
    ("ring init", "<FILE>"),
    ("ring init new.json x", "'x'"),
    ("ring init new.json --bogus", "'--bogus'"),
    ("ring add ring.json", "<SECRET_FILE>"),
    ("ring list", "<FILE>"),
    ("ring rotate", "<FILE>"),
    ("ring prune", "<FILE>"),
    ("seal --name s --data {}", "--ring"),
    ("seal --ring ring.json --data {}", "--name"),
    ("seal --ring ring.json --name s --user u", "--data"),
    ("seal --ring ring.json --name s --data {} --bogus", "'--bogus'"),
    ("seal --ring ring.json --name s --data {} -x", "'-x'"),
    ("seal --ring ring.json --name s --data {} x", "'x'"),
    ("seal --ring ring.json --name s --name s --data {}", "--name"),
    ("seal --ring ring.json --name s --data {} --data {}", "--data"),
    ("seal --ring ring.json --name a;b --data {}", "\"a;b\" is no cookie name"),
    ("open --name s x", "--ring"),
    ("open --ring ring.json x", "--name"),
    ("open --ring ring.json --name s --ad", "--ad"),
    ("open --ring ring.json --name s --now x", "--now"),
    ("open --ring ring.json --name a=b x", "\"a=b\" is no cookie name"),
    ("open --ring ring.json --name s x y", "'y'"),
    ("open --ring ring.json --name s -x -y", "'-y'"),
    ("open --ring ring.json --name s -- -x -y", "'-y'"),
    ("inspect x y", "'y'"),
];

#[test]
fn a_command_line_that_makes_no_sense_is_a_usage_error() {
    let folder = Folder::with_ring();
    for (line, words) in SENSELESS {
        folder.run(line).fails(2, words);
    }
    assert_eq!(folder.run("").code, 2);
    assert_eq!(folder.run("ring").code, 2);
    assert_eq!(folder.names(), ["ring.json"]);
}

#[test]
fn names_that_no_cookie_can_have_are_usage_errors() {
    let folder = Folder::with_ring();
    for name in ["", " s", "s ", "a,b", "a\tb", "a\nb", &"n".repeat(4_000)] {
        for command in ["seal --ring ring.json --data {}", "open --ring ring.json x"] {
            let ended = folder.cli(command).args(["--name", name]).end();
            ended.fails(2, "cookie name");
        }
    }
    let ended = folder.cli("seal --ring ring.json --name s --data {} --app").arg("a".repeat(65_536)).end();
    ended.fails(2, "the application id has 65536 bytes, and at most 65535 are allowed");
}

/// What the tour says, in this order: each title with what happened then.
const STORY: [&str; 18] = [
    ". create\n",
    "Set-Cookie: __Host-session=",
    "read: user-42, {\"cart\":",
    ". update\n",
    "a new id: the data changed",
    ". touch",
    "a new id: expires ",
    ". rotate",
    "a second root secret is staged",
    "re-sealed under the new key",
    ". tamper\n",
    "of the token, in the ciphertext): Invalid",
    ". rename",
    "the same token in the cookie __Host-admin",
    ". overflow",
    "characters, and 4082 are allowed",
    ". expire\n",
    "at its expiry: NotFound",
];

#[test]
fn the_tour_tells_the_whole_story_and_cleans_up() {
    let folder = Folder::new();
    let story = folder.cli("tour").env("TMPDIR", folder.path("")).end().succeeds();
    let mut rest = story.as_str();
    for words in STORY {
        let (_, after) = rest.split_once(words).unwrap_or_else(|| panic!("{words:?} is missed in {story}"));
        rest = after;
    }
    assert!(rest.contains("All of it held."), "{story}");
    assert!(!story.contains('\x1b'), "plain in a pipe");
    assert!(!story.contains("ssr1_"), "no secret is shown");
    assert!(folder.names().is_empty(), "the temporary folder is gone");
}

#[test]
fn whoever_stops_reading_hears_no_complaint() {
    let folder = Folder::with_ring();
    for line in [
        "tour",
        "keygen",
        "ring list ring.json",
        "ring list ring.json --name s",
        "--help",
        "ring rotate ring.json",
    ] {
        let mut command = folder.cli(line).command;
        let running = Running::spawn(command.stdin(std::process::Stdio::null()).stdout(closed_pipe()));
        assert_eq!(running.end_without_stdout().succeeds(), "", "{line}");
    }
}
