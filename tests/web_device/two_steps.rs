//! A session moves to its device in two steps: the registration's answer may be lost, come late or come twice, and the
//! ordinary session ends when the browser comes back with everything that the answer had.

use std::time::Duration;

use axum::http::header::CACHE_CONTROL;
use axum::routing::get;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{Session, Unbound};
use sealed_session::{KeyRing, SealedStore};
use serde_json::json;

use crate::browser::{
    BOUND, Browser, NOBODY, ORDINARY, PENDING, PROOF, PROOF_TTL, Site, all_see, app, bound_to,
    is_told_of_end, json, names_set, unbound,
};
use crate::site::{MINUTE, NOON, root};

/// What a browser has got of a registration's answer.
async fn answer_of(browser: &Browser) -> Browser {
    let mut other = browser.clone();
    assert_eq!(other.register().await.status, 200);
    other
}

/// The answer arrives now.
fn arrive(browser: &mut Browser, answer: &Browser) {
    browser.jar.extend([answer.cookie(PENDING), answer.cookie(PROOF)]);
    browser.identifier.clone_from(&answer.identifier);
    browser.challenge.clone_from(&answer.challenge);
}

async fn logged_in(site: &Site, user: &str) -> Browser {
    let mut browser = site.browser(1);
    browser.log_in(user).await;
    browser
}

/// Dropped by a front, or turned into an error of its own.
#[tokio::test]
async fn a_registration_whose_answer_is_lost_changes_nothing() {
    let site = Site::new().await;
    let mut browser = logged_in(&site, "ann").await;
    drop(answer_of(&browser).await);
    for at in 0..40 {
        assert_eq!(browser.post(&format!("/set/a/{at}")).await.status, 200);
        assert_eq!(browser.get("/get/a").await.body, format!("\"{at}\""));
        assert_eq!(browser.sees().await, unbound("ann"));
        site.clock.advance(15 * MINUTE);
    }
    assert_eq!(browser.names(), [ORDINARY]);
}

#[tokio::test]
async fn a_registration_whose_answer_comes_late_binds_what_the_session_is_by_then() {
    let site = Site::new().await;
    for late_ms in [15_000, 5 * MINUTE] {
        let mut browser = logged_in(&site, "ann").await;
        browser.post("/set/a/before").await;
        let answer = answer_of(&browser).await;
        browser.post("/set/a/meanwhile").await;
        browser.post("/set/b/meanwhile").await;
        site.clock.advance(late_ms);
        arrive(&mut browser, &answer);
        assert_eq!(browser.state().await["data"], json!({"a": "meanwhile", "b": "meanwhile"}));
        assert_eq!(browser.names(), [BOUND, PROOF]);
        assert_eq!(browser.sees().await, bound_to("ann"));
        assert_eq!(browser.state().await["data"], json!({"a": "meanwhile", "b": "meanwhile"}));
    }
}

#[tokio::test]
async fn a_proof_that_is_over_before_the_browser_comes_back_is_refreshed() {
    let site = Site::new().await;
    let mut browser = site.registered(1, "ann").await;
    site.clock.advance(PROOF_TTL);
    browser.forget(PROOF);
    assert_eq!(browser.sees().await, (Some("ann".to_owned()), false, true), "the ordinary one");
    browser.post("/set/a/1").await;
    assert_eq!(browser.names(), [ORDINARY, PENDING]);
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.state().await["data"], json!({"a": "1"}));
}

#[tokio::test]
async fn who_got_no_answer_registers_again_with_any_key() {
    let site = Site::new().await;
    let mut browser = logged_in(&site, "ann").await;
    for key in [1, 1, 2] {
        let mut again = site.browser(key);
        (again.jar, again.challenge) = (browser.jar.clone(), browser.challenge.clone());
        drop(answer_of(&again).await);
    }
    let answer = answer_of(&browser).await;
    arrive(&mut browser, &answer);
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.refresh().await.status, 200);
}

/// The cookies of an answer arrived, and what the browser was told with it did not.
#[tokio::test]
async fn a_browser_with_a_pending_session_registers_again() {
    let site = Site::new().await;
    let mut browser = site.browser(2);
    browser.log_in("ann").await;
    let challenge = browser.challenge.clone();
    browser.register().await;
    let mut again = site.browser(1);
    (again.jar, again.challenge) = (browser.jar.clone(), challenge);
    let reply = again.register().await;
    assert_eq!((reply.status, names_set(&reply)), (200, vec![PENDING, PROOF]), "{reply:?}");
    assert_eq!(again.names(), [ORDINARY, PENDING, PROOF]);
    assert_eq!(browser.clone().sees().await, bound_to("ann"), "nobody knows which answer arrives");
    assert_eq!((again.sees().await, again.names()), (bound_to("ann"), vec![BOUND, PROOF]));
    assert_eq!(again.refresh().await.status, 200);
}

