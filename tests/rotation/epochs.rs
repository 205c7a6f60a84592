//! Rotation by the clock: one sealing key for each epoch, without any coordination.

use std::collections::HashSet;

use sealed_session::hazmat::ManualClock;
use sealed_session::{CreateOptions, KeyState, Reason, SealedStore, SessionError, SessionId, SessionPlugin};

use crate::common::{DAY, HOUR, NOW, SECOND, options, refusal, ring};
use crate::{rotating, server};

fn daily(clock: &ManualClock) -> SealedStore {
    server(ring(vec![rotating(1, 86_400)]), clock)
}

#[test]
fn no_session_that_is_touched_is_lost_over_100_epochs() {
    let clock = ManualClock::at(NOW);
    let store = daily(&clock);
    // A new session every day, that is touched every second day and ends with its lifetime of 30 days.
    let mut sessions: Vec<(u64, SessionId)> = Vec::new();
    let mut keys = HashSet::new();
    for day in 0..100 {
        clock.set(NOW + day * DAY);
        if let Some(at) = sessions.iter().position(|(born, _)| *born + 30 == day) {
            assert_eq!(store.read(&sessions.remove(at).1), Err(SessionError::NotFound));
        }
        for (born, id) in &mut sessions {
            assert_eq!(store.read(id).unwrap().created_at_ms, NOW + *born * DAY);
            if (day - *born) % 2 == 0 {
                *id = touched(&store, id);
            }
        }
        let id = store.create(options(Some("user"), "", 3 * DAY)).unwrap();
        keys.insert(store.open(&id).unwrap().key_id());
        sessions.push((day, id));
    }
    assert_eq!((keys.len(), sessions.len()), (100, 30));
}

/// The session of an earlier day, sealed with the key of today.
fn touched(store: &SealedStore, id: &SessionId) -> SessionId {
    assert_eq!(store.open(id).unwrap().key_state(), KeyState::Accepted);
    let id = store.touch(id, 3 * DAY).unwrap();
    assert_eq!(store.open(&id).unwrap().key_state(), KeyState::Sealing);
    id
}

#[test]
fn a_session_that_is_never_touched_lives_its_whole_ttl() {
    let clock = ManualClock::at(NOW);
    let store = daily(&clock);
    let id = store.create(options(None, "", 30 * DAY)).unwrap();
    for hours in 0..30 * 24 {
        clock.set(NOW + hours * HOUR);
        assert!(store.read(&id).is_ok(), "after {hours} hours");
    }
    clock.set(NOW + 30 * DAY - 1);
    assert!(store.read(&id).is_ok());
    for hours in 0..24 {
        clock.set(NOW + 30 * DAY + hours * HOUR);
        assert_eq!(store.read(&id), Err(SessionError::NotFound), "the key is still there to tell");
    }
}

#[test]
fn sessions_of_the_end_of_an_epoch_are_kept_as_long_as_those_of_its_beginning() {
    let clock = ManualClock::at(0);
    let store = daily(&clock);
    for start in [20_775 * DAY, 20_776 * DAY - 1, 20_776 * DAY] {
        clock.set(start);
        let id = store.create(options(None, "", 30 * DAY)).unwrap();
        clock.set(start + 30 * DAY - 1);
        assert!(store.read(&id).is_ok());
        clock.set(start + 31 * DAY - 1);
        assert_eq!(store.read(&id), Err(SessionError::NotFound));
    }
}

#[test]
fn two_servers_45_s_apart_share_sessions_around_an_epoch_boundary() {
    let midnight = 20_776 * DAY;
    for offset in (0..=90).map(|seconds| seconds * SECOND) {
        let behind = daily(&ManualClock::at(midnight - 60 * SECOND + offset));
        let ahead = daily(&ManualClock::at(midnight - 15 * SECOND + offset));
        for (maker, other) in [(&ahead, &behind), (&behind, &ahead)] {
            let id = maker.create(CreateOptions::default()).unwrap();
            assert!(other.read(&id).is_ok(), "{offset}");
            let id = other.update(&id, r#"{"a":1}"#).unwrap();
            let id = maker.touch(&id, HOUR).unwrap();
            let id = other.touch(&id, HOUR).unwrap();
            assert_eq!(maker.read(&id).unwrap().data_json, r#"{"a":1}"#, "{offset}");
        }
    }
}

#[test]
fn each_of_two_servers_names_the_other_epoch_by_its_own_clock() {
    let midnight = 20_776 * DAY;
    let (behind, ahead) = (daily(&ManualClock::at(midnight - 1)), daily(&ManualClock::at(midnight)));
    let state = |store: &SealedStore, id: &SessionId| store.open(id).unwrap().key_state();
    let tomorrow = ahead.create(CreateOptions::default()).unwrap();
    let today = behind.create(CreateOptions::default()).unwrap();
    assert_eq!((state(&behind, &tomorrow), state(&ahead, &tomorrow)), (KeyState::Staged, KeyState::Sealing));
    assert_eq!((state(&behind, &today), state(&ahead, &today)), (KeyState::Sealing, KeyState::Accepted));
}

#[test]
fn a_server_that_is_ahead_by_more_than_the_leeway_is_not_believed() {
    let midnight = 20_776 * DAY;
    let ahead = daily(&ManualClock::at(midnight));
    let id = ahead.create(CreateOptions::default()).unwrap();
    assert!(daily(&ManualClock::at(midnight - 60 * SECOND)).read(&id).is_ok());
    let behind = daily(&ManualClock::at(midnight - 60 * SECOND - 1));
    let refused = behind.open(&id).unwrap_err();
    assert_eq!(refused.reason(), Reason::UnknownKey);
    assert!(refused.keeps_cookie(), "its epoch begins here next");
    let two_ahead = daily(&ManualClock::at(midnight - DAY - 60 * SECOND - 1));
    assert_eq!(refusal(&two_ahead, id.as_str()), Reason::UnknownKey, "and this is no matter of a moment");
}

#[test]
fn a_clock_that_steps_back_over_a_boundary_loses_nothing_within_the_leeway() {
    let midnight = 20_776 * DAY;
    let clock = ManualClock::at(midnight + 10 * SECOND);
    let store = daily(&clock);
    let id = store.create(CreateOptions::default()).unwrap();
    clock.set(midnight - 50 * SECOND);
    let id = store.touch(&id, HOUR).unwrap();
    clock.set(midnight + 10 * SECOND);
    assert!(store.read(&id).is_ok());
}

#[test]
fn a_fixed_root_hands_over_to_a_rotating_one_and_back() {
    let clock = ManualClock::at(NOW);
    let roots = vec![
        crate::common::root(1),
        rotating(2, 86_400).activating_at(NOW + 10 * DAY),
        crate::common::root(3).activating_at(NOW + 20 * DAY),
    ];
    let store = server(ring(roots), &clock);
    let sessions: Vec<SessionId> = (0..28)
        .map(|day| {
            clock.set(NOW + day * DAY);
            store.create(options(None, "", 30 * DAY)).unwrap()
        })
        .collect();
    let keys: HashSet<_> = sessions.iter().map(|id| store.open(id).unwrap().key_id()).collect();
    assert_eq!(keys.len(), 1 + 10 + 1);
}
