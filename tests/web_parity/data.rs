//! What a session holds, and how it changes.

use std::time::Duration;

use sealed_session::http::{DataError, Session};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::site::Site;
use crate::support::site;

/// What an error says, in the place of a value.
fn error<T: Serialize>(result: Result<T, DataError>) -> Value {
    result.map_or_else(|error| json!({"error": error.to_string()}), |value| json!({"value": value}))
}

#[tokio::test]
async fn changes_are_visible_at_once() {
    let site = site(|session| {
        session.insert("key", "value")?;
        let (value, empty) = (session.get::<String>("key")?, session.is_empty());
        let removed = session.remove("key")?;
        Ok(json!([value, empty, removed, session.get::<String>("key")?, session.is_empty()]))
    })
    .await;
    let reply = site.client().post("/here").await;
    assert_eq!(reply.json(), json!(["value", false, true, null, true]));
    assert!(reply.sets_nothing(), "nothing is left to store");
}

#[tokio::test]
async fn a_second_value_replaces_the_first() {
    let client = Site::new().await.client();
    client.post("/set/key/first").await;
    client.post("/set/key/second").await;
    assert_eq!(client.info().await["data"], json!({"key": "second"}));
}

#[tokio::test]
async fn setting_what_is_there_already_sends_nothing() {
    let client = Site::new().await.client();
    client.post("/set/key/value").await;
    assert!(client.post("/set/key/value").await.sets_nothing());
    assert_eq!(client.post("/set/key/other").await.set_cookies().len(), 1);
}

#[tokio::test]
async fn a_change_that_is_undone_sends_a_cookie_that_changes_nothing() {
    let site = site(|session| {
        let count: u32 = session.get("count")?.unwrap_or_default();
        session.insert("count", &(count + 1))?;
        session.insert("count", &count)?;
        Ok(json!(count))
    })
    .await;
    let client = site.client();
    client.post("/set/other/value").await;
    client.here().await;
    let before = client.info().await;
    assert_eq!(client.post("/here").await.set_cookies().len(), 1);
    let after = client.info().await;
    assert_eq!((&before["data"], &before["uid"]), (&after["data"], &after["uid"]));
}

#[tokio::test]
async fn a_removal_of_one_member_lasts() {
    let client = Site::new().await.client();
    client.post("/set/kept/1").await;
    client.post("/set/gone/2").await;
    let uid = client.uid().await;
    assert_eq!(client.post("/remove/gone").await.set_cookies().len(), 1);
    assert_eq!(client.info().await["data"], json!({"kept": "1"}));
    assert_eq!(client.get("/get/gone").await.body, "null");
    assert_eq!(client.uid().await, uid);
}

#[tokio::test]
async fn a_removal_of_the_last_member_lasts() {
    let client = Site::new().await.client();
    client.post("/set/gone/2").await;
    let uid = client.uid().await;
    let reply = client.post("/remove/gone").await;
    assert!(reply.set_cookies().len() == 1 && !reply.removes("session"), "{reply:?}");
    assert_eq!((client.info().await["data"].clone(), client.uid().await), (json!({}), uid));
}

#[tokio::test]
async fn removing_what_is_not_there_is_no_error_and_sends_nothing() {
    let site = site(|session| Ok(json!([session.remove("other")?, session.take::<u8>("other")?]))).await;
    let client = site.client();
    client.post("/set/key/value").await;
    let reply = client.post("/here").await;
    assert!(reply.json() == json!([false, null]) && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn what_is_taken_is_returned_and_gone() {
    let site = site(|session| Ok(json!(session.take::<String>("key")?))).await;
    let client = site.client();
    client.post("/set/key/value").await;
    assert_eq!(client.here().await, "value");
    assert_eq!(client.here().await, Value::Null);
}

#[tokio::test]
async fn clearing_keeps_the_session() {
    let client = Site::new().await.client();
    client.post("/login/alice").await;
    client.post("/set/key/value").await;
    let before = client.info().await;
    let reply = client.post("/clear").await;
    assert!(reply.set_cookies().len() == 1 && !reply.removes("session"), "{reply:?}");
    let after = client.info().await;
    assert_eq!((&after["data"], &after["is_empty"]), (&json!({}), &json!(true)));
    for same in ["user", "uid", "expires_at_ms"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert!(client.post("/clear").await.sets_nothing(), "it is empty already");
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_and_stays() {
    let site = site(|session| {
        Ok(json!([
            error(session.get::<u64>("key")),
            error(session.take::<u64>("key")),
            error(wrong(session))
        ]))
    })
    .await;
    let client = site.client();
    client.post("/set/key/value").await;
    let reply = client.post("/here").await;
    let of_member = json!({"error": r#"the session's "key" is no u64"#});
    let said = reply.json();
    assert_eq!((&said[0], &said[1]), (&of_member, &of_member));
    assert!(said[2]["error"].as_str().unwrap().starts_with("the session's data is no "), "{said}");
    assert!(reply.sets_nothing(), "{reply:?}");
    assert_eq!(client.get("/get/key").await.body, r#""value""#);
}

fn wrong(session: &Session) -> Result<Vec<u8>, DataError> {
    session.load()
}

struct Unserializable;

impl Serialize for Unserializable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_written_is_an_error_and_changes_nothing() {
    let site = site(|session| {
        let insert = error(session.insert("key", &Unserializable));
        Ok(json!([insert, error(session.store(&Unserializable)), session.is_empty()]))
    })
    .await;
    let reply = site.client().post("/here").await;
    let said = json!({"error": "the value cannot be written as JSON: no"});
    assert!(reply.json() == json!([said, said, true]) && reply.sets_nothing(), "{reply:?}");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Role {
    Admin,
    Member { since: u32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Account {
    number: u64,
    mail: Option<String>,
    roles: Vec<Role>,
    idle: Duration,
}

fn account() -> Account {
    let roles = vec![Role::Admin, Role::Member { since: 2019 }];
    Account { number: u64::MAX, mail: None, roles, idle: Duration::from_millis(1_500) }
}

#[tokio::test]
async fn nested_values_come_back() {
    let site = site(|session| match session.is_empty() {
        true => session.store(&account()).map(|()| json!("stored")),
        false => Ok(json!(session.load::<Account>()? == account())),
    })
    .await;
    let client = site.client();
    assert_eq!(client.here().await, "stored");
    assert_eq!(client.here().await, true);
}

#[tokio::test]
async fn what_fits_one_cookie_comes_back_and_a_character_more_is_an_error() {
    let site = Site::new().await;
    let text = "x".repeat(site.store.remaining(Some("u"), r#"{"key":""}"#).unwrap());
    let client = site.client();
    client.post("/login/u").await;
    let pair = client.post(&format!("/set/key/{text}")).await.pair().to_owned();
    assert!((4_093..=4_096).contains(&pair.len()), "{} octets", pair.len());
    assert_eq!(text.len() + r#"{"key":""}"#.len(), 2_962);
    assert_eq!(client.get("/get/key").await.body, format!("{text:?}"));
    let reply = client.post(&format!("/set/key/{text}x")).await;
    assert!(reply.status == 500 && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn the_cookie_shows_nothing_of_the_data() {
    use base64::Engine as _;
    let client = Site::new().await.client();
    client.post("/login/alice").await;
    let pair = client.post("/set/card/4242424242").await.pair().to_owned();
    let token = pair.strip_prefix("session=").unwrap();
    let octets = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).unwrap();
    for text in ["alice", "card", "4242"] {
        let shows = |octets: &[u8]| octets.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!shows(&octets) && !shows(token.as_bytes()), "{text}");
    }
}
