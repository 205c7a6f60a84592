//! Folders, as Kubernetes and systemd credentials mount them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use sealed_session::KeyRing;
use tempfile::TempDir;

use crate::common::{ring, root, secret};
use crate::modes::{load_error, mode, saved, set_mode};

/// A volume as the kubelet writes it: `ring.json` -> `..data/ring.json`, `..data` -> a folder of a time.
fn volume(number: u8) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    version(folder.path(), "..2026_11_20_00_00_00.1", number);
    symlink("..2026_11_20_00_00_00.1", folder.path().join("..data")).unwrap();
    symlink("..data/ring.json", folder.path().join("ring.json")).unwrap();
    folder
}

fn version(folder: &Path, name: &str, number: u8) {
    let version = folder.join(name);
    fs::create_dir(&version).unwrap();
    ring(vec![root(number)]).save_new(version.join("ring.json")).unwrap();
    set_mode(&version.join("ring.json"), 0o440);
}

fn first(ring: &KeyRing) -> sealed_session::RootId {
    ring.roots()[0].id()
}

#[test]
fn a_folder_stands_for_the_ring_json_in_it() {
    let (folder, _path) = saved();
    assert_eq!(first(&KeyRing::load(folder.path()).unwrap()), root(1).id());
    ring(vec![root(2)]).save(folder.path()).unwrap();
    assert_eq!(first(&KeyRing::load(folder.path()).unwrap()), root(2).id());
}

#[test]
fn a_kubernetes_volume_is_read_also_after_its_update() {
    let volume = volume(1);
    for path in [volume.path().to_owned(), volume.path().join("ring.json")] {
        assert_eq!(first(&KeyRing::load(path).unwrap()), root(1).id());
    }
    version(volume.path(), "..2026_11_21_00_00_00.2", 2);
    symlink("..2026_11_21_00_00_00.2", volume.path().join("..data_tmp")).unwrap();
    fs::rename(volume.path().join("..data_tmp"), volume.path().join("..data")).unwrap();
    assert_eq!(first(&KeyRing::load(volume.path()).unwrap()), root(2).id());
}

#[test]
fn a_kubernetes_volume_that_others_may_read_is_refused() {
    let volume = volume(1);
    set_mode(&volume.path().join("ring.json"), 0o644);
    let message = KeyRing::load(volume.path()).unwrap_err().to_string();
    assert!(message.contains("0644") && message.contains("`defaultMode: 0440`"), "{message}");
}

#[test]
fn the_mode_of_the_folder_does_not_count() {
    let (folder, _path) = saved();
    set_mode(folder.path(), 0o755);
    assert!(KeyRing::load(folder.path()).is_ok());
}

#[test]
fn a_folder_of_bare_secrets_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for number in 1..4 {
        let path = folder.path().join(format!("secret-{number}"));
        fs::write(&path, &*secret(number).to_text()).unwrap();
        set_mode(&path, 0o600);
    }
    let message = load_error(folder.path());
    assert!(message.contains("a folder without a ring.json"), "{message}");
    assert!(message.contains("a folder of bare secrets is not read"), "{message}");
    assert!(!message.contains("ssr1_"), "{message}");
    let save = ring(vec![root(1)]).save(folder.path()).unwrap_err().to_string();
    assert!(save.contains("a folder without a ring.json"), "{save}");
}

#[test]
fn an_empty_folder_and_one_whose_ring_json_is_a_folder_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    assert!(load_error(folder.path()).contains("a folder without a ring.json"));
    fs::create_dir(folder.path().join("ring.json")).unwrap();
    let message = KeyRing::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("ring.json: is a folder, and a file is expected"), "{message}");
}

#[test]
fn saving_follows_a_link_and_leaves_it_a_link() {
    let (folder, path) = saved();
    let elsewhere = tempfile::tempdir().unwrap();
    let (near, far) = (folder.path().join("link"), elsewhere.path().join("far-link"));
    symlink("ring.json", &near).unwrap();
    symlink(&near, &far).unwrap();
    ring(vec![root(2)]).save(&far).unwrap();
    assert_eq!(first(&KeyRing::load(&path).unwrap()), root(2).id());
    for link in [&near, &far] {
        assert!(fs::symlink_metadata(link).unwrap().is_symlink());
    }
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "written beside the file, not the link");
}
