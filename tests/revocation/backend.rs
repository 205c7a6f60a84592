//! A backend that other servers use as well, that fails, and that answers late.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::{Backend, MemoryBackend, Pending, Revocations, RevocationsBuilder};
use sealed_session::{HealthError, Reason, ResealError, SealError, SessionError, SessionPlugin as _};

use crate::troubled::Troubled;
use crate::{HOUR, NOON, Server, until};

fn builder(clock: &ManualClock) -> RevocationsBuilder {
    Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(1))
}

fn server(backend: impl Backend) -> Server {
    let clock = ManualClock::at(NOON);
    Server::with(builder(&clock).with_backend(backend).unwrap(), clock)
}

#[test]
fn what_one_server_revokes_the_others_learn_of() {
    let backend = MemoryBackend::default();
    let (one, other) = (server(backend.clone()), server(backend.clone()));
    let (id, of_ann) = (one.session(None), one.session(Some("ann")));
    assert!(other.is_good(&id));
    one.store.delete(&id).unwrap();
    assert!(!one.is_good(&id), "here at once");
    until("the other refuses it", || !other.is_good(&id));
    other.store.revoke_user("ann").wait().unwrap();
    until("the first refuses it", || !one.is_good(&of_ann));
    assert!(!server(backend).is_good(&id), "one that starts later");
}

#[test]
fn a_write_that_fails_is_an_error_and_counts_for_nothing() {
    let backend = Troubled::default();
    let server = server(backend.clone());
    let id = server.session(None);
    backend.fails.store(true, Ordering::Release);
    assert_eq!(server.store.delete(&id), Err(SessionError::Backend("out of order".into())));
    let expected = ResealError::Seal(SealError::NotRevoked { message: "out of order".into() });
    assert_eq!(server.store.cycle(&id), Err(expected.clone()));
    assert_eq!(server.store.authenticate(&id, "ann"), Err(expected));
    assert!(server.is_good(&id), "what was not recorded is not revoked");
}

#[test]
fn what_was_last_known_counts_while_the_backend_is_down() {
    let backend = Troubled::default();
    let server = server(backend.clone());
    let (id, dead) = (server.session(None), server.session(None));
    server.store.delete(&dead).unwrap();
    assert!(server.store.is_healthy());
    backend.fails.store(true, Ordering::Release);
    until("it is noticed", || !server.store.is_healthy());
    server.clock.advance(HOUR);
    assert!(server.is_good(&id) && !server.is_good(&dead));
    let Err(HealthError::Revocations { message, age }) = server.store.health() else { panic!("healthy") };
    assert_eq!((message.as_str(), age), ("out of order", Duration::from_millis(HOUR)));
    assert_eq!(server.store.ready(), Ok(()), "what was last known is served by");
    backend.fails.store(false, Ordering::Release);
    until("it recovers", || server.store.is_healthy());
}

#[test]
fn what_is_known_may_be_too_old_to_go_by() {
    let backend = Troubled::default();
    let clock = ManualClock::at(NOON);
    let revocations =
        builder(&clock).refuse_after(Duration::from_millis(HOUR)).with_backend(backend.clone()).unwrap();
    let server = Server::with(revocations, clock);
    let id = server.session(None);
    backend.fails.store(true, Ordering::Release);
    until("it is noticed", || !server.store.is_healthy());
    server.clock.advance(HOUR);
    assert!(server.is_good(&id) && server.store.ready().is_ok() && server.store.health().is_err());
    // What the clock on the wall says has nothing to do with it.
    server.clock.set(NOON);
    server.clock.advance(1);
    let refused = server.store.open(&id).unwrap_err();
    assert!(
        refused.reason() == Reason::RevocationsTooOld && refused.keeps_cookie() && !refused.is_not_found()
    );
    assert!(matches!(server.store.read(&id), Err(SessionError::Backend(_))));
    let not_ready = server.store.ready();
    assert!(matches!(not_ready, Err(HealthError::Revocations { .. })), "no session is served: {not_ready:?}");
    assert_eq!(server.store.health(), not_ready);
    backend.fails.store(false, Ordering::Release);
    until("it recovers", || server.is_good(&id));
    assert_eq!(server.store.ready(), Ok(()));
}

#[test]
fn reading_does_not_wait_for_a_backend_that_answers_late() {
    let backend = Troubled::default();
    let server = server(backend.clone());
    let (id, other) = (server.session(None), server.session(None));
    backend.close(true);
    let pending = server.store.revoke(&id);
    assert!(server.is_good(&id) && server.is_good(&other), "until it is recorded");
    backend.close(false);
    pending.wait().unwrap();
    assert!(!server.is_good(&id) && server.is_good(&other));
}

#[test]
fn too_many_writes_that_wait_are_an_error() {
    let backend = Troubled::default();
    let server = server(backend.clone());
    let id = server.session(None);
    backend.close(true);
    let all: Vec<_> = (0..5000).map(|_| server.store.revoke(&id)).collect();
    backend.close(false);
    let failed = all.into_iter().map(Pending::wait).filter(Result::is_err).count();
    assert!((5000 - 4096 - 1..=5000 - 4096).contains(&failed), "{failed}");
    assert!(!server.is_good(&id));
}

#[test]
fn a_backend_that_cannot_be_read_at_the_start_is_an_error() {
    let backend = Troubled::default();
    backend.fails.store(true, Ordering::Release);
    assert_eq!(Revocations::builder().with_backend(backend).unwrap_err().to_string(), "out of order");
}

#[tokio::test]
async fn the_only_thread_of_a_runtime_is_not_made_to_wait() {
    let server = server(MemoryBackend::default());
    let id = server.session(None);
    let error = server.store.delete(&id).unwrap_err();
    assert!(
        matches!(&error, SessionError::Backend(message) if message.contains("await it instead")),
        "{error:?}"
    );
    assert!(matches!(server.store.cycle(&id), Err(ResealError::Seal(SealError::NotRevoked { .. }))));
    // What was asked for before this is done by then.
    server.store.revoke(&server.session(None)).await.unwrap();
    assert!(server.is_good(&id), "nothing was done");
    server.store.revoke(&id).await.unwrap();
    assert!(!server.is_good(&id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_worker_that_waits_leaves_its_tasks_to_others() {
    let backend = Troubled::default();
    let server = server(backend.clone());
    let id = server.session(None);
    backend.close(true);
    let opener = tokio::spawn(async move { backend.close(false) });
    tokio::task::spawn(async move {
        server.store.delete(&id).unwrap();
        assert!(!server.is_good(&id));
    })
    .await
    .unwrap();
    opener.await.unwrap();
}
