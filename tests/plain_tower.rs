//! The layer without a web framework: `examples/plain_tower`, as a program, over TCP.

#![cfg(feature = "tower")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod example;
#[path = "example/server.rs"]
mod server;

use reqwest::header::{COOKIE, SET_COOKIE};

use server::Server;

/// The answer to a visit with this cookie, and the cookie that it sets.
async fn visit(server: &Server, cookie: &str) -> (String, String) {
    let answer = reqwest::Client::new().get(&server.url).header(COOKIE, cookie).send().await.unwrap();
    let set = answer.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
    let pair = set.split(';').next().unwrap().to_owned();
    (answer.text().await.unwrap(), pair)
}

#[tokio::test]
async fn a_server_without_a_framework_counts_visits_in_the_cookie() {
    let counter = Server::start("plain_tower");
    let (first, cookie) = visit(&counter, "").await;
    assert!(first == "visit 1\n" && cookie.starts_with("__Host-session=A"), "{first}, {cookie}");
    let (second, newer) = visit(&counter, &cookie).await;
    assert_eq!(second, "visit 2\n");
    assert_eq!(visit(&counter, &newer).await.0, "visit 3\n");
    assert_eq!(visit(&counter, &cookie).await.0, "visit 2\n", "an older token still opens");
    let tampered = format!("{cookie}A");
    assert_eq!(visit(&counter, &tampered).await.0, "visit 1\n");
}
