//! Extending a session's life, and sealing it under a newer key.

use std::time::Duration;

use axum::routing::post;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{DataError, Renewal, Session, SessionLayer};
use sealed_session::{KeyRing, ResealPolicy, RootSecret, SealedStore};

use crate::site::{Client, DAY, HOUR, MINUTE, NOON, Reply, Site, over_http, root, routes};

async fn with_session(site: &Site) -> Client {
    let client = site.client();
    client.post("/set/a/1").await;
    client
}

async fn expires_at(client: &Client) -> u64 {
    client.info().await["expires_at_ms"].as_u64().unwrap()
}

#[tokio::test]
async fn a_session_is_extended_when_less_than_80_percent_of_its_ttl_are_left() {
    let site = Site::new().await;
    let client = with_session(&site).await;
    site.clock.set(NOON + DAY / 5);
    assert!(client.get("/get/a").await.sets_nothing(), "80 % are left");
    site.clock.set(NOON + DAY / 5 + 1);
    assert!(client.get("/untouched").await.sets_nothing(), "nobody looked at it");
    let reply = client.get("/get/a").await;
    assert!(reply.set_cookie().ends_with("; Max-Age=86400"), "{reply:?}");
    assert_eq!(expires_at(&client).await, NOON + DAY / 5 + 1 + DAY);
    assert!(client.get("/get/a").await.sets_nothing(), "once");
}

#[tokio::test]
async fn a_session_is_extended_by_its_own_ttl() {
    let site = Site::new().await;
    let client = with_session(&site).await;
    client.post(&format!("/ttl/{HOUR}")).await;
    assert_eq!(expires_at(&client).await, NOON + HOUR);
    site.clock.set(NOON + HOUR / 2);
    assert!(!client.get("/get/a").await.sets_nothing());
    assert_eq!(expires_at(&client).await, NOON + HOUR / 2 + HOUR);
}

#[tokio::test]
async fn a_change_extends_a_session_that_is_due_and_no_other() {
    let site = Site::new().await;
    let client = with_session(&site).await;
    site.clock.set(NOON + HOUR);
    client.post("/set/a/2").await;
    assert_eq!(expires_at(&client).await, NOON + DAY);
    site.clock.set(NOON + DAY / 2);
    client.post("/set/a/3").await;
    assert_eq!(expires_at(&client).await, NOON + DAY / 2 + DAY);
}

#[tokio::test]
async fn a_session_can_be_left_to_end() {
    let site = Site::with(|layer| layer.renewal(Renewal::never())).await;
    let client = with_session(&site).await;
    site.clock.set(NOON + DAY - 1);
    assert!(client.get("/get/a").await.sets_nothing());
}

#[tokio::test]
async fn a_session_is_extended_once_in_an_interval() {
    let often = Renewal::default().below_percent(100).at_most_every(Duration::from_millis(5 * MINUTE));
    let site = Site::with(|layer| layer.renewal(often)).await;
    let client = with_session(&site).await;
    site.clock.set(NOON + 5 * MINUTE - 1);
    assert!(client.get("/get/a").await.sets_nothing());
    site.clock.set(NOON + 5 * MINUTE);
    assert!(!client.get("/get/a").await.sets_nothing());
}

#[test]
fn an_interval_within_which_every_session_is_over_is_an_error() {
    let layer = |every: Duration| {
        let renewal = Renewal::default().at_most_every(every);
        SessionLayer::builder(limited()).renewal(renewal).build()
    };
    let hours = |hours: u64| Duration::from_millis(hours * 60 * MINUTE);
    for never in [hours(12), hours(13), Duration::MAX] {
        let error = layer(never).unwrap_err().to_string();
        assert!(error.contains("none lives for longer than 43200000 ms without that"), "{error}");
    }
    assert!(layer(hours(12) - Duration::from_millis(1)).is_ok() && layer(Duration::ZERO).is_ok());
}

/// A store whose sessions live for half a day in all.
fn limited() -> SealedStore {
    let ring = KeyRing::single(RootSecret::generate().unwrap());
    SealedStore::builder(ring).max_lifetime(Duration::from_millis(DAY / 2)).build().unwrap()
}

#[tokio::test]
async fn a_session_that_cannot_live_longer_is_not_sent_again() {
    let short = |store: sealed_session::SealedStoreBuilder| {
        store.cookie_name("session").max_lifetime(Duration::from_millis(DAY))
    };
    let site = Site::of(short, |layer| layer.cookie(over_http), routes()).await;
    let client = with_session(&site).await;
    site.clock.set(NOON + DAY - 1);
    assert!(client.get("/get/a").await.sets_nothing());
}

