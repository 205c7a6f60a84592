//! The tables of features in README.md and in the crate's documentation name the features of Cargo.toml, all of them
//! and no others.

#![allow(clippy::expect_used, reason = "clippy.toml allows it in tests, but not in the helpers beside them")]

use std::collections::BTreeSet;

const MANIFEST: &str = include_str!("../Cargo.toml");
const README: &str = include_str!("../README.md");
const CRATE: &str = include_str!("../src/lib.rs");

/// The names on the left of `=` in the section `[features]`.
fn features() -> BTreeSet<&'static str> {
    let lines = MANIFEST.lines().skip_while(|line| *line != "[features]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split_once(" = [")).map(|(name, _)| name.trim_matches('"'));
    names.filter(|name| *name != "default").collect()
}

/// The names in backticks that rows of the table begin with, whose header is this. A name that stands there twice is
/// an error.
fn rows<'t>(text: &'t str, prefix: &str, header: &str) -> BTreeSet<&'t str> {
    let lines = text.lines().map(|line| line.strip_prefix(prefix).unwrap_or_default());
    let table = lines.skip_while(|line| *line != header).skip(2).take_while(|line| line.starts_with('|'));
    let mut names = BTreeSet::new();
    for row in table {
        let name = row.split('`').nth(1).expect("a feature in backticks");
        assert!(row.starts_with(&format!("| `{name}` |")), "{row}");
        assert!(names.insert(name), "{name} stands there twice");
    }
    names
}

#[test]
fn the_readme_names_every_feature_and_no_other() {
    assert_eq!(rows(README, "", "| Feature | What it adds |"), features());
}

#[test]
fn the_crates_documentation_names_every_feature_and_no_other() {
    assert_eq!(rows(CRATE, "//! ", "| feature | what it adds |"), features());
}

#[test]
fn every_feature_says_above_it_what_it_is_for() {
    let lines: Vec<&str> = MANIFEST.lines().collect();
    for name in features() {
        let at = lines.iter().position(|line| line.starts_with(&format!("{name} = ["))).expect("its line");
        assert!(lines[at - 1].starts_with("# "), "{name}");
    }
}
