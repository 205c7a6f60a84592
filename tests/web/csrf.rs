//! Forged requests: the token, which is asked for where a browser does not say where a request comes from.

use axum::Router;
use axum::routing::{any, get, post};
use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use reqwest::{Method, RequestBuilder};
use sealed_session::KeyRing;
use sealed_session::http::{CsrfLayer, Session};

use crate::site::{Client, MINUTE, NOON, Site, over_http, root};

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

async fn requiring_tokens() -> Site {
    site_with(CsrfLayer::builder().require_token(true).build().unwrap()).await
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
async fn with_a_session_cookie_no_token_is_refused_and_reads_are_not() {
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
}

#[tokio::test]
async fn where_tokens_are_required_one_is_of_no_use_without_a_session() {
    let site = requiring_tokens().await;
    let foreign = token(&site.client()).await;
    assert_eq!(status(posted(&site.client(), form(&[("csrf_token", &foreign)]))).await, 403);
    assert_eq!(status(site.client().request("/buy")).await, 403);
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
    for site in [site().await, requiring_tokens().await] {
        let client = site.client();
        let token = token(&client).await;
        let request = || client.request("/buy").header("x-csrf-token", &token);
        for (from, passes) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
        {
            let sent = request().header("sec-fetch-site", from);
            assert_eq!(status(sent).await, if passes { 200 } else { 403 }, "{from}");
        }
        let other_port = format!("{}1", site.url);
        for (origin, passes) in [
            (site.url.as_str(), true),
            ("https://evil.example", false),
            ("null", true),
            (&other_port, false),
            ("", false),
        ] {
            let sent = request().header(ORIGIN, origin);
            assert_eq!(status(sent).await, if passes { 200 } else { 403 }, "{origin}");
        }
    }
}

#[tokio::test]
async fn a_trusted_origin_needs_a_token_where_tokens_are_required() {
    let trusting = CsrfLayer::builder().trust_origin("https://app.shop.example").require_token(true);
    let site = site_with(trusting.build().unwrap()).await;
    let client = site.client();
    let token = token(&client).await;
    let request = || client.request("/buy").header("sec-fetch-site", "cross-site");
    let from = |origin: &'static str| request().header(ORIGIN, origin).header("x-csrf-token", &token);
    assert_eq!(status(from("https://app.shop.example")).await, 200);
    assert_eq!(status(request().header(ORIGIN, "https://app.shop.example")).await, 403);
    assert_eq!(status(from("https://app.shop.example.evil.example")).await, 403);
}

/// Each of two pages that were opened on a first visit brings a session, and the browser keeps one.
#[tokio::test]
async fn of_two_pages_without_a_cookie_both_forms_arrive_from_the_own_site() {
    let of = async |site: Site| {
        let first = token(&site.client()).await;
        let client = site.client();
        let second = token(&client).await;
        let mut statuses = vec![];
        for token in [&first, &second] {
            for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", &site.url)] {
                let request = posted(&client, form(&[("csrf_token", token)]));
                statuses.push(status(request.header(name, value)).await);
            }
        }
        statuses
    };
    assert_eq!(of(site().await).await, [200; 4]);
    assert_eq!(of(requiring_tokens().await).await, [403, 403, 200, 200], "as it is documented");
}

/// Two sessions of one name: whoever put them there, nobody can be told, and the form to log in has to work.
#[tokio::test]
async fn a_form_to_log_in_works_while_it_is_unclear_which_session_came() {
    for site in [site().await, requiring_tokens().await] {
        let session = async || site.client().get("/page").await.pair().to_owned();
        let both = format!("{}; {}", session().await, session().await);
        let page = site.get_with("/page", &[both.as_bytes()]).await;
        assert!(page.sets_nothing(), "{page:?}");
        let login = |cookies: &str, token: &str| {
            let body = form(&[("csrf_token", token)]);
            let request = reqwest::Client::new().post(format!("{}/login", site.url)).header(COOKIE, cookies);
            request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
        };
        for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", &site.url), ("accept", "*/*")] {
            assert_eq!(status(login(&both, &page.body).header(name, value)).await, 200, "{name}");
        }
        let other = format!("{}; {}", session().await, session().await);
        assert_eq!(status(login(&other, &page.body)).await, 403, "it speaks of these cookies alone");
        assert_eq!(status(login(&session().await, &page.body)).await, 403);
        let foreign = site.get_with("/page", &[other.as_bytes()]).await.body;
        assert_eq!(status(login(&both, &foreign)).await, 403);
    }
}

/// A cookie that this server cannot open now, because its clock is behind, stays; a form works meanwhile and after.
#[tokio::test]
async fn a_form_works_while_a_session_cannot_be_opened() {
    let site = requiring_tokens().await;
    let cookie = site.client().get("/page").await.pair().to_owned();
    site.clock.set(NOON - 10 * MINUTE);
    let page = site.get_with("/page", &[cookie.as_bytes()]).await;
    assert!(page.sets_nothing(), "{page:?}");
    for now in [NOON - 10 * MINUTE, NOON] {
        site.clock.set(now);
        let request = reqwest::Client::new().post(format!("{}/buy", site.url)).header(COOKIE, &cookie);
        assert_eq!(status(request.header("x-csrf-token", &page.body)).await, 200);
    }
    let other = site.client().get("/page").await.pair().to_owned();
    let request = reqwest::Client::new().post(format!("{}/buy", site.url)).header(COOKIE, &other);
    assert_eq!(status(request.header("x-csrf-token", &page.body)).await, 403);
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
    let own = posted(&client, long.clone()).header("sec-fetch-site", "same-origin");
    assert_eq!(status(own).await, 200, "it needs no token");
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
