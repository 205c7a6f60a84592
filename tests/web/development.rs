//! The switch for development over http.

use axum::http::Request;
use axum::http::header::HOST;

use crate::http2::Connection;
use crate::raw::answer_to;
use crate::site::{Reply, Site};

async fn with_headers(site: &Site, headers: &[(&str, &str)]) -> Reply {
    let request = reqwest::Client::new().get(format!("{}/untouched", site.url));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Reply::of(request.send().await.unwrap()).await
}

async fn with_host(site: &Site, host: &str) -> Reply {
    with_headers(site, &[(HOST.as_str(), host)]).await
}

fn is_refused(reply: &Reply) -> bool {
    reply.status == 500
        && reply.headers["sealed-session-refused"] == "insecure_for_local_development"
        && reply.sets_nothing()
}

const THIS_MACHINE: [&str; 18] = [
    "localhost",
    "localhost:3000",
    "LOCALHOST",
    "localhost.",
    "localhost.:3000",
    "shop.localhost:1",
    "a.b.localhost.",
    "127.0.0.1",
    "127.9.9.9:80",
    "[::1]:3000",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]:3000",
    "[::ffff:7f00:1]",
    "0.0.0.0",
    "0.0.0.0:3000",
    "[::]",
    "[::]:3000",
    "[::ffff:0.0.0.0]",
];

const OTHERS: [&str; 18] = [
    "shop.example",
    "192.168.0.7:3000",
    "localhost.shop.example",
    "localhost.localdomain",
    "[2001:db8::1]",
    "[::ffff:192.168.0.7]",
    "[::127.0.0.1]",
    "notlocalhost",
    "not-localhost",
    ".localhost",
    "localhost..",
    "128.0.0.1",
    "0.0.0.1",
    "127.0.0.1.shop.example",
    "shop.example@localhost",
    "localhost:99999",
    "localhost:x",
    "",
];

#[tokio::test]
async fn development_serves_this_machine_and_no_other() {
    let site = Site::new().await;
    for host in THIS_MACHINE {
        assert_eq!(with_host(&site, host).await.status, 200, "{host}");
    }
    for host in OTHERS {
        let reply = with_host(&site, host).await;
        assert!(is_refused(&reply), "{host}: {reply:?}");
    }
}

#[tokio::test]
async fn development_over_http2_goes_by_the_authority() {
    let site = Site::new().await;
    let mut connection = Connection::to(&site.url).await;
    for host in ["localhost:3000", "[::1]:3000", "127.0.0.1"] {
        let request = Request::get(format!("http://{host}/untouched"));
        assert_eq!(connection.send(request).await.status, 200, "{host}");
    }
    for (host, header) in
        [("shop.example", None), ("localhost", Some("shop.example")), ("shop.example", Some("localhost"))]
    {
        let request = Request::get(format!("http://{host}/untouched"));
        let request = header.into_iter().fold(request, |request, header| request.header(HOST, header));
        let reply = connection.send(request).await;
        assert!(is_refused(&reply), "{host} {header:?}: {reply:?}");
    }
}

/// In production too, a proxy asks for `localhost:3000` where that is its upstream's address.
#[tokio::test]
async fn development_refuses_what_a_proxy_has_forwarded() {
    let site = Site::new().await;
    for name in [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Forwarded",
        "X-Real-IP",
        "Via",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "X-Original-Host",
        "True-Client-IP",
        "CF-Connecting-IP",
        "Fastly-Client-IP",
        "CDN-Loop",
    ] {
        let reply = with_headers(&site, &[("Host", "localhost:3000"), (name, "127.0.0.1")]).await;
        assert!(is_refused(&reply), "{name}: {reply:?}");
    }
    for name in ["X-Requested-With", "X-Request-Id", "Referer", "X-Forward"] {
        assert_eq!(
            with_headers(&site, &[("Host", "localhost:3000"), (name, "x")]).await.status,
            200,
            "{name}"
        );
    }
}

#[tokio::test]
async fn development_refuses_a_host_that_is_unclear_or_left_out() {
    let site = Site::new().await;
    for head in [
        "GET /untouched HTTP/1.0",
        "GET /untouched HTTP/1.1\r\nHost: localhost\r\nHost: localhost",
        "GET /untouched HTTP/1.1\r\nHost: localhost\r\nHost: shop.example",
        "GET http://shop.example/untouched HTTP/1.1\r\nHost: localhost",
        "GET http://localhost/untouched HTTP/1.1\r\nHost: shop.example",
    ] {
        let answer = answer_to(&site.url, head).await;
        assert!(answer.split(' ').nth(1) == Some("500"), "{head}: {answer}");
    }
    for head in [
        "GET /untouched HTTP/1.0\r\nHost: localhost",
        "GET http://localhost:3000/untouched HTTP/1.1\r\nHost: localhost:3000",
    ] {
        assert!(answer_to(&site.url, head).await.split(' ').nth(1) == Some("200"), "{head}");
    }
}

#[tokio::test]
async fn a_secure_site_serves_any_host() {
    let site = Site::of(|store| store, |layer| layer, crate::site::routes()).await;
    for headers in
        [&[("Host", "shop.example")][..], &[("Host", "shop.example"), ("X-Forwarded-For", "192.0.2.1")]]
    {
        assert_eq!(with_headers(&site, headers).await.status, 200);
    }
}
