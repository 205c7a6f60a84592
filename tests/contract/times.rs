//! How long sessions live: TTLs, the absolute lifetime, and the millisecond at which they end.

use std::time::Duration;

use sealed_session::hazmat::{Fields, ManualClock};
use sealed_session::{CreateOptions, Reason, SealedStore, SessionError, SessionId, SessionPlugin};

use crate::common::{DAY, FIELDS, HOUR, MINUTE, NOW, builder, options, sealed, store};

/// Default TTL 10 min, maximum 1 h, lifetime 3 h.
fn short(clock: &ManualClock) -> SealedStore {
    builder(clock)
        .default_ttl(Duration::from_secs(10 * 60))
        .max_ttl(Duration::from_secs(60 * 60))
        .max_lifetime(Duration::from_secs(3 * 60 * 60))
        .build()
        .unwrap()
}

fn created(store: &SealedStore, ttl_ms: u64) -> SessionId {
    store.create(options(None, "", ttl_ms)).unwrap()
}

fn expiry(store: &SealedStore, id: &SessionId) -> u64 {
    store.read(id).unwrap().expires_at_ms
}

#[test]
fn the_defaults_are_a_day_and_thirty() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    assert_eq!(expiry(&store, &created(&store, 0)), NOW + DAY);
    assert_eq!(expiry(&store, &created(&store, u64::MAX)), NOW + 30 * DAY);
    let id = created(&store, 30 * DAY);
    clock.advance(30 * DAY - 1);
    assert_eq!(expiry(&store, &store.touch(&id, 0).unwrap()), NOW + 30 * DAY);
}

#[test]
fn a_new_session_was_created_and_renewed_now() {
    let store = store(&ManualClock::at(NOW));
    let session = store.open(&created(&store, HOUR)).unwrap();
    let times = (session.record().created_at_ms, session.renewed_at_ms(), session.record().expires_at_ms);
    assert_eq!(times, (NOW, NOW, NOW + HOUR));
}

#[test]
fn a_ttl_of_0_is_the_default_and_one_above_the_maximum_is_cut() {
    let clock = ManualClock::at(NOW);
    let store = short(&clock);
    let asked = [0, 1, HOUR - 1, HOUR, HOUR + 1, u64::MAX];
    let given = [10 * MINUTE, 1, HOUR - 1, HOUR, HOUR, HOUR];
    for (asked, given) in asked.into_iter().zip(given) {
        assert_eq!(expiry(&store, &created(&store, asked)), NOW + given, "create {asked}");
        let touched = store.touch(&created(&store, HOUR), asked).unwrap();
        assert_eq!(expiry(&store, &touched), NOW + given, "touch {asked}");
    }
}

#[test]
fn no_ttl_reaches_past_the_absolute_lifetime() {
    let clock = ManualClock::at(NOW);
    let lifetime = Duration::from_secs(30 * 60);
    let store = builder(&clock).max_lifetime(lifetime).build().unwrap();
    assert_eq!(expiry(&store, &created(&store, 30 * MINUTE - 1)), NOW + 30 * MINUTE - 1);
    let id = created(&store, 30 * MINUTE + 1);
    assert_eq!(expiry(&store, &id), NOW + 30 * MINUTE);
    clock.advance(20 * MINUTE);
    assert_eq!(expiry(&store, &store.touch(&id, 10 * MINUTE - 1).unwrap()), NOW + 30 * MINUTE - 1);
    assert_eq!(expiry(&store, &store.touch(&id, 10 * MINUTE + 1).unwrap()), NOW + 30 * MINUTE);
}

#[test]
fn expired_session_is_not_found() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = created(&store, 1_000);
    clock.set(NOW + 999);
    assert!(store.read(&id).is_ok());
    for now in [NOW + 1_000, NOW + 1_001, NOW + 365 * DAY, u64::MAX] {
        clock.set(now);
        assert_eq!(store.read(&id), Err(SessionError::NotFound), "{now}");
        assert_eq!(store.open(&id).unwrap_err().reason(), Reason::Expired);
    }
}

#[test]
fn every_change_of_an_expired_session_is_not_found() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = created(&store, 1_000);
    let changes = || {
        let more = [store.reseal(&id), store.cycle(&id), store.authenticate(&id, "user")];
        let more = more.map(|change| change.map_err(SessionError::from));
        more.into_iter().chain([store.update(&id, "{}"), store.touch(&id, HOUR)])
    };
    clock.set(NOW + 999);
    assert!(changes().all(|change| change.is_ok()));
    clock.set(NOW + 1_000);
    assert!(changes().all(|change| change == Err(SessionError::NotFound)));
}

