//! What overwrites the session's cookie on purpose also takes away what is bound to a device, whether or not the request
//! brought it: browsers hold cookies back, and bring only those that they had when the request was sent.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::post;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{DataError, Session};
use sealed_session::{KeyRing, SealedStore};

use crate::browser::{
    self, BOUND, Browser, NOBODY, ORDINARY, PENDING, PROOF, Sees, Site, bound_to, is_told_of_end, names_set,
    unbound,
};
use crate::site::{NOON, Reply, root};

/// Of a request that another site has caused: a browser brings no cookies with it.
const HELD_BACK: [(&str, &str); 1] = [("sec-fetch-site", "cross-site")];

fn app() -> Router {
    browser::app().route("/begin-anyway", post(begin_anyway))
}

async fn begin_anyway(session: Session) -> Result<(), DataError> {
    session.begin_anyway()?;
    session.insert("a", "new")
}

async fn site() -> Site {
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).build().unwrap();
    Site::over(store, clock, |layer| layer, |device| device, app()).await
}

/// A request with these cookies, whose answer reaches the browser now.
async fn answered(
    browser: &mut Browser,
    sent: &BTreeMap<String, String>,
    path: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut sender = browser.clone();
    sender.jar.clone_from(sent);
    let reply = sender.post_with(path, headers).await;
    browser.keep(&reply);
    reply
}

/// What logs somebody in or out, and what the browser sees then.
fn ends() -> [(&'static str, Sees); 6] {
    [
        ("/login/bob", unbound("bob")),
        ("/login/ann", unbound("ann")),
        ("/logout", NOBODY),
        ("/invalidate", NOBODY),
        ("/logout-with-message", NOBODY),
        ("/logout-and-fail", NOBODY),
    ]
}

#[tokio::test]
async fn what_a_browser_held_back_is_overridden() {
    let site = site().await;
    for (path, sees) in ends().into_iter().chain([("/begin-anyway", NOBODY)]) {
        let mut browser = site.bound(1, "ann").await;
        answered(&mut browser, &BTreeMap::new(), path, &HELD_BACK).await;
        assert_eq!(browser.sees().await, sees, "{path}");
    }
    let mut browser = site.bound(1, "ann").await;
    answered(&mut browser, &BTreeMap::new(), "/begin-anyway", &HELD_BACK).await;
    assert_eq!(browser.get("/get/a").await.body, r#""new""#);
}

#[tokio::test]
async fn what_is_no_deliberate_end_leaves_what_was_held_back() {
    let site = site().await;
    for path in ["/set/a/1", "/cycle", "/set-and-remove/a"] {
        let mut browser = site.bound(1, "ann").await;
        answered(&mut browser, &BTreeMap::new(), path, &HELD_BACK).await;
        assert_eq!(browser.sees().await, bound_to("ann"), "{path}");
    }
}

/// It was sent before the browser had any cookie, and another tab was faster.
#[tokio::test]
async fn of_two_logins_the_one_counts_that_is_answered_last() {
    let site = site().await;
    for user in ["bob", "ann"] {
        let mut browser = site.bound(1, "ann").await;
        let reply = answered(&mut browser, &BTreeMap::new(), &format!("/login/{user}"), &[]).await;
        assert_eq!(names_set(&reply), [ORDINARY, BOUND, PENDING, PROOF]);
        assert_eq!((browser.sees().await, browser.names()), (unbound(user), vec![ORDINARY]));
        assert_eq!(browser.register().await.status, 200);
        assert_eq!(browser.sees().await, bound_to(user));
    }
}

#[tokio::test]
async fn a_logout_or_login_with_the_ordinary_cookie_counts_after_the_session_has_moved() {
    let site = site().await;
    for (path, sees) in ends() {
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let sent = browser.jar.clone();
        browser.register().await;
        assert_eq!(browser.sees().await, bound_to("ann"));
        answered(&mut browser, &sent, path, &[]).await;
        assert_eq!(browser.sees().await, sees, "{path}");
    }
}

#[tokio::test]
async fn a_login_after_a_logout_still_tells_the_browser_of_the_end() {
    let site = site().await;
    let mut browser = site.bound(1, "ann").await;
    browser.post("/logout").await;
    let reply = browser.log_in("bob").await;
    assert!(is_told_of_end(&reply), "{reply:?}");
    assert_eq!(browser.refresh().await.status, 401);
    assert_eq!(browser.sees().await, unbound("bob"));
}

#[tokio::test]
async fn what_ends_nothing_removes_nothing_of_a_device() {
    let site = site().await;
    assert_eq!(names_set(&site.browser(1).post("/set/a/1").await), [ORDINARY]);
    assert!(site.browser(1).post("/logout").await.sets_nothing());
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    for path in ["/set/a/1", "/cycle", "/ttl/60000"] {
        assert_eq!(names_set(&browser.post(path).await), [ORDINARY], "{path}");
    }
}
