//! Cookies that do not open.

use actix_web::cookie::{Cookie, CookieJar, Key};
use sealed_session::hazmat::ManualClock;
use sealed_session::{CreateOptions, SessionPlugin as _};

use crate::site::{NAME, NOON, SECOND, Site, builder, root, token};

/// Anybody can sign a text so: the key stands in the source.
pub(crate) fn signed(text: &str) -> String {
    const PUBLIC: &[u8; 64] = b"sealed-session: a public key, over what is sealed and authentic.";
    let mut jar = CookieJar::new();
    jar.signed_mut(&Key::from(PUBLIC)).add(Cookie::new(NAME, text.to_owned()));
    jar.get(NAME).unwrap().encoded().stripped().to_string()
}

#[tokio::test]
async fn a_changed_cookie_gives_a_fresh_session_and_no_error() {
    let site = Site::new().await;
    let cookie = site.post("/login/ferris", "").await.cookie().to_owned();
    site.get("/", &cookie).await.says(Some("ferris"), 0);
    for at in (NAME.len() + 1..cookie.len()).step_by(7) {
        let other = if &cookie[at..=at] == "A" { "B" } else { "A" };
        let changed = [&cookie[..at], other, &cookie[at + 1..]].concat();
        let reply = site.get("/", &changed).await;
        reply.says(None, 0);
        assert!(reply.status == 200 && reply.sets_nothing());
    }
}

#[tokio::test]
async fn a_signature_opens_nothing() {
    let site = Site::new().await;
    let cookie = site.post("/login/ferris", "").await.cookie().to_owned();
    let token = token(&cookie);
    assert_eq!(signed(token), cookie);
    let at = token.len() / 2;
    let other = if &token[at..=at] == "A" { "B" } else { "A" };
    let changed = [&token[..at], other, &token[at + 1..]].concat();
    for text in [&changed, &token[1..], "", "{}", r#"{"user_id":"\"ferris\""}"#, &"A".repeat(4_064)] {
        let reply = site.get("/", &signed(text)).await;
        reply.says(None, 0);
        assert!(reply.status == 200 && reply.sets_nothing());
    }
}

#[tokio::test]
async fn a_fresh_session_takes_the_place_of_one_that_is_refused() {
    let site = Site::new().await;
    let counted = site.post("/count", &signed("garbage")).await;
    counted.says(None, 1);
    site.get("/", counted.cookie()).await.says(None, 1);
    site.clock.set(NOON + 24 * 3_600 * SECOND);
    let again = site.post("/count", counted.cookie()).await;
    again.says(None, 1);
    assert_ne!(site.open(again.cookie()).record().created_at_ms, NOON);
}

#[tokio::test]
async fn a_logout_without_a_cookie_does_nothing_and_with_any_removes_it() {
    let site = Site::new().await;
    let reply = site.post("/logout", "").await;
    assert!(reply.status == 200 && reply.sets_nothing(), "{reply:?}");
    for cookie in [signed("garbage"), format!("{NAME}=garbage"), format!("{NAME}="), format!("{NAME}=%E7")] {
        let reply = site.post("/logout", &cookie).await;
        assert!(reply.status == 200 && reply.removes(), "{reply:?}");
    }
}

#[tokio::test]
async fn a_session_of_another_application_cookie_or_ring_is_refused() {
    let site = Site::new().await;
    let clock = ManualClock::at(NOON);
    let others = [
        builder(&clock).app_id("other"),
        builder(&clock).cookie_name("other"),
        sealed_session::SealedStore::builder(crate::site::ring(vec![root(2)]))
            .clock(clock.clone())
            .cookie_name(NAME),
    ];
    for other in others {
        let options = CreateOptions { data_json: r#"{"counter":7}"#.into(), ..Default::default() };
        let id = other.build().unwrap().create(options).unwrap();
        site.get("/", &signed(id.as_str())).await.says(None, 0);
    }
}

#[tokio::test]
async fn what_cannot_be_opened_for_the_moment_is_not_lost() {
    let site = Site::of(|store| store, |middleware| middleware, true).await;
    let ahead = ManualClock::at(NOON + 61 * SECOND);
    let options = CreateOptions { data_json: r#"{"counter":7}"#.into(), ..Default::default() };
    let cookie = signed(builder(&ahead).build().unwrap().create(options).unwrap().as_str());

    let read = site.get("/", &cookie).await;
    read.says(None, 0);
    assert!(read.sets_nothing());
    let changed = site.post("/count", &cookie).await;
    assert!(changed.status == 500 && changed.sets_nothing() && changed.body.is_empty(), "{changed:?}");

    site.clock.set(NOON + SECOND);
    site.post("/count", &cookie).await.says(None, 8);
}

#[tokio::test]
async fn a_logout_that_cannot_be_carried_out_is_an_error() {
    let revocations = sealed_session::revocation::Revocations::in_memory();
    let site = Site::of(|store| store.revocations(revocations), |middleware| middleware, false).await;
    let ahead = ManualClock::at(NOON + 61 * SECOND);
    let cookie = signed(builder(&ahead).build().unwrap().create(CreateOptions::default()).unwrap().as_str());
    let refused = site.post("/login/ferris", &cookie).await;
    assert!(refused.status == 500 && refused.sets_nothing(), "{refused:?}");
    let refused = site.post("/logout", &cookie).await;
    assert!(refused.status == 500 && refused.removes(), "the browser holds it no longer: {refused:?}");
    assert!(refused.body.contains("in this browser only"), "{refused:?}");
    site.clock.set(NOON + SECOND);
    assert!(site.post("/logout", &cookie).await.removes());
    assert!(site.post("/count", &cookie).await.json()["counter"] == 1, "a fresh session");
}
