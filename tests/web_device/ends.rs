//! How bound sessions end: the browser is told with its next refresh.

use std::time::Duration;

use crate::browser::{
    BOUND, NOBODY, ORDINARY, PENDING, PROOF, Site, UNPROVEN, bound_to, is_told_of_end, names_set, offered,
    set, unbound,
};
use crate::site::HOUR;

#[tokio::test]
async fn a_logout_leaves_the_tombstone_and_no_proof() {
    let site = Site::new().await;
    for end in ["/logout", "/invalidate", "/invalidate-and-go-on", "/logout-and-fail"] {
        let mut browser = site.bound(1, "ann").await;
        let reply = browser.post(end).await;
        assert!(is_told_of_end(&reply) && reply.set_cookies().len() == 4, "{end}: {reply:?}");
        assert!(reply.removes(ORDINARY) && reply.cache_control() == ["no-store"], "{end}: {reply:?}");
        assert_eq!(browser.names(), [BOUND]);
        assert_eq!(browser.sees().await, NOBODY);
    }
}

#[tokio::test]
async fn a_logout_with_a_message_begins_an_ordinary_session() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let reply = browser.post("/logout-with-message").await;
    assert!(is_told_of_end(&reply) && offered(&reply).is_none(), "{reply:?}");
    assert_eq!(browser.names(), [ORDINARY, BOUND]);
    assert!(browser.get("/flashes").await.body.contains("See you."));
}

#[tokio::test]
async fn a_refresh_after_a_logout_ends_there() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.post("/logout").await;
    for reply in [browser.refresh().await, browser.ask().await] {
        assert!(reply.status == 401 && reply.sets_nothing(), "{reply:?}");
    }
    assert_eq!(browser.sees().await, NOBODY);
}

#[tokio::test]
async fn a_tombstone_stays_as_long_as_the_device_could_refresh() {
    let life = Duration::from_secs(5 * 3600);
    let site = Site::of(
        |layer| layer.cookie(|cookie| cookie.browser_session(true)),
        |device| device.identifier_lifetime(life),
    );
    let reply = site.await.bound(1, "ann").await.post("/logout").await;
    assert_eq!(set(&reply, BOUND), ("HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=18000", "ended"));
}

#[tokio::test]
async fn a_tombstone_is_no_session_that_lacks_a_proof() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    browser.jar.insert(BOUND.to_owned(), "ended".to_owned());
    let reply = browser.get("/get/a").await;
    assert!(reply.sets_nothing() && browser.sees().await == NOBODY, "{reply:?}");
    browser.log_in("ann").await;
    assert_eq!(browser.sees().await, unbound("ann"));
    browser.register().await;
    assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
}

#[tokio::test]
async fn another_login_ends_the_bound_session_and_asks_again() {
    let site = Site::new().await;
    for user in ["ann", "bob"] {
        let mut browser = site.bound(1, "ann").await;
        let before = browser.clone();
        let reply = browser.log_in(user).await;
        assert!(is_told_of_end(&reply) && offered(&reply).is_some(), "{reply:?}");
        assert_eq!(names_set(&reply), [ORDINARY, BOUND, PENDING, PROOF]);
        assert_eq!(browser.sees().await, unbound(user));
        browser.register().await;
        assert_eq!(browser.sees().await, bound_to(user));
        let mut refreshes_the_one_before = browser.clone();
        refreshes_the_one_before.identifier = before.identifier;
        refreshes_the_one_before.challenge = before.challenge;
        let reply = refreshes_the_one_before.refresh().await;
        assert!(reply.status == 401 && reply.sets_nothing(), "{reply:?}");
        assert_eq!(browser.refresh().await.status, 200);
    }
}

#[tokio::test]
async fn a_logout_without_a_proof_ends_the_browsers_session_too() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.forget(PROOF);
    assert_eq!(browser.sees().await, UNPROVEN);
    let reply = browser.post("/logout").await;
    assert!(is_told_of_end(&reply), "{reply:?}");
    assert_eq!(browser.refresh().await.status, 401);
}

#[tokio::test]
async fn a_login_without_a_proof_ends_the_session_before() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.forget(PROOF);
    let reply = browser.log_in("bob").await;
    assert!(is_told_of_end(&reply) && offered(&reply).is_some(), "{reply:?}");
    assert_eq!(browser.sees().await, unbound("bob"));
}

#[tokio::test]
async fn a_login_removes_a_proof_whose_session_is_gone() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.forget(BOUND);
    let reply = browser.log_in("bob").await;
    assert!(is_told_of_end(&reply), "{reply:?}");
}

#[tokio::test]
async fn the_end_of_an_unbound_session_leaves_no_tombstone() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let reply = browser.post("/logout").await;
    assert_eq!(names_set(&reply), [ORDINARY, BOUND, PENDING, PROOF]);
    assert!([ORDINARY, BOUND, PENDING, PROOF].iter().all(|name| reply.removes(name)), "{reply:?}");
}

#[tokio::test]
async fn a_cycle_keeps_the_device_and_its_refreshes() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let before = browser.state().await["uid"].clone();
    browser.post("/cycle").await;
    site.clock.advance(HOUR / 4);
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_ne!(browser.state().await["uid"], before);
}
