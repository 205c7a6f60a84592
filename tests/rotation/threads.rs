//! Rotation under running readers. Every loop is bounded, and nothing sleeps.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sealed_session::hazmat::ManualClock;
use sealed_session::{CreateOptions, KeyRing, SealedStore, SessionId, SessionPlugin};

use crate::common::{DAY, NOW, options, ring, root};
use crate::{rotating, server};

const READERS: usize = 4;

/// Runs `read` in [`READERS`] threads for as long as `write` runs in this one, and at least once each.
fn alongside(read: impl Fn() + Sync, write: impl FnOnce()) {
    let (start, done) = (Barrier::new(READERS + 1), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..200_000 {
                    read();
                    if done.load(Ordering::Acquire) {
                        break;
                    }
                }
            });
        }
        start.wait();
        write();
        done.store(true, Ordering::Release);
    });
}

/// Rings that all open what root 1 sealed, and that seal with different roots.
fn rings() -> [KeyRing; 4] {
    [
        ring(vec![root(1)]),
        ring(vec![root(1), root(2).activating_at(NOW)]),
        ring(vec![root(3).activating_at(NOW), root(1), root(2).activating_at(1)]),
        ring(vec![rotating(2, 86_400).activating_at(5), root(1)]),
    ]
}

#[test]
fn tokens_keep_opening_while_the_ring_is_replaced() {
    let store = server(ring(vec![root(1)]), &ManualClock::at(NOW));
    let id = store.create(options(Some("user"), "", DAY)).unwrap();
    let read = || assert_eq!(store.read(&id).unwrap().user_id.as_deref(), Some("user"));
    alongside(read, || {
        for _ in 0..50 {
            rings().into_iter().for_each(|ring| store.replace_ring(ring).unwrap());
        }
    });
}

#[test]
fn every_session_made_while_the_ring_is_replaced_opens_with_all_roots() {
    let store = server(ring(vec![root(1)]), &ManualClock::at(NOW));
    let all = || ring(vec![root(1), root(2).activating_at(1), root(3).activating_at(NOW)]);
    let other = || ring(vec![root(1), root(3).activating_at(1), root(2).activating_at(NOW)]);
    store.replace_ring(all()).unwrap();
    let make = || {
        let id = store.create(CreateOptions::default()).unwrap();
        let id = store.touch(&store.reseal(&id).unwrap(), 0).unwrap();
        assert!(store.read(&id).is_ok());
    };
    alongside(make, || {
        for _ in 0..200 {
            store.replace_ring(other()).unwrap();
            store.replace_ring(all()).unwrap();
        }
    });
}

#[test]
fn the_last_ring_stays_when_readers_cross_epochs_meanwhile() {
    // A reader that builds the next epoch's keys from the ring it saw must not bring that ring back.
    let clock = ManualClock::at(NOW);
    let store = server(ring(vec![rotating(1, 86_400)]), &clock);
    for turn in 1..=50 {
        clock.set(NOW + turn * DAY);
        let number = (turn % 2) as u8 + 1;
        alongside(|| assert!(store.is_healthy()), || store.replace_ring(ring(vec![root(number)])).unwrap());
        let id = store.create(CreateOptions::default()).unwrap();
        assert!(server(ring(vec![root(number)]), &clock).read(&id).is_ok(), "turn {turn}");
        store.replace_ring(ring(vec![rotating(1, 86_400)])).unwrap();
    }
}

#[test]
fn tokens_keep_opening_while_epochs_pass() {
    let clock = ManualClock::at(NOW);
    let store = server(ring(vec![rotating(1, 86_400)]), &clock);
    let ids: Vec<SessionId> = (0..4).map(|_| store.create(options(None, "", 30 * DAY)).unwrap()).collect();
    let read = || ids.iter().for_each(|id| assert!(store.read(id).is_ok()));
    alongside(read, || (0..29 * 4).for_each(|_| clock.advance(DAY / 4)));
}

#[test]
fn a_ring_replaced_through_one_clone_is_seen_by_readers_of_another() {
    let clock = ManualClock::at(NOW);
    let store: SealedStore = server(ring(vec![root(1)]), &clock);
    let clone = store.clone();
    thread::scope(|scope| {
        scope.spawn(move || clone.replace_ring(ring(vec![root(2)])).unwrap());
    });
    let id = store.create(CreateOptions::default()).unwrap();
    assert!(server(ring(vec![root(2)]), &clock).read(&id).is_ok());
}
