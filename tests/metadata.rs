//! docs/metadata.md: its code is that of the examples, its commands run as they stand there and print what stands
//! there; and what a fingerprint does to a session and its cookie.

#![cfg(all(feature = "axum", feature = "revocation", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod document;
mod example;
#[path = "example/server.rs"]
mod server;

use std::process::Command;

use reqwest::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, COOKIE, HeaderName, SET_COOKIE, USER_AGENT};
use sealed_session::Reason;

use document::{Block, blocks, shows};
use server::Server;

const DOCUMENT: &str = include_str!("../docs/metadata.md");
const CODE: [&str; 2] = [include_str!("../examples/devices.rs"), include_str!("../examples/fingerprint.rs")];
const IN_A_BROWSER: &str = include_str!("browser/fingerprint.test.mjs");

/// The example that a block starts.
fn started(block: &Block) -> Option<&str> {
    block.language.strip_prefix("sh example=")
}

/// Runs a block as a reader would, with the port of this server.
fn run(folder: &tempfile::TempDir, server: &Server, block: &Block) -> String {
    let port = server.url.rsplit(':').next().unwrap();
    let text = block.text.replace("localhost:3000", &format!("localhost:{port}"));
    let ran = Command::new("sh").args(["-euc", &text]).current_dir(folder.path()).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    assert!(ran.status.success(), "line {}: {}\n{stdout}{stderr}", block.line, ran.status);
    stdout
}

#[test]
fn every_command_runs_and_prints_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, mut printed, mut ran, mut compared) = (None, None, 0, 0);
    for block in blocks(DOCUMENT) {
        let Block { line, language, text } = &block;
        match (started(&block), language.as_str(), &server) {
            (Some(example), ..) => server = Some(Server::start(example)),
            (None, "sh", Some(server)) => (ran, printed) = (ran + 1, Some(run(&folder, server, &block))),
            (None, "output", _) => {
                let printed = printed.take().unwrap_or_else(|| panic!("line {line}: the output of what?"));
                assert!(shows(text, &printed), "line {line}: {text}\nis shown, and it prints\n{printed}");
                compared += 1;
            }
            (None, "rust", _) => {}
            (_, other, _) => panic!("line {line}: {other:?} is neither run nor compiled"),
        }
    }
    assert!(ran >= 6 && compared == ran, "{ran} blocks ran and {compared} were compared");
}

#[test]
fn the_commands_that_start_an_example_name_its_features() {
    let manifest = include_str!("../Cargo.toml");
    let mut commands = 0;
    for block in blocks(DOCUMENT) {
        let Some(name) = started(&block) else { continue };
        let features = block.text.trim().strip_prefix(&format!("cargo run --example {name} --features "));
        let listed: Vec<String> =
            features.unwrap().split(',').map(|feature| format!("\"{feature}\"")).collect();
        let entry = format!("name = \"{name}\"\nrequired-features = [{}]", listed.join(", "));
        assert!(manifest.contains(&entry), "Cargo.toml has no {entry}");
        commands += 1;
    }
    assert_eq!(commands, CODE.len());
}

#[test]
fn every_line_of_code_is_an_examples() {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let compiled = bare(&CODE.concat());
    let code: Vec<Block> = blocks(DOCUMENT).into_iter().filter(|block| block.language == "rust").collect();
    for Block { line, text, .. } in &code {
        assert!(compiled.contains(&bare(text)), "line {line}: no example has {text}");
    }
    assert!(code.len() >= 6, "{} blocks", code.len());
}

#[test]
fn what_was_seen_in_a_browser_is_a_test() {
    let cells: Vec<Vec<&str>> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let seen: Vec<&str> =
        cells.iter().filter_map(|row| row.last()?.strip_prefix('`')?.strip_suffix('`')).collect();
    for name in &seen {
        assert!(IN_A_BROWSER.contains(&format!("test(\"{name}")), "{name}");
    }
    assert_eq!(seen.len(), IN_A_BROWSER.matches("\ntest(\"").count() - 1, "and one for what changes nothing");
}

#[test]
fn the_reason_of_a_refusal_is_the_one_to_watch() {
    assert!(DOCUMENT.contains(&format!("the reason `{}`", Reason::Tag.as_str())));
}

const HEADERS: [(HeaderName, &str); 3] =
    [(USER_AGENT, "Firefox/145.0"), (ACCEPT_LANGUAGE, "en-GB,en"), (ACCEPT_ENCODING, "gzip, br")];

/// The answer to a request with this cookie and the browser's headers, of which one is another, and the header
/// `Set-Cookie`.
async fn ask(
    server: &Server,
    path: &str,
    cookie: &str,
    other: Option<HeaderName>,
) -> (String, Option<String>) {
    let mut request = reqwest::Client::new().get(format!("{}{path}", server.url)).header(COOKIE, cookie);
    for (name, value) in HEADERS {
        let value = if other.as_ref() == Some(&name) { format!("{value};q=0.9") } else { value.to_owned() };
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    let set = answer.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
    (answer.text().await.unwrap(), set)
}

fn pair(set: Option<String>) -> String {
    set.unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_opens_beside_the_headers_it_began_with() {
    let server = Server::start("fingerprint");
    let cookie = pair(ask(&server, "/", "", None).await.1);
    assert_eq!(ask(&server, "/visits", &cookie, None).await, ("1 visits\n".to_owned(), None));
    let (answer, set) = ask(&server, "/", &cookie, None).await;
    assert_eq!(answer, "visit 2\n");
    assert_eq!(ask(&server, "/visits", &pair(set), None).await, ("2 visits\n".to_owned(), None));
}

#[tokio::test]
async fn beside_any_other_header_the_session_is_empty_and_its_cookie_removed_or_replaced() {
    let server = Server::start("fingerprint");
    let cookie = pair(ask(&server, "/", "", None).await.1);
    for (name, _) in HEADERS {
        let (answer, set) = ask(&server, "/visits", &cookie, Some(name.clone())).await;
        assert_eq!(answer, "0 visits\n", "{name}");
        assert!(
            set.is_some_and(|set| set.starts_with("__Host-session=;") && set.contains("Max-Age=0")),
            "{name}"
        );

        let (answer, set) = ask(&server, "/", &cookie, Some(name.clone())).await;
        assert_eq!(answer, "visit 1\n", "{name}");
        let (answer, _) = ask(&server, "/visits", &pair(set), Some(name.clone())).await;
        assert_eq!(answer, "1 visits\n", "{name}: what replaces it is bound to the other headers");
    }
    assert_eq!(
        ask(&server, "/visits", &cookie, None).await.0,
        "1 visits\n",
        "the session itself has not ended"
    );
}
