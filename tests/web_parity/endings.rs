//! New uids, and the end of sessions.

use std::time::Duration;

use sealed_session::http::{DataError, Session};
use serde_json::{Value, json};

use crate::site::{DAY, Site};
use crate::support::{get_with, post_with, secure_site, secure_site_with, site, text};

#[tokio::test]
async fn cycling_gives_an_existing_session_a_new_uid_and_keeps_its_data() {
    let client = Site::new().await.client();
    let first = client.post("/set/key/value").await.pair().to_owned();
    let before = client.info().await;
    let second = client.post("/cycle").await.pair().to_owned();
    let after = client.info().await;
    assert!(first != second && before["uid"] != after["uid"], "{before} {after}");
    for same in ["data", "user", "expires_at_ms"] {
        assert_eq!(before[same], after[same], "{same}");
    }
}

#[tokio::test]
async fn cycling_several_times_counts_once() {
    let site = site(|session| {
        let mut uids = vec![text(session.uid())];
        for _ in 0..3 {
            session.cycle()?;
            uids.push(text(session.uid()));
        }
        Ok(json!(uids))
    })
    .await;
    let client = site.client();
    client.post("/set/key/value").await;
    let reply = client.post("/here").await;
    let uids = reply.json();
    assert_eq!(reply.set_cookies().len(), 1);
    assert_eq!(client.uid().await, uids[3], "the last one counts, and is known before the cookie is sealed");
    let mut all: Vec<&str> = uids.as_array().unwrap().iter().map(|uid| uid.as_str().unwrap()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[tokio::test]
async fn a_change_and_a_new_uid_arrive_together() {
    let site = site(|session| {
        session.insert("key", "new")?;
        session.cycle()?;
        Ok(Value::Null)
    })
    .await;
    let client = site.client();
    client.post("/set/key/old").await;
    let uid = client.uid().await;
    assert_eq!(client.post("/here").await.set_cookies().len(), 1);
    assert_eq!(client.info().await["data"], json!({"key": "new"}));
    assert_ne!(client.uid().await, uid);
}

#[tokio::test]
async fn an_invalidated_session_is_removed() {
    let client = Site::new().await.client();
    client.post("/set/key/value").await;
    let reply = client.post("/invalidate").await;
    assert!(reply.removes("session"), "{reply:?}");
    assert_eq!(client.get("/get/key").await.body, "null");
}

#[tokio::test]
async fn nothing_counts_after_an_invalidation() {
    let site = site(|session| {
        session.invalidate()?;
        let mut seen = vec![seen_of(session)?];
        for act in [
            |session: &Session| session.insert("key", "again"),
            |session: &Session| session.store(&json!({"key": "again"})),
            |session: &Session| session.authenticate("eve"),
            |session: &Session| session.set_ttl(Duration::from_secs(60)),
            |session: &Session| session.remove("key").map(drop),
            |session: &Session| session.clear(),
            |session: &Session| session.cycle(),
            |session: &Session| session.logout(),
        ] {
            act(session)?;
            seen.push(seen_of(session)?);
        }
        Ok(json!(seen))
    })
    .await;
    let client = site.client();
    client.post("/set/key/value").await;
    let reply = client.post("/here").await;
    let nothing = json!([true, true, null, null, null]);
    assert_eq!(reply.json(), json!(vec![nothing; 9]));
    assert!(reply.removes("session") && reply.set_cookies().len() == 1, "{reply:?}");
}

fn seen_of(session: &Session) -> Result<Value, DataError> {
    let value = session.get::<String>("key")?;
    let (invalidated, empty) = (session.is_invalidated(), session.is_empty());
    Ok(json!([invalidated, empty, value, session.user_id(), text(session.uid())]))
}

#[tokio::test]
async fn a_removal_has_the_attributes_of_the_cookie() {
    let site = secure_site().await;
    let set = post_with(&site, "/set/key/value", "").await;
    let removal = post_with(&site, "/invalidate", set.pair()).await;
    for attribute in ["Secure", "HttpOnly", "SameSite", "Path"] {
        assert!(set.attribute(attribute).is_some(), "{attribute}: {set:?}");
        assert_eq!(removal.attribute(attribute), set.attribute(attribute), "{attribute}: {removal:?}");
    }
    assert_eq!((removal.pair(), removal.max_age()), ("__Host-session=", Some(0)));
    assert!(removal.attribute("Expires").is_some_and(|past| past.ends_with("GMT")), "{removal:?}");
}

#[tokio::test]
async fn a_removal_has_the_domain_and_the_path_of_the_cookie() {
    let site = secure_site_with("__Secure-id", |cookie| cookie.domain("shop.example").path("/app")).await;
    let set = post_with(&site, "/set/key/value", "").await;
    let removal = post_with(&site, "/logout", set.pair()).await;
    assert_eq!((removal.pair(), removal.max_age()), ("__Secure-id=", Some(0)));
    for reply in [&set, &removal] {
        let attributes = [reply.attribute("Domain"), reply.attribute("Path"), reply.attribute("Secure")];
        assert_eq!(attributes, [Some("shop.example"), Some("/app"), Some("")], "{reply:?}");
    }
}

#[tokio::test]
async fn a_logout_removes_the_session_and_sends_nothing_where_there_is_none() {
    let client = Site::new().await.client();
    assert!(client.post("/logout").await.sets_nothing());
    client.post("/set/key/value").await;
    assert!(client.post("/logout").await.removes("session"));
    assert!(client.post("/logout").await.sets_nothing(), "the client has no cookie any more");
}

#[tokio::test]
async fn a_server_error_carries_no_change() {
    let client = Site::new().await.client();
    assert!(client.post("/set/key/value/500").await.sets_nothing());
    assert_eq!(client.post("/set/key/value/404").await.set_cookies().len(), 1);
    assert!(client.post("/set/key/other/503").await.sets_nothing());
    assert_eq!(client.get("/get/key").await.body, r#""value""#);
}

#[tokio::test]
async fn a_kept_copy_of_the_cookie_opens_until_it_expires() {
    let site = Site::new().await;
    for end in ["/remove/key", "/clear", "/cycle", "/logout", "/invalidate"] {
        let copy = post_with(&site, "/set/key/value", "").await.pair().to_owned();
        assert_eq!(post_with(&site, end, &copy).await.set_cookies().len(), 1);
        assert_eq!(get_with(&site, "/get/key", &copy).await.body, r#""value""#, "{end}");
    }
    let copy = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    site.clock.advance(DAY);
    assert_eq!(get_with(&site, "/get/key", &copy).await.body, "null");
}
