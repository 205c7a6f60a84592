//! Rows that change: what is kept in the list of sessions because an id cannot hold it.

use sealed_session::SessionUid;
use sealed_session::hazmat::ManualClock;
use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::revocation::{Backend as _, MemoryBackend, Revocations, Scope};

use crate::{HOUR, NOON, Server};

fn server(backend: &MemoryBackend, now: u64) -> Server {
    let clock = ManualClock::at(now);
    let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend.clone());
    Server::with(revocations.unwrap(), clock)
}

fn uid(number: u8) -> SessionUid {
    SessionUid::from_bytes([number; SessionUid::LEN])
}

fn registry(server: &Server) -> Registry {
    Registry::builder(server.store.clone()).build().unwrap()
}

fn row(number: u8, now: u64) -> SessionInfo {
    SessionInfo {
        user_id: "'; \u{0} %".into(),
        uid: uid(number),
        created_at_ms: now,
        last_seen_at_ms: now,
        expires_at_ms: now + HOUR,
        label: "password".into(),
    }
}

/// A change that succeeds.
fn set(change: impl FnOnce(&mut SessionInfo)) -> impl FnOnce(&mut SessionInfo) -> Result<(), ()> {
    |row| {
        change(row);
        Ok(())
    }
}

#[test]
fn a_row_is_changed_and_others_see_it() {
    let (backend, now) = (MemoryBackend::default(), NOON);
    let (one, other) = (server(&backend, now), server(&backend, now + 7));
    let (one, other) = (registry(&one), registry(&other));
    let (changed, neighbour) = (row(1, now), row(2, now));
    one.began(changed.clone()).wait().unwrap();
    one.began(neighbour.clone()).wait().unwrap();
    let user = &changed.user_id;

    let label = "é\u{0}'\"🦀".repeat(150);
    let relabel = label.clone();
    let relabelled = other.change(user, uid(1), set(move |row| row.label = relabel));
    assert_eq!(relabelled.wait().unwrap(), Some(Ok(())));
    let extended = one.change(user, uid(1), set(|row| row.expires_at_ms += HOUR));
    assert_eq!(extended.wait().unwrap(), Some(Ok(())));
    let seen = other.change(user, uid(1), set(move |row| row.last_seen_at_ms = now + 7));
    assert_eq!(seen.wait().unwrap(), Some(Ok(())));

    let expected =
        SessionInfo { label, last_seen_at_ms: now + 7, expires_at_ms: now + 2 * HOUR, ..changed.clone() };
    for registry in [&one, &other] {
        assert_eq!(registry.find(user, uid(1)).wait().unwrap().as_ref(), Some(&expected));
        assert_eq!(registry.find(user, uid(2)).wait().unwrap().as_ref(), Some(&neighbour));
    }
    assert_eq!(other.revoke_user(user).wait().unwrap(), 2);
    assert_eq!(one.find(user, uid(1)).wait().unwrap(), None, "without waiting: its row is gone");
}

#[test]
fn a_row_that_is_missing_or_struck_off_is_not_changed() {
    let (mut backend, now) = (MemoryBackend::default(), NOON);
    let (server, row) = (server(&backend, now), row(1, now));
    let registry = registry(&server);
    registry.began(row.clone()).wait().unwrap();
    let scope = Scope::default();
    assert!(!backend.strike_session(&scope, &row.user_id, uid(2)).unwrap());
    assert!(backend.strike_session(&scope, &row.user_id, row.uid).unwrap());
    let changed = registry.change(&row.user_id, row.uid, set(|row| row.last_seen_at_ms += 1));
    assert_eq!(changed.wait().unwrap(), None);
    assert!(backend.sessions(&scope, &row.user_id, now).unwrap().is_empty(), "it does not come back");
}
