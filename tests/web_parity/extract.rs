//! How handlers come to their session.

use axum::extract::Request;
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::header::COOKIE;
use sealed_session::http::{DataError, Session, SessionLayer};
use sealed_session::{CreateOptions, KeyRing, SealedStore, SessionPlugin};
use serde_json::{Value, json};

use crate::site::{Site, over_http, root, routes};
use crate::support::{get_with, post_with, site};

#[tokio::test]
async fn a_handler_without_the_layer_is_a_server_error_that_says_so() {
    let site = outside_the_layer(post(|_: Session| async { "reached" })).await;
    let reply = post_with(&site, "/bare", "").await;
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("no SessionLayer is around it"), "{reply:?}");
}

#[tokio::test]
async fn a_handler_may_ask_whether_there_is_a_layer() {
    async fn has_session(request: Request) -> String {
        request.extensions().get::<Session>().is_some().to_string()
    }
    let site = outside_the_layer(post(has_session)).await;
    assert_eq!(post_with(&site, "/bare", "").await.body, "false");
    let inside = routes().route("/inside", post(has_session));
    let site = Site::of(|store| store.cookie_name("session"), |layer| layer.cookie(over_http), inside).await;
    assert_eq!(post_with(&site, "/inside", "").await.body, "true", "also without a cookie");
}

/// A site with the layer around everything but `/bare`.
async fn outside_the_layer(bare: axum::routing::MethodRouter) -> Site {
    let site = Site::new().await;
    let app = Router::new().route("/bare", bare);
    Site { url: crate::support::serve(app).await, ..site }
}

#[tokio::test]
async fn two_handles_are_one_session() {
    async fn both(one: Session, two: Session) -> Result<Json<Value>, DataError> {
        one.insert("key", "value")?;
        Ok(Json(json!([two.get::<String>("key")?, one.clone().get::<String>("key")?])))
    }
    let routes = routes().route("/both", post(both));
    let site = Site::of(|store| store.cookie_name("session"), |layer| layer.cookie(over_http), routes).await;
    let reply = site.client().post("/both").await;
    assert_eq!((reply.json(), reply.set_cookies().len()), (json!(["value", "value"]), 1));
}

/// A layer of its own, with a key and a cookie of its own.
fn layer(number: u8, name: &str) -> SessionLayer {
    let ring = KeyRing::new(vec![root(number)]).unwrap();
    let store = SealedStore::builder(ring).cookie_name(name).build().unwrap();
    SessionLayer::builder(store).cookie(over_http).build().unwrap()
}

#[tokio::test]
async fn two_layers_side_by_side_do_not_see_each_others_sessions() {
    let (a, b) = (routes().layer(layer(1, "a")), routes().layer(layer(2, "b")));
    let app = Router::new().nest("/a", a).nest("/b", b);
    let site = Site { url: crate::support::serve(app).await, ..Site::new().await };
    let client = site.client();
    assert!(client.post("/a/set/key/1").await.pair().starts_with("a="));
    assert!(client.post("/b/set/key/2").await.pair().starts_with("b="));
    assert_eq!(client.get("/a/get/key").await.body, r#""1""#);
    assert_eq!(client.get("/b/get/key").await.body, r#""2""#);
    assert!(client.post("/a/logout").await.removes("a"));
    assert_eq!(client.get("/b/get/key").await.body, r#""2""#);
}

#[tokio::test]
async fn of_two_layers_one_around_the_other_the_inner_one_is_the_handlers() {
    let app = routes().layer(layer(1, "inner")).layer(layer(2, "outer"));
    let site = Site { url: crate::support::serve(app).await, ..Site::new().await };
    let reply = post_with(&site, "/set/key/value", "").await;
    assert!(reply.pair().starts_with("inner="), "{reply:?}");
    assert_eq!(get_with(&site, "/get/key", reply.pair()).await.body, r#""value""#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_requests_at_once_see_their_own_sessions() {
    let site = Site::new().await;
    let client = reqwest::Client::new();
    let requests: Vec<_> = (0..100)
        .map(|number| {
            let data_json = json!({"key": number.to_string()}).to_string();
            let id = site.store.create(CreateOptions { data_json, ..CreateOptions::default() }).unwrap();
            let request = client.get(format!("{}/get/key", site.url));
            let request = request.header(COOKIE, format!("session={}", id.as_str()));
            tokio::spawn(async move { request.send().await.unwrap().text().await.unwrap() })
        })
        .collect();
    for (number, answer) in requests.into_iter().enumerate() {
        assert_eq!(answer.await.unwrap(), format!("{:?}", number.to_string()));
    }
}

#[tokio::test]
async fn what_debug_shows_is_no_token_no_uid_and_no_data() {
    let site = site(|session| Ok(json!(format!("{session:?} {session:#?}")))).await;
    let client = site.client();
    client.post("/login/alice").await;
    let pair = client.post("/set/key/secret").await.pair().to_owned();
    let shown = client.here().await.to_string();
    assert!(shown.contains("Session("), "{shown}");
    let token = pair.strip_prefix("session=").unwrap();
    for hidden in [token, &client.uid().await, "alice", "secret"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[tokio::test]
async fn what_debug_shows_of_a_layer_is_its_settings_and_no_key() {
    let shown = format!("{:?}", layer(7, "my-cookie"));
    assert!(shown.contains("my-cookie"), "{shown}");
    assert!(!shown.contains("7, 7, 7") && !shown.contains("07070707"), "{shown}");
}

#[tokio::test]
async fn a_layer_can_be_used_for_several_routers() {
    let layer = layer(1, "session");
    let app = Router::new()
        .nest("/one", routes().layer(layer.clone()))
        .route("/two", get(|session: Session| async move { session.get::<String>("key").map(Json) }))
        .layer(layer);
    let site = Site { url: crate::support::serve(app).await, ..Site::new().await };
    let client = site.client();
    assert_eq!(client.post("/one/set/key/value").await.set_cookies().len(), 1);
    assert_eq!(client.get("/two").await.body, r#""value""#);
}
