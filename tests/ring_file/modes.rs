//! Who may read the file, and what is no file.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealed_session::KeyRing;
use tempfile::TempDir;

use crate::common::{ring, root};
use crate::lines;

pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder of its own with a ring file in it.
pub(crate) fn saved() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    (folder, path)
}

pub(crate) fn load_error(path: &Path) -> String {
    let message = KeyRing::load(path).unwrap_err().to_string();
    assert!(message.starts_with(&path.display().to_string()), "{message}");
    message
}

#[test]
fn a_new_file_has_mode_0600() {
    let (_folder, path) = saved();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_replaced_file_keeps_what_its_group_may_and_is_closed_to_others() {
    let (_folder, path) = saved();
    for (before, after) in [
        (0o600, 0o600),
        (0o400, 0o600),
        (0o640, 0o640),
        (0o440, 0o640),
        (0o660, 0o660),
        (0o644, 0o640),
        (0o604, 0o600),
        (0o777, 0o660),
        (0o6755, 0o640),
    ] {
        set_mode(&path, before);
        ring(vec![root(2)]).save(&path).unwrap();
        assert_eq!(mode(&path), after, "{before:o}");
    }
}

#[test]
fn a_file_that_others_may_use_is_refused_with_the_cure() {
    let (_folder, path) = saved();
    for open in [0o601, 0o602, 0o604, 0o607, 0o641, 0o644, 0o664, 0o666, 0o755, 0o777, 0o444] {
        set_mode(&path, open);
        let message = load_error(&path);
        assert!(message.contains(&format!("its mode {open:04o} lets every user")), "{message}");
        assert!(message.contains(&format!("`chmod 600 {}`", path.display())), "{message}");
        assert!(message.contains("`defaultMode: 0440`"), "{message}");
    }
}

#[test]
fn a_file_of_a_user_or_a_group_is_read() {
    let (_folder, path) = saved();
    for private in [0o600, 0o400, 0o640, 0o440, 0o660, 0o770, 0o700] {
        set_mode(&path, private);
        assert!(KeyRing::load(&path).is_ok(), "{private:o}");
    }
}

#[test]
fn the_mode_counts_and_not_that_of_a_link() {
    let (folder, path) = saved();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(KeyRing::load(&link).is_ok(), "a link itself has mode 0777");
    set_mode(&path, 0o604);
    assert!(load_error(&link).contains("0604"));
}

#[test]
fn a_pipe_is_refused_without_waiting_for_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg("-m").arg("600").arg(&pipe).status().unwrap().success());
    assert!(load_error(&pipe).contains("is not a regular file"));
    let inside = folder.path().join("ring.json");
    fs::rename(&pipe, &inside).unwrap();
    let message = KeyRing::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("is not a regular file"), "{message}");
}

#[test]
fn a_device_is_refused_without_reading_for_ever() {
    assert!(load_error(Path::new("/dev/zero")).contains("is not a regular file"));
    assert!(load_error(Path::new("/dev/null")).contains("is not a regular file"));
}

#[test]
fn a_missing_file_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(load_error(&folder.path().join("ring.json")).contains("cannot be read"));
    let dangling = folder.path().join("dangling");
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    assert!(load_error(&dangling).contains("cannot be read"));
    let (_folder, path) = saved();
    assert!(load_error(&path.join("ring.json")).contains("cannot be read"), "its parent is a file");
}

#[test]
fn a_file_of_a_mebibyte_is_read_and_a_larger_one_is_not() {
    let (_folder, path) = saved();
    let text = lines();
    let spaces = " ".repeat((1 << 20) - text.len());
    fs::write(&path, format!("{text}{spaces}")).unwrap();
    assert!(KeyRing::load(&path).is_ok());
    fs::write(&path, format!("{text}{spaces} ")).unwrap();
    assert!(load_error(&path).contains("is larger than 1048576 bytes"));
    // Of four gibibytes that are not there, nothing is read.
    File::options().write(true).open(&path).unwrap().set_len(1 << 32).unwrap();
    assert!(load_error(&path).contains("is larger than"));
}

#[test]
fn a_file_that_is_not_text_is_a_clear_error() {
    let (_folder, path) = saved();
    fs::write(&path, [0xFF, 0xFE, b'{']).unwrap();
    assert!(load_error(&path).contains("is not UTF-8"));
    fs::write(&path, "").unwrap();
    assert!(load_error(&path).contains("a JSON object is expected"));
}

#[test]
fn a_mistake_in_a_file_is_named_with_path_line_and_field() {
    let (_folder, path) = saved();
    fs::write(&path, lines().replace("\"revoked\": true", "\"revoked\": 1")).unwrap();
    let message = load_error(&path);
    assert!(message.contains(": line 19, field keys[1].revoked: true or false is expected"), "{message}");
}
