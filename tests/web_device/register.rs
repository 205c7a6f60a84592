//! Registering a device: what is answered, and what becomes of the session.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{
    BOUND, Browser, ORDINARY, PENDING, PROOF, Site, bound_to, header, json, names_set, set, unbound,
};
use crate::device::payload;
use crate::site::{HOUR, MINUTE, Reply};

async fn logged_in(site: &Site) -> Browser {
    let mut browser = site.browser(1);
    browser.post("/set/a/1").await;
    browser.log_in("ann").await;
    browser
}

/// Nothing is set, and nothing is said.
fn is_bare(reply: &Reply) -> bool {
    reply.sets_nothing() && reply.body.is_empty() && header(reply, "secure-session-challenge").is_none()
}

#[tokio::test]
async fn the_answer_tells_the_browser_what_to_refresh_and_where() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let reply = browser.register().await;
    let attributes = "HttpOnly; SameSite=Lax; Secure; Path=/";
    assert_eq!(reply.status, 200);
    assert_eq!(header(&reply, "content-type"), Some("application/json"));
    assert_eq!(
        json(&reply),
        json!({
            "session_identifier": browser.identifier,
            "refresh_url": "/dbsc/refresh",
            "scope": { "include_site": false },
            "credentials": [{ "type": "cookie", "name": PROOF, "attributes": attributes }],
            "allowed_refresh_initiators": ["*"],
        })
    );
    assert_eq!(set(&reply, PROOF).0, format!("{attributes}; Max-Age=540"), "as the browser was told");
    assert_eq!(reply.cache_control(), ["no-store"]);
    assert_eq!(reply.vary(), ["Cookie"]);
}

#[tokio::test]
async fn attributes_that_are_set_are_those_the_browser_is_told_of() {
    use sealed_session::http::SameSite;
    let strict = |device: sealed_session::http::DeviceSettings| device.proof_ttl(Duration::from_secs(300));
    let site = Site::of(|layer| layer.cookie(|cookie| cookie.same_site(SameSite::Strict)), strict).await;
    let reply = logged_in(&site).await.register().await;
    let told = json(&reply)["credentials"][0]["attributes"].as_str().unwrap().to_owned();
    assert_eq!(told, "HttpOnly; SameSite=Strict; Secure; Path=/");
    assert_eq!(set(&reply, PROOF).0, format!("{told}; Max-Age=240"));
    assert_eq!(set(&reply, PENDING).0, format!("{told}; Max-Age=86400"));
}

#[tokio::test]
async fn the_session_moves_to_the_bound_cookie() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    site.clock.advance(MINUTE / 2);
    let attributes = "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86370";
    let reply = browser.register().await;
    assert_eq!(names_set(&reply), [PENDING, PROOF]);
    assert_eq!(set(&reply, PENDING).0, attributes);
    assert_eq!(browser.names(), [ORDINARY, PENDING, PROOF], "whether the answer arrives is not known");
    let pending = browser.jar[PENDING].clone();
    let reply = browser.get("/get/a").await;
    assert_eq!(names_set(&reply), [ORDINARY, BOUND, PENDING]);
    assert!(reply.removes(ORDINARY) && reply.removes(PENDING), "{reply:?}");
    assert_ne!(set(&reply, BOUND).1, pending);
    assert_eq!(set(&reply, BOUND).0, attributes);
    assert_eq!(browser.names(), [BOUND, PROOF]);
    assert!(browser.get("/get/a").await.sets_nothing(), "once");
}

#[tokio::test]
async fn the_session_keeps_its_user_data_uid_and_life() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let kept = |info: &Value| ["user", "data", "uid", "expires_at_ms"].map(|name| info[name].clone());
    let before: Value = json(&browser.get("/info").await);
    browser.register().await;
    let after: Value = json(&browser.get("/info").await);
    assert_eq!(kept(&before), kept(&after));
    assert_eq!((&after["user"], &after["data"]), (&json!("ann"), &json!({"a": "1"})));
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.state().await["id"], browser.jar[BOUND].as_str(), "and its id is the bound cookie's");
}

#[tokio::test]
async fn a_csrf_token_from_before_is_still_good() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let token = browser.get("/csrf").await.body;
    browser.register().await;
    for (token, status) in [(token.as_str(), 200), ("another", 403)] {
        let reply = browser.post_with("/guarded", &[("x-csrf-token", token)]).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
}

#[tokio::test]
async fn a_registration_that_nobody_signed_is_senseless() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let reply = browser.post("/dbsc/register").await;
    assert!(reply.status == 400 && is_bare(&reply), "{reply:?}");
    assert_eq!(reply.cache_control(), ["no-store"]);
    assert_eq!(browser.sees().await, unbound("ann"));
}

#[tokio::test]
async fn a_registration_with_a_bad_proof_is_refused_and_the_session_goes_on() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let device = browser.device();
    let good = device.registration(&browser.challenge);
    let other_key = format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"}}"#, site.browser(2).device().jwk());
    for proof in [
        "no proof",
        "",
        &device.refresh(&browser.challenge),
        &device.registration("a challenge of nobody"),
        &device.signed(&other_key, &payload(&browser.challenge)),
        &good[..good.len() - 4],
    ] {
        let reply = browser.register_with(proof).await;
        assert!(reply.status == 401 && is_bare(&reply), "{proof}: {reply:?}");
    }
    assert_eq!(browser.sees().await, unbound("ann"));
    assert_eq!(browser.register_with(&good).await.status, 200);
}

