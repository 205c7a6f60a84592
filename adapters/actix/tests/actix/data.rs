//! Between actix' state and the data of a session, at the interface of its stores.

use std::collections::HashMap;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore as _, UpdateError};
use actix_web::cookie::time::Duration;
use sealed_session::hazmat::ManualClock;
use sealed_session::{CreateOptions, SealedStore, SessionId, SessionPlugin as _, SessionUid};
use sealed_session_actix::SealedSessionStore;

use crate::site::{NOON, SECOND, builder};

const HOUR: Duration = Duration::HOUR;

fn sessions() -> (SealedSessionStore, ManualClock) {
    let clock = ManualClock::at(NOON);
    (SealedSessionStore::new(builder(&clock)).unwrap(), clock)
}

fn key(id: SessionId) -> SessionKey {
    SessionKey::try_from(id.0).unwrap()
}

fn state(members: &[(&str, &str)]) -> HashMap<String, String> {
    members.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[tokio::test]
async fn every_value_comes_back_as_it_was_written() {
    let (sessions, _) = sessions();
    let deep = format!("{}1{}", "[".repeat(63), "]".repeat(63));
    let members = [
        ("", "null"),
        ("counter", "1"),
        ("float", "1.0"),
        ("large", "340282366920938463463374607431768211455"),
        ("exponent", "1E+400"),
        ("negative zero", "-0"),
        ("text", r#""\u00e9 \"\\\n é 😀 \ud800""#),
        ("nested", r#"{"b":[1, {"a":2}],"a":{}}"#),
        ("\"quoted\"\\\n\u{0}é😀", "true"),
        ("__proto__", "[]"),
        ("deep", &deep),
    ];
    let saved = sessions.save(state(&members), &HOUR).await.unwrap();
    assert_eq!(sessions.load(&saved).await.unwrap(), Some(state(&members)));
    let updated = sessions.update(saved, state(&members[3..]), &HOUR).await.unwrap();
    assert_eq!(sessions.load(&updated).await.unwrap(), Some(state(&members[3..])));
}

#[tokio::test]
async fn the_data_is_one_object_with_the_values_as_json() {
    let (sessions, _) = sessions();
    let key = sessions.save(state(&[("user", "\"ferris\""), ("count", "1")]), &HOUR).await.unwrap();
    let record = sessions.store().read(&SessionId::new(key.as_ref())).unwrap();
    assert_eq!(record.data_json, r#"{"count":1,"user":"ferris"}"#);
    assert_eq!((record.user_id, record.expires_at_ms), (None, NOON + 3_600 * SECOND));
}

#[tokio::test]
async fn a_value_that_is_no_json_is_refused_and_not_quoted() {
    let (sessions, _) = sessions();
    let saved = sessions.save(HashMap::new(), &HOUR).await.unwrap();
    for text in ["", "s3cret", "{\"s3cret\":}", "1 2"] {
        match sessions.save(state(&[("s3cret", text)]), &HOUR).await {
            Err(SaveError::Serialization(error)) => assert!(!format!("{error:?}").contains("s3cret")),
            other => panic!("{text}: {other:?}"),
        }
        let again = SessionKey::try_from(saved.as_ref().to_owned()).unwrap();
        let updated = sessions.update(again, state(&[("a", text)]), &HOUR).await;
        assert!(matches!(updated, Err(UpdateError::Serialization(_))), "{text}");
    }
}

#[tokio::test]
async fn a_session_of_another_layer_keeps_its_user_and_its_beginning() {
    let (sessions, clock) = sessions();
    let other: SealedStore = builder(&clock).build().unwrap();
    let data_json = r#" { "cart" : ["A1", "B2"], "n": 1.50, "n": 2 } "#.to_owned();
    let id = other.create(CreateOptions { user_id: Some("user-42".into()), data_json, ttl_ms: 0 }).unwrap();
    let uid: SessionUid = other.open(&id).unwrap().uid();

    clock.set(NOON + 40 * SECOND);
    let mut members = sessions.load(&key(id.clone())).await.unwrap().unwrap();
    assert_eq!(members, state(&[("cart", r#"["A1", "B2"]"#), ("n", "2")]), "of two of one name the last");
    members.insert("count".into(), "1".into());
    let updated = sessions.update(key(id), members, &HOUR).await.unwrap();

    let opened = other.open(&SessionId::new(updated.as_ref())).unwrap();
    assert_eq!((opened.uid(), opened.renewed_at_ms()), (uid, NOON + 40 * SECOND));
    let record = opened.into_record();
    assert_eq!((record.user_id.as_deref(), record.created_at_ms), (Some("user-42"), NOON));
    assert_eq!(record.data_json, r#"{"cart":["A1", "B2"],"count":1,"n":2}"#);
    assert_eq!(record.expires_at_ms, NOON + 3_640 * SECOND);
}

#[tokio::test]
async fn a_name_that_is_no_unicode_is_an_error_rather_than_a_loss() {
    let (sessions, _) = sessions();
    let data_json = "{\"\\ud800\":1,\"s3cret\":2}".to_owned();
    let id = sessions.store().create(CreateOptions { data_json, ..Default::default() }).unwrap();
    match sessions.load(&key(id)).await {
        Err(LoadError::Other(error)) => assert!(!format!("{error:?}").contains("s3cret")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_over_is_neither_loaded_nor_carried_over() {
    let (sessions, clock) = sessions();
    let saved = sessions.save(state(&[("a", "1")]), &HOUR).await.unwrap();
    let garbage = || SessionKey::try_from("garbage".to_owned()).unwrap();
    clock.set(NOON + 3_600 * SECOND);
    for gone in [saved, garbage()] {
        assert_eq!(sessions.load(&gone).await.unwrap(), None);
        assert!(sessions.delete(&gone).await.is_ok(), "as of any store");
        assert!(sessions.update_ttl(&gone, &HOUR).await.is_ok());
        let text = gone.as_ref().to_owned();
        match sessions.update(gone, state(&[("a", "2")]), &HOUR).await {
            Err(UpdateError::Other(error)) => assert!(!format!("{error:?}").contains(&text)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_opened_for_the_moment_is_an_empty_session() {
    let (sessions, clock) = sessions();
    clock.set(NOON + 61 * SECOND);
    let ahead = sessions.save(state(&[("a", "1")]), &HOUR).await.unwrap();
    clock.set(NOON);
    match sessions.load(&ahead).await {
        Err(LoadError::Deserialization(error)) => {
            assert_eq!(format!("{error:#}"), "invalid session: the token was refused");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn debug_shows_no_key() {
    let (sessions, _) = sessions();
    let shown = format!("{sessions:?}");
    assert!(shown.starts_with("SealedSessionStore(SealedStore { cookie_name: \"session\""), "{shown}");
    for key in ["1, 1, 1", "0101", "AQEB", "ssr1_"] {
        assert!(!shown.contains(key), "{shown}");
    }
}
