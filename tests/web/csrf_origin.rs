//! Forged requests, by what browsers say of where a request comes from.

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{Method, Request, request};
use axum::routing::{any, get};
use sealed_session::http::{CsrfLayer, CsrfLayerBuilder, Session, SessionLayer};
use sealed_session::{KeyRing, SealedStore};
use tower::ServiceExt as _;

use crate::site::root;

const OWN: &str = "https://shop.example";

struct Guarded(Router);

impl Guarded {
    fn new() -> Self {
        Self::with(|csrf| csrf)
    }

    fn with(csrf: impl FnOnce(CsrfLayerBuilder) -> CsrfLayerBuilder) -> Self {
        Self::over("https", csrf)
    }

    /// A site whose cookie is `Secure`, or one in development over http.
    fn over(scheme: &str, csrf: impl FnOnce(CsrfLayerBuilder) -> CsrfLayerBuilder) -> Self {
        let store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).cookie_name("session");
        let layer = SessionLayer::builder(store.build().unwrap())
            .cookie(|cookie| cookie.insecure_for_local_development(scheme == "http"));
        let guarded =
            Router::new().route("/buy", any(async || ())).layer(csrf(CsrfLayer::builder()).build().unwrap());
        let page = get(|session: Session| async move { session.csrf_token() });
        Self(guarded.route("/page", page).layer(layer.build().unwrap()))
    }

    async fn status(&self, request: request::Builder) -> u16 {
        self.0.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    }

    /// Of a POST to this host, with this origin, and no Fetch Metadata.
    async fn from(&self, host: &str, origin: &str) -> u16 {
        self.status(Request::post("/buy").header(HOST, host).header(ORIGIN, origin)).await
    }
}

fn post() -> request::Builder {
    Request::post("/buy").header(HOST, "shop.example")
}

