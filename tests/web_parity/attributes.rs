//! The attributes of the cookie.

use sealed_session::http::{CookiePolicyBuilder, SameSite, SessionLayer};
use sealed_session::{KeyRing, RootSecret, SealedStore};

use crate::site::Reply;
use crate::support::{post_with, secure_site, secure_site_with};

async fn set(name: &'static str, cookie: impl FnOnce(CookiePolicyBuilder) -> CookiePolicyBuilder) -> Reply {
    post_with(&secure_site_with(name, cookie).await, "/set/key/value", "").await
}

#[tokio::test]
async fn the_default_attributes() {
    let reply = post_with(&secure_site().await, "/set/key/value", "").await;
    assert!(reply.pair().starts_with("__Host-session="), "{reply:?}");
    for (attribute, value) in [
        ("HttpOnly", Some("")),
        ("SameSite", Some("Lax")),
        ("Secure", Some("")),
        ("Path", Some("/")),
        ("Max-Age", Some("86400")),
        ("Domain", None),
        ("Expires", None),
    ] {
        assert_eq!(reply.attribute(attribute), value, "{attribute}");
    }
}

#[test]
fn every_setting_has_a_default() {
    let ring = KeyRing::single(RootSecret::generate().unwrap());
    let store = SealedStore::builder(ring).build().unwrap();
    assert!(SessionLayer::new(store).is_ok());
}

#[tokio::test]
async fn attributes_can_be_changed() {
    let reply = set("my-cookie", |cookie| {
        cookie
            .domain("shop.example")
            .path("/custom")
            .same_site(SameSite::None)
            .partitioned(true)
            .browser_session(true)
    })
    .await;
    assert!(reply.pair().starts_with("my-cookie="), "{reply:?}");
    for (attribute, value) in [
        ("Domain", Some("shop.example")),
        ("Path", Some("/custom")),
        ("SameSite", Some("None")),
        ("Partitioned", Some("")),
        ("HttpOnly", Some("")),
        ("Secure", Some("")),
        ("Max-Age", None),
        ("Expires", None),
    ] {
        assert_eq!(reply.attribute(attribute), value, "{attribute}");
    }
}

#[tokio::test]
async fn each_same_site_is_sent() {
    for (same_site, value) in [(SameSite::Strict, "Strict"), (SameSite::Lax, "Lax"), (SameSite::None, "None")]
    {
        let reply = set("id", |cookie| cookie.same_site(same_site)).await;
        assert_eq!(reply.attribute("SameSite"), Some(value));
    }
}

#[tokio::test]
async fn a_browser_session_has_no_max_age_and_expires_on_the_server() {
    let site = secure_site_with("id", |cookie| cookie.browser_session(true)).await;
    let set = post_with(&site, "/set/key/value", "").await;
    assert_eq!((set.max_age(), set.attribute("Expires")), (None, None));
    site.clock.advance(crate::site::DAY);
    let reply = site.get_with("/get/key", &[set.pair().as_bytes()]).await;
    assert!(reply.body == "null" && reply.removes("id"), "{reply:?}");
}

#[tokio::test]
async fn a_cookie_without_secure_is_for_this_machine_only() {
    let site = secure_site_with("id", |cookie| cookie.insecure_for_local_development(true)).await;
    assert_eq!(post_with(&site, "/set/key/value", "").await.attribute("Secure"), None);
    let request = reqwest::Client::new().post(format!("{}/set/key/value", site.url));
    let elsewhere = Reply::of(request.header("host", "shop.example").send().await.unwrap()).await;
    assert!(elsewhere.status == 500 && elsewhere.sets_nothing(), "{elsewhere:?}");
}
