//! A bound session over two cookies.

use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, SealedStore};

use crate::browser::{
    BOUND, Browser, NOBODY, ORDINARY, PENDING, PROOF, Site, UNPROVEN, app, bound_to, is_told_of_end,
    names_set,
};
use crate::site::{NOON, root};

/// Room for two cookies of 4096 octets each, less the mark and the `.1`.
const ROOM: usize = 2 * (4096 - ORDINARY.len() - 2);
const SECOND: &str = "__Host-session.1";
const BOUND_SECOND: &str = "__Host-session-bound.1";
const PENDING_SECOND: &str = "__Host-session-new.1";

async fn site() -> Site {
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).max_token_chars(ROOM).build().unwrap();
    Site::over(store, clock, |layer| layer.cookie(|cookie| cookie.chunked(true)), |device| device, app())
        .await
}

async fn set(browser: &mut Browser, len: usize) -> crate::site::Reply {
    browser.post(&format!("/set/a/{}", "x".repeat(len))).await
}

/// The session is bound, and takes two cookies.
async fn large(site: &Site) -> Browser {
    let mut browser = site.browser(1);
    set(&mut browser, 5000).await;
    browser.log_in("ann").await;
    assert_eq!(browser.names(), [ORDINARY, SECOND]);
    let reply = browser.register().await;
    assert_eq!(names_set(&reply), [PENDING, PENDING_SECOND, PROOF]);
    let reply = browser.get("/get/b").await;
    let removed = [ORDINARY, PENDING, PENDING_SECOND, SECOND];
    assert_eq!(names_set(&reply), [ORDINARY, BOUND, BOUND_SECOND, PENDING, PENDING_SECOND, SECOND]);
    assert!(removed.iter().all(|name| reply.removes(name)), "{reply:?}");
    browser
}

#[tokio::test]
async fn a_large_session_moves_to_two_bound_cookies() {
    let site = site().await;
    let mut browser = large(&site).await;
    assert_eq!(browser.names(), [BOUND, BOUND_SECOND, PROOF]);
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.get("/get/a").await.body.len(), 5002);
    assert_eq!(browser.refresh().await.status, 200);
}

#[tokio::test]
async fn a_bound_session_that_fits_one_cookie_again_leaves_none_behind() {
    let site = site().await;
    let mut browser = large(&site).await;
    let reply = set(&mut browser, 1).await;
    assert!(names_set(&reply) == [BOUND, BOUND_SECOND] && reply.removes(BOUND_SECOND), "{reply:?}");
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn the_end_of_a_large_bound_session_removes_both() {
    let site = site().await;
    let mut browser = large(&site).await;
    let mut late = browser.clone();
    let reply = browser.post("/logout").await;
    assert!(is_told_of_end(&reply) && reply.removes(BOUND_SECOND), "{reply:?}");
    assert_eq!((browser.sees().await, browser.names()), (NOBODY, vec![BOUND]));
    let bad = site.browser(2).device().refresh(&late.challenge);
    let reply = late.refresh_with(&bad).await;
    assert_eq!(reply.status, 401);
    assert!(late.jar.is_empty(), "{reply:?}");
}

#[tokio::test]
async fn half_a_bound_session_without_a_proof_is_left_alone() {
    let site = site().await;
    let mut browser = large(&site).await;
    browser.forget(BOUND_SECOND);
    let mut proven = browser.clone();
    browser.forget(PROOF);
    assert!(browser.get("/get/a").await.sets_nothing());
    assert_eq!(browser.sees().await, UNPROVEN);
    assert_eq!(names_set(&proven.get("/get/a").await), [PROOF], "nor with one, which is then not for it");
}

#[tokio::test]
async fn a_session_holds_no_more_than_its_bound_cookies_do() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let [fits, does_not] = longest(&mut browser).await;
    assert_eq!(set(&mut browser, does_not).await.status, 500);
    assert_eq!(set(&mut browser, fits).await.status, 200);
    assert_eq!(browser.register().await.status, 200);
    assert_eq!(browser.get("/get/a").await.body.len(), fits + 2);
}

/// The longest value that is taken, and one that is one longer.
async fn longest(browser: &mut Browser) -> [usize; 2] {
    let [mut fits, mut does_not] = [4000, ROOM];
    while does_not - fits > 1 {
        let middle = usize::midpoint(fits, does_not);
        match set(browser, middle).await.status {
            200 => fits = middle,
            _ => does_not = middle,
        }
    }
    [fits, does_not]
}

#[tokio::test]
async fn a_registration_that_fits_one_cookie_leaves_no_half_of_one_before() {
    let site = site().await;
    let mut browser = site.browser(1);
    set(&mut browser, 5000).await;
    browser.log_in("ann").await;
    assert_eq!(browser.register().await.status, 200);
    let mut other = site.browser(1);
    other.log_in("ann").await;
    browser.forget(SECOND);
    browser.jar.extend([other.cookie(ORDINARY)]);
    browser.challenge.clone_from(&other.challenge);
    let reply = browser.register().await;
    assert_eq!(names_set(&reply), [PENDING, PENDING_SECOND, PROOF]);
    assert!(reply.removes(PENDING_SECOND), "{reply:?}");
    assert_eq!(browser.sees().await, bound_to("ann"));
}

/// Another site has caused the request, so the browser brought nothing of it.
#[tokio::test]
async fn what_is_held_back_is_removed_with_its_second_cookies() {
    let site = site().await;
    for path in ["/logout", "/invalidate", "/login/bob"] {
        let mut browser = site.browser(1);
        let reply = browser.post_with(path, &[("sec-fetch-site", "cross-site")]).await;
        for name in [SECOND, BOUND_SECOND, PENDING_SECOND] {
            assert!(reply.removes(name), "{path}: {name} of {reply:?}");
        }
    }
}
