//! Ordinary and bound cookies that come with one request.

use sealed_session::http::Creation;
use serde_json::json;

use crate::browser::{
    BOUND, Browser, NOBODY, ORDINARY, PENDING, PROOF, Site, UNPROVEN, bound_to, is_told_of_end, names_set,
    offered, unbound,
};

/// A bound session, and the ordinary one of somebody else besides.
async fn both(site: &Site, user: &str) -> Browser {
    let (mut browser, mut other) = (site.bound(1, "ann").await, site.browser(2));
    other.log_in(user).await;
    browser.jar.extend([other.cookie(ORDINARY)]);
    browser
}

#[tokio::test]
async fn a_change_without_a_proof_begins_an_ordinary_session_and_leaves_the_bound_one() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.post("/set/a/bound").await;
    browser.forget(PROOF);
    let reply = browser.post("/set/a/anonymous").await;
    assert_eq!(names_set(&reply), [ORDINARY]);
    assert!(offered(&reply).is_none());
    assert_eq!(browser.sees().await, UNPROVEN, "and says still that a proof is missing");
    assert_eq!(browser.state().await["data"], json!({"a": "anonymous"}));
    browser.refresh().await;
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.state().await["data"], json!({"a": "bound"}));
}

#[tokio::test]
async fn the_bound_session_counts_when_both_come() {
    let site = Site::new().await;
    let mut browser = both(&site, "bob").await;
    assert_eq!(browser.sees().await, bound_to("ann"));
    let reply = browser.get("/get/a").await;
    assert!(reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn setting_the_bound_cookie_removes_the_ordinary_one() {
    let site = Site::new().await;
    let mut browser = both(&site, "bob").await;
    let reply = browser.post("/set/a/1").await;
    assert_eq!(names_set(&reply), [ORDINARY, BOUND]);
    assert!(reply.removes(ORDINARY));
    assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
}

#[tokio::test]
async fn without_a_proof_the_ordinary_session_counts() {
    let site = Site::new().await;
    let mut browser = both(&site, "bob").await;
    browser.forget(PROOF);
    assert_eq!(browser.sees().await, (Some("bob".to_owned()), false, true));
    assert_eq!(names_set(&browser.post("/set/a/1").await), [ORDINARY]);
    assert_eq!(browser.names(), [ORDINARY, BOUND]);
}

#[tokio::test]
async fn a_bound_session_that_is_over_gives_way_to_the_ordinary_one() {
    let site = Site::new().await;
    let mut over = site.bound(1, "ann").await;
    over.post("/ttl/1000").await;
    let mut browser = both(&site, "bob").await;
    browser.jar.extend([over.cookie(BOUND), over.cookie(PROOF)]);
    site.clock.advance(1_000);
    let reply = browser.get("/device").await;
    assert!(is_told_of_end(&reply) && names_set(&reply) == [BOUND, PENDING, PROOF], "{reply:?}");
    assert_eq!(reply.cache_control(), ["no-store"]);
    assert_eq!(browser.sees().await, unbound("bob"));
}

/// After another login the browser goes on refreshing for the session before, and no cookies tell the server so.
#[tokio::test]
async fn a_proof_of_the_session_before_costs_the_new_one_nothing() {
    let site = Site::new().await;
    let (mut browser, before) = (site.bound(1, "ann").await, site.bound(2, "ann").await);
    let proof = browser.cookie(PROOF);
    browser.jar.extend([before.cookie(PROOF)]);
    let reply = browser.get("/get/a").await;
    assert!(reply.removes(PROOF) && names_set(&reply) == [PROOF], "{reply:?}");
    assert_eq!(reply.cache_control(), ["no-store"]);
    assert_eq!(browser.sees().await, UNPROVEN);
    browser.jar.extend([proof]);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn several_bound_cookies_of_one_device_are_its_newest() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let older = browser.jar[BOUND].clone();
    site.clock.advance(1);
    browser.post("/ttl/3600000").await;
    let newer = browser.jar[BOUND].clone();
    assert_ne!(older, newer);
    for [one, other] in [[&older, &newer], [&newer, &older]] {
        browser.jar.insert(BOUND.to_owned(), format!("{one}; {BOUND}={other}"));
        assert_eq!(browser.state().await["id"], newer.as_str());
    }
}

#[tokio::test]
async fn more_proofs_than_any_browser_has_are_not_looked_at() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let [good, bad] = [browser.jar[PROOF].clone(), "A".repeat(200)];
    for (before, sees) in [(3, bound_to("ann")), (4, UNPROVEN)] {
        let mut all = vec![bad.as_str(); before];
        all.push(&good);
        browser.jar.insert(PROOF.to_owned(), all.join(&format!("; {PROOF}=")));
        assert_eq!(browser.sees().await, sees, "{before}");
    }
}

#[tokio::test]
async fn more_bound_cookies_than_any_browser_has_are_no_session_and_no_end() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let bound = browser.jar[BOUND].clone();
    browser.jar.insert(BOUND.to_owned(), [bound.as_str(); 5].join(&format!("; {BOUND}=")));
    let reply = browser.get("/get/a").await;
    assert!(reply.body == "null" && reply.sets_nothing(), "{reply:?}");
    assert_eq!(browser.sees().await, NOBODY);
}

#[tokio::test]
async fn a_session_for_everybody_begins_beside_one_that_lacks_its_proof() {
    let site = Site::of(|layer| layer.creation(Creation::Always).open_unread(true), |device| device).await;
    assert_eq!(names_set(&site.browser(2).get("/untouched").await), [ORDINARY]);
    let mut browser = site.bound(1, "ann").await;
    browser.forget(PROOF);
    assert_eq!(names_set(&browser.get("/untouched").await), [ORDINARY]);
    browser.forget(ORDINARY);
    assert_eq!(names_set(&browser.refresh().await), [PROOF], "not with a refresh");
    assert!(browser.get("/untouched").await.sets_nothing());
}

/// A browser that lost its device, say: its user finds a form to log in, and can.
#[tokio::test]
async fn who_lacks_the_proof_can_log_in_by_a_guarded_form() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.forget(PROOF);
    let reply = browser.get("/csrf").await;
    assert_eq!(names_set(&reply), [ORDINARY]);
    assert_eq!(browser.post_with("/guarded", &[("x-csrf-token", &reply.body)]).await.status, 200);
    let reply = browser.post("/login/ann").await;
    assert_eq!(names_set(&reply), [ORDINARY, BOUND, PENDING, PROOF]);
    assert_eq!(browser.sees().await, unbound("ann"));
}

/// From a client that does not say where its requests come from.
#[tokio::test]
async fn each_cookie_of_a_session_calls_for_a_token() {
    let site = Site::new().await;
    let mut whole = site.bound(1, "ann").await;
    let mut other = site.browser(2);
    other.log_in("eve").await;
    whole.jar.extend([other.cookie(ORDINARY)]);
    for (name, status) in [(ORDINARY, 403), (BOUND, 403), (PENDING, 403), (PROOF, 403), ("theme", 200)] {
        let mut browser = site.browser(1);
        browser.jar.insert(name.to_owned(), whole.jar.get(name).cloned().unwrap_or_default());
        assert_eq!(browser.post("/guarded").await.status, status, "{name}");
        let own = browser.post_with("/guarded", &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(own.status, 200, "{name}");
    }
}