/// Nothing is recorded anywhere: the bound cookie of a registration is worth something beside the session only that
/// it was made for.
#[tokio::test]
async fn what_happens_meanwhile_to_the_session_wins() {
    let site = Site::new().await;
    for (what, sees) in [
        ("/logout", NOBODY),
        ("/invalidate", NOBODY),
        ("/logout-and-fail", NOBODY),
        ("/logout-with-message", NOBODY),
        ("/cycle", unbound("ann")),
        ("/login/bob", unbound("bob")),
        ("/login/ann", unbound("ann")),
    ] {
        let mut browser = logged_in(&site, "ann").await;
        let answer = answer_of(&browser).await;
        browser.post(what).await;
        arrive(&mut browser, &answer);
        let mut refreshes = browser.clone();
        let reply = browser.get("/get/a").await;
        assert!(is_told_of_end(&reply) && names_set(&reply) == [BOUND, PENDING, PROOF], "{what}: {reply:?}");
        assert_eq!(browser.sees().await, sees, "{what}");
        assert_eq!(refreshes.refresh().await.status, 401, "{what}");
        assert_eq!(browser.refresh().await.status, 401, "{what}");
    }
}

#[tokio::test]
async fn a_registration_after_the_session_has_ended_binds_nothing() {
    let site = Site::new().await;
    for end in ["/logout", "/cycle", "/login/bob"] {
        let mut browser = logged_in(&site, "ann").await;
        let proof = browser.device().registration(&browser.challenge);
        browser.post(end).await;
        let reply = browser.register_with(&proof).await;
        assert!(reply.status == 401 && reply.sets_nothing(), "{end}: {reply:?}");
    }
}

/// Its browser is asked again, and still has what the first registration gave it.
#[tokio::test]
async fn the_session_that_comes_instead_is_bound_by_a_registration_of_its_own() {
    let site = Site::new().await;
    for (what, user) in [("/cycle", "ann"), ("/login/bob", "bob"), ("/login/ann", "ann")] {
        let mut browser = logged_in(&site, "ann").await;
        let answer = answer_of(&browser).await;
        browser.post(what).await;
        let challenge = browser.challenge.clone();
        arrive(&mut browser, &answer);
        browser.challenge = challenge;
        let reply = browser.register().await;
        assert_eq!((reply.status, names_set(&reply)), (200, vec![PENDING, PROOF]), "{what}: {reply:?}");
        assert_eq!(browser.sees().await, bound_to(user), "{what}");
        assert_eq!(browser.names(), [BOUND, PROOF], "{what}");
        assert_eq!(browser.refresh().await.status, 200, "{what}");
    }
}

