//! When the use of a session extends its life.

use std::time::Duration;

use sealed_session::http::Renewal;

use crate::site::{Client, DAY, HOUR, MINUTE, NOON, Site, root};
use sealed_session::KeyRing;

async fn site_with(renewal: Renewal) -> (Site, Client) {
    let site = Site::with(|layer| layer.renewal(renewal)).await;
    let client = site.client();
    client.post("/set/key/value").await;
    (site, client)
}

async fn expires_at(client: &Client) -> u64 {
    client.info().await["expires_at_ms"].as_u64().unwrap()
}

#[tokio::test]
async fn an_unchanged_session_sends_no_cookie() {
    let client = Site::new().await.client();
    client.post("/set/key/value").await;
    for path in ["/untouched", "/get/key", "/info"] {
        let reply = client.get(path).await;
        assert!(reply.status == 200 && reply.sets_nothing(), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn a_use_extends_when_less_than_80_percent_are_left() {
    let (site, client) = site_with(Renewal::default()).await;
    site.clock.advance(DAY / 5);
    assert!(client.get("/get/key").await.sets_nothing(), "exactly 80 % are left");
    site.clock.advance(1);
    let reply = client.get("/get/key").await;
    assert_eq!((reply.body.as_str(), reply.max_age()), (r#""value""#, Some(24 * 60 * 60)));
    assert_eq!(expires_at(&client).await, NOON + DAY / 5 + 1 + DAY);
}

#[tokio::test]
async fn a_request_that_does_not_look_extends_nothing() {
    let (site, client) = site_with(Renewal::default()).await;
    site.clock.advance(23 * HOUR);
    assert!(client.get("/untouched").await.sets_nothing());
}

#[tokio::test]
async fn a_session_can_be_left_to_end() {
    let (site, client) = site_with(Renewal::never()).await;
    site.clock.advance(23 * HOUR);
    assert!(client.get("/get/key").await.sets_nothing());
    assert_eq!(expires_at(&client).await, NOON + DAY);
}

#[tokio::test]
async fn every_use_extends_if_so_set() {
    let (site, client) = site_with(Renewal::default().below_percent(100)).await;
    let uid = client.uid().await;
    for hour in 1..=3 {
        site.clock.advance(HOUR);
        assert_eq!(client.get("/get/key").await.max_age(), Some(24 * 60 * 60));
        assert_eq!(expires_at(&client).await, NOON + hour * HOUR + DAY);
    }
    assert_eq!(client.uid().await, uid);
}

#[tokio::test]
async fn every_percentage_means_something() {
    for (percent, extends) in [(0, false), (20, false), (50, true), (100, true), (u8::MAX, true)] {
        let (site, client) = site_with(Renewal::default().below_percent(percent)).await;
        site.clock.advance(13 * HOUR);
        assert_eq!(!client.get("/get/key").await.sets_nothing(), extends, "{percent} %");
    }
}

#[tokio::test]
async fn a_use_extends_once_in_an_interval_if_so_set() {
    let hourly = Renewal::default().below_percent(100).at_most_every(Duration::from_millis(HOUR));
    let (site, client) = site_with(hourly).await;
    site.clock.advance(30 * MINUTE);
    assert!(client.get("/get/key").await.sets_nothing());
    site.clock.advance(90 * MINUTE);
    assert_eq!(client.get("/get/key").await.max_age(), Some(24 * 60 * 60));
    assert_eq!(expires_at(&client).await, NOON + 2 * HOUR + DAY);
}

#[tokio::test]
async fn a_change_extends_a_session_that_is_due() {
    let (site, client) = site_with(Renewal::default()).await;
    site.clock.advance(12 * HOUR);
    assert_eq!(client.post("/set/key/other").await.max_age(), Some(24 * 60 * 60));
    assert_eq!(expires_at(&client).await, NOON + 12 * HOUR + DAY);
}

#[tokio::test]
async fn an_expired_session_is_not_extended() {
    let (site, client) = site_with(Renewal::default().below_percent(100)).await;
    site.clock.advance(DAY + HOUR);
    let reply = client.get("/get/key").await;
    assert!(reply.body == "null" && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn a_server_whose_clock_is_behind_extends_nothing() {
    let (site, client) = site_with(Renewal::default()).await;
    site.clock.set(NOON - MINUTE);
    let reply = client.get("/get/key").await;
    assert!(reply.body == r#""value""# && reply.sets_nothing(), "{reply:?}");
    assert_eq!(expires_at(&client).await, NOON + DAY);
}

#[tokio::test]
async fn an_extension_and_a_new_key_take_one_cookie() {
    let (site, client) = site_with(Renewal::default()).await;
    site.clock.advance(12 * HOUR);
    site.store.replace_ring(KeyRing::new(vec![root(1), root(2)]).unwrap()).unwrap();
    assert_eq!(client.get("/get/key").await.max_age(), Some(24 * 60 * 60));
    site.store.replace_ring(KeyRing::new(vec![root(2)]).unwrap()).unwrap();
    assert_eq!(client.get("/get/key").await.body, r#""value""#, "sealed by the new key alone");
    assert_eq!(expires_at(&client).await, NOON + 12 * HOUR + DAY);
}
