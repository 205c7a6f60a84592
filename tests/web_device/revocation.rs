//! Bound sessions where revocations are known: a copy of a cookie is worth nothing when its session has moved or ended.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use sealed_session::hazmat::{ManualClock, ManualWorker};
use sealed_session::http::{DeviceSettings, Session, Unbound};
use sealed_session::registry::Registry;
use sealed_session::revocation::{MemoryBackend, Revocations};
use sealed_session::{KeyRing, SealedStore};
use serde_json::{Value, json};

use crate::browser::{
    self, BOUND, Browser, NOBODY, ORDINARY, PENDING, PROOF, PROOF_TTL, Site, bound_to, is_told_of_end, json,
    names_set, unbound,
};
use crate::site::{MINUTE, NOON, root};
use crate::troubled::Troubled;

fn app() -> Router {
    browser::app()
        .route("/logout-everywhere", post(|s: Session| async move { s.logout_everywhere().await }))
        .route("/login-and-fail/{user}", post(login_and_fail))
        .route("/logout-others", post(|s: Session| async move { s.logout_others().await }))
        .route("/sessions", get(sessions))
        .route("/revoke/{uid}", post(revoke))
}

async fn login_and_fail(
    session: Session,
    axum::extract::Path(user): axum::extract::Path<String>,
) -> StatusCode {
    session.authenticate(&user).unwrap();
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn sessions(session: Session) -> axum::Json<Vec<String>> {
    let all = session.list_my_sessions().await.unwrap();
    axum::Json(all.iter().map(|info| info.uid.to_string()).collect())
}

async fn revoke(session: Session, axum::extract::Path(uid): axum::extract::Path<String>) -> String {
    session.revoke(uid.parse().unwrap()).await.unwrap().to_string()
}

async fn site_with(revocations: impl FnOnce(&ManualClock) -> Revocations) -> Site {
    site_set(revocations, |device| device).await
}

async fn site_set(
    revocations: impl FnOnce(&ManualClock) -> Revocations,
    device: impl FnOnce(DeviceSettings) -> DeviceSettings,
) -> Site {
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations(&clock));
    let store = store.build().unwrap();
    let registry = Registry::builder(store.clone()).build().unwrap();
    Site::over(store, clock, |layer| layer.registry(registry), device, app()).await
}

/// Users' sessions without a device are over a minute after their login.
async fn refusing_site() -> Site {
    let in_memory = |clock: &ManualClock| Revocations::builder().clock(clock.clone()).in_memory();
    let refused = Unbound::RefusedAfter(Duration::from_millis(MINUTE));
    site_set(in_memory, move |device| device.unbound(refused)).await
}

async fn site() -> Site {
    site_with(|clock| Revocations::builder().clock(clock.clone()).in_memory()).await
}

/// The sites of these tests whose backend can be told to fail.
async fn troubled() -> (Site, Arc<std::sync::atomic::AtomicBool>) {
    let backend = Troubled::default();
    let fails = Arc::clone(&backend.fails);
    let with =
        |clock: &ManualClock| Revocations::builder().clock(clock.clone()).with_backend(backend).unwrap();
    (site_with(with).await, fails)
}

