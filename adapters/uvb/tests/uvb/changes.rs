//! What an update changes under the same id, and what it cannot.

use crate::*;

#[tokio::test]
async fn an_update_changes_the_session_under_the_same_id() {
    let server = Server::new();
    let id = server.ann().await;
    let mut changed = server.get(&id).await;
    changed.factors_used.push("totp".into());
    changed.assurance_level = 2;
    changed.metadata = json!({ "device": "laptop" });
    changed.expires_at = at(NOON + 2 * HOUR);
    changed.last_activity_at = at(NOON + 1);
    server.sessions.update(changed.clone()).await.unwrap();
    assert_eq!(told(&server.get(&id).await), told(&changed));
    server.sessions.update(changed.clone()).await.unwrap();
    assert_eq!(told(&server.get(&id).await), told(&changed), "twice is once");
}

#[tokio::test]
async fn an_update_changes_no_other_session() {
    let server = Server::new();
    let (one, two) = (server.ann().await, server.ann().await);
    let before = told(&server.get(&two).await);
    server.sessions.update(SessionRecord { assurance_level: 9, ..server.get(&one).await }).await.unwrap();
    assert_eq!(told(&server.get(&two).await), before);
}

#[tokio::test]
async fn who_and_whence_cannot_be_changed_and_nothing_else_is_then() {
    let server = Server::new();
    let id = server.ann().await;
    let before = server.get(&id).await;
    let moved = SessionRecord { assurance_level: 9, expires_at: at(NOON + 9 * HOUR), ..before.clone() };
    for record in [
        SessionRecord { user_id: "bob".into(), ..moved.clone() },
        SessionRecord { tenant_id: "u".into(), ..moved.clone() },
        SessionRecord { transaction_id: "transaction-2".into(), ..moved.clone() },
        SessionRecord { created_at: before.created_at + Duration::from_nanos(1), ..moved.clone() },
    ] {
        assert_storage(server.sessions.update(record).await, "cannot change");
        assert_eq!(told(&server.get(&id).await), told(&before));
    }
    assert!(server.listed("t", "bob").await.is_empty() && server.listed("u", "ann").await.is_empty());
}

#[tokio::test]
async fn an_update_may_end_a_session() {
    let server = Server::new();
    let id = server.ann().await;
    let ended = SessionRecord { expires_at: at(NOON), ..server.get(&id).await };
    server.sessions.update(ended.clone()).await.unwrap();
    assert!(server.is_none(&id).await);
    assert_not_found(server.sessions.update(SessionRecord { expires_at: at(NOON + HOUR), ..ended }).await);
    assert_not_found(server.sessions.extend(&id, Duration::from_secs(9)).await);
    assert!(server.is_none(&id).await);
}

#[tokio::test]
async fn touch_changes_the_last_activity_only() {
    let server = Server::new();
    let id = server.ann().await;
    let before = server.get(&id).await;
    server.clock.advance(MINUTE);
    server.sessions.touch(&id).await.unwrap();
    let expected = SessionRecord { last_activity_at: at(NOON + MINUTE), ..before };
    assert_eq!(told(&server.get(&id).await), told(&expected));
}

#[tokio::test]
async fn extend_adds_to_the_expiry_only() {
    let server = Server::new();
    let id = server.ann().await;
    let before = server.get(&id).await;
    server.clock.advance(MINUTE);
    server.sessions.extend(&id, Duration::from_secs(60)).await.unwrap();
    server.sessions.extend(&id, Duration::ZERO).await.unwrap();
    let expected = SessionRecord { expires_at: at(NOON + HOUR + MINUTE), ..before };
    assert_eq!(told(&server.get(&id).await), told(&expected));
}

#[tokio::test]
async fn a_change_that_was_asked_for_at_once_is_not_lost() {
    let server = Server::new();
    let id = server.ann().await;
    let sessions = &server.sessions;
    let minute = Duration::from_secs(60);
    let (a, b, c) =
        tokio::join!(sessions.extend(&id, minute), sessions.touch(&id), sessions.extend(&id, minute));
    a.and(b).and(c).unwrap();
    assert_eq!(server.get(&id).await.expires_at, at(NOON + HOUR + 2 * MINUTE));
}