#[tokio::test]
async fn fetch_metadata_decides_and_no_token_is_asked_for() {
    let site = Guarded::new();
    for (from, status) in [
        ("same-origin", 200),
        ("none", 200),
        ("same-site", 403),
        ("cross-site", 403),
        ("Same-Origin", 403),
        ("elsewhere", 403),
        ("", 403),
    ] {
        for origin in [None, Some(OWN), Some("null"), Some("https://evil.example")] {
            for cookie in ["", "session=x"] {
                let request = post().header("sec-fetch-site", from).header(COOKIE, cookie);
                let request =
                    origin.into_iter().fold(request, |request, origin| request.header(ORIGIN, origin));
                assert_eq!(site.status(request).await, status, "{from:?} {origin:?} {cookie:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_word_of_another_site_is_not_made_good_by_a_second_one() {
    let site = Guarded::new();
    for [one, two] in [["same-origin", "cross-site"], ["cross-site", "same-origin"]] {
        let request = post().header("sec-fetch-site", one).header("sec-fetch-site", two);
        assert_eq!(site.status(request).await, 403);
    }
    for [one, two] in [[OWN, "https://evil.example"], ["https://evil.example", OWN], [OWN, OWN]] {
        assert_eq!(site.status(post().header(ORIGIN, one).header(ORIGIN, two)).await, 403);
    }
}

#[tokio::test]
async fn under_a_secure_cookie_the_own_origin_is_https() {
    let site = Guarded::new();
    for (host, origin, status) in [
        ("shop.example", "https://shop.example", 200),
        ("shop.example:443", "https://shop.example", 200),
        ("shop.example:0443", "https://shop.example", 200),
        ("shop.example:", "https://shop.example", 200),
        ("shop.example", "https://shop.example:443", 200),
        ("shop.example.", "https://shop.example", 200),
        ("shop.example", "https://shop.example.", 200),
        ("SHOP.example", "https://shop.example", 200),
        ("shop.example:8443", "https://shop.example:8443", 200),
        ("shop.example:08443", "https://shop.example:8443", 200),
        ("[2001:DB8:0::1]:443", "https://[2001:db8::1]", 200),
        ("[::ffff:192.0.2.1]", "https://[::ffff:c000:201]", 200),
        ("192.0.2.1", "https://192.0.2.1", 200),
        ("shop.example:80", "https://shop.example", 403),
        ("shop.example", "http://shop.example", 403),
        ("shop.example:80", "http://shop.example", 403),
        ("shop.example:443", "http://shop.example:443", 403),
        ("shop.example:8443", "https://shop.example", 403),
        ("shop.example", "https://shop.example:8443", 403),
        ("shop.example", "https://www.shop.example", 403),
        ("shop.example", "https://shop.example.evil.example", 403),
        ("shop.example", "https://evil.example", 403),
        ("shop.example", "https://shop.example@evil.example", 403),
        ("shop.example", "https://user@shop.example", 403),
        ("shop.example", "https://shop.example/", 403),
        ("shop.example", "shop.example", 403),
        ("shop.example", "", 403),
        ("shop.example", "https://", 403),
        ("shop.example:99999", "https://shop.example:99999", 403),
        ("", "https://", 403),
        ("[2001:db8::1]", "https://[2001:db8::2]", 403),
    ] {
        assert_eq!(site.from(host, origin).await, status, "{host:?} {origin:?}");
    }
}

#[tokio::test]
async fn in_development_the_own_origin_is_http() {
    let site = Guarded::over("http", |csrf| csrf);
    for (host, origin, status) in [
        ("localhost:3000", "http://localhost:3000", 200),
        ("localhost", "http://localhost", 200),
        ("localhost:80", "http://localhost", 200),
        ("localhost:80", "http://localhost:80", 200),
        ("localhost:443", "http://localhost", 403),
        ("localhost:3000", "https://localhost:3000", 403),
        ("localhost:3000", "http://localhost:3001", 403),
        ("localhost:3000", "http://127.0.0.1:3000", 403),
    ] {
        assert_eq!(site.from(host, origin).await, status, "{host} {origin}");
    }
}

#[tokio::test]
async fn where_it_is_unclear_which_host_is_asked_for_no_origin_is_the_own() {
    let site = Guarded::new();
    let other = Request::post("https://other.example/buy").header(ORIGIN, OWN);
    assert_eq!(site.status(Request::post("https://shop.example/buy").header(ORIGIN, OWN)).await, 200);
    assert_eq!(site.status(other).await, 403);
    for target in ["/buy", "https://shop.example/buy", "https://other.example/buy"] {
        for hosts in [["shop.example", "other.example"], ["other.example", "shop.example"]] {
            let request = Request::post(target).header(ORIGIN, OWN);
            let request = hosts.into_iter().fold(request, |request, host| request.header(HOST, host));
            assert_eq!(site.status(request).await, 403, "{target} {hosts:?}");
        }
    }
    let contradicts =
        Request::post("https://shop.example/buy").header(HOST, "other.example").header(ORIGIN, OWN);
    assert_eq!(site.status(contradicts).await, 403);
    assert_eq!(site.status(Request::post("/buy").header(ORIGIN, OWN)).await, 403, "no host at all");
}

#[tokio::test]
async fn a_request_with_neither_header_needs_a_token_with_a_session_cookie_only() {
    let site = Guarded::new();
    for (cookie, status) in [
        (&b""[..], 200),
        (b"theme=dark", 200),
        (b"sessions=x; my-session=x; Session=x", 200),
        (b"session=x", 403),
        (b"session=", 403),
        (b"theme=dark;session=x", 403),
        (b"theme=\xe7; session=\xff", 403),
    ] {
        assert_eq!(site.status(post().header(COOKIE, cookie)).await, status, "{}", cookie.escape_ascii());
    }
    assert_eq!(site.status(post().header(COOKIE, "theme=dark").header(COOKIE, "session=x")).await, 403);
}

#[tokio::test]
async fn the_second_cookie_of_a_session_calls_for_a_token_too() {
    let store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).cookie_name("session");
    let layer = SessionLayer::builder(store.max_token_chars(8_000).build().unwrap());
    let layer = layer.cookie(|cookie| cookie.chunked(true)).build().unwrap();
    let guarded = Router::new().route("/buy", any(async || ())).layer(CsrfLayer::new());
    let site = Guarded(guarded.layer(layer));
    for (cookie, status) in [("session=2.x", 403), ("session.1=x", 403), ("session.2=x", 200)] {
        assert_eq!(site.status(post().header(COOKIE, cookie)).await, status, "{cookie}");
    }
}

#[tokio::test]
async fn an_opaque_origin_needs_a_token() {
    let site = Guarded::new();
    assert_eq!(site.status(post().header(ORIGIN, "null")).await, 403, "also without a session cookie");
    let page = Request::get("/page").body(Body::empty()).unwrap();
    let page = site.0.clone().oneshot(page).await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let token = axum::body::to_bytes(page.into_body(), 1_000).await.unwrap();
    let with_token =
        || post().header(ORIGIN, "null").header(COOKIE, &cookie).header("x-csrf-token", &token[..]);
    assert_eq!(site.status(with_token()).await, 200);
    assert_eq!(site.status(with_token().header("sec-fetch-site", "cross-site")).await, 403);
}

#[tokio::test]
async fn what_only_reads_is_not_guarded() {
    let site = Guarded::new();
    for (method, status) in [
        ("GET", 200),
        ("HEAD", 200),
        ("OPTIONS", 200),
        ("TRACE", 200),
        ("POST", 403),
        ("PUT", 403),
        ("PATCH", 403),
        ("DELETE", 403),
        ("PROPFIND", 403),
        ("get", 403),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let from_elsewhere =
            || Request::builder().method(method.clone()).uri("/buy").header(HOST, "shop.example");
        assert_eq!(
            site.status(from_elsewhere().header("sec-fetch-site", "cross-site")).await,
            status,
            "{method}"
        );
        assert_eq!(
            site.status(from_elsewhere().header(ORIGIN, "https://evil.example")).await,
            status,
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_trusted_origin_passes_whatever_fetch_metadata_says() {
    let site = Guarded::with(|csrf| {
        csrf.trust_origin("https://app.shop.example").trust_origin("https://[2001:db8::1]:8443")
    });
    for from in [None, Some("same-site"), Some("cross-site"), Some("same-origin")] {
        for (origin, is_trusted) in [
            ("https://app.shop.example", true),
            ("https://app.shop.example:443", true),
            ("https://[2001:db8::1]:8443", true),
            ("http://app.shop.example", false),
            ("https://app.shop.example:8443", false),
            ("https://app.shop.example.evil.example", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let request = post().header(ORIGIN, origin).header(COOKIE, "session=x");
            let request =
                from.into_iter().fold(request, |request, from| request.header("sec-fetch-site", from));
            let passes = is_trusted || from == Some("same-origin");
            assert_eq!(site.status(request).await, if passes { 200 } else { 403 }, "{origin} {from:?}");
        }
    }
}

#[tokio::test]
async fn where_tokens_are_required_every_request_that_passes_needs_one() {
    let site = Guarded::with(|csrf| csrf.require_token(true).trust_origin("https://app.shop.example"));
    for (name, value) in [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
        ("origin", OWN),
        ("origin", "https://app.shop.example"),
        ("cookie", "theme=dark"),
    ] {
        assert_eq!(site.status(post().header(name, value)).await, 403, "{name}: {value}");
    }
    assert_eq!(site.status(Request::get("/buy")).await, 200);
}

/// There is nobody to ask for the cookie's name, or for a token.
#[tokio::test]
async fn without_a_session_layer_browsers_are_judged_and_others_are_an_error() {
    let app = |csrf: CsrfLayerBuilder| {
        Guarded(Router::new().route("/buy", any(async || ())).layer(csrf.build().unwrap()))
    };
    let site = app(CsrfLayer::builder());
    assert_eq!(site.status(post().header("sec-fetch-site", "same-origin")).await, 200);
    assert_eq!(site.status(post().header("sec-fetch-site", "cross-site")).await, 403);
    assert_eq!(site.from("shop.example", OWN).await, 200);
    assert_eq!(site.from("shop.example", "http://shop.example").await, 403);
    assert_eq!(site.status(Request::get("/buy")).await, 200);
    assert_eq!(site.status(post()).await, 500);
    assert_eq!(site.status(post().header(ORIGIN, "null")).await, 500);
    let site = app(CsrfLayer::builder().require_token(true));
    assert_eq!(site.status(post().header("sec-fetch-site", "same-origin")).await, 500);
}