#[tokio::test]
async fn a_proof_in_quotes_is_one_too() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let proof = browser.device().registration(&browser.challenge);
    assert_eq!(browser.register_with(&format!("\"{proof}\"")).await.status, 200);
}

#[tokio::test]
async fn the_proof_of_another_login_registers_nothing() {
    let site = Site::new().await;
    let (mut ann, mut mallory) = (logged_in(&site).await, logged_in(&site).await);
    let proof = mallory.device().registration(&mallory.challenge);
    let reply = ann.register_with(&proof).await;
    assert!(reply.status == 401 && is_bare(&reply), "{reply:?}");
    assert_eq!(mallory.register_with(&proof).await.status, 200);
}

#[tokio::test]
async fn a_challenge_for_a_refresh_registers_nothing() {
    let site = Site::new().await;
    let (bound, mut browser) = (site.bound(1, "ann").await, logged_in(&site).await);
    let proof = browser.device().registration(&bound.challenge);
    assert_eq!(browser.register_with(&proof).await.status, 401);
}

#[tokio::test]
async fn nobody_registers_a_device_without_a_user() {
    let site = Site::new().await;
    let challenge = logged_in(&site).await.challenge;
    let (none, mut anonymous, mut damaged) = (site.browser(1), site.browser(1), logged_in(&site).await);
    anonymous.post("/set/a/1").await;
    damaged.jar.insert(ORDINARY.to_owned(), "damaged".to_owned());
    for (mut browser, removed) in [(none, false), (anonymous, false), (damaged, true)] {
        browser.challenge.clone_from(&challenge);
        let reply = browser.register().await;
        assert_eq!((reply.status, reply.removes(ORDINARY)), (401, removed), "{reply:?}");
        assert!(reply.set_cookies().iter().all(|set| set.starts_with("__Host-session=;")), "{reply:?}");
    }
}

#[tokio::test]
async fn a_bound_session_registers_no_second_device() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let proof = browser.device().registration(&browser.challenge);
    assert_eq!(browser.register_with(&proof).await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
    let reply = browser.register_with(&proof).await;
    assert!(reply.status == 401 && is_bare(&reply), "{reply:?}");
    assert_eq!(browser.sees().await, bound_to("ann"));
}

/// Without revocations, who has the login's cookie and what the device signed over its challenge can use both again
/// until the challenge is over: for a proof, which no other key can refresh. The login's cookie is good as before.
#[tokio::test]
async fn a_copied_registration_is_worth_one_proof_and_no_refresh() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    let (proof, mut thief) = (browser.device().registration(&browser.challenge), site.browser(2));
    thief.jar = browser.jar.clone();
    browser.register_with(&proof).await;
    assert_eq!(thief.register_with(&proof).await.status, 200);
    assert_ne!(thief.identifier, browser.identifier);
    assert_eq!(thief.refresh().await.status, 401);
    assert_eq!(thief.names(), [ORDINARY]);
    assert_eq!((thief.sees().await, browser.sees().await), (unbound("ann"), bound_to("ann")));
    let mut late = site.browser(2);
    late.jar = logged_in(&site).await.jar;
    site.clock.advance(MINUTE);
    assert_eq!(late.register_with(&proof).await.status, 401);
}

#[tokio::test]
async fn an_expired_login_registers_nothing() {
    let site = Site::with(|device| device.registration_ttl(Duration::from_secs(30 * 3600))).await;
    let mut browser = logged_in(&site).await;
    site.clock.advance(25 * HOUR);
    let reply = browser.register().await;
    assert!(reply.status == 401 && reply.removes(ORDINARY), "{reply:?}");
}

#[tokio::test]
async fn a_registration_that_cannot_be_sealed_may_be_tried_again() {
    let site = Site::new().await;
    let mut browser = logged_in(&site).await;
    site.stop_sealing();
    let reply = browser.register().await;
    assert!(reply.status == 503 && is_bare(&reply), "{reply:?}");
    assert_eq!(browser.sees().await, unbound("ann"));
    site.seal_again();
    assert_eq!(browser.register().await.status, 200);
}

#[tokio::test]
async fn other_methods_at_the_paths_are_the_applications() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    for path in ["/dbsc/register", "/dbsc/refresh"] {
        for method in [Method::GET, Method::PUT, Method::OPTIONS] {
            let reply = browser.request(method.clone(), path, &[]).await;
            assert!(reply.status == 418 && reply.body == "the application", "{method} {path}: {reply:?}");
        }
    }
    for path in ["/dbsc", "/dbsc/register/", "/dbsc/refreshed", "/DBSC/refresh"] {
        assert_eq!(browser.post(path).await.status, 418, "{path}");
    }
    assert_eq!(browser.post("/dbsc/refresh?a=1").await.status, 400, "a query changes nothing");
}
