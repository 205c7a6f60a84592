//! The tables in README.md and in the crate's documentation name the features of Cargo.toml, all of them and no others;
//! that of README.md names the crates as well.

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

/// The rows of the table that has this header.
fn rows<'t>(text: &'t str, prefix: &str, header: &str) -> Vec<&'t str> {
    let lines = text.lines().map(|line| line.strip_prefix(prefix).unwrap_or_default());
    lines.skip_while(|line| *line != header).skip(2).take_while(|line| line.starts_with('|')).collect()
}

/// The names in backticks that these rows begin with. A name that stands there twice is an error.
fn names<'t>(rows: &[&'t str]) -> BTreeSet<&'t str> {
    let mut names = BTreeSet::new();
    for row in rows {
        let name = row.split('`').nth(1).expect("a name in backticks");
        assert!(names.insert(name), "{name} stands there twice");
    }
    names
}

/// The rows of README.md's table that are about features, and those that link to crates.
fn in_the_readme() -> (Vec<&'static str>, Vec<&'static str>) {
    rows(README, "", "| Feature or crate | What it adds |")
        .into_iter()
        .partition(|row| row.starts_with("| `"))
}

#[test]
fn the_readme_names_every_feature_and_no_other() {
    assert_eq!(names(&in_the_readme().0), features());
}

#[test]
fn the_readme_names_every_crate_and_links_to_what_it_says() {
    let crates = in_the_readme().1;
    let mut published = BTreeSet::new();
    for folder in ["crates", "adapters"] {
        for entry in std::fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            let Ok(manifest) = std::fs::read_to_string(path.join("Cargo.toml")) else { continue };
            if manifest.contains("publish = false") {
                continue;
            }
            let name = manifest.split("name = \"").nth(1).and_then(|rest| rest.split('"').next());
            let name = name.expect("a name").to_owned();
            let link = format!("| [`{name}`]({}/README.md) |", path.display());
            assert!(crates.iter().any(|row| row.starts_with(&link)), "no row begins with {link}");
            published.insert(name);
        }
    }
    assert_eq!(names(&crates).len(), published.len());
}

#[test]
fn the_crates_documentation_names_every_feature_and_no_other() {
    assert_eq!(names(&rows(CRATE, "//! ", "| feature | what it adds |")), features());
}

#[test]
fn every_feature_says_above_it_what_it_is_for() {
    let lines: Vec<&str> = MANIFEST.lines().collect();
    for name in features() {
        let at = lines.iter().position(|line| line.starts_with(&format!("{name} = ["))).expect("its line");
        assert!(lines[at - 1].starts_with("# "), "{name}");
    }
}