#[test]
fn the_absolute_lifetime_ends_a_session_that_is_touched_for_ever() {
    let clock = ManualClock::at(NOW);
    let store = short(&clock);
    let mut id = created(&store, 0);
    for _ in 0..35 {
        clock.advance(5 * MINUTE);
        id = store.touch(&id, 0).unwrap();
    }
    assert_eq!(expiry(&store, &id), NOW + 3 * HOUR);
    clock.set(NOW + 3 * HOUR - 1);
    id = store.touch(&id, HOUR).unwrap();
    assert_eq!(expiry(&store, &id), NOW + 3 * HOUR);
    clock.set(NOW + 3 * HOUR);
    assert_eq!(store.read(&id), Err(SessionError::NotFound));
    assert_eq!(store.touch(&id, HOUR), Err(SessionError::NotFound));
}

#[test]
fn a_shorter_lifetime_holds_for_tokens_that_were_sealed_before_it() {
    let clock = ManualClock::at(NOW);
    let id = created(&store(&clock), 10 * HOUR);
    let stricter = builder(&clock).max_lifetime(Duration::from_secs(3 * 60 * 60)).build().unwrap();
    over_for_the_stricter(&clock, &id, &stricter, 3 * HOUR);
}

#[test]
fn a_shorter_maximum_ttl_holds_for_tokens_that_were_sealed_before_it() {
    let clock = ManualClock::at(NOW);
    let id = created(&store(&clock), 10 * HOUR);
    over_for_the_stricter(&clock, &id, &short(&clock), HOUR);
}

fn over_for_the_stricter(clock: &ManualClock, id: &SessionId, stricter: &SealedStore, life: u64) {
    assert_eq!(expiry(stricter, id), NOW + life, "read reports what is true here");
    clock.set(NOW + life - 1);
    assert!(stricter.read(id).is_ok());
    clock.set(NOW + life);
    assert_eq!(stricter.read(id), Err(SessionError::NotFound));
    assert!(store(clock).read(id).is_ok());
}

#[test]
fn renewing_under_a_shorter_maximum_ttl_gives_no_more_than_that() {
    let clock = ManualClock::at(NOW);
    let id = created(&store(&clock), 10 * HOUR);
    let stricter = short(&clock);
    clock.advance(5 * MINUTE);
    let renewed = stricter.touch(&id, 10 * HOUR).unwrap();
    assert_eq!(expiry(&stricter, &renewed), NOW + 5 * MINUTE + HOUR);
    assert_eq!(expiry(&store(&clock), &renewed), NOW + 5 * MINUTE + HOUR, "it was sealed so");
    let updated = stricter.update(&id, "{}").unwrap();
    assert_eq!(expiry(&stricter, &updated), NOW + HOUR, "a change renews nothing");
    assert_eq!(expiry(&store(&clock), &updated), NOW + 10 * HOUR, "and takes nothing from a wider store");
}

#[test]
fn touch_extends_and_shortens() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = created(&store, HOUR);
    clock.advance(MINUTE);
    let longer = store.touch(&id, 2 * HOUR).unwrap();
    assert_eq!(expiry(&store, &longer), NOW + MINUTE + 2 * HOUR);
    let shorter = store.touch(&id, 1).unwrap();
    assert_eq!(expiry(&store, &shorter), NOW + MINUTE + 1);
    for touched in [longer, shorter] {
        let session = store.open(&touched).unwrap();
        assert_eq!((session.record().created_at_ms, session.renewed_at_ms()), (NOW, NOW + MINUTE));
    }
}

#[test]
fn touch_at_the_end_of_the_lifetime_is_not_found() {
    // Renewed by a server whose clock is ahead, in the last millisecond of the lifetime and beyond it.
    let clock = ManualClock::at(NOW + 3 * HOUR - 1);
    let store = short(&clock);
    let renewed = |renewed_at_ms| {
        sealed(&Fields { renewed_at_ms, expires_at_ms: renewed_at_ms + HOUR, ..FIELDS }.encode(0))
    };
    let last = store.touch(&renewed(NOW + 3 * HOUR - 1), HOUR).unwrap();
    assert_eq!(expiry(&store, &last), NOW + 3 * HOUR);
    let over = renewed(NOW + 3 * HOUR);
    assert!(store.read(&over).is_ok());
    assert_eq!(store.touch(&over, HOUR), Err(SessionError::NotFound));
}

#[test]
fn no_session_is_created_at_the_end_of_time() {
    let clock = ManualClock::at(u64::MAX);
    let store = store(&clock);
    let refused = store.create(CreateOptions::default());
    assert!(matches!(refused, Err(SessionError::Backend(_))), "{refused:?}");
    clock.set(u64::MAX - 1);
    let id = created(&store, 0);
    assert_eq!(expiry(&store, &id), u64::MAX, "saturating");
    clock.set(u64::MAX);
    assert_eq!(store.read(&id), Err(SessionError::NotFound));
}
