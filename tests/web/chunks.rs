//! One token over two cookies.

use sealed_session::http::{SessionLayer, SessionLayerBuilder};
use sealed_session::{KeyRing, SealedStore, SealedStoreBuilder};
use serde_json::json;

use crate::site::{Client, Reply, Site, over_http, root, routes};

/// Room for name and value of two cookies of 4096 octets each, less the mark and the `.1`.
const ROOM: usize = 2 * (4096 - "session".len() - 2);

fn chunked(layer: SessionLayerBuilder) -> SessionLayerBuilder {
    layer.cookie(|cookie| over_http(cookie).chunked(true))
}

fn store(store: SealedStoreBuilder) -> SealedStoreBuilder {
    store.cookie_name("session").max_token_chars(ROOM)
}

async fn site() -> Site {
    Site::of(store, chunked, routes()).await
}

async fn set(client: &Client, len: usize) -> Reply {
    client.post(&format!("/set/a/{}", "x".repeat(len))).await
}

/// `name=value` of each cookie.
fn pairs(reply: &Reply) -> Vec<String> {
    reply.set_cookies().iter().map(|set| set.split(';').next().unwrap().to_owned()).collect()
}

async fn read(site: &Site, pairs: &[&str]) -> Reply {
    site.get_with("/get/a", &[pairs.join("; ").as_bytes()]).await
}

#[tokio::test]
async fn a_token_that_is_too_long_for_one_cookie_takes_two() {
    let site = site().await;
    let client = site.client();
    let reply = set(&client, 5000).await;
    let cookies = pairs(&reply);
    assert!(cookies[0].starts_with("session=2.AQ") && cookies[1].starts_with("session.1="), "{reply:?}");
    assert_eq!(cookies.len(), 2);
    assert!(cookies.iter().all(|pair| pair.len() - "=".len() <= 4096), "{reply:?}");
    assert_eq!(client.info().await["data"], json!({"a": "x".repeat(5000)}));
    assert!(client.get("/get/a").await.sets_nothing());
}

/// Of two deployments the first reads two cookies, so that the second may send them.
#[tokio::test]
async fn a_server_whose_tokens_hardly_need_two_cookies_reads_longer_ones() {
    let of_first = |store: SealedStoreBuilder| store.cookie_name("session").max_token_chars(4096 - 7 + 1);
    let first = Site::of(of_first, chunked, routes()).await;
    let second = site().await;
    let cookies = pairs(&set(&second.client(), 5000).await).join("; ");
    let reply = first.get_with("/get/a", &[cookies.as_bytes()]).await;
    assert!(reply.body.len() > 5000 && reply.sets_nothing(), "{reply:?}");
    let reply = set(&first.client(), 5000).await;
    assert!(reply.status != 200 && reply.sets_nothing(), "{reply:?}");
}

#[test]
fn a_second_cookie_that_no_token_needs_is_an_error_that_says_what_to_do() {
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).build().unwrap();
    let layer = SessionLayer::builder(store).cookie(|cookie| cookie.chunked(true));
    let error = layer.build().unwrap_err().to_string();
    assert!(error.contains(".max_token_chars(8160), or with .max_token_chars(4083) while"), "{error}");
}

#[tokio::test]
async fn a_token_that_fits_one_takes_one() {
    let site = site().await;
    let client = site.client();
    assert!(set(&client, 100).await.set_cookie().starts_with("session=AQ"));
}

#[tokio::test]
async fn shrinking_clears_the_second_cookie() {
    let site = site().await;
    let client = site.client();
    set(&client, 5000).await;
    let reply = set(&client, 10).await;
    assert!(
        reply.set_cookies().len() == 2 && reply.removes("session.1") && !reply.removes("session"),
        "{reply:?}"
    );
    assert_eq!(set(&client, 11).await.set_cookies().len(), 1);
    assert_eq!(client.info().await["data"], json!({"a": "x".repeat(11)}));
}

#[tokio::test]
async fn an_end_removes_both() {
    let site = site().await;
    let client = site.client();
    set(&client, 5000).await;
    let reply = client.post("/logout").await;
    assert!(reply.removes("session") && reply.removes("session.1"), "{reply:?}");
}

#[tokio::test]
async fn halves_that_do_not_belong_together_are_refused() {
    let site = site().await;
    let client = site.client();
    let (old, new) = (pairs(&set(&client, 5000).await), pairs(&set(&client, 5001).await));
    let other = pairs(&set(&site.client(), 5000).await);
    let swapped = [
        format!("session=2.{}", new[1].strip_prefix("session.1=").unwrap()),
        format!("session.1={}", new[0].strip_prefix("session=2.").unwrap()),
    ];
    assert_eq!(read(&site, &[&new[0], &new[1]]).await.body.len(), 5003);
    assert_eq!(read(&site, &[&new[1], &new[0]]).await.body.len(), 5003, "in whatever order they come");
    for (what, halves) in [
        ("stale", vec![&old[0], &new[1]]),
        ("mixed", vec![&new[0], &other[1]]),
        ("without the second", vec![&new[0]]),
        ("reordered", swapped.iter().collect()),
    ] {
        let halves: Vec<_> = halves.into_iter().map(String::as_str).collect();
        let reply = read(&site, &halves).await;
        assert!(reply.body == "null" && reply.removes("session"), "{what}: {reply:?}");
    }
    let alone = read(&site, &[&new[1]]).await;
    assert!(alone.body == "null" && alone.sets_nothing(), "the second alone is none: {alone:?}");
}

#[tokio::test]
async fn the_second_half_is_found_among_several() {
    let site = site().await;
    let client = site.client();
    let (old, new) = (pairs(&set(&client, 5000).await), pairs(&set(&client, 5001).await));
    assert_eq!(read(&site, &[&new[0], &old[1], &new[1]]).await.body.len(), 5003);
    let planted = ["session.1=x"; 5];
    let reply = read(&site, &[&[new[0].as_str(), &new[1]], planted.as_slice()].concat()).await;
    assert!(reply.body == "null" && reply.sets_nothing(), "too many to try: {reply:?}");
}

#[tokio::test]
async fn a_session_too_large_for_two_cookies_is_an_error_when_it_is_stored() {
    let site = site().await;
    let client = site.client();
    client.post("/login/alice").await;
    let mut fits = 0;
    for len in (0..=10).map(|step| 5000 + 100 * step) {
        let reply = set(&client, len).await;
        match reply.status {
            200 => fits = len,
            _ => assert!(reply.sets_nothing(), "{reply:?}"),
        }
    }
    assert_eq!(fits, 6000);
    let reply = set(&client, 6100).await;
    assert_eq!(reply.status, 500);
    assert_eq!(client.info().await["data"], json!({"a": "x".repeat(6000)}), "nothing was lost");
}

#[tokio::test]
async fn two_halves_mean_nothing_where_one_cookie_is_allowed() {
    let site = Site::new().await;
    let chunked = self::site().await;
    let halves = pairs(&set(&chunked.client(), 5000).await);
    let reply = read(&site, &[&halves[0], &halves[1]]).await;
    assert!(reply.body == "null" && reply.set_cookies().len() == 1, "{reply:?}");
}
