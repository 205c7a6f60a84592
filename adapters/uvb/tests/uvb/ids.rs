//! Which ids are good for what.

use sealed_session::{CreateOptions, Root, SessionId, SessionPlugin as _};

use crate::*;

#[tokio::test]
async fn an_id_of_a_list_does_everything_but_open_the_session() {
    let server = Server::new();
    let (phone, laptop) = (server.ann().await, server.ann().await);
    server
        .sessions
        .update(SessionRecord { metadata: json!("laptop"), ..server.get(&laptop).await })
        .await
        .unwrap();
    let listed = server.listed("t", "ann").await;
    let listed = listed.into_iter().find(|record| record.metadata == json!("laptop")).unwrap();
    assert!(server.is_none(&listed.id).await);
    let bare = listed.id.strip_prefix("listed.").unwrap();
    assert!(server.is_none(bare).await);
    assert_not_found(server.sessions.touch(bare).await);

    server.clock.advance(1);
    server.sessions.touch(&listed.id).await.unwrap();
    server.sessions.extend(&listed.id, Duration::from_millis(5)).await.unwrap();
    let found = server.get(&laptop).await;
    assert_eq!((found.last_activity_at, found.expires_at), (at(NOON + 1), at(NOON + HOUR + 5)));
    server.sessions.update(SessionRecord { assurance_level: 4, ..listed.clone() }).await.unwrap();
    assert_eq!(server.get(&laptop).await.assurance_level, 4);

    server.sessions.delete(&listed.id).await.unwrap();
    assert!(server.is_none(&laptop).await && !server.is_none(&phone).await);
    assert_not_found(server.sessions.touch(&listed.id).await);
    server.sessions.delete(&listed.id).await.unwrap();
}

#[tokio::test]
async fn an_id_of_a_list_ends_with_what_was_listed() {
    let server = Server::new();
    let id = server.ann().await;
    let listed = server.listed("t", "ann").await.remove(0);
    server.sessions.extend(&id, Duration::from_millis(HOUR)).await.unwrap();
    server.clock.set(NOON + HOUR);
    assert_not_found(server.sessions.touch(&listed.id).await);
    assert!(!server.is_none(&id).await);
    let newer = server.listed("t", "ann").await.remove(0);
    server.sessions.touch(&newer.id).await.unwrap();
}

#[tokio::test]
async fn a_list_shows_no_id_that_opens_a_session() {
    let server = Server::new();
    let id = server.ann().await;
    let text = told(&server.listed("t", "ann").await[0]);
    assert!(!text.contains(&id));
}

#[tokio::test]
async fn what_was_tampered_with_or_never_made_is_none() {
    let server = Server::new();
    let id = server.ann().await;
    let listed = server.listed("t", "ann").await.remove(0).id;
    for at in (0..id.len()).step_by(7) {
        let (head, tail) = id.split_at(at);
        let other = if tail.starts_with('A') { "B" } else { "A" };
        let changed = [head, other, &tail[1..]].concat();
        assert!(server.is_none(&changed).await);
        assert_not_found(server.sessions.touch(&changed).await);
        assert_not_found(server.sessions.extend(&changed, Duration::from_secs(1)).await);
        let record = SessionRecord { id: changed, ..server.get(&id).await };
        assert_not_found(server.sessions.update(record).await);
    }
    for changed in ["".into(), "garbage".into(), listed.replace('A', "B"), ["listed.", &id].concat()] {
        assert!(server.is_none(&changed).await);
        assert_not_found(server.sessions.touch(&changed).await);
    }
    assert!(!server.is_none(&id).await);
}

#[tokio::test]
async fn sessions_of_the_same_store_and_these_do_not_pass_for_each_other() {
    let server = Server::new();
    let id = server.ann().await;
    assert!(server.store.read(&SessionId::new(&*id)).is_err());
    let user_id = Some(r#"["t","ann"]"#.to_owned());
    let options = CreateOptions { user_id, ..Default::default() };
    let plain = server.store.create(options).unwrap();
    assert!(server.is_none(plain.as_str()).await);
    assert_not_found(server.sessions.touch(plain.as_str()).await);
}

#[tokio::test]
async fn another_ring_opens_nothing() {
    let server = Server::new();
    let id = server.ann().await;
    let other = KeyRing::single(RootSecret::from_bytes(&[2; 32]).unwrap());
    server.store.replace_ring(other).unwrap();
    assert!(server.is_none(&id).await);
}

#[tokio::test]
async fn an_id_goes_on_through_a_rotation_of_the_keys() {
    let server = Server::new();
    let (id, untouched) = (server.ann().await, server.ann().await);
    let old = || Root::new(RootSecret::from_bytes(&[1; 32]).unwrap());
    let new = || Root::new(RootSecret::from_bytes(&[2; 32]).unwrap()).activating_at(NOON + MINUTE);
    server.store.replace_ring(KeyRing::new(vec![old(), new()]).unwrap()).unwrap();
    server.clock.set(NOON + 2 * MINUTE);
    server.sessions.update(SessionRecord { assurance_level: 2, ..server.get(&id).await }).await.unwrap();
    server.sessions.extend(&id, Duration::from_millis(HOUR)).await.unwrap();
    server.sessions.touch(&id).await.unwrap();
    let found = server.get(&id).await;
    assert_eq!((found.assurance_level, found.expires_at), (2, at(NOON + 2 * HOUR)));
    assert!(!server.is_none(&untouched).await);
    assert_eq!(server.listed("t", "ann").await.len(), 2);
    let later = server.sessions.create(record("t", "ann", server.clock.now_ms())).await.unwrap();
    server.sessions.delete(&id).await.unwrap();
    assert!(server.is_none(&id).await && !server.is_none(&later).await);

    server.store.replace_ring(KeyRing::new(vec![new()]).unwrap()).unwrap();
    assert!(server.is_none(&untouched).await && !server.is_none(&later).await);
}
