//! A file that is mounted by itself goes on being there when another takes its place where it is mounted from. So does a
//! file that is reached by a descriptor, which needs no rights to try.

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealed_session::{HealthError, Reason, RingEvent, SessionPlugin as _, WatchOptions};
use tempfile::TempDir;

use crate::common::{NOW, ring, root};
use crate::{SELDOM, Server, create, rotated, server};
use sealed_session::hazmat::ManualClock;

/// A path to a file that stays open, whatever becomes of its name.
fn by_descriptor(folder: &TempDir) -> (File, PathBuf) {
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let file = File::open(path).unwrap();
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    (file, path.into())
}

fn noticed() -> WatchOptions {
    WatchOptions::default().poll_every(SELDOM)
}

/// Says that the file is gone, what that means and what is to be done.
#[track_caller]
fn is_gone(server: &Server, words: &[&str]) {
    let Err(HealthError::RingFile(error)) = server.store.health() else { panic!("the file is gone") };
    assert!(!server.store.is_healthy());
    assert_eq!(server.watcher.last_error(), Some(error.clone()));
    for words in words.iter().chain(&["a key that was revoked in", "goes on opening", "restart"]) {
        assert!(error.to_string().contains(words), "{words:?} is expected in {error}");
    }
}

const OF_A_FILE: [&str; 2] =
    ["the file that is followed is gone", "mount its folder and not the file by itself"];

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_has_lost_its_name_is_gone_though_it_can_be_read() {
    let folder = TempDir::new().unwrap();
    let (_file, path) = by_descriptor(&folder);
    let server = Server::following(folder, &path, noticed().polling_only());
    let id = create(&server.store);
    assert_eq!(server.store.health(), Ok(()));
    // The operator revokes the key, in a file that takes the place of the first.
    ring(vec![root(1).revoked(), root(2).activating_at(1)]).save(server.path()).unwrap();
    for _ in 0..3 {
        let error = server.watcher.reload_now().unwrap_err().to_string();
        assert!(error.contains("the file that is followed is gone"), "{error}");
        is_gone(&server, &OF_A_FILE);
        server.serves(&id);
    }
    assert!(server.failure().contains("the file that is followed is gone"));
    server.no_event();
    let refused = server.store.open(&create(&self::server(rotated(2), &server.clock))).unwrap_err();
    assert!(
        refused.reason() == Reason::UnknownKey && refused.keeps_cookie(),
        "it may be this server's fault"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_is_gone_from_the_start_is_used_and_told_of() {
    let folder = TempDir::new().unwrap();
    let (_file, path) = by_descriptor(&folder);
    fs::remove_file(folder.path().join("ring.json")).unwrap();
    let server = Server::following(folder, &path, noticed().polling_only());
    is_gone(&server, &OF_A_FILE);
    assert!(server.failure().contains("the file that is followed is gone"));
    server.serves(&create(&server.store));
}

#[test]
fn a_file_that_is_replaced_in_its_folder_is_never_gone() {
    let server = Server::with(WatchOptions::default().poll_every(std::time::Duration::from_millis(100)));
    for turn in 0..200 {
        ring(vec![root(1), root(2 + turn % 2).activating_at(1)]).save(server.path()).unwrap();
    }
    server.watcher.reload_now().unwrap();
    for event in server.events.try_iter() {
        assert_eq!(event, RingEvent::Replaced);
    }
}

/// Runs a test of this file once more where it may mount, unless it does already; whether it runs there now.
fn may_mount(test: &str) -> bool {
    const INSIDE: &str = "SEALED_SESSION_TEST_MAY_MOUNT";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshared = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(arguments);
        command
    };
    let ways: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    let way = ways.iter().find(|way| unshared(way).arg("true").status().is_ok_and(|ran| ran.success()));
    assert!(way.is_some(), "unshare --mount: a process may have no mounts of its own here");
    let way = way.unwrap();
    let name = format!("mounted::{test}");
    let mut command = unshared(way);
    command.arg(std::env::current_exe().unwrap()).args([&name, "--exact", "--nocapture"]).env(INSIDE, "1");
    let ran = command.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    false
}

fn mount(from: &Path, at: &Path) {
    assert!(Command::new("mount").arg("--bind").args([from, at]).status().unwrap().success());
}

/// What an operator does with the file, and with the one that is mounted.
type Replacement = (&'static str, fn(&Path));

const REPLACEMENTS: [Replacement; 4] = [
    ("another takes its name", |path| rotated(2).save(path).unwrap()),
    ("the first is kept under another name", |path| {
        fs::rename(path, path.with_extension("old")).unwrap();
        rotated(2).save_new(path).unwrap();
    }),
    ("the first has a second name", |path| {
        fs::hard_link(path, path.with_extension("backup")).unwrap();
        rotated(2).save(path).unwrap();
    }),
    ("it is removed", |path| fs::remove_file(path).unwrap()),
];

#[test]
#[cfg(target_os = "linux")]
fn a_file_mounted_by_itself_is_gone_when_it_is_replaced_where_it_comes_from() {
    if !may_mount("a_file_mounted_by_itself_is_gone_when_it_is_replaced_where_it_comes_from") {
        return;
    }
    for (what, replace) in REPLACEMENTS {
        let (host, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let (source, path) = (host.path().join("ring.json"), folder.path().join("ring.json"));
        ring(vec![root(1)]).save_new(&source).unwrap();
        File::create(&path).unwrap();
        mount(&source, &path);
        let server = Server::following(folder, &path, WatchOptions::default());
        assert_eq!(server.event(), RingEvent::MountedByItself, "there is a warning beforehand");
        assert_eq!(server.store.health(), Ok(()), "and all is well so far");
        // What is written into it is still seen.
        fs::write(&source, &*rotated(9).to_json().unwrap()).unwrap();
        while server.event() != RingEvent::Replaced {}
        server.watcher.reload_now().unwrap();
        replace(&source);
        assert!(server.watcher.reload_now().is_err(), "{what}");
        is_gone(&server, &OF_A_FILE);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_mounted_file_that_is_replaced_is_noticed_without_a_poll() {
    if !may_mount("a_mounted_file_that_is_replaced_is_noticed_without_a_poll") {
        return;
    }
    let (host, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (source, path) = (host.path().join("ring.json"), folder.path().join("ring.json"));
    ring(vec![root(1)]).save_new(&source).unwrap();
    File::create(&path).unwrap();
    mount(&source, &path);
    let server = Server::following(folder, &path, noticed());
    assert_eq!(server.event(), RingEvent::MountedByItself);
    rotated(2).save(&source).unwrap();
    assert!(server.failure().contains("the file that is followed is gone"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_mounted_by_itself_cannot_be_replaced_from_inside_and_the_error_says_what_to_do() {
    if !may_mount("a_file_mounted_by_itself_cannot_be_replaced_from_inside_and_the_error_says_what_to_do") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    mount(&path, &path);
    let error = rotated(2).save(&path).unwrap_err().to_string();
    assert!(error.contains("it is mounted by itself: mount its folder instead"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
#[cfg(target_os = "linux")]
fn a_mounted_folder_is_followed_and_is_gone_when_another_takes_its_place() {
    if !may_mount("a_mounted_folder_is_followed_and_is_gone_when_another_takes_its_place") {
        return;
    }
    let (host, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let source = host.path().join("shop");
    fs::create_dir(&source).unwrap();
    ring(vec![root(1)]).save_new(source.join("ring.json")).unwrap();
    mount(&source, folder.path());
    let path = folder.path().join("ring.json");
    let server = Server::following(folder, &path, noticed());
    rotated(2).save(source.join("ring.json")).unwrap();
    assert_eq!(server.event(), RingEvent::Replaced, "a file that is replaced in its folder is seen");
    server.watcher.reload_now().unwrap();
    fs::rename(&source, host.path().join("before")).unwrap();
    assert!(server.watcher.reload_now().is_err());
    is_gone(&server, &["its folder was renamed", "replace the file in its folder and not the folder"]);
    fs::rename(host.path().join("before"), &source).unwrap();
    server.watcher.reload_now().unwrap();
    assert_eq!(server.store.health(), Ok(()), "it is where it was");
}

#[test]
fn a_file_in_a_folder_is_not_mounted_by_itself() {
    let clock = ManualClock::at(NOW);
    let server = Server::with(noticed());
    server.save(&rotated(2));
    server.watcher.reload_now().unwrap();
    assert!(server.store.open(&create(&self::server(rotated(2), &clock))).is_ok());
    assert!(server.events.try_iter().all(|event| event == RingEvent::Replaced));
}
