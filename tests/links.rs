//! The links of the documents lead to files and headings that exist, and README.md is as short as it is meant to be.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in the helpers beside them")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folders with pages for users and contributors.
const FOLDERS: [&str; 15] = [
    ".",
    "docs",
    "crates/cli",
    "crates/conformance",
    "crates/redis",
    "crates/sqlite",
    "adapters",
    "adapters/actix",
    "adapters/bext",
    "adapters/uvb",
    "assurance",
    "benches/peers",
    "fuzz",
    "sim",
    "test-vectors",
];

fn pages() -> BTreeMap<PathBuf, String> {
    let entries = FOLDERS.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| plain(&entry.unwrap().path()));
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => assert!(plain.pop(), "{} leaves the repository", path.display()),
            other => plain.push(other),
        }
    }
    plain
}

/// The lines that stand in no block of code.
fn prose(page: &str) -> String {
    let mut inside = false;
    let mut prose = String::new();
    for line in page.lines() {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        if !inside && !fence {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// What a heading is linked to by, as GitHub makes it.
fn anchors(page: &str) -> Vec<String> {
    let prose = prose(page);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings
        .map(|line| line.trim_start_matches('#').trim().chars().filter(kept).collect::<String>())
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect()
}

/// The targets of links and pictures.
fn targets(page: &str) -> Vec<String> {
    let prose = prose(page);
    let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let pictures = ["src=\"", "srcset=\""].map(|attribute| prose.split(attribute).skip(1));
    let pictures = pictures.into_iter().flatten().filter_map(|rest| rest.split('"').next());
    links.chain(pictures).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    let mut followed = 0;
    for (path, page) in &pages {
        for target in targets(page) {
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if file.is_empty() { path.clone() } else { plain(&path.parent().unwrap().join(file)) };
            assert!(file.exists(), "{}: {target} is not there", path.display());
            if !anchor.is_empty() {
                let anchors = anchors(&pages[&file]);
                assert!(anchors.iter().any(|a| a == anchor), "{}: {target} has no heading", path.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 60, "{followed} links");
}

#[test]
fn a_guide_begins_with_its_question_and_the_readme_links_to_it() {
    let readme = fs::read_to_string("README.md").unwrap();
    for (path, page) in pages().iter().filter(|(path, _)| path.starts_with("docs")) {
        let question = page.lines().nth(2).unwrap_or_default();
        let is_guide = !path.ends_with("device-bound-spec.md");
        let asks = question.starts_with("**") && question.ends_with("?**");
        assert!(asks == is_guide, "{}: {question}", path.display());
        assert!(
            readme.contains(&format!("]({})", path.display())),
            "README.md leads to no {}",
            path.display()
        );
    }
}

#[test]
fn the_readme_is_short_and_begins_with_the_commands() {
    let readme = fs::read_to_string("README.md").unwrap();
    let lines: Vec<&str> = readme.lines().collect();
    assert!(lines.len() < 200, "{} lines", lines.len());
    for command in ["cargo run --release -- tour", "scripts/test"] {
        assert!(lines.iter().take(60).any(|line| line.contains(command)), "{command}");
    }
}
