//! Users of one name at several tenants.

use crate::*;

/// Pairs that a separator, an escape or a missing length would mix up.
const PAIRS: [(&str, &str); 14] = [
    ("a", "b"),
    ("ab", ""),
    ("", "ab"),
    ("a:b", "c"),
    ("a", "b:c"),
    ("a\",\"b", "c"),
    ("a", "b\",\"c"),
    ("a\0", "b"),
    ("a", "\0b"),
    ("a\\", "b"),
    ("a", "\\b"),
    ("A", "b"),
    ("é", "b"),
    ("e\u{301}", "b"),
];

#[tokio::test]
async fn no_two_tenants_and_users_are_taken_for_each_other() {
    let server = Server::new();
    for (number, (tenant, user)) in PAIRS.iter().enumerate() {
        let transaction_id = number.to_string();
        let record = SessionRecord { transaction_id, ..record(tenant, user, NOON) };
        server.sessions.create(record).await.unwrap();
    }
    for (number, (tenant, user)) in PAIRS.iter().enumerate() {
        let listed = server.listed(tenant, user).await;
        let transactions: Vec<_> = listed.iter().map(|record| record.transaction_id.clone()).collect();
        assert_eq!(transactions, [number.to_string()], "{tenant:?} {user:?}");
        assert_eq!((listed[0].tenant_id.as_str(), listed[0].user_id.as_str()), (*tenant, *user));
    }
    for (tenant, user) in PAIRS {
        assert_eq!(server.sessions.delete_by_user(user, &tenant.into()).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_user_of_two_tenants_has_two_lists_and_two_logouts() {
    let server = Server::new();
    let here = server.ann().await;
    let there = server.sessions.create(record("u", "ann", NOON)).await.unwrap();
    assert_eq!(server.sessions.delete_by_user("ann", &"u".into()).await.unwrap(), 1);
    assert!(server.is_none(&there).await && !server.is_none(&here).await);
    assert_eq!((server.listed("t", "ann").await.len(), server.listed("u", "ann").await.len()), (1, 0));
}

#[tokio::test]
async fn a_list_has_all_of_each_session_the_one_seen_last_first() {
    let server = Server::new();
    let phone = server.ann().await;
    server.clock.advance(1);
    let laptop = SessionRecord { metadata: json!("laptop"), ..record("t", "ann", NOON + 1) };
    let laptop = server.sessions.create(laptop).await.unwrap();
    server.clock.advance(1);
    server.sessions.touch(&phone).await.unwrap();
    server.sessions.update(SessionRecord { assurance_level: 3, ..server.get(&phone).await }).await.unwrap();
    let listed = server.listed("t", "ann").await;
    assert_eq!(listed.len(), 2);
    for (listed, id) in listed.iter().zip([&phone, &laptop]) {
        let expected = SessionRecord { id: listed.id.clone(), ..server.get(id).await };
        assert_eq!(told(listed), told(&expected));
    }
    assert!(server.listed("t", "nobody").await.is_empty());
}