#[tokio::test]
async fn a_copy_of_the_login_is_refused_when_the_session_is_bound() {
    let site = site().await;
    let (mut browser, mut thief) = (site.browser(1), site.browser(2));
    browser.log_in("ann").await;
    thief.jar = browser.jar.clone();
    assert_eq!(thief.sees().await, unbound("ann"));
    let proof = browser.device().registration(&browser.challenge);
    browser.register_with(&proof).await;
    assert_eq!(thief.sees().await, unbound("ann"), "the browser may not have got the answer");
    assert_eq!(browser.sees().await, bound_to("ann"));
    let reply = thief.get("/get/a").await;
    assert!(reply.sets_nothing() && reply.body == "null", "{reply:?}");
    assert_eq!(thief.register_with(&proof).await.status, 401, "nor does it register");
    assert_eq!(thief.sees().await, NOBODY);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

/// The login is none, and the session has moved.
#[tokio::test]
async fn a_copy_of_the_login_is_refused_when_the_session_was_bound_and_another_login_failed() {
    let site = site().await;
    for end in ["/login-and-fail/bob", "/login-and-fail/ann"] {
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let mut thief = site.browser(2);
        thief.jar = browser.jar.clone();
        browser.register().await;
        assert_eq!(browser.post(end).await.status, 500, "{end}");
        assert_eq!(thief.sees().await, NOBODY, "{end}");
        assert_eq!(browser.sees().await, bound_to("ann"), "{end}");
        site.clock.advance(1);
    }
}

#[tokio::test]
async fn a_logout_with_the_ordinary_cookie_counts_while_the_browser_registers() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut meanwhile = browser.clone();
    browser.register().await;
    assert!(meanwhile.post("/logout").await.removes(ORDINARY));
    assert_eq!(browser.sees().await, NOBODY);
}

#[tokio::test]
async fn a_copy_is_worth_nothing_after_a_logout() {
    let site = site().await;
    for end in ["/logout", "/invalidate", "/logout-with-message", "/logout-and-fail", "/logout-everywhere"] {
        let mut browser = site.bound(1, "ann").await;
        let mut copy = browser.clone();
        let reply = browser.post(end).await;
        assert!(is_told_of_end(&reply), "{end}: {reply:?}");
        let reply = copy.get("/get/a").await;
        assert!(reply.sets_nothing() && reply.body == "null", "{end}: {reply:?}");
        assert_eq!(copy.sees().await, NOBODY, "{end}");
        site.clock.advance(1);
    }
}

/// Its cookie is over, and a copy that lives longer is not.
#[tokio::test]
async fn a_logout_with_a_bound_session_that_is_over_ends_its_copies() {
    let site = site().await;
    let mut browser = site.bound(1, "ann").await;
    let mut copy = browser.clone();
    browser.post("/ttl/60000").await;
    site.clock.advance(MINUTE);
    assert_eq!(copy.sees().await, bound_to("ann"));
    assert!(is_told_of_end(&browser.post("/logout").await));
    assert_eq!(copy.sees().await, NOBODY);
    assert_eq!(copy.refresh().await.status, 401);
}

/// There is no telling whose session it was, so none of those that the proofs open goes on.
#[tokio::test]
async fn a_logout_with_proofs_of_different_devices_ends_the_sessions_of_each() {
    let site = site().await;
    for end in ["/logout", "/invalidate"] {
        let (mut ann, mut mallory) = (site.bound(1, "ann").await, site.bound(2, "mallory").await);
        let mut bob = site.bound(3, "bob").await;
        let mut copy = ann.clone();
        for name in [BOUND, PROOF] {
            let both = format!("{}; {name}={}", mallory.jar[name], ann.jar[name]);
            ann.jar.insert(name.to_owned(), both);
        }
        site.clock.advance(1);
        assert!(is_told_of_end(&ann.post(end).await), "{end}");
        assert_eq!((copy.sees().await, mallory.sees().await), (NOBODY, NOBODY), "{end}");
        assert_eq!((copy.refresh().await.status, mallory.refresh().await.status), (401, 401), "{end}");
        assert_eq!(bob.sees().await, bound_to("bob"), "{end}");
    }
}

