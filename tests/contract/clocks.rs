//! Servers whose clocks differ. The default leeway is 60 s.

use std::time::Duration;

use sealed_session::hazmat::{Fields, ManualClock};
use sealed_session::{CreateOptions, Reason, SealedStore, SessionId, SessionPlugin};

use crate::common::{FIELDS, HOUR, MINUTE, NOW, SECOND, builder, options, sealed, store};
use crate::common::{refusal, refusal_everywhere};

/// A server on time, and one whose clock is ahead by so much; they share a ring.
fn servers(ahead_ms: u64) -> (SealedStore, SealedStore) {
    (store(&ManualClock::at(NOW)), store(&ManualClock::at(NOW + ahead_ms)))
}

fn renewed_at(store: &SealedStore, id: &SessionId) -> u64 {
    store.open(id).unwrap().renewed_at_ms()
}

#[test]
fn a_session_from_45_s_in_the_future_is_read_and_changed_here() {
    let (on_time, ahead) = servers(45 * SECOND);
    let id = ahead.create(options(Some("user"), "", HOUR)).unwrap();
    assert_eq!(on_time.read(&id).unwrap().expires_at_ms, NOW + 45 * SECOND + HOUR);
    let updated = on_time.update(&id, r#"{"a":1}"#).unwrap();
    let touched = on_time.touch(&updated, HOUR).unwrap();
    let cycled = on_time.cycle(&touched).unwrap();
    let resealed = on_time.reseal(&cycled).unwrap();
    for id in [&updated, &touched, &cycled, &resealed] {
        for server in [&on_time, &ahead] {
            assert_eq!(server.read(id).unwrap().data_json, r#"{"a":1}"#);
            assert_eq!(renewed_at(server, id), NOW + 45 * SECOND, "never goes back");
        }
    }
}

#[test]
fn touching_counts_from_the_later_clock() {
    let (on_time, ahead) = servers(45 * SECOND);
    let id = ahead.create(CreateOptions::default()).unwrap();
    let touched = on_time.touch(&id, 1).unwrap();
    assert_eq!(on_time.read(&touched).unwrap().expires_at_ms, NOW + 45 * SECOND + 1);
}

#[test]
fn renewed_never_goes_back_whoever_touches() {
    let clock = ManualClock::at(NOW + 30 * SECOND);
    let store = store(&clock);
    let mut id = store.create(CreateOptions::default()).unwrap();
    let mut last = renewed_at(&store, &id);
    // A clock that jitters by up to 59 s in both directions.
    for step in 0..200 {
        clock.set(NOW + step * SECOND + (step * 37 % 60) * SECOND);
        id = store.touch(&id, HOUR).unwrap();
        let renewed = renewed_at(&store, &id);
        assert!(renewed >= last, "step {step}");
        assert!(store.read(&id).unwrap().created_at_ms <= renewed);
        last = renewed;
    }
}

#[test]
fn login_on_a_server_behind_begins_at_its_own_time() {
    let (on_time, ahead) = servers(45 * SECOND);
    let id = ahead.create(CreateOptions::default()).unwrap();
    let session = on_time.open(&on_time.authenticate(&id, "user").unwrap()).unwrap();
    assert_eq!((session.record().created_at_ms, session.renewed_at_ms()), (NOW, NOW));
}

#[test]
fn a_session_from_61_s_in_the_future_is_refused_and_its_cookie_kept() {
    let (on_time, ahead) = servers(61 * SECOND);
    let id = ahead.create(CreateOptions::default()).unwrap();
    assert_eq!(refusal_everywhere(&on_time, &id), Reason::Future);
    assert!(on_time.open(&id).unwrap_err().keeps_cookie());
    assert!(ahead.read(&id).is_ok());
}

#[test]
fn the_leeway_ends_after_its_last_millisecond() {
    let renewed = |at: u64| {
        let fields = Fields { created_at_ms: at, renewed_at_ms: at, expires_at_ms: at + HOUR, ..FIELDS };
        sealed(&fields.encode(0))
    };
    for leeway in [0, 1, 5 * SECOND, MINUTE] {
        let builder = builder(&ManualClock::at(NOW)).leeway(Duration::from_millis(leeway));
        let store = builder.build().unwrap();
        assert!(store.read(&renewed(NOW + leeway)).is_ok());
        assert_eq!(refusal(&store, renewed(NOW + leeway + 1).as_str()), Reason::Future);
    }
}

#[test]
fn the_leeway_prolongs_no_session() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = store.create(options(None, "", SECOND)).unwrap();
    clock.advance(SECOND);
    assert_eq!(store.open(&id).unwrap_err().reason(), Reason::Expired);
}

#[test]
fn a_session_that_was_created_in_the_future_but_renewed_now_cannot_be() {
    let id = sealed(&Fields { created_at_ms: NOW + 1, renewed_at_ms: NOW, ..FIELDS }.encode(0));
    assert_eq!(refusal(&store(&ManualClock::at(NOW)), id.as_str()), Reason::TimeOrder);
}

#[test]
fn a_future_session_that_has_expired_is_refused_before_it_is_not_found() {
    // Its lifetime is over, and yet it was renewed in the future.
    let fields = Fields { renewed_at_ms: NOW + HOUR, expires_at_ms: NOW + 2 * HOUR, ..FIELDS };
    let builder = builder(&ManualClock::at(NOW + SECOND)).max_lifetime(Duration::from_secs(1));
    let id = sealed(&fields.encode(0));
    assert_eq!(refusal(&builder.build().unwrap(), id.as_str()), Reason::Future);
}

#[test]
fn a_clock_that_steps_back_loses_nobody_who_was_not_renewed_meanwhile() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = store.create(options(None, "", HOUR)).unwrap();
    clock.set(NOW - 60 * SECOND);
    assert!(store.read(&id).is_ok());
    clock.set(NOW - 61 * SECOND);
    assert!(store.open(&id).unwrap_err().keeps_cookie());
    clock.set(NOW);
    assert!(store.read(&id).is_ok(), "nothing was written down");
}
