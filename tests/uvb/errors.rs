//! What goes wrong, and is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealed_session::revocation::{Backend, BackendError, MemoryBackend, News, Revocation, SessionInfo};
use sealed_session::{Root, SessionUid};

use crate::*;

/// A backend that can be out of order.
struct Failing(MemoryBackend, Arc<AtomicBool>);

impl Failing {
    fn kept(&mut self) -> Result<&mut MemoryBackend, BackendError> {
        if self.1.load(Ordering::Acquire) { Err(BackendError::new("out of order")) } else { Ok(&mut self.0) }
    }
}

impl Backend for Failing {
    fn record(&mut self, revocations: &[Revocation]) -> Result<(), BackendError> {
        self.kept()?.record(revocations)
    }

    fn news(&mut self, now_ms: u64) -> Result<News, BackendError> {
        self.kept()?.news(now_ms)
    }

    fn forget(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.kept()?.forget(now_ms)
    }

    fn put_session(&mut self, session: &SessionInfo) -> Result<(), BackendError> {
        self.kept()?.put_session(session)
    }

    fn sessions(&mut self, user_id: &str, now_ms: u64) -> Result<Vec<SessionInfo>, BackendError> {
        self.kept()?.sessions(user_id, now_ms)
    }

    fn strike_session(&mut self, user_id: &str, uid: SessionUid) -> Result<bool, BackendError> {
        self.kept()?.strike_session(user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.kept()?.strike_expired(now_ms)
    }
}

#[tokio::test]
async fn a_backend_that_is_out_of_order_is_an_error_of_every_method_and_no_session_is_lost() {
    let (clock, fails) = (ManualClock::at(NOON), Arc::<AtomicBool>::default());
    let backend = Failing(MemoryBackend::default(), fails.clone());
    let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend).unwrap();
    let server = Server::with(revocations, clock, usize::MAX);
    let id = server.ann().await;
    let (before, listed) = (server.get(&id).await, server.listed("t", "ann").await.remove(0).id);

    fails.store(true, Ordering::Release);
    let (sessions, tenant, says) = (&server.sessions, "t".into(), "out of order");
    assert_storage(sessions.create(record("t", "ann", NOON)).await, says);
    assert_storage(sessions.get(&id).await, says);
    assert_storage(sessions.update(before.clone()).await, says);
    assert_storage(sessions.extend(&id, Duration::from_secs(1)).await, says);
    assert_storage(sessions.touch(&id).await, says);
    assert_storage(sessions.delete(&id).await, says);
    assert_storage(sessions.delete(&listed).await, says);
    assert_storage(sessions.delete_by_user("ann", &tenant).await, says);
    assert_storage(sessions.cleanup_expired().await, says);
    assert_storage(sessions.list_by_user("ann", &tenant).await, says);

    fails.store(false, Ordering::Release);
    assert_eq!(told(&server.get(&id).await), told(&before));
    assert_eq!(server.listed("t", "ann").await.len(), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_judged_now_is_an_error_and_not_a_session_that_is_gone() {
    let server = Server::new();
    let id = server.ann().await;
    let record = server.get(&id).await;
    server.clock.set(NOON - 2 * MINUTE);
    let says = "cannot be opened at the moment";
    assert_storage(server.sessions.get(&id).await, says);
    assert_storage(server.sessions.update(record).await, says);
    assert_storage(server.sessions.extend(&id, Duration::from_secs(1)).await, says);
    assert_storage(server.sessions.touch(&id).await, says);
    assert_storage(server.sessions.delete(&id).await, says);
    server.clock.set(NOON);
    assert!(!server.is_none(&id).await, "it was not deleted");
}

#[tokio::test]
async fn what_cannot_be_sealed_is_not_created() {
    let server = Server::new();
    let long = SessionRecord { user_id: "u".repeat(5000), ..record("t", "", NOON) };
    assert_storage(server.sessions.create(long.clone()).await, "characters");
    assert!(server.listed("t", &long.user_id).await.is_empty());
    let long = SessionRecord { transaction_id: "x".repeat(5000), ..record("t", "ann", NOON) };
    assert_storage(server.sessions.create(long).await, "characters");
    let early = SessionRecord { created_at: UNIX_EPOCH - Duration::from_secs(1), ..record("t", "ann", NOON) };
    assert_storage(server.sessions.create(early).await, "UNIX_EPOCH");

    let later = Root::new(RootSecret::from_bytes(&[2; 32]).unwrap()).activating_at(NOON + DAY);
    server.store.replace_ring(KeyRing::new(vec![later]).unwrap()).unwrap();
    assert_storage(server.sessions.create(record("t", "ann", NOON)).await, "key");
    assert!(server.listed("t", "ann").await.is_empty());
}
