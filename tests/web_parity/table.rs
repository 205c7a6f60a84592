//! docs/parity.md names tests that exist, all of these, and lines of code that compile.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../docs/parity.md");
/// The files whose tests are the lines of code, and stand in no row.
const MIGRATION: [&str; 2] = [include_str!("migration.rs"), include_str!("migration_users.rs")];

/// What other crates have in public, by their sources: of `pavex_session` 0.2.10 that of a session, its client state,
/// its settings and its store, of modo-session 0.2.0 all of it, and of modo-rs 0.11.0 what its cookie sessions have
/// besides.
const OPERATIONS: [(&str, &str); 2] = [
    (
        "Coming from pavex_session",
        "Session::new get insert remove is_empty get_raw insert_raw remove_raw delete clear cycle_id invalidate \
         is_invalidated sync force_load finalize client client_mut finalize_session IncomingSession::extract \
         IncomingSession::from_parts SessionId::random SessionId::inner SessionStore::new SessionStore::create update \
         update_ttl load change_id SessionStore::delete_expired SessionConfig::new SessionConfig::default \
         cookie_config state_config cookie.name cookie.domain cookie.path cookie.secure cookie.http_only \
         cookie.same_site cookie.kind SessionCookieKind::Persistent SessionCookieKind::Session state.ttl \
         state.extend_ttl TtlExtensionTrigger::OnStateLoadsAndChanges TtlExtensionTrigger::OnStateChanges \
         state.ttl_extension_threshold TtlExtensionThreshold::new inner state.server_state_creation \
         ServerStateCreation::SkipIfEmpty ServerStateCreation::NeverSkip state.missing_server_state \
         MissingServerState::Reject Allow",
    ),
    (
        "Coming from modo-session",
        "session.authenticate session.authenticate_with session.logout session.logout_all session.logout_other \
         session.revoke session.rotate session.current session.user_id session.is_authenticated \
         session.list_my_sessions session.get session.set session.remove_key SessionStore::new store.config \
         store.cookie_config store.create store.read store.read_by_token store.destroy store.rotate_token store.touch \
         store.update_data store.destroy_all_for_user store.destroy_all_except store.list_for_user \
         store.cleanup_expired session_ttl_secs cookie_name validate_fingerprint touch_interval_secs \
         max_sessions_per_user trusted_proxies modo_session::layer user_id_from_extensions SessionMeta::from_headers \
         extract_client_ip header_str compute_fingerprint parse_device_name parse_device_type SessionId::new \
         SessionId::from_raw as_str into_string SessionToken::generate from_hex as_hex hash session.list \
         session.revoke_by_id session.revoke_all session.revoke_all_except store.read_by_token_hash \
         store.rotate_token_to store.flush",
    ),
];

/// The tables whose header ends so: the section they stand in, and their rows.
fn rows(last_column: &str) -> Vec<(String, Vec<&'static str>)> {
    let (mut rows, mut section, mut wanted) = (Vec::new(), String::new(), false);
    for (before, line) in std::iter::once("").chain(DOCUMENT.lines()).zip(DOCUMENT.lines()) {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        }
        let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else { continue };
        let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
        if !before.starts_with('|') {
            wanted = cells.last() == Some(&last_column);
        } else if wanted && !cells.iter().all(|cell| cell.chars().all(|c| c == '-')) {
            rows.push((section.clone(), cells));
        }
    }
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The tests in the files of a folder.
fn tests(folder: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            if !(pair[0].starts_with("#[tokio::test") || pair[0] == "#[test]") {
                continue;
            }
            let name = pair[1].trim_start_matches("async ").strip_prefix("fn ").expect("a test's name");
            names.insert(name.split('(').next().unwrap().to_owned());
        }
    }
    names
}

#[test]
fn every_row_names_tests_that_exist() {
    let existing: BTreeSet<String> = tests("tests/web_parity").union(&tests("tests/web")).cloned().collect();
    let rows = rows("Test");
    for (section, cells) in &rows {
        assert_eq!(cells.len(), 3, "{section}: {cells:?}");
        let names: Vec<&str> = quoted(cells[2]).collect();
        assert!(!names.is_empty() || cells[1].starts_with("Does not apply"), "{section}: {cells:?}");
        for name in names {
            assert!(existing.contains(name), "{section}: there is no test {name}");
        }
    }
    for (section, least) in
        [("pavex_session", 40), ("seshcookie", 40), ("tower-sessions", 25), ("modo-session", 30)]
    {
        let count = rows.iter().filter(|(title, _)| title.starts_with(section)).count();
        assert!(count >= least, "{section}: {count} rows");
    }
}

#[test]
fn every_test_stands_in_a_row() {
    let rows = rows("Test");
    let named: BTreeSet<&str> = rows.iter().flat_map(|(_, cells)| quoted(cells[2])).collect();
    let of = |text: &str| text.matches("#[tokio::test").count() + text.matches("#[test]").count();
    let tests = tests("tests/web_parity");
    let missing: Vec<&String> = tests
        .iter()
        .filter(|name| !named.contains(name.as_str()))
        .filter(|name| {
            let unlisted = MIGRATION.iter().chain([&include_str!("table.rs")]);
            !unlisted.into_iter().any(|file| file.contains(&format!("fn {name}(")))
        })
        .collect();
    assert!(missing.is_empty(), "docs/parity.md does not name {missing:?}");
    assert!(MIGRATION.into_iter().all(|file| of(file) > 0) && tests.len() > 100, "{} tests", tests.len());
}

#[test]
fn every_line_of_code_for_who_comes_from_elsewhere_compiles() {
    let compiled = bare(&MIGRATION.concat());
    let rows = rows("Here, in code");
    for (section, cells) in &rows {
        assert_eq!(cells.len(), 2, "{section}: {cells:?}");
        for line in quoted(cells[1]) {
            assert!(compiled.contains(&bare(line)), "{section}: migration*.rs has no {line}");
        }
    }
    assert!(rows.len() >= 100, "{} rows", rows.len());
}

#[test]
fn every_block_of_code_compiles() {
    let compiled = bare(include_str!("users.rs"));
    let blocks: Vec<&str> = DOCUMENT.split("```").skip(1).step_by(2).collect();
    for block in &blocks {
        let code = block.strip_prefix("rust\n").expect("a block of Rust");
        assert!(compiled.contains(&bare(code)), "users.rs has no {code}");
    }
    assert_eq!(blocks.len(), 1);
}

#[test]
fn no_public_operation_of_the_others_is_left_out() {
    let rows = rows("Here, in code");
    for (section, operations) in OPERATIONS {
        let there: Vec<&str> = rows
            .iter()
            .filter(|(title, _)| title == section)
            .flat_map(|(_, cells)| quoted(cells[0]))
            .flat_map(|code| code.split(|c: char| !(c.is_alphanumeric() || "_.:".contains(c))))
            .map(|path| path.trim_matches(['.', ':']))
            .flat_map(|path| [path, path.rsplit(['.', ':']).next().unwrap_or(path)])
            .collect();
        for operation in operations.split_whitespace() {
            assert!(there.contains(&operation), "{section} has no {operation}");
        }
    }
}

fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}
