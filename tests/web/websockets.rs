//! No page of another site opens a WebSocket.

use axum::Router;
use axum::http::header::{CONNECTION, COOKIE, HOST, ORIGIN, UPGRADE};
use axum::http::request::Builder;
use axum::http::{Method, Request};
use axum::routing::any;
use hyper::ext::Protocol;
use sealed_session::http::{CsrfLayer, CsrfLayerBuilder};
use tower::ServiceExt as _;

use crate::http2::Connection;
use crate::site::Site;

const OWN: &str = "https://shop.example";

fn app(csrf: impl FnOnce(CsrfLayerBuilder) -> CsrfLayerBuilder) -> Router {
    Router::new().route("/socket", any(async || ())).layer(csrf(CsrfLayer::builder()).build().unwrap())
}

async fn site(csrf: impl FnOnce(CsrfLayerBuilder) -> CsrfLayerBuilder) -> Site {
    Site::of(|store| store.cookie_name("session"), |layer| layer, app(csrf)).await
}

/// The handshake of HTTP/1.1.
async fn by_get(site: &Site, headers: &[(&str, &str)]) -> u16 {
    let request = reqwest::Client::new().get(format!("{}/socket", site.url)).header(HOST, "shop.example");
    let request = request.header(CONNECTION, "keep-alive, Upgrade").header(UPGRADE, "websocket");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap().status().as_u16()
}

/// The handshake of HTTP/2 (RFC 8441), over a connection.
async fn by_connect(site: &Site, headers: &[(&str, &str)]) -> u16 {
    let mut connection = Connection::to(&site.url).await;
    let get = Request::get("https://shop.example/socket");
    assert_eq!(connection.send(get).await.status, 200, "the server has said that it knows extended CONNECT");
    let request =
        Request::connect("https://shop.example/socket").extension(Protocol::from_static("websocket"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    connection.connect(request).await.as_u16()
}

const CASES: [(&[(&str, &str)], u16); 12] = [
    (&[("origin", OWN)], 200),
    (&[("origin", OWN), ("cookie", "session=x")], 200),
    (&[("origin", "https://app.shop.example")], 200),
    (&[("origin", "https://app.shop.example"), ("sec-fetch-site", "same-site")], 200),
    (&[], 200),
    (&[("cookie", "session=x")], 200),
    (&[("sec-fetch-site", "same-origin")], 200),
    (&[("sec-fetch-site", "cross-site")], 403),
    (&[("origin", "https://evil.example")], 403),
    (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], 403),
    (&[("origin", "null")], 403),
    (&[("origin", "http://shop.example")], 403),
];

#[tokio::test]
async fn a_websocket_is_judged_by_its_origin_over_http_1_and_2_and_needs_no_token() {
    for require in [false, true] {
        let site = site(|csrf| csrf.require_token(require).trust_origin("https://app.shop.example")).await;
        for (headers, status) in CASES {
            assert_eq!(by_get(&site, headers).await, status, "{headers:?} by GET");
            assert_eq!(by_connect(&site, headers).await, status, "{headers:?} by CONNECT");
        }
    }
}

#[tokio::test]
async fn a_websocket_is_recognized_however_its_header_is_written() {
    let app = app(|csrf| csrf);
    for (values, is_websocket) in [
        (&["websocket"][..], true),
        (&["WebSocket"], true),
        (&["h2c, websocket"], true),
        (&["h2c", " websocket "], true),
        (&["websocket/13"], true),
        (&["h2c"], false),
        (&["websockets"], false),
        (&[], false),
    ] {
        let request =
            Request::get("/socket").header(HOST, "shop.example").header(ORIGIN, "https://evil.example");
        let request = values.iter().fold(request, |request, value| request.header(UPGRADE, *value));
        let answer = app.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), if is_websocket { 403 } else { 200 }, "{values:?}");
    }
}

/// No page can send it, and what has no path opens no WebSocket.
#[tokio::test]
async fn connect_is_otherwise_a_method_as_others() {
    let site = site(|csrf| csrf).await;
    let mut connection = Connection::to(&site.url).await;
    let mut connect = async |headers: &[(&str, &str)]| {
        let request = Request::builder().method(Method::CONNECT).uri("shop.example:443");
        let add = |request: Builder, (name, value): &(&str, &str)| request.header(*name, *value);
        connection.connect(headers.iter().fold(request, add)).await.as_u16()
    };
    assert_eq!(connect(&[(COOKIE.as_str(), "session=x")]).await, 403);
    assert_eq!(connect(&[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(connect(&[(ORIGIN.as_str(), "https://evil.example")]).await, 403);
    assert_ne!(connect(&[(ORIGIN.as_str(), OWN)]).await, 403);
}

#[tokio::test]
async fn connect_over_http_1_opens_no_websocket() {
    let server = crate::direct::Server::new();
    let guard = CsrfLayer::builder().require_token(true).build().unwrap();
    let app = Router::new().route("/", any(async || {})).layer(guard).layer(server.layer.clone());
    let headers = [(HOST.as_str(), "shop.example"), (ORIGIN.as_str(), OWN)];
    assert_eq!(server.request("CONNECT", &headers, app).await.status, 403);
}