#[tokio::test]
async fn only_pages_extend_sessions_if_so_set() {
    let site = Site::with(|layer| layer.renewal(Renewal::default().with_documents_only())).await;
    let client = with_session(&site).await;
    site.clock.set(NOON + DAY / 2);
    let get = |destination: &'static str| {
        let request = client.get_request("/get/a").header("sec-fetch-dest", destination);
        async { Reply::of(request.send().await.unwrap()).await }
    };
    for destination in ["empty", "image", "script", "style", "worker", "", "Document"] {
        assert!(get(destination).await.sets_nothing(), "{destination}");
    }
    let changed = client.request("/set/a/2").header("sec-fetch-dest", "empty").send().await.unwrap();
    assert!(!Reply::of(changed).await.sets_nothing(), "a change is always sent");
    for (half_days, page) in (2..).zip(["document", "iframe", "frame", "fencedframe", "embed", "object"]) {
        site.clock.set(NOON + half_days * DAY / 2);
        assert!(!get(page).await.sets_nothing(), "{page}");
    }
    site.clock.set(NOON + 4 * DAY);
    assert!(!client.get("/get/a").await.sets_nothing(), "from a client that does not say");
}

#[tokio::test]
async fn every_request_counts_as_use_if_so_set() {
    let site = Site::with(|layer| layer.open_unread(true)).await;
    let client = with_session(&site).await;
    site.clock.set(NOON + DAY / 2);
    assert!(!client.get("/untouched").await.sets_nothing());
    let refused = site.get_with("/untouched", &[b"session=garbage"]).await;
    assert!(refused.removes("session"), "{refused:?}");
}

#[tokio::test]
async fn a_newer_key_seals_a_session_at_its_next_use() {
    let site = Site::new().await;
    let client = with_session(&site).await;
    let before = expires_at(&client).await;
    site.store.replace_ring(KeyRing::new(vec![root(1), root(2)]).unwrap()).unwrap();
    assert!(client.get("/untouched").await.sets_nothing());
    let reply = client.get("/get/a").await;
    assert!(!reply.sets_nothing(), "{reply:?}");
    assert_eq!(reply.body, r#""1""#);
    assert!(client.get("/get/a").await.sets_nothing(), "once");
    assert_eq!(expires_at(&client).await, before, "which extends nothing");
    site.store.replace_ring(KeyRing::new(vec![root(2)]).unwrap()).unwrap();
    assert_eq!(client.get("/get/a").await.body, r#""1""#, "the old key may go");
}

#[tokio::test]
async fn a_newer_key_waits_if_so_set() {
    let site = Site::with(|layer| layer.reseal(ResealPolicy::PastPercent(10))).await;
    let client = with_session(&site).await;
    site.store.replace_ring(KeyRing::new(vec![root(1), root(2)]).unwrap()).unwrap();
    assert!(client.get("/get/a").await.sets_nothing());
    site.clock.set(NOON + DAY / 10);
    assert!(!client.get("/get/a").await.sets_nothing());
}

#[tokio::test]
async fn a_ttl_shortens_as_well() {
    let site = Site::new().await;
    let client = with_session(&site).await;
    let reply = client.post(&format!("/ttl/{MINUTE}")).await;
    assert!(reply.set_cookie().ends_with("; Max-Age=60"), "{reply:?}");
    site.clock.set(NOON + MINUTE);
    assert_eq!(client.get("/get/a").await.body, "null");
}

/// A site whose handler takes an hour before it does this.
async fn taking_an_hour(change: fn(&Session, &SealedStore) -> Result<(), DataError>) -> Site {
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).cookie_name("session").build().unwrap();
    let (slow, replaced) = (clock.clone(), store.clone());
    let handler = async move |session: Session| {
        assert!(!session.is_empty());
        slow.advance(HOUR);
        change(&session, &replaced)
    };
    let routes = routes().route("/slow", post(handler));
    Site::over(store, clock, |layer| layer.cookie(over_http), routes).await
}

#[tokio::test]
async fn a_change_keeps_the_expiry_however_long_the_handler_takes() {
    let site = taking_an_hour(|session, _| session.insert("a", &2)).await;
    let client = with_session(&site).await;
    client.post("/slow").await;
    assert_eq!((expires_at(&client).await, client.get("/get/a").await.body), (NOON + DAY, "2".to_owned()));
}

#[tokio::test]
async fn a_ttl_counts_from_when_the_handler_sets_it() {
    let site = taking_an_hour(|session, _| session.set_ttl(Duration::from_secs(60))).await;
    let client = with_session(&site).await;
    let reply = client.post("/slow").await;
    assert!(reply.set_cookie().ends_with("; Max-Age=60"), "{reply:?}");
    assert_eq!(expires_at(&client).await, NOON + HOUR + MINUTE);
}

#[tokio::test]
async fn a_login_begins_when_the_handler_says_so() {
    let site = taking_an_hour(|session, _| session.authenticate("alice")).await;
    let client = with_session(&site).await;
    let reply = client.post("/slow").await;
    assert!(reply.set_cookie().ends_with("; Max-Age=86400"), "{reply:?}");
    assert_eq!(expires_at(&client).await, NOON + HOUR + DAY);
}

#[tokio::test]
async fn a_change_is_sealed_by_a_ring_that_is_put_in_place_meanwhile() {
    let site = taking_an_hour(|session, store| {
        let new = root(2).activating_at(NOON + HOUR);
        store.replace_ring(KeyRing::new(vec![root(1), new]).unwrap()).unwrap();
        session.insert("a", &2)
    })
    .await;
    let client = with_session(&site).await;
    assert_eq!(client.post("/slow").await.status, 200);
    assert_eq!(client.get("/get/a").await.body, "2");
}
