//! How following begins and ends.

use std::fs;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealed_session::{RingEvent, RingWatcher, SealedStore, WatchOptions};
use tempfile::TempDir;

use crate::common::{NOW, ring, root};
use crate::{DEADLINE, SELDOM, Server, create, rotated, server};
use sealed_session::hazmat::ManualClock;

/// The thread holds the other end of the channel for as long as it runs.
#[track_caller]
fn ends(events: &mpsc::Receiver<RingEvent>) {
    assert_eq!(events.recv_timeout(DEADLINE), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn the_thread_ends_with_the_watcher_and_the_store_keeps_its_ring() {
    let Server { store, watcher, events, folder, .. } =
        Server::with(WatchOptions::default().poll_every(SELDOM));
    let id = create(&store);
    drop(watcher);
    ends(&events);
    fs::remove_file(folder.path().join("ring.json")).unwrap();
    assert!(store.open(&id).is_ok() && store.health().is_ok());
}

#[test]
fn the_thread_ends_with_the_store() {
    let Server { store, watcher, events, folder: _folder, .. } = Server::new();
    let clone = store.clone();
    drop(store);
    watcher.reload_now().unwrap();
    drop(clone);
    ends(&events);
    assert!(watcher.reload_now().is_err(), "there is nobody left to do it");
}

#[test]
fn a_store_that_was_unhealthy_is_healthy_when_it_no_longer_follows() {
    let Server { store, watcher, folder, .. } = Server::new();
    fs::write(folder.path().join("ring.json"), "").unwrap();
    assert!(watcher.reload_now().is_err() && store.health().is_err());
    drop(watcher);
    assert_eq!(store.health(), Ok(()));
}

#[test]
fn a_store_follows_one_file_at_a_time() {
    let Server { store, watcher, folder, .. } = Server::new();
    let path = folder.path().join("ring.json");
    let error = store.clone().follow(&path, WatchOptions::default()).unwrap_err().to_string();
    assert!(error.contains("follows a ring file already"), "{error}");
    drop(watcher);
    rotated(2).save(&path).unwrap();
    let again = store.follow(&path, WatchOptions::default().poll_every(SELDOM)).unwrap();
    assert_eq!(again.replacements(), 0, "what is found at first is no change");
    let other = server(rotated(2), &ManualClock::at(NOW));
    assert!(store.open(&create(&other)).is_ok());
}

#[test]
fn a_file_that_cannot_be_used_is_not_followed_and_another_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = (folder.path().join("ring.json"), server(ring(vec![root(1)]), &ManualClock::at(NOW)));
    let error = store.follow(&path, WatchOptions::default()).unwrap_err().to_string();
    assert!(error.contains("ring.json: cannot be read"), "{error}");
    assert_eq!(store.health(), Ok(()));
    ring(vec![root(1)]).save_new(&path).unwrap();
    assert!(store.follow(&path, WatchOptions::default()).is_ok());
}

#[test]
fn options_have_bounds() {
    let server = Server::new();
    let Server { store, watcher, folder, .. } = server;
    drop(watcher);
    let path = folder.path().join("ring.json");
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    for bad in [Duration::ZERO, ms(99), s(300) + ms(1), Duration::MAX] {
        let error = store.follow(&path, WatchOptions::default().poll_every(bad)).unwrap_err().to_string();
        assert!(error.contains("100 ms to 5 minutes are allowed"), "{error}");
    }
    let error = store.follow(&path, WatchOptions::default().wait_at_most(s(61))).unwrap_err().to_string();
    assert!(error.contains("at most a minute is allowed"), "{error}");
    for good in [ms(100), s(300)] {
        drop(store.follow(&path, WatchOptions::default().poll_every(good).wait_at_most(s(60))).unwrap());
    }
}

/// A server whose watcher does something on each event.
fn acting(act: impl FnMut(&RingEvent) + Send + 'static) -> (TempDir, ManualClock, SealedStore, RingWatcher) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let clock = ManualClock::at(NOW);
    let store = server(ring(vec![root(1)]), &clock);
    let options = WatchOptions::default().poll_every(SELDOM).polling_only().on_event(act);
    let watcher = store.follow(&path, options).unwrap();
    (folder, clock, store, watcher)
}

#[test]
fn a_watcher_that_dies_leaves_nobody_waiting_and_says_so() {
    let (folder, clock, store, watcher) = acting(|_| panic!("the host's fault"));
    rotated(2).save(folder.path().join("ring.json")).unwrap();
    let error = watcher.reload_now().unwrap_err().to_string();
    assert!(error.contains("the watcher's thread panicked"), "{error}");
    assert!(error.contains("the host's fault"), "{error}");
    assert!(store.health().is_err());
    let refused = store.open(&create(&server(rotated(3), &clock))).unwrap_err();
    assert!(refused.keeps_cookie());
}

#[test]
fn after_a_panic_the_file_is_followed_again_without_being_asked() {
    let (sender, events) = mpsc::channel();
    let mut first = true;
    let (folder, _clock, store, watcher) = acting(move |event| {
        let panics = std::mem::take(&mut first);
        sender.send(event.clone()).unwrap();
        assert!(!panics, "once");
    });
    let path = folder.path().join("ring.json");
    rotated(2).save(&path).unwrap();
    assert!(watcher.reload_now().is_err() && store.health().is_err());
    // Polls do not come into it, and nobody asks.
    for expected in [RingEvent::Replaced, RingEvent::Recovered] {
        assert_eq!(events.recv_timeout(DEADLINE), Ok(expected));
    }
    assert_eq!((store.health(), watcher.last_error()), (Ok(()), None));
    rotated(3).save(&path).unwrap();
    watcher.reload_now().unwrap();
    assert_eq!(watcher.replacements(), 2);
}

#[test]
fn a_watcher_that_hangs_is_told_of_for_as_long_as_it_does() {
    let (enter, entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (folder, clock, store, watcher) = acting(move |_| {
        enter.send(()).unwrap();
        released.recv().unwrap();
    });
    rotated(2).save(folder.path().join("ring.json")).unwrap();
    // A token under an unknown key has the file read.
    let waiting = {
        let (store, id) = (store.clone(), create(&server(rotated(3), &clock)));
        std::thread::spawn(move || store.open(&id).map(drop))
    };
    entered.recv_timeout(DEADLINE).unwrap();
    clock.advance(9_999);
    assert_eq!(store.health(), Ok(()));
    clock.set(NOW + 3_600_000);
    assert_eq!(store.health(), Ok(()), "a clock that is set does not make it older");
    clock.advance(1);
    let error = store.health().unwrap_err().to_string();
    assert!(error.contains("has been read for 10 s and is not done"), "{error}");
    clock.set(NOW);
    assert!(store.health().is_err(), "nor younger");
    release.send(()).unwrap();
    assert!(waiting.join().unwrap().is_err());
    watcher.reload_now().unwrap();
    assert_eq!(store.health(), Ok(()));
}

#[test]
fn what_is_done_on_an_event_does_not_wait_for_itself() {
    let slot: Arc<Mutex<Option<(RingWatcher, SealedStore)>>> = Arc::default();
    let (sender, results) = mpsc::channel();
    let (mine, garbage) = (Arc::clone(&slot), create(&server(rotated(9), &ManualClock::at(NOW))));
    let (folder, _clock, store, watcher) = acting(move |_| {
        if let Some((watcher, store)) = mine.lock().unwrap().as_ref() {
            let refused = store.open(&garbage).unwrap_err();
            sender.send((watcher.reload_now().is_err(), refused.keeps_cookie())).unwrap();
        }
    });
    rotated(2).save(folder.path().join("ring.json")).unwrap();
    let other = create(&server(rotated(2), &ManualClock::at(NOW)));
    *slot.lock().unwrap() = Some((watcher, store.clone()));
    assert!(store.open(&other).is_ok(), "it is read on behalf of this one");
    assert_eq!(results.recv_timeout(DEADLINE), Ok((true, true)));
    drop(slot.lock().unwrap().take());
}
