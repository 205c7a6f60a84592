//! What a server does when its backend has lost what it had, or takes nothing for a while.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::{Backend as _, Change, Reach, Revocation, Revocations, Scope};
use sealed_session::{
    CreateOptions, KeyRing, RootSecret, SealedStore, SessionId, SessionPlugin as _, SessionUid,
};

use crate::troubled::Troubled;
use crate::{HOUR, NOON, Server, until};

const HOUR_BETWEEN_POLLS: Duration = Duration::from_secs(3600);

/// One that answers within a second, so that nobody waits for long until other servers know of something.
fn backend() -> Troubled {
    Troubled::timed(Duration::from_secs(1))
}

fn over(backend: Troubled) -> Server {
    let clock = ManualClock::at(NOON);
    let builder = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(2));
    Server::with(builder.with_backend(backend).unwrap(), clock)
}

fn session(number: u8, until_ms: u64) -> Revocation {
    Revocation::Session { uid: SessionUid::from_bytes([number; 16]), until_ms }
}

fn fill(backend: &Troubled, is_full: bool) {
    backend.is_full.store(is_full, Ordering::Release);
}

#[test]
fn what_a_backend_lost_is_recorded_again_as_soon_as_it_can_be() {
    let backend = backend();
    let (server, late) = (over(backend.clone()), NOON + HOUR);
    server.revocations.revoke(session(1, late)).wait().unwrap();
    fill(&backend, true);
    backend.lose();
    until("it is told that nothing can be written", || server.revocations.trouble().is_some());
    assert_eq!((backend.len(), server.revocations.len()), (0, 1));
    fill(&backend, false);
    until("it is recorded again", || backend.len() == 1);
    until("it is well", || server.revocations.trouble().is_none());
}

/// As where the disk is full for one server, and another writes down what it knew of before.
#[test]
fn what_others_write_down_of_before_undoes_nothing_that_is_still_to_be_recorded_again() {
    let backend = backend();
    let server = over(backend.clone());
    server.store.revoke_user("ann").wait().unwrap();
    let options = CreateOptions { user_id: Some("ann".into()), ..CreateOptions::default() };
    let spared = server.store.create(options).unwrap();
    let before = backend.clone().news().unwrap().revocations.into_iter().chain([session(1, NOON + HOUR)]);
    let of_before: Vec<_> = before.map(Change::Restore).collect();
    server.store.revoke_user("ann").wait().unwrap();
    assert!(server.store.read(&spared).is_err());

    let of_now = backend.clone().news().unwrap().revocations.into_iter().map(Change::Restore);
    let (begun, spare) = begun_elsewhere(&server);
    let of_now: Vec<_> = of_now.chain([Change::Restore(session(2, NOON + HOUR)), spare]).collect();

    fill(&backend, true);
    backend.lose();
    until("it is noticed", || server.revocations.trouble().is_some());
    backend.others_record(&of_before);
    until("it is heard", || server.revocations.len() == 2);
    assert!(server.store.read(&spared).is_err(), "it was ended since");
    backend.others_record(&of_now);
    until("it is heard", || server.revocations.len() == 3);
    fill(&backend, false);
    until("it is well", || server.revocations.trouble().is_none());
    for server in [&server, &over(backend.clone())] {
        assert!(server.store.read(&spared).is_err());
        assert!(server.store.read(&begun).is_ok(), "a login on a server that knows of all that is spared");
    }
}

/// A session of ann on another server, and what that one records of it.
fn begun_elsewhere(server: &Server) -> (SessionId, Change) {
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let other = SealedStore::builder(ring).clock(server.clock.clone()).build().unwrap();
    let begun = other.create(CreateOptions { user_id: Some("ann".into()), ..Default::default() }).unwrap();
    let (reach, user_id) = (Reach::Scope(Scope::default()), "ann".to_owned());
    let uid = other.open(&begun).unwrap().uid();
    (begun, Change::Spare { reach, user_id, uid, created_before_ms: u64::MAX })
}

/// A server that starts meanwhile lacks it.
#[test]
fn health_tells_of_what_a_backend_lost_until_it_is_recorded_again() {
    let backend = backend();
    let revocations = Revocations::builder().poll_every(HOUR_BETWEEN_POLLS);
    let revocations = revocations.with_backend(backend.clone()).unwrap();
    let late = NOON + HOUR;
    revocations.revoke(session(1, late)).wait().unwrap();
    backend.lose();
    assert_eq!(revocations.trouble(), None, "nobody has asked since");
    revocations.revoke(session(2, late)).wait().unwrap();
    let told = revocations.trouble().map(|trouble| trouble.to_string());
    assert!(told.is_some_and(|told| told.contains("has lost what it had")) || backend.len() == 2);
    until("it is recorded again, whenever polls are", || backend.len() == 2);
    until("it is well", || revocations.trouble().is_none());
}

#[test]
fn a_backend_that_takes_nothing_is_told_of_until_it_does_and_is_read_meanwhile() {
    let backend = backend();
    let (server, late) = (over(backend.clone()), NOON + HOUR);
    fill(&backend, true);
    let error = server.revocations.revoke(session(1, late)).wait().unwrap_err();
    assert_eq!(server.revocations.trouble(), Some(error));
    server.clock.advance(HOUR);
    until("it is read", || server.revocations.age().unwrap().is_zero());
    assert!(server.revocations.trouble().is_some() && server.revocations.is_empty());
    fill(&backend, false);
    until("it is well again by itself", || server.revocations.trouble().is_none());
}

/// Polls are far apart: the login comes first.
#[test]
fn who_logs_in_or_goes_on_right_after_the_backend_lost_who_was_revoked_is_logged_in() {
    let backend = backend();
    let revocations = Revocations::builder().poll_every(HOUR_BETWEEN_POLLS);
    let revocations = revocations.with_backend(backend.clone()).unwrap();
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).revocations(revocations.clone()).build().unwrap();
    let login = || {
        let options = CreateOptions { user_id: Some("ann".into()), ..CreateOptions::default() };
        store.create(options).unwrap()
    };
    let old = login();
    store.revoke_user("ann").wait().unwrap();
    backend.lose();
    let new = login();
    assert!(store.read(&new).is_ok() && store.read(&old).is_err());
    backend.lose();
    let next = store.cycle(&new).unwrap();
    assert!(store.read(&next).is_ok() && store.read(&new).is_err());
}

/// As a primary is that acknowledges, and is replaced by one that lags before it is asked what there is.
#[test]
fn what_a_backend_lost_right_after_it_was_acknowledged_counts_and_is_recorded_again() {
    let backend = backend();
    let server = over(backend.clone());
    let login = || {
        let options = CreateOptions { user_id: Some("ann".into()), ..CreateOptions::default() };
        server.store.create(options).unwrap()
    };
    let (first, second) = (login(), login());
    backend.loses_next.store(true, Ordering::Release);
    server.store.delete(&first).unwrap();
    assert!(server.store.read(&first).is_err() && server.store.read(&second).is_ok());
    until("it is recorded again", || backend.len() == 1);
    backend.loses_next.store(true, Ordering::Release);
    server.store.revoke_user("ann").wait().unwrap();
    assert!(server.store.read(&second).is_err());
    until("both are recorded again", || backend.len() == 2);
    let third = login();
    backend.loses_next.store(true, Ordering::Release);
    let next = server.store.cycle(&third).unwrap();
    assert!(server.store.read(&third).is_err() && server.store.read(&next).is_ok());
    until("all are recorded again", || backend.len() == 3);
    assert!(server.store.read(&next).is_ok());
}
