//! When sessions end.

use crate::*;

#[tokio::test]
async fn a_session_ends_when_its_record_says() {
    let server = Server::new();
    let id = server.ann().await;
    server.clock.set(NOON + HOUR - 1);
    assert!(!server.is_none(&id).await);
    assert_eq!(server.listed("t", "ann").await.len(), 1);
    server.clock.set(NOON + HOUR);
    assert!(server.is_none(&id).await);
    assert!(server.listed("t", "ann").await.is_empty());
}

#[tokio::test]
async fn an_expired_session_is_none_before_a_cleanup_and_after() {
    let server = Server::new();
    let id = server.ann().await;
    let record = server.get(&id).await;
    server.clock.set(NOON + HOUR);
    for struck in [1, 0] {
        assert!(server.is_none(&id).await);
        assert_not_found(server.sessions.update(record.clone()).await);
        assert_not_found(server.sessions.extend(&id, Duration::from_secs(9)).await);
        assert_not_found(server.sessions.touch(&id).await);
        assert_eq!(server.sessions.cleanup_expired().await.unwrap(), struck);
    }
    server.sessions.delete(&id).await.unwrap();
}

#[tokio::test]
async fn a_cleanup_counts_what_has_expired_and_nothing_else() {
    let server = Server::new();
    let early = [server.ann().await, server.ann().await];
    server.clock.advance(1);
    let late = server.ann().await;
    server.clock.set(NOON + HOUR - 1);
    assert_eq!(server.sessions.cleanup_expired().await.unwrap(), 0);
    server.clock.set(NOON + HOUR);
    assert_eq!(server.sessions.cleanup_expired().await.unwrap(), early.len());
    assert!(!server.is_none(&late).await);
}

#[tokio::test]
async fn an_extended_session_outlives_its_first_expiry() {
    let server = Server::new();
    let id = server.ann().await;
    for _ in 0..48 {
        server.clock.advance(HOUR - 1);
        server.sessions.extend(&id, Duration::from_millis(HOUR - 1)).await.unwrap();
    }
    assert_eq!(server.get(&id).await.expires_at, at(NOON + HOUR + 48 * (HOUR - 1)));
}

#[tokio::test]
async fn no_session_outlives_its_token() {
    let server = Server::new();
    let (id, end) = (server.ann().await, at(NOON + 30 * DAY));
    server.sessions.extend(&id, Duration::MAX).await.unwrap();
    assert_eq!(server.get(&id).await.expires_at, end);
    let later = SessionRecord { expires_at: at(NOON + 31 * DAY), ..server.get(&id).await };
    server.sessions.update(later).await.unwrap();
    assert_eq!(server.get(&id).await.expires_at, end);

    let record = SessionRecord { expires_at: at(NOON + 31 * DAY), ..record("t", "bob", NOON) };
    let bobs = server.sessions.create(record).await.unwrap();
    assert_eq!(server.get(&bobs).await.expires_at, end);
    server.clock.set(NOON + 30 * DAY - 1);
    assert!(!server.is_none(&id).await && !server.is_none(&bobs).await);
    let listed = server.listed("t", "ann").await.remove(0);
    server.sessions.extend(&listed.id, Duration::MAX).await.unwrap();
    server.clock.set(NOON + 30 * DAY);
    assert!(server.is_none(&id).await && server.is_none(&bobs).await);
    assert!(server.listed("t", "ann").await.is_empty());
}

#[tokio::test]
async fn what_has_expired_already_is_not_created() {
    let server = Server::new();
    for expires_at in [at(NOON), at(NOON - 1), UNIX_EPOCH, UNIX_EPOCH - Duration::from_secs(1)] {
        let expired = server.sessions.create(SessionRecord { expires_at, ..record("t", "ann", NOON) }).await;
        assert!(matches!(expired, Err(SessionError::Expired)), "{expired:?}");
    }
    assert!(server.listed("t", "ann").await.is_empty());
    let record = SessionRecord { expires_at: at(NOON + 1), ..record("t", "ann", NOON) };
    assert!(server.sessions.create(record).await.is_ok());
}
