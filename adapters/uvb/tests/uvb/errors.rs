//! What goes wrong, and is told.

use std::sync::atomic::Ordering;

use sealed_session::Root;

use crate::troubled::Troubled;
use crate::*;

#[tokio::test]
async fn a_backend_that_is_out_of_order_is_an_error_of_every_method_and_no_session_is_lost() {
    let (clock, backend) = (ManualClock::at(NOON), Troubled::default());
    let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend.clone()).unwrap();
    let server = Server::with(revocations, clock, usize::MAX);
    let id = server.ann().await;
    let (before, listed) = (server.get(&id).await, server.listed("t", "ann").await.remove(0).id);

    backend.fails.store(true, Ordering::Release);
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

    backend.fails.store(false, Ordering::Release);
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
    let early = UNIX_EPOCH - Duration::from_secs(1);
    let unseen = SessionRecord { last_activity_at: early, ..record("t", "ann", NOON) };
    assert_storage(server.sessions.create(unseen).await, "last_activity_at is before 1970");

    let later = Root::new(RootSecret::from_bytes(&[2; 32]).unwrap()).activating_at(NOON + DAY);
    server.store.replace_ring(KeyRing::new(vec![later]).unwrap()).unwrap();
    assert_storage(server.sessions.create(record("t", "ann", NOON)).await, "key");
    assert!(server.listed("t", "ann").await.is_empty());
}
