//! Writing the file: the old one or the new one, and never half of either.

use std::fs;
use std::path::Path;

use sealed_session::KeyRing;

use crate::common::{ring, root};

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn first(path: &Path) -> sealed_session::RootId {
    KeyRing::load(path).unwrap().roots()[0].id()
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    let ring = ring(vec![root(1), root(2).activating_at(5).revoked()]);
    ring.save_new(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), *ring.to_json().unwrap());
    assert_eq!(*KeyRing::load(&path).unwrap().to_json().unwrap(), *ring.to_json().unwrap());
    assert_eq!(names(folder.path()), ["ring.json"], "no temporary file is left");
}

#[test]
fn a_new_file_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let error = ring(vec![root(2)]).save_new(&path).unwrap_err().to_string();
    assert!(error.contains("exists, and is not overwritten"), "{error}");
    assert_eq!(first(&path), root(1).id());
    fs::write(folder.path().join("empty"), "").unwrap();
    for taken in ["empty", "", "."] {
        assert!(ring(vec![root(2)]).save_new(folder.path().join(taken)).is_err(), "{taken}");
    }
    assert_eq!(names(folder.path()), ["empty", "ring.json"]);
    assert_eq!(fs::read_to_string(folder.path().join("empty")).unwrap(), "");
}

#[cfg(unix)]
#[test]
fn a_new_file_does_not_follow_a_dangling_link() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let error = ring(vec![root(1)]).save_new(&link).unwrap_err().to_string();
    assert!(error.contains("is not overwritten"), "{error}");
    assert_eq!(names(folder.path()), ["link"]);
}

#[test]
fn saving_replaces_an_existing_file_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    let error = ring(vec![root(1)]).save(&path).unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
    assert!(names(folder.path()).is_empty());
    ring(vec![root(1)]).save_new(&path).unwrap();
    ring(vec![root(2)]).save(&path).unwrap();
    assert_eq!(first(&path), root(2).id());
    assert_eq!(names(folder.path()), ["ring.json"]);
}

#[test]
fn a_folder_that_is_none_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.join("ring.json"), folder.path().join("no-such-folder/ring.json")] {
        for error in [ring(vec![root(1)]).save_new(&path), ring(vec![root(1)]).save(&path)] {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with(&path.display().to_string()), "{error}");
            assert!(error.contains("cannot be written"), "{error}");
        }
    }
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn a_save_that_fails_at_the_rename_leaves_the_old_and_no_temporary_file() {
    // A file cannot be renamed over a folder, not even by root.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("ring.json")).unwrap();
    fs::write(folder.path().join("ring.json/old"), "old").unwrap();
    let error = ring(vec![root(1)]).save(folder.path()).unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
    assert_eq!(names(folder.path()), ["ring.json"]);
    assert_eq!(fs::read_to_string(folder.path().join("ring.json/old")).unwrap(), "old");
}

#[test]
fn a_ring_that_cannot_be_written_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let late = || ring(vec![root(2).activating_at(u64::MAX)]);
    assert!(late().save(&path).is_err());
    assert!(late().save_new(folder.path().join("new")).is_err());
    assert_eq!(first(&path), root(1).id());
    assert_eq!(names(folder.path()), ["ring.json"]);
}

#[test]
fn a_temporary_file_left_by_a_crash_is_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let half = ring(vec![root(2)]).to_json().unwrap();
    fs::write(folder.path().join(".sealed-session-Ab12Cd"), &half[..half.len() / 2]).unwrap();
    for path in [path.as_path(), folder.path()] {
        assert_eq!(first(path), root(1).id());
    }
    ring(vec![root(3)]).save(&path).unwrap();
    assert_eq!(first(&path), root(3).id());
    assert_eq!(names(folder.path()), [".sealed-session-Ab12Cd", "ring.json"], "it is not ours to remove");
}

#[cfg(unix)]
#[test]
fn a_reader_that_opened_the_old_file_goes_on_reading_it() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    let old = ring(vec![root(1)]);
    old.save_new(&path).unwrap();
    let mut opened = fs::File::open(&path).unwrap();
    ring(vec![root(2)]).save(&path).unwrap();
    let mut text = String::new();
    opened.read_to_string(&mut text).unwrap();
    assert_eq!(text, *old.to_json().unwrap(), "replaced as a whole, and not written over");
}

#[test]
fn a_bare_name_is_in_the_current_folder() {
    // A folder, which no fault could overwrite, and a name that is not there.
    let error = ring(vec![root(1)]).save_new("src").unwrap_err().to_string();
    assert!(error.starts_with("src: "), "{error}");
    assert!(ring(vec![root(1)]).save("no-such-ring.json").is_err());
    assert!(!Path::new("no-such-ring.json").exists());
}

#[cfg(unix)]
#[test]
fn the_owner_of_the_old_file_keeps_it() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    // Only root may give files away; for everybody else the owner is the same anyway.
    let given = std::os::unix::fs::chown(&path, Some(12_345), Some(54_321)).is_ok();
    let before = fs::metadata(&path).unwrap();
    ring(vec![root(2)]).save(&path).unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert!(!given || after.uid() == 12_345);
}
