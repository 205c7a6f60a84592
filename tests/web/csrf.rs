//! Forged requests.

use axum::Router;
use axum::routing::{any, get, post};
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use reqwest::{Method, RequestBuilder};
use sealed_session::http::{CsrfLayer, Session, SessionLayer};
use sealed_session::{KeyRing, SealedStore};

use crate::site::{Client, Site, over_http, root};

/// Everything but the page with the token is guarded; what arrives is echoed.
fn app(layer: CsrfLayer) -> Router {
    let guarded = Router::new()
        .route("/buy", any(|body: String| async move { format!("bought {body}") }))
        .route("/login", post(|session: Session| async move { session.authenticate("ann") }))
        .layer(layer);
    Router::new().route("/page", get(|session: Session| async move { session.csrf_token() })).merge(guarded)
}

async fn site_with(layer: CsrfLayer) -> Site {
    Site::of(|store| store.cookie_name("session"), |layer| layer.cookie(over_http), app(layer)).await
}

async fn site() -> Site {
    site_with(CsrfLayer::new()).await
}

async fn token(client: &Client) -> String {
    client.get("/page").await.body
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn posted(client: &Client, body: String) -> RequestBuilder {
    client.request("/buy").header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8").body(body)
}

#[tokio::test]
async fn a_form_with_the_token_of_its_session_arrives_as_it_was_sent() {
    let site = site().await;
    let client = site.client();
    let body = form(&[("item", "a b&c"), ("csrf_token", &token(&client).await)]);
    let response = posted(&client, body.clone()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), format!("bought {body}"));
}

#[tokio::test]
async fn a_token_may_come_in_a_header() {
    let site = site().await;
    let client = site.client();
    let token = token(&client).await;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let request = client.method(method, "/buy").header("x-csrf-token", &token).body("{}");
        assert_eq!(status(request).await, 200);
    }
}

#[tokio::test]
async fn no_token_is_refused_and_reads_are_not() {
    let site = site().await;
    let client = site.client();
    token(&client).await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(status(client.method(method.clone(), "/buy").body("x")).await, 403, "{method}");
    }
    assert_eq!(status(posted(&client, form(&[("item", "1")]))).await, 403);
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(status(client.method(method.clone(), "/buy")).await, 200, "{method}");
    }
}

#[tokio::test]
async fn a_token_of_another_session_is_refused() {
    let site = site().await;
    let (client, other) = (site.client(), site.client());
    token(&client).await;
    let foreign = token(&other).await;
    assert_eq!(status(posted(&client, form(&[("csrf_token", &foreign)]))).await, 403);
    assert_eq!(status(client.request("/buy").header("x-csrf-token", &foreign)).await, 403);
    assert_eq!(
        status(posted(&site.client(), form(&[("csrf_token", &foreign)]))).await,
        403,
        "without any session"
    );
}

#[tokio::test]
async fn a_wrong_token_in_the_header_is_not_made_good_by_the_form() {
    let site = site().await;
    let client = site.client();
    let body = form(&[("csrf_token", &token(&client).await)]);
    assert_eq!(status(posted(&client, body).header("x-csrf-token", "x")).await, 403);
}

#[tokio::test]
async fn a_token_from_before_the_login_is_refused() {
    let site = site().await;
    let client = site.client();
    let before = token(&client).await;
    assert_eq!(status(client.request("/login").header("x-csrf-token", &before)).await, 200);
    assert_eq!(status(client.request("/buy").header("x-csrf-token", &before)).await, 403);
    let after = token(&client).await;
    assert_eq!(status(client.request("/buy").header("x-csrf-token", &after)).await, 200);
}

#[tokio::test]
async fn each_token_is_another_text_and_all_are_valid_also_after_a_rotation() {
    let site = site().await;
    let client = site.client();
    let (one, two) = (token(&client).await, token(&client).await);
    assert_ne!(one, two);
    site.store.replace_ring(KeyRing::new(vec![root(1), root(2)]).unwrap()).unwrap();
    for token in [one, two] {
        assert_eq!(status(client.request("/buy").header("x-csrf-token", token)).await, 200);
    }
}

