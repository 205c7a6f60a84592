//! Logouts.

use crate::*;

#[tokio::test]
async fn a_deleted_session_is_gone_for_every_method() {
    let server = Server::new();
    let id = server.ann().await;
    let record = server.get(&id).await;
    server.sessions.delete(&id).await.unwrap();
    assert!(server.is_none(&id).await);
    assert_not_found(server.sessions.update(record).await);
    assert_not_found(server.sessions.extend(&id, Duration::from_secs(9)).await);
    assert_not_found(server.sessions.touch(&id).await);
    assert!(server.listed("t", "ann").await.is_empty());
    assert_eq!(server.sessions.cleanup_expired().await.unwrap(), 0, "its row is gone");
}

#[tokio::test]
async fn deleting_what_is_no_session_is_fine() {
    let server = Server::new();
    let id = server.ann().await;
    for id in [id.as_str(), &id, "", "garbage", "listed.", "listed.garbage", &id.replace('A', "B")] {
        server.sessions.delete(id).await.unwrap();
    }
}

#[tokio::test]
async fn deleting_ends_one_session_of_several() {
    let server = Server::new();
    let (phone, laptop) = (server.ann().await, server.ann().await);
    server.sessions.delete(&phone).await.unwrap();
    assert!(server.is_none(&phone).await && !server.is_none(&laptop).await);
    assert_eq!(server.listed("t", "ann").await.len(), 1);
}

/// Another server may be writing the row at that moment, which then is there again.
#[tokio::test]
async fn a_session_without_a_row_is_none_and_once_deleted_a_row_does_not_bring_it_back() {
    let server = Server::new();
    let id = server.ann().await;
    let row = server.registry.list_by_user(r#"["t","ann"]"#).wait().unwrap().remove(0);
    let expired = SessionRecord { expires_at: at(NOON), ..server.get(&id).await };
    server.sessions.update(expired).await.unwrap();
    assert!(server.is_none(&id).await);
    server.sessions.delete(&id).await.unwrap();
    server.registry.began(row).wait().unwrap();
    assert!(server.is_none(&id).await);
    assert_not_found(server.sessions.touch(&id).await);
}

#[tokio::test]
async fn all_sessions_of_a_user_end_and_are_counted() {
    let server = Server::new();
    let (one, two) = (server.ann().await, server.ann().await);
    let bobs = server.sessions.create(record("t", "bob", NOON)).await.unwrap();
    assert_eq!(server.sessions.delete_by_user("ann", &"t".into()).await.unwrap(), 2);
    assert!(server.is_none(&one).await && server.is_none(&two).await);
    assert!(!server.is_none(&bobs).await);
    assert_eq!(server.sessions.delete_by_user("ann", &"t".into()).await.unwrap(), 0);
    let again = server.ann().await;
    assert!(!server.is_none(&again).await, "whoever logs in then is in");
}

#[tokio::test]
async fn the_registry_may_limit_the_sessions_of_a_user() {
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let server = Server::with(revocations, clock, 1);
    let first = server.ann().await;
    server.clock.advance(1);
    let second = server.ann().await;
    assert!(server.is_none(&first).await && !server.is_none(&second).await);
    let elsewhere = server.sessions.create(record("u", "ann", NOON + 1)).await.unwrap();
    assert!(!server.is_none(&second).await && !server.is_none(&elsewhere).await);
}

#[tokio::test]
async fn sessions_that_were_revoked_past_the_registry_are_neither_listed_nor_changed() {
    let server = Server::new();
    for everything in [false, true] {
        let id = server.ann().await;
        let bobs = server.sessions.create(record("t", "bob", server.clock.now_ms())).await.unwrap();
        let listed = server.listed("t", "ann").await;
        assert_eq!(listed.len(), 1);
        let revoked = if everything {
            server.store.revoke_everything()
        } else {
            server.store.revoke_user(r#"["t","ann"]"#)
        };
        revoked.wait().unwrap();
        server.clock.advance(1);
        assert!(server.is_none(&id).await && server.listed("t", "ann").await.is_empty());
        assert_not_found(server.sessions.touch(&listed[0].id).await);
        assert_eq!(server.listed("t", "bob").await.len(), usize::from(!everything));
        assert_eq!(server.is_none(&bobs).await, everything);
        server.sessions.delete(&bobs).await.unwrap();
    }
}

#[tokio::test]
async fn one_session_that_was_revoked_past_the_registry_is_neither_listed_nor_changed() {
    let server = Server::new();
    let (phone, laptop) = (server.ann().await, server.ann().await);
    let listed = server.listed("t", "ann").await;
    let row = server.registry.list_by_user(r#"["t","ann"]"#).wait().unwrap().remove(0);
    server.store.revoke_session(row.uid, NOON).wait().unwrap();
    assert_eq!(server.listed("t", "ann").await.len(), 1);
    assert!(server.is_none(&phone).await != server.is_none(&laptop).await);
    assert_not_found(server.sessions.update(listed[0].clone()).await);
    assert_not_found(server.sessions.extend(&listed[0].id, Duration::from_secs(1)).await);
    server.sessions.touch(&listed[1].id).await.unwrap();
}
