//! The folder of the file is another one than before: removed and made anew, renamed, or behind a link that was switched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sealed_session::{RingEvent, WatchOptions};
use tempfile::TempDir;

use crate::common::{ring, root};
use crate::{SELDOM, Server, elsewhere, rotated};

/// Polls do not come into it.
fn noticed() -> WatchOptions {
    WatchOptions::default().poll_every(SELDOM)
}

fn polled() -> WatchOptions {
    WatchOptions::default().poll_every(Duration::from_millis(100)).polling_only()
}

/// `outer/shop/ring.json`, reached by `path` below the same folder.
fn server(path: &str, options: WatchOptions) -> (Server, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    make(&folder.path().join("outer/shop"), 1);
    symlink("outer/shop", folder.path().join("link")).unwrap();
    let path = folder.path().join(path);
    let shop = folder.path().join("outer/shop");
    (Server::following(folder, &path, options), shop)
}

fn make(folder: &Path, number: u8) {
    fs::create_dir_all(folder).unwrap();
    if number == 1 { ring(vec![root(1)]) } else { rotated(number) }
        .save_new(folder.join("ring.json"))
        .unwrap();
}

/// Waits until the ring of this number is in place, and no longer.
#[track_caller]
fn takes_up(server: &Server, number: u8) {
    let before = u64::from(number) - 2;
    while server.watcher.replacements() == before {
        server.event();
    }
    assert!(server.store.open(&elsewhere(number, &server.clock)).is_ok());
}

/// What puts another folder, with the ring of a number, in place of the one that is given.
type Change = (&'static str, fn(&Path, u8));

const CHANGES: [Change; 4] = [
    ("removed and made anew", |shop, number| {
        fs::remove_dir_all(shop).unwrap();
        make(shop, number);
    }),
    ("renamed, and another put in its place", |shop, number| {
        let new = shop.with_file_name("new");
        make(&new, number);
        fs::rename(shop, shop.with_file_name(format!("old-{number}"))).unwrap();
        fs::rename(new, shop).unwrap();
    }),
    ("its parent removed and made anew", |shop, number| {
        fs::remove_dir_all(shop.parent().unwrap()).unwrap();
        make(shop, number);
    }),
    ("its parent renamed, and another put in its place", |shop, number| {
        let outer = shop.parent().unwrap();
        fs::rename(outer, outer.with_file_name(format!("old-{number}"))).unwrap();
        make(shop, number);
    }),
];

#[test]
fn another_folder_in_its_place_is_followed_whatever_became_of_the_first() {
    thread::scope(|scope| {
        for path in ["outer/shop/ring.json", "outer/shop", "link", "link/ring.json"] {
            for options in [noticed, polled] {
                for change in CHANGES {
                    scope.spawn(move || is_followed(path, options(), change));
                }
            }
        }
    });
}

fn is_followed(path: &str, options: WatchOptions, (what, change): Change) {
    let (server, shop) = server(path, options);
    for number in 2..4 {
        change(&shop, number);
        takes_up(&server, number);
    }
    // And what happens in it is noticed as before.
    rotated(4).save(shop.join("ring.json")).unwrap();
    takes_up(&server, 4);
    server.watcher.reload_now().unwrap();
    assert_eq!(server.store.health(), Ok(()), "{path} {what}");
}

#[test]
fn a_link_that_is_switched_is_followed_to_where_it_leads_now() {
    for path in ["link", "link/ring.json"] {
        let (server, shop) = server(path, noticed());
        let link = server.folder.path().join("link");
        for number in 2..4 {
            let new = shop.with_file_name(format!("release-{number}"));
            make(&new, number);
            symlink(&new, link.with_extension("new")).unwrap();
            fs::rename(link.with_extension("new"), &link).unwrap();
            takes_up(&server, number);
        }
        rotated(4).save(link.join("ring.json")).unwrap();
        takes_up(&server, 4);
        assert_eq!(server.watcher.polls_only(), None);
    }
}

#[test]
fn a_file_behind_links_to_other_folders_is_noticed_there() {
    let (elsewhere, between, folder) =
        (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    make(elsewhere.path(), 1);
    symlink(elsewhere.path().join("ring.json"), between.path().join("between.json")).unwrap();
    symlink(between.path().join("between.json"), folder.path().join("mine.json")).unwrap();
    let path = folder.path().join("mine.json");
    let server = Server::following(folder, &path, noticed());
    rotated(2).save(elsewhere.path().join("ring.json")).unwrap();
    takes_up(&server, 2);
}

#[test]
fn while_there_is_no_folder_it_says_so_and_why_nothing_is_noticed() {
    let (server, shop) = server("outer/shop/ring.json", noticed());
    assert_eq!(server.watcher.polls_only(), None);
    fs::rename(&shop, shop.with_file_name("away")).unwrap();
    assert!(server.failure().contains("cannot be read"));
    assert!(server.store.health().is_err());
    assert_eq!(server.watcher.polls_only(), Some("the folder of the ring file does not exist"));
    fs::rename(shop.with_file_name("away"), &shop).unwrap();
    assert_eq!(server.event(), RingEvent::Recovered);
    assert_eq!((server.store.health(), server.watcher.polls_only()), (Ok(()), None));
    rotated(2).save(shop.join("ring.json")).unwrap();
    takes_up(&server, 2);
}

#[test]
fn a_file_that_becomes_a_folder_is_followed_into_it() {
    let server = Server::with(noticed());
    fs::remove_file(server.path()).unwrap();
    make(&server.path(), 2);
    takes_up(&server, 2);
    rotated(3).save(server.path()).unwrap();
    takes_up(&server, 3);
}
