//! The switch for development over http.

use axum::http::header::HOST;

use crate::site::{Reply, Site};

async fn with_host(site: &Site, host: &str) -> Reply {
    let request = reqwest::Client::new().get(format!("{}/untouched", site.url)).header(HOST, host);
    Reply::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn development_serves_this_machine_and_no_other() {
    let site = Site::new().await;
    for host in [
        "localhost",
        "localhost:3000",
        "LOCALHOST",
        "shop.localhost:1",
        "127.0.0.1",
        "127.9.9.9:80",
        "[::1]:3000",
    ] {
        assert_eq!(with_host(&site, host).await.status, 200, "{host}");
    }
    for host in [
        "shop.example",
        "192.168.0.7:3000",
        "localhost.shop.example",
        "[2001:db8::1]",
        "notlocalhost",
        "0.0.0.0",
    ] {
        let reply = with_host(&site, host).await;
        assert_eq!(reply.status, 500, "{host}");
        assert_eq!(reply.headers["sealed-session-refused"], "insecure_for_local_development");
    }
}

#[tokio::test]
async fn a_secure_site_serves_any_host() {
    let site = Site::of(|store| store, |layer| layer, crate::site::routes()).await;
    assert_eq!(with_host(&site, "shop.example").await.status, 200);
}
