//! The published files are those that the generator writes, and they are all that there are.

use std::collections::BTreeSet;
use std::fs;

use crate::reading::{folder, read, text_of};
use crate::vectors::{self, File};

#[test]
fn the_generator_writes_what_is_published() {
    for file in vectors::quick() {
        is_published(&file);
    }
}

/// The accumulated file takes seconds to write without optimization, and its hash is compared elsewhere.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimization, and its hash is compared elsewhere")]
fn the_generator_writes_the_accumulated_file() {
    for file in vectors::all() {
        is_published(&file);
    }
}

fn is_published(file: &File) {
    assert_eq!(read(file.name)["numberOfTests"], file.tests);
    let (published, written) = (text_of(file.name), &file.text);
    let line = published.lines().zip(written.lines()).position(|(old, new)| old != new);
    assert!(
        &published == written,
        "{} is not what the generator writes, from line {:?} on: cargo run --example make_vectors",
        file.name,
        line.map(|line| line + 1),
    );
}

#[test]
fn every_file_is_run_and_there_are_vectors_enough() {
    let written: BTreeSet<String> = vectors::quick().iter().map(|file| file.name.to_owned()).collect();
    let names =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let published: BTreeSet<String> = names.filter(|name| name.ends_with(".json")).collect();
    let accumulated = BTreeSet::from(["accumulated.json".to_owned()]);
    assert_eq!(published, &written | &accumulated);
    for name in &published {
        let line = format!("| `{name}` | {} |", read(name)["numberOfTests"]);
        assert!(text_of("README.md").contains(&line), "the README does not say {line}");
    }
    let tests: u64 = published.iter().map(|name| read(name)["numberOfTests"].as_u64().unwrap()).sum();
    assert!(tests >= 250, "{tests}");
    println!("{tests} vectors in {} files", published.len());
}
