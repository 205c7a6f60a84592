//! Which keys open a session, and which seals it.

use sealed_session::{KeyRing, RootSecret};

use crate::site::{Client, DAY, HOUR, NOON, Site, root};
use crate::support::{get_with, post_with, site_over};

fn ring(numbers: &[u8]) -> KeyRing {
    KeyRing::new(numbers.iter().copied().map(root).collect()).unwrap()
}

async fn site_with_session() -> (Site, Client) {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/key/value").await;
    (site, client)
}

#[tokio::test]
async fn a_session_under_the_sealing_key_is_not_sealed_again() {
    let (site, client) = site_with_session().await;
    site.store.replace_ring(ring(&[1])).unwrap();
    let reply = client.get("/get/key").await;
    assert!(reply.body == r#""value""# && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn a_session_under_an_older_key_is_sealed_by_the_newest_and_lives_no_longer() {
    let (site, client) = site_with_session().await;
    site.clock.advance(HOUR);
    site.store.replace_ring(ring(&[1, 2, 3])).unwrap();
    assert_eq!(client.get("/get/key").await.max_age(), Some(23 * 60 * 60));
    assert!(client.get("/get/key").await.sets_nothing(), "once");
    site.store.replace_ring(ring(&[3])).unwrap();
    assert_eq!(client.get("/get/key").await.body, r#""value""#);
    assert_eq!(client.info().await["expires_at_ms"], NOON + DAY);
}

#[tokio::test]
async fn any_key_of_the_ring_opens() {
    let site = Site::new().await;
    let mut pairs = Vec::new();
    for number in 1..=4 {
        site.store.replace_ring(ring(&[number])).unwrap();
        pairs.push(post_with(&site, &format!("/set/key/{number}"), "").await.pair().to_owned());
    }
    site.store.replace_ring(ring(&[4, 1, 3, 2])).unwrap();
    for (number, pair) in (1..).zip(&pairs) {
        assert_eq!(get_with(&site, "/get/key", pair).await.body, format!("{:?}", number.to_string()));
    }
}

#[tokio::test]
async fn a_session_under_a_key_that_is_gone_is_removed() {
    let (site, client) = site_with_session().await;
    site.store.replace_ring(ring(&[2])).unwrap();
    let reply = client.get("/get/key").await;
    assert!(reply.status == 200 && reply.body == "null" && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn another_server_with_the_same_ring_opens_the_session() {
    let (site, _) = site_with_session().await;
    let pair = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    assert_eq!(get_with(&Site::new().await, "/get/key", &pair).await.body, r#""value""#);
    let other_application = site_over(|store| store.app_id("other"), |layer| layer).await;
    assert_eq!(get_with(&other_application, "/get/key", &pair).await.body, "null");
}

#[tokio::test]
async fn a_token_of_one_cookie_is_refused_in_another() {
    let site = site_over(|store| store.cookie_name("basket"), |layer| layer).await;
    let pair = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    assert_eq!(get_with(&site, "/get/key", &pair).await.body, r#""value""#);
    let renamed = pair.replacen("basket=", "session=", 1);
    let reply = get_with(&Site::new().await, "/get/key", &renamed).await;
    assert!(reply.body == "null" && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn two_cookies_of_the_same_data_differ() {
    let site = Site::new().await;
    let first = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    let other = post_with(&site, "/set/key/other", &first).await.pair().to_owned();
    let again = post_with(&site, "/set/key/value", &other).await.pair().to_owned();
    assert_ne!(first, again);
    assert_eq!(get_with(&site, "/info", &first).await.json()["uid"], {
        let info = get_with(&site, "/info", &again).await;
        info.json()["uid"].clone()
    });
}

#[test]
fn a_root_secret_that_is_too_short_is_refused() {
    for length in [0, 1, 15, 31] {
        let error = RootSecret::from_bytes(&vec![7; length]).unwrap_err();
        assert_eq!(error.to_string(), format!("a root secret has 32 to 64 bytes, and this one has {length}"));
    }
    assert!(RootSecret::from_bytes(&[7; 32]).is_ok());
}
