//! A disk that is full, and files that must not be written: by another process, which has no more rights than others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sealed_session_sqlite::SqliteBackend;
use tempfile::TempDir;

use crate::child::{Other, give_to_nobody};
use crate::until;

/// A database in a folder of its own, both of somebody without rights.
fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocations.db");
    drop(SqliteBackend::open(&file).unwrap());
    give_to_nobody(folder.path());
    give_to_nobody(&file);
    (folder, file)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn opening_says(file: &Path, words: &[&str]) {
    let text = Other::opens(file);
    let expected = format!("{}: ", file.display());
    assert!(text.starts_with(&expected) && words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn a_file_that_may_be_written_opens() {
    let (_folder, file) = database();
    assert_eq!(Other::opens(&file), "ready");
}

#[test]
fn a_read_only_file_is_refused() {
    let (_folder, file) = database();
    set_mode(&file, 0o440);
    opening_says(&file, &["may only be read", "must be writable"]);
    set_mode(&file, 0o000);
    opening_says(&file, &["unable to open", "readable and writable"]);
}

#[test]
fn a_folder_that_must_not_be_written_is_refused() {
    let (folder, file) = database();
    set_mode(folder.path(), 0o555);
    opening_says(&file, &["its folder must be", "writable"]);
    opening_says(&folder.path().join("missing.db"), &["cannot be made", "ermission denied", "be writable"]);
    set_mode(folder.path(), 0o000);
    opening_says(&file, &["cannot be read", "ermission denied"]);
    set_mode(folder.path(), 0o755);
}

#[test]
fn on_a_full_disk_writes_are_errors_and_revocations_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocations.db");
    let (mut server, mut other) = (Other::server(&file), Other::server(&file));
    let (dead, good) = (server.ask("create"), server.ask("create"));
    assert_eq!(server.ask(&format!("delete {dead}")), "deleted");
    server.limit_files(Some(0));

    let error = server.ask(&format!("delete {good}"));
    assert!(error.contains("revocations.db: ") && error.contains("disk may be full"), "{error}");
    assert_eq!(server.ask(&format!("read {good}")), "good", "what was not recorded is not revoked");
    assert!(server.ask(&format!("read {dead}")).starts_with("error"));
    assert!(server.ask("trouble").contains("disk may be full"));
    let elsewhere = other.ask("create");
    assert_eq!(other.ask(&format!("delete {elsewhere}")), "deleted", "it has room");
    until("news is read", || server.ask(&format!("read {elsewhere}")).starts_with("error"));
    assert!(server.ask("trouble").contains("disk may be full"), "as long as it is");

    server.limit_files(None);
    until("it is well again by itself", || server.ask("trouble") == "none");
    assert_eq!(server.ask(&format!("delete {good}")), "deleted");
    until("the other learns of it", || other.ask(&format!("read {good}")).starts_with("error"));
}

#[test]
fn a_full_disk_at_the_start_is_told_of_and_costs_nothing_later() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocations.db");
    let error = Other::opens_on_a_full_disk(&file);
    assert!(error.contains("revocations.db: ") && error.contains("disk may be full"), "{error}");
    Other::server(&file);
}