#[tokio::test]
async fn a_request_from_another_site_is_refused_even_with_a_token() {
    let site = site().await;
    let client = site.client();
    let token = token(&client).await;
    let request = || client.request("/buy").header("x-csrf-token", &token);
    let own = site.url.clone();
    for (site, passes) in [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
    {
        let sent = request().header("sec-fetch-site", site);
        assert_eq!(status(sent).await, if passes { 200 } else { 403 }, "{site}");
    }
    let other_port = format!("{own}1");
    for (origin, passes) in [
        (own.as_str(), true),
        ("https://evil.example", false),
        ("null", false),
        (&other_port, false),
        ("", false),
    ] {
        assert_eq!(
            status(request().header(ORIGIN, origin)).await,
            if passes { 200 } else { 403 },
            "{origin}"
        );
    }
}

#[tokio::test]
async fn an_origin_may_be_trusted() {
    let site =
        site_with(CsrfLayer::builder().trust_origin("https://app.shop.example").build().unwrap()).await;
    let client = site.client();
    let token = token(&client).await;
    let request =
        || client.request("/buy").header("sec-fetch-site", "cross-site").header("x-csrf-token", &token);
    assert_eq!(status(request().header(ORIGIN, "https://app.shop.example")).await, 200);
    assert_eq!(status(request().header(ORIGIN, "https://app.shop.example.evil.example")).await, 403);
}

#[tokio::test]
async fn the_origin_alone_may_be_asked_for() {
    let site = site_with(CsrfLayer::builder().origin_only(true).build().unwrap()).await;
    let client = site.client();
    assert_eq!(status(client.request("/buy").header("sec-fetch-site", "same-origin")).await, 200);
    assert_eq!(status(client.request("/buy").header("sec-fetch-site", "cross-site")).await, 403);
}

#[tokio::test]
async fn names_of_field_and_header_can_be_set() {
    let layer = CsrfLayer::builder().field("_csrf").header("X-Shop-Token").build().unwrap();
    let site = site_with(layer).await;
    let client = site.client();
    let token = token(&client).await;
    assert_eq!(status(posted(&client, form(&[("_csrf", &token)]))).await, 200);
    assert_eq!(status(client.request("/buy").header("x-shop-token", &token)).await, 200);
    assert_eq!(status(posted(&client, form(&[("csrf_token", &token)]))).await, 403);
}

#[tokio::test]
async fn a_form_that_is_too_long_to_look_into_is_refused() {
    let site = site_with(CsrfLayer::builder().form_limit(300).build().unwrap()).await;
    let client = site.client();
    let token = token(&client).await;
    let long = form(&[("csrf_token", &token), ("item", &"x".repeat(300))]);
    assert_eq!(status(posted(&client, long.clone())).await, 413);
    assert_eq!(
        status(posted(&client, long).header("x-csrf-token", &token)).await,
        200,
        "it is not looked into"
    );
}

#[tokio::test]
async fn without_a_session_layer_it_says_so() {
    use tower::ServiceExt as _;
    let request = http::Request::post("/buy").body(axum::body::Body::empty()).unwrap();
    assert_eq!(app(CsrfLayer::new()).oneshot(request).await.unwrap().status(), 500);
}

#[test]
fn settings_that_mean_nothing_are_errors_when_built() {
    assert!(
        CsrfLayer::builder()
            .header("x csrf")
            .build()
            .unwrap_err()
            .to_string()
            .contains("no name of a header")
    );
    for origin in [
        "",
        "shop.example",
        "https://shop.example/",
        "https://Shop.example",
        "https://a@shop.example",
        "null",
    ] {
        let error = CsrfLayer::builder().trust_origin(origin).build().unwrap_err();
        assert!(error.to_string().contains("is no origin"), "{origin}");
    }
    let store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).build().unwrap();
    assert!(SessionLayer::new(store).is_ok());
}
