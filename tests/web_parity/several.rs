//! The session's cookie among others.

use crate::site::{Site, root};
use crate::support::{get_with, post_with};

async fn pair(site: &Site, value: &str) -> String {
    post_with(site, &format!("/set/key/{value}"), "").await.pair().to_owned()
}

#[tokio::test]
async fn only_the_cookie_of_the_right_name_is_looked_at() {
    let site = Site::new().await;
    let renamed = pair(&site, "value").await.replacen("session=", "another=", 1);
    let reply = get_with(&site, "/get/key", &renamed).await;
    assert!(reply.body == "null" && reply.sets_nothing(), "{reply:?}");
    for near in ["Session=x", "xsession=x", "session2=x", "%73ession=x"] {
        assert!(get_with(&site, "/get/key", near).await.sets_nothing(), "{near}");
    }
}

#[tokio::test]
async fn the_session_is_found_among_other_cookies() {
    let site = Site::new().await;
    let pair = pair(&site, "value").await;
    let among = format!("a=1; {pair}; b=2");
    assert_eq!(get_with(&site, "/get/key", &among).await.body, r#""value""#);
    let reply = site.get_with("/get/key", &[b"a=1", format!("{pair}; b=2").as_bytes()]).await;
    assert_eq!(reply.body, r#""value""#, "in the second of two headers");
}

#[tokio::test]
async fn a_header_that_is_no_text_does_not_hide_the_session() {
    let site = Site::new().await;
    let pair = pair(&site, "value").await;
    assert_eq!(site.get_with("/get/key", &[b"\xff", pair.as_bytes()]).await.body, r#""value""#);
    let one_header = [b"a=\xff; ", pair.as_bytes()].concat();
    assert_eq!(site.get_with("/get/key", &[&one_header]).await.body, r#""value""#);
}

#[tokio::test]
async fn of_two_sessions_neither_counts_and_both_stay() {
    let site = Site::new().await;
    let (one, two) = (pair(&site, "one").await, pair(&site, "two").await);
    for both in [format!("{one}; {two}"), format!("{two}; {one}")] {
        let reply = get_with(&site, "/get/key", &both).await;
        assert!(reply.body == "null" && reply.sets_nothing(), "{reply:?}");
    }
}

#[tokio::test]
async fn of_two_cookies_of_one_session_the_newest_counts_wherever_it_stands() {
    let site = Site::new().await;
    let old = pair(&site, "old").await;
    site.clock.advance(12 * crate::site::HOUR);
    let new = post_with(&site, "/set/key/new", &old).await.pair().to_owned();
    for both in [format!("{old}; {new}"), format!("{new}; {old}")] {
        assert_eq!(get_with(&site, "/get/key", &both).await.body, r#""new""#);
    }
}

#[tokio::test]
async fn a_cookie_that_opens_counts_beside_one_that_does_not() {
    let site = Site::new().await;
    let gone = pair(&site, "gone").await;
    site.store.replace_ring(sealed_session::KeyRing::new(vec![root(2)]).unwrap()).unwrap();
    let good = pair(&site, "good").await;
    for both in [format!("{gone}; {good}"), format!("session=bogus; {good}")] {
        assert_eq!(get_with(&site, "/get/key", &both).await.body, r#""good""#);
    }
}