/// Nobody is told of a proof of another device beside the answer to a registration that gives one.
#[tokio::test]
async fn a_registration_gives_its_proof_whatever_proof_came() {
    let site = Site::new().await;
    let (mut browser, other) = (logged_in(&site, "ann").await, site.bound(2, "bob").await);
    browser.jar.extend([site.bound(3, "eve").await.cookie(BOUND), other.cookie(PROOF)]);
    let reply = browser.register().await;
    assert_eq!((reply.status, names_set(&reply)), (200, vec![PENDING, PROOF]), "{reply:?}");
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_logout_with_a_pending_session_ends_all_of_it() {
    let site = Site::new().await;
    for end in ["/logout", "/invalidate", "/login/bob"] {
        let mut browser = site.registered(1, "ann").await;
        let reply = browser.post(end).await;
        assert!(
            is_told_of_end(&reply) && names_set(&reply) == [ORDINARY, BOUND, PENDING, PROOF],
            "{end}: {reply:?}"
        );
        assert_eq!(browser.refresh().await.status, 401, "{end}");
    }
}

#[tokio::test]
async fn a_pending_session_beside_that_of_another_binds_neither() {
    let site = Site::new().await;
    let (mut browser, bob) = (site.registered(1, "ann").await, logged_in(&site, "bob").await);
    browser.jar.extend([bob.cookie(ORDINARY)]);
    assert_eq!(browser.sees().await, unbound("bob"));
    let mut alone = site.registered(1, "ann").await;
    alone.forget(ORDINARY);
    assert_eq!(alone.sees().await, NOBODY);
}

/// As where another server, whose clock is right, has extended it.
#[tokio::test]
async fn a_pending_session_waits_for_an_ordinary_one_that_is_left_in_place() {
    let site = Site::new().await;
    let mut browser = site.registered(1, "ann").await;
    site.clock.advance(5 * MINUTE);
    let mut other = browser.clone();
    other.forget(PENDING);
    other.post("/ttl/86400000").await;
    browser.jar.extend([other.cookie(ORDINARY)]);
    site.clock.set(NOON);
    let reply = browser.get("/get/a").await;
    assert!(reply.sets_nothing() && reply.body == "null", "{reply:?}");
    let reply = browser.refresh().await;
    assert!(reply.status == 503 && reply.sets_nothing(), "{reply:?}");
    site.clock.advance(5 * MINUTE);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn an_answer_that_was_lost_on_the_way_back_is_given_again() {
    let site = Site::new().await;
    let mut browser = site.registered(1, "ann").await;
    for _ in 0..3 {
        let mut lost = browser.clone();
        assert_eq!(names_set(&lost.get("/get/a").await), [ORDINARY, BOUND, PENDING]);
    }
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.names(), [BOUND, PROOF]);
}

/// By an answer, say, that was on its way while another moved the session.
#[tokio::test]
async fn an_ordinary_cookie_that_comes_back_is_removed_and_changes_nothing() {
    let site = Site::new().await;
    let mut browser = site.registered(1, "ann").await;
    let ordinary = browser.cookie(ORDINARY);
    browser.post("/set/a/bound").await;
    browser.jar.extend([ordinary]);
    let reply = browser.get("/get/a").await;
    assert_eq!((names_set(&reply), reply.body.as_str()), (vec![ORDINARY, BOUND], "\"bound\""));
    assert_eq!(browser.names(), [BOUND, PROOF]);
}

#[tokio::test]
async fn an_answer_that_does_not_count_or_that_others_may_get_moves_nothing() {
    let public = get(|session: Session| async move {
        ([(CACHE_CONTROL, "public, max-age=60")], session.user_id().unwrap_or_default())
    });
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).build().unwrap();
    let app = app().route("/public", public);
    let site = Site::over(store, clock, |layer| layer, |device| device, app).await;
    let mut browser = site.registered(1, "ann").await;
    let reply = browser.get("/public").await;
    assert!(reply.body == "ann" && reply.sets_nothing(), "{reply:?}");
    assert!(browser.post("/set/a/1/500").await.sets_nothing());
    assert!(browser.get("/untouched").await.sets_nothing(), "nobody looked at the session");
    assert_eq!(browser.names(), [ORDINARY, PENDING, PROOF]);
    assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
}

#[tokio::test]
async fn a_change_of_the_request_that_moves_the_session_is_kept() {
    let site = Site::new().await;
    for (change, value) in [("/set/a/1", json!("1")), ("/cycle", json!(null)), ("/ttl/3600000", json!(null))]
    {
        let mut browser = site.registered(1, "ann").await;
        let reply = browser.post(change).await;
        assert_eq!(names_set(&reply), [ORDINARY, BOUND, PENDING], "{change}: {reply:?}");
        assert_eq!(browser.sees().await, bound_to("ann"), "{change}");
        assert_eq!(json(&browser.get("/get/a").await), value, "{change}");
        assert_eq!(browser.refresh().await.status, 200, "{change}");
    }
}

/// They are on their way with what the browser had when it sent them, and arrive in any order.
#[tokio::test]
async fn requests_beside_a_registration_are_all_answered_for_the_user() {
    let site = Site::new().await;
    for at in 0..29 {
        let mut browser = logged_in(&site, "ann").await;
        let before: Vec<_> = (0..29).map(|_| browser.clone()).collect();
        let (early, late) = before.split_at(at);
        all_see(early, &unbound("ann")).await;
        browser.register().await;
        all_see(late, &unbound("ann")).await;
        all_see(&vec![browser.clone(); 29], &bound_to("ann")).await;
        assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
    }
}

#[tokio::test]
async fn who_registered_in_time_may_come_back_after_it() {
    let limit = |device: sealed_session::http::DeviceSettings| {
        device.unbound(Unbound::RefusedAfter(Duration::from_secs(60)))
    };
    let site = Site::with(limit).await;
    let mut browser = site.registered(1, "ann").await;
    let mut without = browser.clone();
    without.forget(PROOF);
    site.clock.advance(MINUTE);
    assert_eq!(without.sees().await.0, None);
    assert_eq!(browser.sees().await, bound_to("ann"));
}
