//! What a record is when it comes back.

use crate::*;

#[tokio::test]
async fn a_record_comes_back_as_it_was_under_the_id_that_was_given() {
    let server = Server::new();
    let mut record = record("t", "ann", NOON);
    // To the nanosecond, and long before the session.
    record.created_at = at(NOON - DAY) + Duration::from_nanos(1);
    record.last_activity_at = at(NOON - MINUTE);
    record.factors_used = vec!["pass\"word".into(), String::new(), "totp".into()];
    record.assurance_level = i32::MIN;
    record.metadata = json!({ "ü": [1, -2.5, null, true, "x\u{0}"], "": { "n": u64::MAX } });
    let id = server.sessions.create(record.clone()).await.unwrap();
    assert_ne!(id, record.id);
    assert_eq!(told(&server.get(&id).await), told(&SessionRecord { id, ..record }));
}

/// A reader that only nearly keeps a number would change each of these.
#[tokio::test]
async fn numbers_of_the_metadata_come_back_to_the_last_bit() {
    let server = Server::new();
    let numbers: Vec<f64> = (1..2000_u32).map(|n| f64::from(n).sqrt() * 1e-7).collect();
    for numbers in numbers.chunks(100) {
        let record = SessionRecord { metadata: json!(numbers), ..record("t", "ann", NOON) };
        let id = server.sessions.create(record).await.unwrap();
        assert_eq!(server.get(&id).await.metadata, json!(numbers));
    }
}

#[tokio::test]
async fn metadata_may_be_anything_and_makes_no_id_longer() {
    let server = Server::new();
    for metadata in [json!(null), json!("text"), json!([]), json!({ "a": "x".repeat(2700) })] {
        let record = SessionRecord { metadata: metadata.clone(), ..record("t", "ann", NOON) };
        let id = server.sessions.create(record).await.unwrap();
        assert!(id.len() < 500, "{}", id.len());
        assert_eq!(server.get(&id).await.metadata, metadata);
    }
}

#[tokio::test]
async fn times_are_kept_in_whole_milliseconds_and_never_later_than_asked() {
    let server = Server::new();
    let mut record = record("t", "ann", NOON);
    record.expires_at += Duration::from_nanos(1_999_999);
    record.last_activity_at += Duration::from_nanos(999_999);
    let found = server.get(&server.sessions.create(record).await.unwrap()).await;
    assert_eq!((found.expires_at, found.last_activity_at), (at(NOON + HOUR + 1), at(NOON)));
}

#[tokio::test]
async fn every_session_has_an_id_of_its_own() {
    let server = Server::new();
    let (one, two) = (server.ann().await, server.ann().await);
    assert_ne!(one, two);
    server.sessions.delete(&one).await.unwrap();
    assert!(server.is_none(&one).await && !server.is_none(&two).await);
}
