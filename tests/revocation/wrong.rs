//! What is wrong with a backend or its settings is told at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::revocation::{Backend as _, MemoryBackend, Pending, Revocations};
use sealed_session::{SessionPlugin as _, SessionUid};

use crate::troubled::Troubled;
use crate::{HOUR, NOON, Server, until};

fn server(backend: &Troubled) -> Server {
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(1));
    Server::with(revocations.with_backend(backend.clone()).unwrap(), clock)
}

#[test]
fn a_backend_that_panics_is_told_of_and_asked_again() {
    let backend = Troubled::timed(Duration::from_millis(50));
    let server = server(&backend);
    let id = server.session(Some("ann"));
    backend.panics.store(1, Ordering::Release);
    until("health says so", || {
        server.store.health().is_err_and(|error| error.to_string().contains("panicked: of its own"))
    });
    until("and that it is over", || server.store.health().is_ok());
    server.store.delete(&id).unwrap();
    assert!(!server.is_good(&id), "a logout counts again");
}

#[test]
fn a_backend_that_panics_when_it_is_first_read_is_an_error() {
    let backend = Troubled::default();
    backend.panics.store(1, Ordering::Release);
    let error = Revocations::builder().with_backend(backend.clone()).unwrap_err().to_string();
    assert_eq!(error, "the backend of revocations panicked: of its own");
    assert!(Revocations::builder().with_backend(backend).is_ok());
}

#[test]
fn that_a_panic_is_over_is_told_soon_also_where_news_are_seldom_asked_for() {
    let backend = Troubled::timed(Duration::from_millis(50));
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_secs(3600));
    let server = Server::with(revocations.with_backend(backend.clone()).unwrap(), clock);
    until("all is well", || server.store.health().is_ok());
    backend.panics.store(u32::MAX, Ordering::Release);
    assert!(server.store.delete(&server.session(None)).is_err());
    assert!(server.store.health().is_err());
    backend.panics.store(0, Ordering::Release);
    until("it is over", || server.store.health().is_ok());
}

#[test]
fn a_backend_that_nobody_can_write_is_told_of_though_nobody_logs_out_and_news_are_seldom_asked_for() {
    let backend = Troubled::timed(Duration::from_millis(50));
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_secs(3600));
    let server = Server::with(revocations.with_backend(backend.clone()).unwrap(), clock);
    // The thread has been round once when the second is done.
    (0..2).for_each(|_| server.store.delete(&server.session(None)).unwrap());
    backend.is_full.store(true, Ordering::Release);
    until("health says so", || server.store.health().is_err());
    backend.is_full.store(false, Ordering::Release);
    until("it is over", || server.store.health().is_ok());
}

#[test]
fn a_write_during_which_the_backend_panics_may_not_have_been_done() {
    let backend = Troubled::timed(Duration::from_millis(50));
    let server = server(&backend);
    let id = server.session(Some("ann"));
    backend.panics.store(3, Ordering::Release);
    until("no panic is left", || {
        let done = server.store.delete(&id).is_ok();
        done || backend.panics.load(Ordering::Acquire) == 0
    });
    until("it is done", || server.store.delete(&id).is_ok() && !server.is_good(&id));
}

#[test]
fn a_backend_that_cannot_be_written_is_told_of_before_anybody_logs_out() {
    let backend = Troubled::timed(Duration::from_millis(50));
    backend.is_full.store(true, Ordering::Release);
    let server = server(&backend);
    until("health says so", || {
        server.store.health().is_err_and(|error| error.to_string().contains("the disk is full"))
    });
    for _ in 0..1000 {
        assert!(server.store.health().is_err(), "for as long as it lasts");
        std::thread::yield_now();
    }
    backend.is_full.store(false, Ordering::Release);
    until("and that it is over", || server.store.health().is_ok());
}

#[test]
fn what_somebody_asked_for_in_vain_is_told_of_though_other_writes_succeed() {
    let backend = Troubled::timed(Duration::from_millis(50));
    let server = server(&backend);
    let id = server.session(None);
    backend.fails_to_record.store(true, Ordering::Release);
    assert!(server.store.delete(&id).is_err());
    for _ in 0..10_000 {
        assert!(server.store.health().is_err(), "polls and probes go well meanwhile");
    }
    backend.fails_to_record.store(false, Ordering::Release);
    server.store.delete(&id).unwrap();
    assert_eq!(server.store.health(), Ok(()));
}

