//! Disks and files that are mounted, for one process alone.

use std::path::{Path, PathBuf};

use sealed_session_sqlite::SqliteBackend;
use tempfile::TempDir;

use crate::child::Other;

fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my revocations.db");
    drop(SqliteBackend::open(&file).unwrap());
    (folder, file)
}

/// What somebody is told who opens the file after that.
fn opening_after(file: &Path, script: &str) -> String {
    Other::node_with_mounts(file, script).1
}

#[test]
fn a_file_that_is_mounted_without_its_folder_is_refused() {
    let (folder, file) = database();
    let elsewhere = folder.path().join("elsewhere.db");
    std::fs::write(&elsewhere, "").unwrap();
    for (path, source) in [(&file, "$FILE"), (&elsewhere, "$FOLDER/my revocations.db")] {
        let answer = opening_after(path, &format!("mount --bind \"{source}\" \"$FILE\""));
        let expected = format!("{}: is mounted by itself", path.display());
        assert!(answer.starts_with(&expected) && answer.contains("mount its folder instead"), "{answer}");
    }
}

#[test]
fn a_file_whose_folder_is_mounted_opens() {
    let (_folder, file) = database();
    let script = "mount --bind \"$FOLDER\" \"$FOLDER\"";
    assert_eq!(opening_after(&file, script), "ready");
}

#[test]
fn a_disk_that_is_mounted_read_only_is_refused() {
    let (_folder, file) = database();
    let script = "mount --bind \"$FOLDER\" \"$FOLDER\"; mount -o remount,bind,ro \"$FOLDER\"";
    let answer = opening_after(&file, script);
    assert!(answer.contains("may only be read: the file and its folder must be writable"), "{answer}");
}

#[test]
fn on_a_disk_that_is_full_every_write_says_so_until_there_is_room() {
    let (_folder, file) = database();
    let script = "mount -t tmpfs -o size=1m none \"$FOLDER\"";
    let (mut node, answer) = Other::node_with_mounts(&file, script);
    assert_eq!(answer, "ready");
    assert_eq!((&*node.ask("record"), &*node.ask("put_sharer")), ("done", "done"));
    node.ask("fill");
    for _ in 0..2 {
        for write in ["put_sharer", "record"] {
            let answer = node.ask(write);
            assert!(answer.contains("the disk is full: make room; nothing has to be restarted"), "{answer}");
        }
        assert_eq!(node.ask("news"), "done");
    }
    node.ask("make room");
    assert_eq!((&*node.ask("put_sharer"), &*node.ask("record")), ("done", "done"));
}
