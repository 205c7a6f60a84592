//! Cookies that are no session of this server.

use crate::site::{Reply, Site};
use crate::support::{get_with, post_with};

fn is_empty_and_removed(reply: &Reply) -> bool {
    reply.status == 200 && reply.body == "null" && reply.removes("session")
}

#[tokio::test]
async fn what_is_no_token_is_no_session_and_is_removed() {
    let site = Site::new().await;
    let long = "A".repeat(200);
    for value in ["gibberish", "bogus", "", "AQ", "@@@not~base64@@@", "AQ+/AQ+/", "{}", &long] {
        let reply = get_with(&site, "/get/key", &format!("session={value}")).await;
        assert!(is_empty_and_removed(&reply), "{value}: {reply:?}");
    }
}

#[tokio::test]
async fn a_cookie_that_is_refused_stays_until_somebody_looks_at_it() {
    let site = Site::new().await;
    assert!(get_with(&site, "/untouched", "session=malformed").await.sets_nothing());
    assert!(get_with(&site, "/get/key", "session=malformed").await.removes("session"));
}

#[tokio::test]
async fn what_is_stored_after_a_refusal_begins_a_new_session() {
    let site = Site::new().await;
    let reply = post_with(&site, "/set/key/value", "session=AAAAAAAAAAAAAAAAAAAAAA").await;
    assert!(reply.status == 200 && reply.pair().starts_with("session=AQ"), "{reply:?}");
    assert_eq!(get_with(&site, "/get/key", reply.pair()).await.body, r#""value""#);
}

#[tokio::test]
async fn no_changed_character_is_accepted() {
    let site = Site::new().await;
    let pair = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    let token = pair.strip_prefix("session=").unwrap();
    assert_eq!(get_with(&site, "/get/key", &pair).await.body, r#""value""#);
    for (at, octet) in token.bytes().enumerate() {
        let mut changed = token.as_bytes().to_vec();
        changed[at] = if octet == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let reply = get_with(&site, "/get/key", &format!("session={changed}")).await;
        assert!(is_empty_and_removed(&reply), "{at}: {reply:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_cut_or_lengthened_is_refused() {
    let site = Site::new().await;
    let pair = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    let cut = &pair[..pair.len() - 1];
    for changed in [cut.to_owned(), format!("{pair}A"), format!("{pair}=")] {
        let reply = get_with(&site, "/get/key", &changed).await;
        assert!(is_empty_and_removed(&reply), "{changed}: {reply:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_version_is_refused() {
    let site = Site::new().await;
    let pair = post_with(&site, "/set/key/value", "").await.pair().to_owned();
    for version in ["AA", "Ag", "_w"] {
        let other = pair.replacen("session=AQ", &format!("session={version}"), 1);
        assert_ne!(other, pair);
        assert!(is_empty_and_removed(&get_with(&site, "/get/key", &other).await), "{version}");
    }
}

#[tokio::test]
async fn a_cookie_that_is_far_too_large_is_refused() {
    let cookie = format!("session={}", "A".repeat(65_536));
    let reply = get_with(&Site::new().await, "/get/key", &cookie).await;
    assert!(is_empty_and_removed(&reply), "{}", reply.status);
}
