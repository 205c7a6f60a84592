//! docs/parity.md names tests that exist, all of these, and lines of code that compile.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../docs/parity.md");
const MIGRATION: &str = include_str!("migration.rs");

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
    for (section, least) in [("pavex_session", 40), ("seshcookie", 40), ("tower-sessions", 25)] {
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
            ![MIGRATION, include_str!("table.rs")].iter().any(|file| file.contains(&format!("fn {name}(")))
        })
        .collect();
    assert!(missing.is_empty(), "docs/parity.md does not name {missing:?}");
    assert!(of(MIGRATION) > 0 && tests.len() > 80, "{} tests", tests.len());
}

#[test]
fn every_line_of_code_for_who_comes_from_elsewhere_compiles() {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let compiled = bare(MIGRATION);
    let rows = rows("Here, in code");
    for (section, cells) in &rows {
        assert_eq!(cells.len(), 2, "{section}: {cells:?}");
        for line in quoted(cells[1]) {
            assert!(compiled.contains(&bare(line)), "{section}: migration.rs has no {line}");
        }
    }
    assert!(rows.len() >= 50, "{} rows", rows.len());
}
