//! Requests with a bound session, with a proof and without.

use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::http::DeviceSettings;
use sealed_session::{KeyRing, SealedStore};
use serde_json::json;

use crate::browser::{
    BOUND, Browser, NOBODY, ORDINARY, PROOF, PROOF_TTL, Site, UNPROVEN, app, bound_to, is_told_of_end,
    names_set, set, unbound,
};
use crate::site::{HOUR, NOON, root};

/// Whether the server sees that only a proof is missing, and leaves all cookies alone.
async fn is_left_alone(browser: &mut Browser) -> bool {
    let jar = browser.jar.clone();
    let reply = browser.get("/get/a").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "null"));
    reply.sets_nothing() && browser.sees().await == UNPROVEN && browser.jar == jar
}

#[tokio::test]
async fn a_bound_session_with_its_proof_is_a_session_like_any_other() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    assert_eq!(browser.sees().await, bound_to("ann"));
    let untouched = browser.get("/get/a").await;
    assert!(untouched.sets_nothing() && untouched.vary() == ["Cookie"], "{untouched:?}");
}

#[tokio::test]
async fn without_a_proof_there_is_no_session_and_the_cookies_stay() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.forget(PROOF);
    assert!(is_left_alone(&mut browser).await);
}

#[tokio::test]
async fn a_proof_that_is_over_is_none_and_the_browser_is_made_to_refresh() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(PROOF_TTL - 1);
    assert_eq!(browser.sees().await, bound_to("ann"));
    site.clock.advance(1);
    let reply = browser.get("/get/a").await;
    assert_eq!((names_set(&reply), reply.body.as_str()), (vec![PROOF], "null"));
    assert_eq!(browser.names(), [BOUND]);
    assert!(is_left_alone(&mut browser).await);
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

/// As after a deployment with shorter proofs. A session would be left in place; of proofs there are more.
#[tokio::test]
async fn a_proof_that_is_over_by_stricter_limits_is_refreshed_at_once() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let shorter = |device: DeviceSettings| device.proof_ttl(Duration::from_millis(PROOF_TTL / 2));
    let stricter = Site::over(site.store.clone(), site.clock.clone(), |layer| layer, shorter, app()).await;
    browser.url.clone_from(&stricter.url);
    site.clock.advance(PROOF_TTL / 2);
    let reply = browser.get("/get/a").await;
    assert_eq!((names_set(&reply), browser.names()), (vec![PROOF], vec![BOUND]), "{reply:?}");
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

/// Its clock is behind, or its ring lacks the newest key: what the proof is of may be good.
#[tokio::test]
async fn beside_a_proof_that_a_server_cannot_judge_nothing_begins() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.post("/set/a/1").await;
    site.clock.set(NOON - HOUR);
    for path in ["/set/a/2", "/cycle", "/set-and-remove/a"] {
        assert!(browser.post(path).await.sets_nothing(), "{path}");
    }
    assert!(is_left_alone(&mut browser).await);
    site.clock.set(NOON);
    assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
    assert_eq!(browser.get("/get/a").await.body, "\"1\"");
    let mut other = browser.clone();
    site.clock.set(NOON - HOUR);
    assert!(is_told_of_end(&other.post("/logout").await), "a logout is one all the same");
    assert_eq!(browser.post("/login/bob").await.status, 200);
    assert_eq!(browser.sees().await, unbound("bob"));
}

/// In a browser that knows no prefix a neighbour may have planted the one that is over.
#[tokio::test]
async fn a_proof_that_is_over_is_left_beside_one_that_a_server_cannot_judge() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let over = browser.jar[PROOF].clone();
    site.clock.advance(2 * PROOF_TTL);
    assert_eq!(browser.ask().await.status, 403);
    assert_eq!(browser.refresh().await.status, 200);
    let later = browser.jar[PROOF].clone();
    for values in [[&over, &later], [&later, &over]] {
        let mut both = browser.clone();
        both.jar.insert(PROOF.to_owned(), format!("{}; {PROOF}={}", values[0], values[1]));
        site.clock.set(NOON + PROOF_TTL);
        assert!(is_left_alone(&mut both).await);
        site.clock.set(NOON + 2 * PROOF_TTL);
        assert_eq!(both.sees().await, bound_to("ann"));
    }
}

/// Browsers drop it in time for every server whose clock is right, as far as clocks may differ.
#[tokio::test]
async fn no_browser_brings_a_proof_that_is_over_for_a_server_ahead() {
    for (proof_ttl, leeway, max_age) in
        [(600, 60, 540), (600, 10, 570), (600, 0, 570), (600, 300, 480), (60, 60, 48), (4, 60, 3)]
    {
        let clock = ManualClock::at(NOON);
        let store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).clock(clock.clone());
        let store = store.leeway(Duration::from_secs(leeway)).build().unwrap();
        let set_ttl = |device: DeviceSettings| device.proof_ttl(Duration::from_secs(proof_ttl));
        let site = Site::over(store, clock, |layer| layer, set_ttl, app()).await;
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let reply = browser.register().await;
        assert!(set(&reply, PROOF).0.ends_with(&format!("; Max-Age={max_age}")), "{reply:?}");
    }
}

