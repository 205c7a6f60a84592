//! When sessions end by themselves, and what the client is told of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::site::{DAY, HOUR, MINUTE, NOON, Site};
use crate::support::{get_with, post_with, site, site_over};

#[tokio::test]
async fn the_default_ttl_is_a_day_and_can_be_changed() {
    let client = Site::new().await.client();
    assert_eq!(client.post("/set/key/value").await.max_age(), Some(24 * 60 * 60));
    assert_eq!(client.info().await["expires_at_ms"], NOON + DAY);

    let site = site_over(|store| store.default_ttl(Duration::from_secs(10)), |layer| layer).await;
    let client = site.client();
    assert_eq!(client.post("/set/key/value").await.max_age(), Some(10));
    assert_eq!(client.info().await["expires_at_ms"], NOON + 10_000);
}

#[tokio::test]
async fn a_session_expires_with_the_millisecond_of_its_ttl() {
    let site = Site::with(|layer| layer.renewal(sealed_session::http::Renewal::never())).await;
    let client = site.client();
    client.post("/set/key/value").await;
    site.clock.advance(DAY - 1);
    let reply = client.get("/get/key").await;
    assert!(reply.body == r#""value""# && reply.sets_nothing(), "{reply:?}");
    site.clock.advance(1);
    let reply = client.get("/get/key").await;
    assert!(reply.body == "null" && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn an_attribute_in_a_request_is_another_cookie() {
    let site = Site::new().await;
    let pair = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    let longer = format!("{pair}; Max-Age=99999999");
    assert_eq!(get_with(&site, "/get/key", &longer).await.body, r#""value""#);
    site.clock.advance(DAY);
    let reply = get_with(&site, "/get/key", &longer).await;
    assert!(reply.body == "null" && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn max_age_is_what_is_left() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/key/value").await;
    site.clock.advance(HOUR);
    let reply = client.post("/set/key/other").await;
    assert_eq!(reply.max_age(), Some(23 * 60 * 60), "a change alone does not extend");
    assert_eq!(client.info().await["expires_at_ms"], NOON + DAY);
}

#[tokio::test]
async fn a_ttl_can_be_changed_for_one_session() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/key/value").await;
    let reply = client.post(&format!("/ttl/{}", 7 * DAY)).await;
    assert_eq!(reply.max_age(), Some(7 * 24 * 60 * 60));
    let reply = client.post(&format!("/ttl/{MINUTE}")).await;
    assert_eq!(reply.max_age(), Some(60));
    site.clock.advance(MINUTE);
    assert_eq!(client.get("/get/key").await.body, "null");
}

#[tokio::test]
async fn a_ttl_beyond_all_time_is_cut_to_the_maximum() {
    let site = site(|session| {
        session.insert("key", "value")?;
        session.set_ttl(Duration::MAX)?;
        Ok(Value::Null)
    })
    .await;
    let client = site.client();
    assert_eq!(client.post("/here").await.max_age(), Some(30 * 24 * 60 * 60));
    assert_eq!(client.info().await["expires_at_ms"], NOON + 30 * DAY);
}

#[tokio::test]
async fn no_use_extends_a_session_past_its_absolute_lifetime() {
    let lifetime = Duration::from_millis(2 * DAY);
    let site = site_over(|store| store.max_lifetime(lifetime), |layer| layer).await;
    let client = site.client();
    client.post("/set/key/value").await;
    for _ in 0..3 {
        site.clock.advance(12 * HOUR);
        assert_eq!(client.get("/get/key").await.body, r#""value""#);
    }
    assert_eq!(client.info().await["expires_at_ms"], NOON + 2 * DAY);
    site.clock.advance(12 * HOUR);
    assert_eq!(client.get("/get/key").await.body, "null");
}

#[tokio::test]
async fn what_is_stored_after_an_expiry_begins_a_new_session() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/key/value").await;
    let uid = client.uid().await;
    site.clock.advance(DAY);
    assert_eq!(client.post("/set/other/1").await.max_age(), Some(24 * 60 * 60));
    let info = client.info().await;
    assert_eq!(info["data"], json!({"other": "1"}));
    assert_ne!(info["uid"], uid);
}