#[test]
fn a_backend_that_hangs_costs_each_caller_one_timeout_and_is_told_of() {
    let backend = Troubled::timed(Duration::from_millis(50));
    let server = server(&backend);
    let ids: Vec<_> = (0..15).map(|_| server.session(Some("ann"))).collect();
    backend.close(true);
    let pending: Vec<_> = ids.iter().map(|id| server.store.revoke(id)).collect();
    let errors: Vec<_> = pending.into_iter().map(Pending::wait).collect();
    // One after another they would have waited for 15 timeouts and more: the backend goes on hanging.
    assert!(
        errors.iter().all(|result| result.as_ref().is_err_and(|e| e.to_string().contains("within 50 ms")))
    );
    until("health says so", || {
        server.store.health().is_err_and(|error| error.to_string().contains("does not answer"))
    });
    server.clock.advance(HOUR);
    assert!(server.revocations.age().unwrap() >= Duration::from_millis(HOUR), "nothing claims to be younger");
    backend.close(false);
    until("what was asked for is done all the same", || ids.iter().all(|id| !server.is_good(id)));
    until("and all is well", || server.store.health().is_ok());
}

#[test]
fn bookkeeping_is_dropped_rather_than_in_the_way_of_a_logout() {
    let backend = Troubled::timed(Duration::from_millis(50));
    let server = server(&backend);
    let registry = Registry::builder(server.store.clone()).build().unwrap();
    let id = server.session(Some("ann"));
    backend.close(true);
    for number in 0..8_000_u32 {
        let mut uid = [0; 16];
        uid[..4].copy_from_slice(&number.to_be_bytes());
        registry.seen(SessionInfo {
            user_id: "bob".into(),
            uid: SessionUid::from_bytes(uid),
            created_at_ms: NOON,
            last_seen_at_ms: NOON,
            expires_at_ms: NOON + HOUR,
            label: String::new(),
        });
    }
    let logout = server.store.revoke(&id);
    assert!(server.revocations.dropped_notes() >= 8_000 - 1024 - 1, "and it says so");
    let before = backend.listed.load(Ordering::Acquire);
    backend.close(false);
    // It may be told that it took too long; it is done before the notes nevertheless.
    drop(logout.wait());
    until("the logout counts", || !server.is_good(&id));
    assert!(backend.listed.load(Ordering::Acquire) < before + 1024, "not behind all of them");
}

#[test]
fn settings_that_overflow_or_contradict_each_other_are_errors_when_built() {
    let with = |poll, refuse: Option<Duration>| {
        let builder = Revocations::builder().poll_every(poll);
        let builder = match refuse {
            Some(refuse) => builder.refuse_after(refuse),
            None => builder,
        };
        builder.with_backend(MemoryBackend::default()).map(drop).map_err(|error| error.to_string())
    };
    let second = Duration::from_secs(1);
    assert!(with(Duration::MAX, None).unwrap_err().contains("1 ms to an hour"));
    assert!(with(Duration::ZERO, None).is_err());
    assert!(with(Duration::from_secs(3600), None).is_ok());
    assert!(with(second, Some(second)).unwrap_err().contains("twice poll_every"));
    assert!(with(second, Some(Duration::ZERO)).is_err());
    assert!(with(second, Some(2 * second)).is_ok() && with(second, Some(Duration::MAX)).is_ok());
}

#[test]
fn debug_output_shows_no_user() {
    let mut backend = MemoryBackend::default();
    let server =
        Server::with(Revocations::builder().with_backend(backend.clone()).unwrap(), ManualClock::at(NOON));
    server.store.in_scope("tenant").revoke_user("ann@example.org").wait().unwrap();
    let news = backend.news().unwrap();
    let shown = format!("{backend:?} {news:?} {:?} {:?}", server.store, server.revocations);
    assert!(!shown.contains("ann"), "{shown}");
}