#[tokio::test]
async fn what_is_no_proof_is_none() {
    let site = Site::new().await;
    let browser = site.bound(1, "ann").await;
    for text in
        ["", "ended", browser.challenge.as_str(), browser.identifier.as_str(), browser.jar[BOUND].as_str()]
    {
        let mut thief = browser.clone();
        thief.jar.insert(PROOF.to_owned(), text.to_owned());
        assert!(is_left_alone(&mut thief).await, "{text}");
    }
}

#[tokio::test]
async fn a_proof_alone_is_no_session() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.forget(BOUND);
    let reply = browser.get("/get/a").await;
    assert!(reply.sets_nothing() && browser.sees().await == NOBODY, "{reply:?}");
}

#[tokio::test]
async fn a_bound_cookie_with_the_proof_of_another_device_is_no_session() {
    let site = Site::new().await;
    let (mut ann, mallory) = (site.bound(1, "ann").await, site.bound(2, "mallory").await);
    ann.jar.extend([mallory.cookie(PROOF)]);
    let reply = ann.get("/get/a").await;
    assert!(reply.body == "null" && reply.removes(PROOF) && names_set(&reply) == [PROOF], "{reply:?}");
    assert_eq!(ann.sees().await, UNPROVEN);
}

#[tokio::test]
async fn texts_of_other_kinds_open_as_no_bound_session() {
    let site = Site::new().await;
    let browser = site.bound(1, "ann").await;
    let mut other = site.browser(1);
    other.log_in("ann").await;
    for text in [&other.jar[ORDINARY], &browser.jar[PROOF], &browser.identifier, &browser.challenge] {
        let mut thief = browser.clone();
        thief.jar.insert(BOUND.to_owned(), text.clone());
        let reply = thief.get("/get/a").await;
        assert!(reply.body == "null" && names_set(&reply) == [PROOF], "{reply:?}");
    }
}

#[tokio::test]
async fn a_bound_session_is_no_ordinary_one() {
    let site = Site::new().await;
    let browser = site.bound(1, "ann").await;
    let mut thief = site.browser(2);
    thief.jar.insert(ORDINARY.to_owned(), browser.jar[BOUND].clone());
    let reply = thief.get("/get/a").await;
    assert!(reply.body == "null" && reply.removes(ORDINARY), "{reply:?}");
}

#[tokio::test]
async fn a_change_sets_the_bound_cookie_only() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    for change in ["/set/a/1", "/cycle", "/ttl/3600000", "/flash/hello"] {
        let reply = browser.post(change).await;
        assert_eq!(names_set(&reply), [BOUND], "{change}: {reply:?}");
        assert_eq!(browser.sees().await, bound_to("ann"), "{change}");
    }
    assert_eq!(browser.state().await["data"]["a"], "1");
}

#[tokio::test]
async fn an_extension_sets_the_bound_cookie_only() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(20 * HOUR);
    browser.refresh().await;
    browser.refresh().await;
    let reply = browser.get("/get/a").await;
    assert_eq!(names_set(&reply), [BOUND]);
    assert!(set(&reply, BOUND).0.ends_with("; Max-Age=86400"), "{reply:?}");
}

#[tokio::test]
async fn a_session_that_is_over_is_removed_although_its_device_proves_itself() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.post("/ttl/1000").await;
    site.clock.advance(1_000);
    let reply = browser.get("/get/a").await;
    assert!(is_told_of_end(&reply), "{reply:?}");
    assert_eq!(browser.sees().await, NOBODY);
}

#[tokio::test]
async fn a_request_that_nobody_looks_at_opens_nothing() {
    let site = Site::new().await;
    let (mut ann, mallory) = (site.bound(1, "ann").await, site.bound(2, "mallory").await);
    ann.jar.extend([mallory.cookie(PROOF)]);
    let reply = ann.get("/untouched").await;
    assert!(reply.sets_nothing() && reply.vary().is_empty(), "{reply:?}");
}

#[tokio::test]
async fn a_server_error_keeps_everything() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.post("/set/a/1").await;
    assert!(browser.post("/set/a/2/500").await.sets_nothing());
    assert_eq!(browser.state().await["data"], json!({"a": "1"}));
    browser.forget(PROOF);
    assert!(browser.post("/set/a/2/500").await.sets_nothing());
    assert_eq!(browser.names(), [BOUND]);
}

#[tokio::test]
async fn the_ring_rotates_and_the_bound_session_moves_to_the_newer_key() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    site.store.replace_ring(KeyRing::new(vec![root(1), root(2)]).unwrap()).unwrap();
    assert_eq!(names_set(&browser.get("/get/a").await), [BOUND]);
    assert!(browser.get("/get/a").await.sets_nothing(), "once");
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
}
