//! When a browser is asked to make a key.

use std::time::Duration;

use sealed_session::KeyRing;
use sealed_session::http::Renewal;

use crate::browser::{Browser, ORDINARY, Site, header, names_set, offered};
use crate::site::{HOUR, MINUTE, Reply, root};

/// Whether the answer asks for a key, and brings the ordinary cookie and no other.
fn asks(reply: &Reply) -> bool {
    let brought: Vec<_> = names_set(reply).into_iter().filter(|name| !reply.removes(name)).collect();
    assert_eq!(brought, [ORDINARY], "{reply:?}");
    offered(reply).is_some()
}

fn is_silent(reply: &Reply) -> bool {
    header(reply, "secure-session-registration").is_none()
}

async fn logged_in(site: &Site) -> Browser {
    let mut browser = site.browser(1);
    assert!(asks(&browser.log_in("ann").await));
    browser
}

#[tokio::test]
async fn a_login_asks_for_a_key() {
    let site = Site::new().await;
    let reply = site.browser(1).log_in("ann").await;
    assert!(asks(&reply));
    assert_eq!(reply.cache_control(), ["no-store"]);
}

#[tokio::test]
async fn each_login_asks_with_a_challenge_of_its_own() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let first = browser.challenge.clone();
    assert!(asks(&browser.log_in("ann").await));
    assert_ne!(browser.challenge, first);
}

#[tokio::test]
async fn a_session_of_nobody_is_not_asked() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    assert!(!asks(&browser.post("/set/a/1").await));
    site.clock.advance(20 * HOUR);
    assert!(!asks(&browser.get("/get/a").await), "nor when it is extended");
}

#[tokio::test]
async fn a_mere_change_does_not_ask() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    for change in ["/set/a/1", "/ttl/3600000", "/clear"] {
        assert!(!asks(&browser.post(change).await), "{change}");
    }
    let read = browser.get("/get/a").await;
    assert!(read.sets_nothing() && is_silent(&read));
}

#[tokio::test]
async fn a_new_uid_asks_again_because_the_challenge_was_made_for_the_one_before() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let before = browser.device().registration(&browser.challenge);
    assert!(asks(&browser.post("/cycle").await));
    assert_eq!(browser.register_with(&before).await.status, 401);
    assert_eq!(browser.register().await.status, 200);
}

#[tokio::test]
async fn an_extension_of_a_users_session_without_a_device_asks_again() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    site.clock.advance(20 * HOUR);
    assert!(asks(&browser.get("/get/a").await));
    assert_eq!(browser.register().await.status, 200);
}

#[tokio::test]
async fn a_session_that_a_newer_key_seals_is_asked_again() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    site.store.replace_ring(KeyRing::new(vec![root(1), root(2)]).unwrap()).unwrap();
    assert!(asks(&browser.get("/get/a").await));
}

#[tokio::test]
async fn a_bound_session_is_never_asked_again() {
    let site = Site::of(|layer| layer.renewal(Renewal::default().below_percent(100)), |device| device).await;
    let mut browser = site.bound(1, "ann").await;
    for path in ["/get/a", "/device"] {
        site.clock.advance(1);
        let extended = browser.get(path).await;
        assert!(!extended.sets_nothing() && is_silent(&extended), "{extended:?}");
    }
    for change in ["/set/a/1", "/cycle"] {
        assert!(is_silent(&browser.post(change).await));
    }
}

#[tokio::test]
async fn nobody_is_asked_after_a_logout() {
    let site = Site::new().await;
    for end in ["/logout", "/invalidate", "/logout-with-message", "/invalidate-and-go-on"] {
        let mut browser = logged_in(&site).await;
        assert!(is_silent(&browser.post(end).await), "{end}");
    }
}

#[tokio::test]
async fn a_key_is_registered_within_a_minute() {
    let site = Site::new().await;
    for (age, status) in [(MINUTE - 1, 200), (MINUTE, 401)] {
        let mut browser = logged_in(&site).await;
        site.clock.advance(age);
        assert_eq!(browser.register().await.status, status, "{age} ms");
    }
}

#[tokio::test]
async fn a_key_is_registered_within_the_time_that_is_set() {
    for seconds in [5, 3_600] {
        let site = Site::with(|device| device.registration_ttl(Duration::from_secs(seconds))).await;
        for (age, status) in [(seconds * 1_000 - 1, 200), (seconds * 1_000, 401)] {
            let mut browser = logged_in(&site).await;
            site.clock.advance(age);
            assert_eq!(browser.register().await.status, status, "{age} ms");
        }
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_sealed_asks_for_nothing() {
    let site = Site::new().await;
    site.stop_sealing();
    let reply = site.browser(1).log_in("ann").await;
    assert!(reply.status == 500 && reply.sets_nothing() && is_silent(&reply), "{reply:?}");
}
