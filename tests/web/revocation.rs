//! Logging out so that a copy of the cookie is worth nothing, here and elsewhere.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{DataError, Session, SessionLayer, SessionLayerBuilder};
use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::revocation::Revocations;
use sealed_session::{KeyRing, SealedStore};
use serde_json::{Value, json};

use crate::site::{Client, HOUR, MINUTE, NOON, Reply, Site, over_http, root, routes};
use crate::troubled::Troubled;

fn app() -> Router {
    routes()
        .route("/logout-everywhere", post(|s: Session| async move { s.logout_everywhere().await }))
        .route("/logout-others", post(|s: Session| async move { s.logout_others().await }))
        .route("/sessions", get(sessions))
        .route("/revoke/{uid}", post(revoke))
        .route(
            "/login-and-fail",
            post(|s: Session| async move { s.authenticate("ann").map(|()| StatusCode::BAD_GATEWAY) }),
        )
        .route(
            "/cycle-and-fail",
            post(|s: Session| async move { s.cycle().map(|()| StatusCode::BAD_GATEWAY) }),
        )
}

async fn sessions(session: Session) -> Result<Json<Vec<Value>>, DataError> {
    let all = session.list_my_sessions().await?;
    let shown = |info: SessionInfo| json!({ "uid": info.uid.to_string(), "label": info.label, "expires_at_ms": info.expires_at_ms });
    Ok(Json(all.into_iter().map(shown).collect()))
}

async fn revoke(session: Session, Path(uid): Path<String>) -> Result<StatusCode, DataError> {
    Ok(if session.revoke(uid.parse().unwrap()).await? { StatusCode::OK } else { StatusCode::NOT_FOUND })
}

fn store(revocations: Revocations, clock: &ManualClock) -> SealedStore {
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store =
        SealedStore::builder(ring).clock(clock.clone()).cookie_name("session").revocations(revocations);
    store.build().unwrap()
}

/// With a registry, and devices that name themselves in a header.
async fn site_with(revocations: impl FnOnce(&ManualClock) -> Revocations, max: usize) -> Site {
    let clock = ManualClock::at(NOON);
    let store = store(revocations(&clock), &clock);
    let registry = Registry::builder(store.clone()).max_sessions(max).build().unwrap();
    let device = |parts: &http::request::Parts| {
        parts.headers.get("x-device").map_or(String::new(), |device| device.to_str().unwrap().to_owned())
    };
    let settings = |layer: SessionLayerBuilder| layer.cookie(over_http).registry(registry).label(device);
    Site::over(store, clock, settings, app()).await
}

async fn site() -> Site {
    site_with(|clock| Revocations::builder().clock(clock.clone()).in_memory(), usize::MAX).await
}

async fn logged_in(site: &Site, device: &str) -> Client {
    let client = site.client();
    let reply = client.request("/login/ann").header("x-device", device).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    client
}

async fn user_of(site: &Site, pair: &str) -> Value {
    let reply = site.get_with("/info", &[pair.as_bytes()]).await;
    serde_json::from_str::<Value>(&reply.body).unwrap()["user"].clone()
}