#[tokio::test]
async fn nobody_refreshes_after_a_logout() {
    let site = site().await;
    for cycles in [false, true] {
        for end in ["/logout", "/invalidate", "/login/bob", "/logout-everywhere", "/logout-others"] {
            let mut browser = site.bound(1, "ann").await;
            if cycles {
                browser.post("/cycle").await;
            }
            let (mut copy, mut without_cookies) = (browser.clone(), browser.clone());
            without_cookies.jar.clear();
            site.clock.advance(1);
            browser.post(end).await;
            let reply = copy.refresh().await;
            assert!(reply.status == 401 && reply.removes(BOUND) && reply.removes(PROOF), "{end}: {reply:?}");
            let reply = without_cookies.refresh().await;
            assert!(reply.status == 401 && reply.sets_nothing(), "{end}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_cycle_ends_the_cookie_before_it_and_no_refreshes() {
    let site = site().await;
    let mut browser = site.bound(1, "ann").await;
    let mut copy = browser.clone();
    browser.post("/cycle").await;
    assert!(copy.get("/get/a").await.sets_nothing());
    assert_eq!(copy.refresh().await.status, 200, "a refresh beside it, which does not know of the new uid");
    assert_eq!(copy.sees().await, NOBODY);
    site.clock.advance(PROOF_TTL);
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_user_who_logs_out_everywhere_ends_the_refreshes_of_all_devices() {
    let site = site().await;
    let (mut phone, mut laptop) = (site.bound(1, "ann").await, site.bound(2, "ann").await);
    let mut bob = site.bound(3, "bob").await;
    site.clock.advance(1);
    phone.post("/logout-everywhere").await;
    laptop.forget(PROOF);
    let reply = laptop.refresh().await;
    assert!(reply.status == 401 && reply.removes(BOUND), "{reply:?}");
    assert_eq!((bob.refresh().await.status, bob.sees().await), (200, bound_to("bob")));
    let mut again = site.bound(1, "ann").await;
    assert_eq!((again.refresh().await.status, again.sees().await), (200, bound_to("ann")));
}

#[tokio::test]
async fn a_logout_of_others_asks_for_a_key_again() {
    let site = site().await;
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(1);
    let reply = browser.post("/logout-others").await;
    assert!(is_told_of_end(&reply) && browser::offered(&reply).is_some(), "{reply:?}");
    assert_eq!(browser.sees().await, unbound("ann"));
    assert_eq!(browser.register().await.status, 200);
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn the_registry_has_one_row_of_a_session_before_and_after_it_is_bound() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let uid = browser.state().await["uid"].clone();
    let listed = json(&browser.get("/sessions").await);
    browser.register().await;
    assert_eq!((&listed, &json(&browser.get("/sessions").await)), (&json!([uid]), &json!([uid])));
    browser.post("/cycle").await;
    let uid = browser.state().await["uid"].clone();
    assert_eq!(json(&browser.get("/sessions").await), json!([uid]));
    browser.post("/logout").await;
    let mut other = site.browser(2);
    other.log_in("ann").await;
    let rows: Value = json(&other.get("/sessions").await);
    assert_eq!(rows.as_array().unwrap().len(), 1, "its own");
}

#[tokio::test]
async fn a_bound_session_that_is_ended_from_elsewhere_is_over_whatever_its_browser_refreshes() {
    let site = site().await;
    for refreshes in [false, true] {
        let (mut browser, mut other) = (site.bound(1, "ann").await, site.bound(2, "ann").await);
        let uid = browser.state().await["uid"].as_str().unwrap().to_owned();
        assert_eq!(other.post(&format!("/revoke/{uid}")).await.body, "true");
        if refreshes {
            browser.forget(PROOF);
            assert_eq!(browser.refresh().await.status, 200);
        }
        assert!(browser.get("/get/a").await.sets_nothing());
        assert_eq!(browser.sees().await, NOBODY);
        assert_eq!(names_set(&browser.post("/login/ann").await), [ORDINARY, BOUND, PENDING, PROOF]);
        assert_eq!(browser.refresh().await.status, 401, "the one before ends with the next login");
        assert_eq!(other.sees().await, bound_to("ann"));
    }
}

#[tokio::test]
async fn a_logout_that_cannot_be_recorded_ends_on_the_client_at_least() {
    let (site, fails) = troubled().await;
    for end in ["/logout", "/invalidate", "/logout-with-message"] {
        let mut browser = site.bound(1, "ann").await;
        fails.store(true, Ordering::Release);
        let reply = browser.post(end).await;
        assert!(reply.status == 500 && is_told_of_end(&reply) && reply.removes(ORDINARY), "{reply:?}");
        fails.store(false, Ordering::Release);
        assert_eq!(browser.refresh().await.status, 401);
        assert_eq!(browser.sees().await, NOBODY);
    }
}

#[tokio::test]
async fn a_login_or_cycle_that_cannot_be_recorded_leaves_the_bound_session_as_it_was() {
    let (site, fails) = troubled().await;
    let mut browser = site.bound(1, "ann").await;
    fails.store(true, Ordering::Release);
    for path in ["/login/bob", "/cycle"] {
        let reply = browser.post(path).await;
        assert!(reply.status == 500 && reply.sets_nothing(), "{path}: {reply:?}");
        assert!(browser::offered(&reply).is_none(), "{path}");
    }
    fails.store(false, Ordering::Release);
    assert_eq!(browser.sees().await, bound_to("ann"));
    site.clock.advance(MINUTE);
    assert_eq!(browser.refresh().await.status, 200);
}

/// A bound session whose login was half an hour ago.
async fn bound_for_long(site: &Site) -> Browser {
    let mut browser = site.bound(1, "ann").await;
    for _ in 0..3 {
        site.clock.advance(PROOF_TTL);
        assert_eq!(browser.refresh().await.status, 200);
    }
    browser
}

#[tokio::test]
async fn a_logout_of_others_gives_the_time_to_register_anew_however_old_the_session_is() {
    let site = refusing_site().await;
    for ms in [0, MINUTE - 1] {
        let mut browser = bound_for_long(&site).await;
        let reply = browser.post("/logout-others").await;
        assert!(browser::offered(&reply).is_some(), "{reply:?}");
        site.clock.advance(ms);
        assert_eq!(browser.sees().await, unbound("ann"), "{ms}");
        assert_eq!(browser.register().await.status, 200);
        assert_eq!(browser.sees().await, bound_to("ann"), "{ms}");
        site.clock.advance(PROOF_TTL);
        assert_eq!((browser.refresh().await.status, browser.sees().await), (200, bound_to("ann")));
    }
}

#[tokio::test]
async fn what_a_logout_of_others_gives_without_a_device_is_over_at_the_limit() {
    let site = refusing_site().await;
    let mut browser = bound_for_long(&site).await;
    browser.post("/logout-others").await;
    site.clock.advance(MINUTE - 1);
    for change in ["/set/a/1", "/ttl/604800000"] {
        assert_eq!(browser.post(change).await.status, 200);
    }
    assert_eq!(browser.sees().await, unbound("ann"));
    site.clock.advance(1);
    assert_eq!(browser.register().await.status, 401);
    assert_eq!(browser.sees().await, NOBODY);
}

/// It goes on for as long as it could, and no longer: who has copied it gains nothing by it.
#[tokio::test]
async fn another_uid_costs_what_a_logout_of_others_gave_no_time() {
    let site = refusing_site().await;
    for renames in [&["/cycle"][..], &["/logout-others"], &["/cycle", "/logout-others", "/cycle"]] {
        let mut browser = bound_for_long(&site).await;
        browser.post("/logout-others").await;
        site.clock.advance(MINUTE / 2);
        for rename in renames {
            assert_eq!(browser.post(rename).await.status, 200);
            assert_eq!(browser.sees().await, unbound("ann"), "{renames:?}");
        }
        site.clock.advance(MINUTE / 2 - 1);
        assert_eq!(browser.sees().await, unbound("ann"), "{renames:?}");
        let mut late = browser.clone();
        assert_eq!(browser.register().await.status, 200, "{renames:?}");
        assert_eq!(browser.sees().await, bound_to("ann"), "{renames:?}");
        site.clock.advance(1);
        late.post("/cycle").await;
        assert_eq!(late.sees().await, NOBODY, "{renames:?}");
    }
}

/// Who has copied the login's cookie gets no more time by it.
#[tokio::test]
async fn a_logout_of_others_without_a_device_moves_no_limit() {
    let site = refusing_site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    for ms in [MINUTE / 2, MINUTE / 2 - 1] {
        site.clock.advance(ms);
        browser.post("/logout-others").await;
        assert_eq!(browser.sees().await, unbound("ann"));
    }
    site.clock.advance(1);
    assert_eq!(browser.sees().await, NOBODY);
}

/// With as many cookies of this name as it takes, of which the browser's own is the last.
fn among(browser: &mut Browser, name: &str, all: usize) {
    let mut values = vec!["x"; all - 1];
    let own = browser.jar[name].clone();
    values.push(&own);
    let joined = values.join(&format!("; {name}="));
    browser.jar.insert(name.to_owned(), joined);
}

#[tokio::test]
async fn a_logout_or_login_over_more_cookies_of_a_device_than_are_looked_at_ends_each() {
    let site = site().await;
    for name in [BOUND, PROOF] {
        for (end, all) in [("/logout", 5), ("/logout", 64), ("/invalidate", 5), ("/login/zed", 5)] {
            let mut browser = site.bound(1, "ann").await;
            let mut copy = browser.clone();
            among(&mut browser, name, all);
            let reply = browser.post(end).await;
            assert!(reply.status == 200 && is_told_of_end(&reply), "{name} {end}: {reply:?}");
            assert_eq!((copy.sees().await, copy.refresh().await.status), (NOBODY, 401), "{name} {end} {all}");
        }
    }
}

#[tokio::test]
async fn a_logout_over_more_cookies_of_a_device_than_it_ends_fails() {
    let site = site().await;
    for name in [BOUND, PROOF] {
        for (end, status) in [("/logout", 500), ("/invalidate", 500), ("/login/zed", 200)] {
            let mut browser = site.bound(1, "ann").await;
            among(&mut browser, name, 65);
            let reply = browser.post(end).await;
            assert!(reply.status == status && is_told_of_end(&reply), "{name} {end}: {reply:?}");
            let refused = reply.headers.get("sealed-session-refused").map(|why| why.to_str().unwrap());
            assert_eq!(refused, (status == 500).then_some("not_recorded"), "{name} {end}");
        }
        let mut browser = site.bound(1, "ann").await;
        among(&mut browser, name, 65);
        browser.forget(if name == BOUND { PROOF } else { BOUND });
        assert_eq!(browser.post("/logout").await.status, 200, "{name} alone opens nothing");
    }
}

#[tokio::test]
async fn an_ordinary_session_that_is_taken_away_beside_a_bound_one_has_ended() {
    let site = site().await;
    for user in ["bob", "ann"] {
        for end in ["/logout", "/invalidate", "/login/zed", "/login/ann", "/cycle", "/logout-others"] {
            let (mut browser, mut other) = (site.bound(1, "ann").await, site.browser(2));
            other.log_in(user).await;
            browser.jar.extend([other.cookie(ORDINARY)]);
            let reply = browser.post(end).await;
            assert_eq!(reply.status, 200, "{end}: {reply:?}");
            assert_eq!(other.sees().await, NOBODY, "{user} {end}");
            site.clock.advance(1);
        }
    }
}

#[tokio::test]
async fn a_change_of_a_bound_session_ends_no_other() {
    let site = site().await;
    let (mut browser, mut other) = (site.bound(1, "ann").await, site.browser(2));
    other.log_in("bob").await;
    browser.jar.extend([other.cookie(ORDINARY)]);
    assert!(browser.post("/set/a/1").await.removes(ORDINARY));
    assert_eq!(other.sees().await, unbound("bob"));
}

/// The ordinary cookie that comes late is of the bound session itself.
#[tokio::test]
async fn a_cycle_beside_its_own_ordinary_cookie_ends_nothing_but_copies() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let ordinary = browser.cookie(ORDINARY);
    browser.register().await;
    assert_eq!(browser.sees().await, bound_to("ann"));
    browser.jar.extend([ordinary]);
    assert_eq!(browser.post("/cycle").await.status, 200);
    assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
    assert_eq!(browser.refresh().await.status, 200);
}

/// The registration's answer came after another login.
#[tokio::test]
async fn a_pending_session_that_is_taken_away_beside_an_ordinary_one_has_ended() {
    let site = site().await;
    let (ann, mut bob) = (site.registered(1, "ann").await, site.browser(2));
    let mut copy = ann.clone();
    bob.log_in("bob").await;
    bob.jar.extend([ann.cookie(PENDING), ann.cookie(PROOF)]);
    assert!(is_told_of_end(&bob.post("/logout").await));
    assert_eq!(copy.sees().await, NOBODY);
}

#[tokio::test]
async fn the_cookies_of_a_session_that_was_ended_elsewhere_go_when_no_successor_can_be_on_its_way() {
    let site = site().await;
    let (mut browser, mut other) = (site.bound(1, "ann").await, site.bound(2, "ann").await);
    other.post("/logout-everywhere").await;
    let reply = browser.get("/device").await;
    assert!(names_set(&reply).is_empty(), "{:?}", reply.set_cookies());

    site.clock.advance(2 * MINUTE);
    let reply = browser.get("/device").await;
    assert!(is_told_of_end(&reply), "{:?}", reply.set_cookies());
    browser.keep(&reply);
    assert_eq!(browser.names(), [BOUND]);
    assert_eq!(browser.sees().await, NOBODY);
}

/// In a browser that does not know the prefix. By itself her ordinary cookie would be refused by then, and his would not.
#[tokio::test]
async fn an_ordinary_cookie_that_is_planted_while_a_session_moves_is_nobodys() {
    let site = site().await;
    let mut mallory = site.browser(2);
    mallory.log_in("mallory").await;
    for has_moved in [false, true] {
        let ann = site.registered(1, "ann").await;
        if has_moved {
            let answer = ann.clone().get("/get/a").await;
            assert!(names_set(&answer).contains(&BOUND), "it is lost on the way");
        }
        for is_first in [true, false] {
            let mut planted = ann.clone();
            let (own, his) = (&ann.jar[ORDINARY], &mallory.jar[ORDINARY]);
            let [first, second] = if is_first { [his, own] } else { [own, his] };
            planted.jar.insert(ORDINARY.to_owned(), format!("{first}; {ORDINARY}={second}"));
            let reply = planted.get("/device").await;
            assert!(
                json(&reply)["user"].is_null() && reply.sets_nothing(),
                "{has_moved} {is_first}: {reply:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_login_that_is_revoked_before_its_answer_goes_asks_for_no_key() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let builder = || Revocations::builder().clock(clock.clone());
    let (list, mut worker) = ManualWorker::start(builder(), backend.clone(), [1; 16]).unwrap();
    let store = |list| {
        let ring = KeyRing::new(vec![root(1)]).unwrap();
        SealedStore::builder(ring).clock(clock.clone()).revocations(list).build().unwrap()
    };
    let other = store(builder().with_backend(backend).unwrap());
    let site = Site::over(store(list), clock.clone(), |layer| layer, |device| device, app()).await;
    while worker.work() {}
    for is_revoked in [false, true] {
        other.revoke_user("ann").await.unwrap();
        let mut browser = site.browser(1);
        let login = tokio::spawn(async move { browser.log_in("ann").await });
        // It is spared, and its answer waits until others know.
        until_async(|| worker.work()).await;
        if is_revoked {
            other.revoke_user("ann").await.unwrap();
        }
        clock.advance(MINUTE);
        while worker.work() {}
        worker.tell();
        let reply = login.await.unwrap();
        let brings = names_set(&reply).iter().any(|name| *name == ORDINARY && !reply.removes(name));
        assert_eq!(brings, !is_revoked, "{reply:?}");
        assert_eq!(browser::offered(&reply).is_some(), !is_revoked, "{reply:?}");
    }
}

/// Lets the others of this thread go on until it is so.
async fn until_async(mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "never");
        tokio::task::yield_now().await;
    }
}
