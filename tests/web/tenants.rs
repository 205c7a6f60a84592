//! Sessions that are bound to a tenant, told by the host that is asked for.

use axum::http::header::{COOKIE, HOST};
use axum::http::request::Parts;
use axum::http::{Request, Version};
use sealed_session::http::host;

use crate::http2::Connection;
use crate::raw::answer_to;
use crate::site::{Reply, Site, routes};

fn tenant(request: &Parts) -> Vec<u8> {
    host(request).map(String::into_bytes).unwrap_or_default()
}

async fn site() -> Site {
    Site::of(|store| store.cookie_name("session"), |layer| layer.bind_to(tenant), routes()).await
}

async fn over_http1(site: &Site, host: &str, path: &str, cookie: &str) -> Reply {
    let client = reqwest::Client::new();
    let request = if path == "/info" {
        client.get(format!("{}{path}", site.url))
    } else {
        client.post(format!("{}{path}", site.url))
    };
    Reply::of(request.header(HOST, host).header(COOKIE, cookie).send().await.unwrap()).await
}

async fn over_http2(site: &Site, host: &str, path: &str, cookie: &str) -> Reply {
    let method = if path == "/info" { "GET" } else { "POST" };
    let request =
        Request::builder().method(method).uri(format!("https://{host}{path}")).header(COOKIE, cookie);
    Connection::to(&site.url).await.send(request).await
}

fn user(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    serde_json::from_str::<serde_json::Value>(&reply.body).unwrap()["user"].to_string()
}

#[tokio::test]
async fn tenants_are_apart_and_each_is_one_over_both_versions_of_http() {
    let site = site().await;
    let logins = [
        over_http1(&site, "one.example", "/login/ann", "").await,
        over_http2(&site, "one.example", "/login/ann", "").await,
    ];
    for login in logins {
        let cookie = login.pair();
        for own in ["one.example", "ONE.example", "one.example.", "one.example:443", "one.example:80"] {
            assert_eq!(user(&over_http1(&site, own, "/info", cookie).await), "\"ann\"", "{own}");
            assert_eq!(user(&over_http2(&site, own, "/info", cookie).await), "\"ann\"", "{own}");
        }
        for other in ["two.example", "one.example.two.example", "one.example:8443", "www.one.example"] {
            assert_eq!(user(&over_http1(&site, other, "/info", cookie).await), "null", "{other}");
            assert_eq!(user(&over_http2(&site, other, "/info", cookie).await), "null", "{other}");
        }
    }
}

#[tokio::test]
async fn a_request_without_a_tenant_is_refused_and_leaves_the_cookie_alone() {
    let site = site().await;
    let login = over_http1(&site, "one.example", "/login/ann", "").await;
    for head in [
        "GET /info HTTP/1.0",
        "GET /info HTTP/1.1",
        "GET /info HTTP/1.1\r\nHost:",
        "GET /info HTTP/1.1\r\nHost: one.example\r\nHost: one.example",
        "GET /info HTTP/1.1\r\nHost: one.example\r\nHost: two.example",
        "GET /info HTTP/1.1\r\nHost: ann@one.example",
        "GET /info HTTP/1.1\r\nHost: one.example:99999",
        "GET http://one.example/info HTTP/1.1\r\nHost: two.example",
        "POST /login/ann HTTP/1.1",
        "GET /untouched HTTP/1.1",
    ] {
        let answer = answer_to(&site.url, &format!("{head}\r\nCookie: {}", login.pair())).await;
        assert!(
            answer.split(' ').nth(1) == Some("400") && !answer.contains("set-cookie"),
            "{head}: {answer}"
        );
        assert!(answer.contains("sealed-session-refused: bind_to"), "{answer}");
    }
    let absolute =
        format!("GET http://one.example/info HTTP/1.1\r\nHost: one.example\r\nCookie: {}", login.pair());
    assert!(answer_to(&site.url, &absolute).await.contains(r#""user":"ann""#));
}

#[tokio::test]
async fn over_http2_a_host_may_stand_beside_the_authority_and_not_contradict_it() {
    let site = site().await;
    let login = over_http1(&site, "one.example", "/login/ann", "").await;
    let mut connection = Connection::to(&site.url).await;
    for (header, status) in [("one.example", 200), ("ONE.example:443", 200), ("two.example", 400), ("", 400)]
    {
        let request = Request::get("https://one.example/info").version(Version::HTTP_2).header(HOST, header);
        let reply = connection.send(request.header(COOKIE, login.pair())).await;
        assert_eq!(reply.status, status, "{header:?}: {reply:?}");
    }
}

#[test]
fn a_host_is_told_in_one_spelling() {
    let host_of = |uri: &str, headers: &[&str]| {
        let request = headers.iter().fold(Request::get(uri), |request, value| request.header(HOST, *value));
        host(&request.body(()).unwrap().into_parts().0)
    };
    for (uri, headers, expected) in [
        ("/", &["Shop.Example.:443"][..], Some("shop.example")),
        ("/", &["shop.example:80"], Some("shop.example")),
        ("/", &["shop.example:"], Some("shop.example")),
        ("/", &["shop.example:08443"], Some("shop.example:8443")),
        ("/", &["[2001:DB8:0:0::1]:8443"], Some("[2001:db8::1]:8443")),
        ("https://Shop.Example:8443/", &[], Some("shop.example:8443")),
        ("http://shop.example/", &["shop.example:80"], Some("shop.example")),
        ("https://shop.example/", &["other.example"], None),
        ("https://shop.example/", &["shop.example:8443"], None),
        ("https://shop.example/", &["shop.example", "shop.example"], None),
        ("https://ann@shop.example/", &[], None),
        ("/", &["shop.example", "shop.example"], None),
        ("/", &["shop.example, other.example"], None),
        ("/", &["*.shop.example"], None),
        ("/", &["shop.example/x"], None),
        ("/", &[""], None),
        ("/", &[], None),
    ] {
        assert_eq!(host_of(uri, headers).as_deref(), expected, "{uri} {headers:?}");
    }
}