async fn labels(client: &Client) -> Vec<String> {
    let all: Vec<Value> = serde_json::from_str(&client.get("/sessions").await.body).unwrap();
    all.iter().map(|session| session["label"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_copy_of_the_cookie_is_worth_nothing_after_a_logout() {
    let site = site().await;
    for end in ["/logout", "/invalidate", "/logout-with-message", "/logout-everywhere", "/logout-and-fail"] {
        let client = site.client();
        let cookie = client.post("/login/ann").await.pair().to_owned();
        assert_eq!(user_of(&site, &cookie).await, "ann");
        client.post(end).await;
        let copy = site.get_with("/info", &[cookie.as_bytes()]).await;
        assert!(copy.body.contains(r#""user":null"#), "{end}: {copy:?}");
    }
}

/// A script's request that runs beside a login, and is answered after it.
#[tokio::test]
async fn a_request_beside_the_one_that_replaces_its_session_does_not_remove_the_new_cookie() {
    let site = site().await;
    for replaces in ["/login/ann", "/cycle"] {
        let client = site.client();
        client.post("/login/ann").await;
        let before = client.post("/set/a/1").await.pair().to_owned();
        assert!(!client.post(replaces).await.removes("session"));
        let beside = site.get_with("/get/a", &[before.as_bytes()]).await;
        assert!(beside.sets_nothing() && beside.body == "null", "{replaces}: {beside:?}");
        let too_early = site.get_with("/csrf", &[before.as_bytes()]).await;
        assert!(too_early.sets_nothing(), "the new cookie may be on its way: {too_early:?}");
        site.clock.advance(MINUTE);
        let begins = site.get_with("/csrf", &[before.as_bytes()]).await;
        assert!(
            !begins.sets_nothing(),
            "a client that is logged out for good gets a token for a form: {begins:?}"
        );
    }
}

#[tokio::test]
async fn a_logout_with_an_expired_cookie_ends_the_copy_that_somebody_touched() {
    let site = site().await;
    let client = site.client();
    let cookie = client.post("/login/ann").await.pair().to_owned();
    site.clock.advance(20 * HOUR);
    let touched = site.get_with("/get/a", &[cookie.as_bytes()]).await.pair().to_owned();
    site.clock.advance(10 * HOUR);
    let request = site.client().request("/logout").header("cookie", &cookie);
    assert!(Reply::of(request.send().await.unwrap()).await.removes("session"));
    assert_eq!(user_of(&site, &touched).await, Value::Null);
}

#[tokio::test]
async fn a_logout_with_cookies_of_two_sessions_ends_both() {
    let site = site().await;
    let [one, other] = [site.client().post("/login/ann").await, site.client().post("/login/bob").await];
    let request =
        site.client().request("/logout").header("cookie", format!("{}; {}", one.pair(), other.pair()));
    assert!(Reply::of(request.send().await.unwrap()).await.removes("session"));
    for cookie in [one.pair(), other.pair()] {
        assert_eq!(user_of(&site, cookie).await, Value::Null);
    }
}

#[tokio::test]
async fn the_cookie_from_before_a_login_or_a_cycle_is_refused() {
    let site = site().await;
    let client = site.client();
    let before = client.post("/set/a/1").await.pair().to_owned();
    let logged_in = client.post("/login/ann").await.pair().to_owned();
    let cycled = client.post("/cycle").await.pair().to_owned();
    for (cookie, good) in [(before, false), (logged_in, false), (cycled, true)] {
        let reply = site.get_with("/get/a", &[cookie.as_bytes()]).await;
        assert_eq!(reply.body == r#""1""#, good, "{reply:?}");
    }
}

#[tokio::test]
async fn updates_and_extensions_revoke_nothing() {
    let site = site().await;
    let client = logged_in(&site, "phone").await;
    let old = client.post("/set/a/1").await.pair().to_owned();
    client.post("/set/a/2").await;
    site.clock.advance(20 * HOUR);
    assert!(!client.get("/get/a").await.sets_nothing());
    assert_eq!(user_of(&site, &old).await, "ann");
}

#[tokio::test]
async fn a_login_that_is_not_sent_ends_nothing() {
    let site = site().await;
    let client = site.client();
    client.post("/set/a/1").await;
    assert!(client.post("/login-and-fail").await.sets_nothing());
    assert_eq!(client.get("/get/a").await.body, r#""1""#);
}

#[tokio::test]
async fn a_logout_everywhere_ends_the_sessions_of_this_user_and_no_other() {
    let site = site().await;
    let (phone, laptop) = (logged_in(&site, "phone").await, logged_in(&site, "laptop").await);
    let bob = site.client();
    bob.post("/login/bob").await;
    assert!(phone.post("/logout-everywhere").await.removes("session"));
    assert_eq!(laptop.info().await["user"], Value::Null);
    assert_eq!(bob.info().await["user"], "bob");
    let again = logged_in(&site, "phone").await;
    assert_eq!(again.info().await["user"], "ann", "and may log in again at once");
}

#[tokio::test]
async fn a_logout_of_others_keeps_this_session_and_its_data() {
    let site = site().await;
    let (phone, laptop) = (logged_in(&site, "phone").await, logged_in(&site, "laptop").await);
    let stolen = phone.post("/set/a/1").await.pair().to_owned();
    let reply = phone.request("/logout-others").header("x-device", "phone").send().await.unwrap();
    assert!(!Reply::of(reply).await.sets_nothing());
    let info = phone.info().await;
    assert_eq!((&info["user"], &info["data"]), (&json!("ann"), &json!({"a": "1"})));
    assert_eq!(laptop.info().await["user"], Value::Null);
    assert_eq!(user_of(&site, &stolen).await, Value::Null, "a copy of this one is another");
    assert_eq!(labels(&phone).await, ["phone"]);
}

#[tokio::test]
async fn a_user_sees_their_sessions_and_ends_one() {
    let site = site().await;
    let phone = logged_in(&site, "phone").await;
    site.clock.advance(MINUTE);
    let laptop = logged_in(&site, "laptop").await;
    site.client().post("/login/bob").await;
    assert_eq!(labels(&phone).await, ["laptop", "phone"]);
    let uid = laptop.info().await["uid"].as_str().unwrap().to_owned();
    assert_eq!(phone.post(&format!("/revoke/{uid}")).await.status, 200);
    assert_eq!(laptop.info().await["user"], Value::Null);
    assert_eq!(labels(&phone).await, ["phone"]);
    assert_eq!(phone.post(&format!("/revoke/{uid}")).await.status, 404, "there is none any more");
}

#[tokio::test]
async fn the_session_of_another_user_is_not_found() {
    let site = site().await;
    let (ann, bob) = (logged_in(&site, "phone").await, site.client());
    bob.post("/login/bob").await;
    let uid = ann.info().await["uid"].as_str().unwrap().to_owned();
    assert_eq!(bob.post(&format!("/revoke/{uid}")).await.status, 404);
    assert_eq!(site.client().post(&format!("/revoke/{uid}")).await.status, 404, "nor for nobody");
    assert_eq!(ann.info().await["user"], "ann");
}

#[tokio::test]
async fn ending_this_session_removes_its_cookie() {
    let site = site().await;
    let client = logged_in(&site, "phone").await;
    let uid = client.info().await["uid"].as_str().unwrap().to_owned();
    assert!(client.post(&format!("/revoke/{uid}")).await.removes("session"));
}

#[tokio::test]
async fn the_session_that_began_first_makes_room() {
    let site = site_with(|clock| Revocations::builder().clock(clock.clone()).in_memory(), 2).await;
    let first = logged_in(&site, "1").await;
    site.clock.advance(1);
    let second = logged_in(&site, "2").await;
    site.clock.advance(1);
    let third = logged_in(&site, "3").await;
    assert_eq!(first.info().await["user"], Value::Null);
    assert_eq!(
        (second.info().await["user"].clone(), third.info().await["user"].clone()),
        (json!("ann"), json!("ann"))
    );
}

#[tokio::test]
async fn the_list_follows_cycles_logouts_and_use() {
    let site = site().await;
    let client = logged_in(&site, "phone").await;
    let uid_listed = async || {
        let all: Vec<Value> = serde_json::from_str(&client.get("/sessions").await.body).unwrap();
        assert_eq!(all.len(), 1);
        (all[0]["uid"].clone(), all[0]["expires_at_ms"].as_u64().unwrap())
    };
    let before = uid_listed().await;
    client.post("/cycle").await;
    let cycled = uid_listed().await;
    assert_ne!(before.0, cycled.0);
    assert_eq!(client.info().await["uid"], cycled.0);
    site.clock.advance(20 * HOUR);
    client.get("/get/a").await;
    assert_eq!(uid_listed().await.1, before.1 + 20 * HOUR, "an extension is written down");
    let other = logged_in(&site, "laptop").await;
    client.post("/logout").await;
    assert_eq!(labels(&other).await, ["laptop"]);
}

#[tokio::test]
async fn a_session_that_reached_nobody_is_on_no_list_and_makes_nobody_go() {
    for path in ["/login-and-fail", "/cycle-and-fail"] {
        let site = site_with(|clock| Revocations::builder().clock(clock.clone()).in_memory(), 2).await;
        let phone = logged_in(&site, "phone").await;
        assert_eq!(phone.post(path).await.status, 502);
        assert_eq!(labels(&phone).await, ["phone"], "{path}");
        let laptop = logged_in(&site, "laptop").await;
        assert_eq!(phone.info().await["user"], json!("ann"), "{path}");
        assert_eq!(labels(&laptop).await.len(), 2, "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_a_server_error_and_gives_out_no_session() {
    let backend = Troubled::default();
    let fails = Arc::clone(&backend.fails);
    let site =
        site_with(|clock| Revocations::builder().clock(clock.clone()).with_backend(backend).unwrap(), 9)
            .await;
    let client = site.client();
    client.post("/login/ann").await;
    client.post("/set/a/1").await;
    fails.store(true, Ordering::Release);
    for path in ["/login/ann", "/cycle"] {
        let reply = client.post(path).await;
        assert!(reply.status == 500 && reply.sets_nothing(), "{path}: {reply:?}");
    }
    assert_eq!(client.get("/get/a").await.body, r#""1""#, "the session is as it was");
    fails.store(false, Ordering::Release);
    client.post("/login/ann").await;
    fails.store(true, Ordering::Release);
    let other = site.client();
    fails.store(false, Ordering::Release);
    other.post("/login/ann").await;
    fails.store(true, Ordering::Release);
    for (client, path) in [(client, "/logout-everywhere"), (other, "/logout")] {
        let reply = client.post(path).await;
        assert!(reply.status == 500 && reply.removes("session"), "it ends on the client at least: {reply:?}");
    }
}

#[tokio::test]
async fn a_layer_without_a_registry_ends_sessions_and_lists_none() {
    let clock = ManualClock::at(NOON);
    let store = store(Revocations::builder().clock(clock.clone()).in_memory(), &clock);
    let site = Site::over(store, clock, |layer| layer.cookie(over_http), app()).await;
    let (phone, laptop) = (logged_in(&site, "").await, logged_in(&site, "").await);
    assert_eq!(phone.get("/sessions").await.status, 500);
    phone.post("/logout-others").await;
    assert_eq!(
        (phone.info().await["user"].clone(), laptop.info().await["user"].clone()),
        (json!("ann"), Value::Null)
    );
    phone.post("/logout-everywhere").await;
    assert_eq!(phone.info().await["user"], Value::Null);
}

#[tokio::test]
async fn a_layer_without_revocations_says_so_and_logs_out_as_ever() {
    let site = Site::of(|store| store.cookie_name("session"), |layer| layer.cookie(over_http), app()).await;
    let client = logged_in(&site, "").await;
    let everywhere = client.post("/logout-everywhere").await;
    assert!(everywhere.status == 500 && everywhere.removes("session"), "{everywhere:?}");
    let client = logged_in(&site, "").await;
    assert!(client.post("/logout").await.removes("session"));
}

#[test]
fn a_registry_of_another_store_is_an_error_when_built() {
    let clock = ManualClock::at(NOON);
    let [one, other] = [0, 1].map(|_| store(Revocations::in_memory(), &clock));
    let registry = Registry::builder(one.clone()).build().unwrap();
    assert!(SessionLayer::builder(other).cookie(over_http).registry(registry.clone()).build().is_err());
    assert!(SessionLayer::builder(one).cookie(over_http).registry(registry).build().is_ok());
}
