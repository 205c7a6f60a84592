//! A changed file becomes the store's ring, and an unchanged one does not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use sealed_session::{RingEvent, WatchOptions};
use tempfile::TempDir;

use crate::common::{ring, root};
use crate::{SELDOM, Server, create, elsewhere, rotated, set_mode};

fn noticed() -> WatchOptions {
    WatchOptions::default().poll_every(SELDOM)
}

fn polled() -> WatchOptions {
    WatchOptions::default().poll_every(Duration::from_millis(100)).polling_only()
}

#[test]
fn a_file_that_is_replaced_is_noticed_and_polled() {
    for options in [noticed(), polled()] {
        let server = Server::with(options);
        let id = create(&server.store);
        for number in 2..6 {
            server.save(&rotated(number));
            assert_eq!(server.event(), RingEvent::Replaced);
            assert_eq!(server.watcher.replacements(), u64::from(number) - 1);
            server.serves(&id);
            assert!(server.store.open(&elsewhere(number, &server.clock)).is_ok());
        }
    }
}

#[test]
fn only_a_server_that_polls_says_that_it_is_not_told() {
    assert_eq!(Server::with(noticed()).watcher.polls_only(), None);
    assert_eq!(Server::with(polled()).watcher.polls_only(), Some("as asked for"));
}

#[test]
fn a_file_that_is_written_in_place_is_noticed() {
    let server = Server::with(noticed());
    fs::write(server.path(), &*rotated(2).to_json().unwrap()).unwrap();
    // It may have been seen half-written before.
    while server.event() != RingEvent::Replaced {}
    server.watcher.reload_now().unwrap();
    assert_eq!(server.store.health(), Ok(()));
}

/// A volume as the kubelet writes it: `ring.json` -> `..data/ring.json`, `..data` -> a folder of a time.
fn volume() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), 1);
    symlink("..data/ring.json", folder.path().join("ring.json")).unwrap();
    folder
}

/// Swaps the link to the folder of the time before.
fn publish(volume: &Path, number: u8) {
    let name = format!("..2026_11_20_00_00_0{number}.1");
    fs::create_dir(volume.join(&name)).unwrap();
    let path = volume.join(&name).join("ring.json");
    if number == 1 { ring(vec![root(1)]) } else { rotated(number) }.save_new(&path).unwrap();
    set_mode(&path, 0o440);
    symlink(&name, volume.join("..data_tmp")).unwrap();
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    let before = volume.join(format!("..2026_11_20_00_00_0{}.1", number - 1));
    if before.exists() {
        fs::remove_dir_all(before).unwrap();
    }
}

#[test]
fn a_kubernetes_volume_that_is_swapped_is_noticed_by_folder_and_by_file() {
    for name in ["", "ring.json"] {
        let volume = volume();
        let path = volume.path().join(name);
        let server = Server::following(volume, &path, noticed());
        for number in 2..5 {
            publish(server.folder.path(), number);
            assert_eq!(server.event(), RingEvent::Replaced, "version {number}");
            assert!(server.store.open(&elsewhere(number, &server.clock)).is_ok());
        }
        assert_eq!(server.store.health(), Ok(()));
    }
}

#[test]
fn a_link_that_leads_elsewhere_is_polled() {
    let elsewhere = tempfile::tempdir().unwrap();
    let (target, folder) = (elsewhere.path().join("ring.json"), tempfile::tempdir().unwrap());
    ring(vec![root(1)]).save_new(&target).unwrap();
    symlink(&target, folder.path().join("ring.json")).unwrap();
    let path = folder.path().join("ring.json");
    let server = Server::following(folder, &path, polled());
    rotated(2).save(&target).unwrap();
    assert_eq!(server.event(), RingEvent::Replaced);
}

#[test]
fn the_same_content_swaps_nothing() {
    let server = Server::new();
    let text = fs::read_to_string(server.path()).unwrap();
    for written in [text.clone(), format!("{text}\n"), text.replace('\n', "\r\n")] {
        fs::write(server.path(), written).unwrap();
        server.watcher.reload_now().unwrap();
    }
    server.save(&ring(vec![root(1)]));
    server.watcher.reload_now().unwrap();
    assert_eq!(server.watcher.replacements(), 0);
    server.no_event();
}

#[test]
fn every_field_of_a_ring_counts_as_a_change() {
    let server = Server::new();
    let day = Duration::from_secs(86_400);
    let rings = [
        ring(vec![root(1).created_at(1)]),
        ring(vec![root(1).created_at(1).activating_at(1)]),
        ring(vec![root(1).created_at(1).activating_at(1).retiring_at(u64::from(u32::MAX) * 1000)]),
        ring(vec![root(1).rotating_every(day).unwrap()]),
        ring(vec![root(1).rotating_every(day).unwrap()]).with_max_ttl(31 * day).unwrap(),
        ring(vec![root(1).revoked()]),
        ring(vec![root(2)]),
        ring(vec![root(2), root(3).activating_at(1)]),
        ring(vec![root(3).activating_at(1), root(2)]),
        ring(vec![]),
    ];
    for (changes, ring) in (1..).zip(rings) {
        server.save(&ring);
        server.watcher.reload_now().unwrap();
        assert_eq!(server.watcher.replacements(), changes);
    }
}

#[test]
fn a_ring_set_by_hand_stays_until_the_file_changes() {
    let server = Server::new();
    server.store.replace_ring(rotated(2)).unwrap();
    server.watcher.reload_now().unwrap();
    assert!(server.store.open(&elsewhere(2, &server.clock)).is_ok());
    server.save(&rotated(3));
    server.watcher.reload_now().unwrap();
    assert!(server.store.open(&elsewhere(3, &server.clock)).is_ok());
}

#[test]
fn readers_go_on_while_the_file_changes() {
    let server = Server::with(noticed());
    let (id, done, store) = (create(&server.store), AtomicBool::new(false), server.store.clone());
    server.save(&ring(vec![root(1), root(2).activating_at(1), root(3).activating_at(2)]));
    server.watcher.reload_now().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    assert!(store.open(&id).is_ok());
                    assert!(store.open(&create(&store)).is_ok());
                }
            });
        }
        for turn in 1..=40 {
            // All of them open what any of them sealed.
            let (first, second) = if turn % 2 == 0 { (2, 3) } else { (3, 2) };
            let roots = vec![root(1), root(first).activating_at(1), root(second).activating_at(2)];
            ring(roots).save(server.path()).unwrap();
            server.watcher.reload_now().unwrap();
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(server.watcher.replacements(), 41);
}
