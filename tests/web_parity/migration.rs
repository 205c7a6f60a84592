//! The lines of code that docs/parity.md puts beside those of other crates. `table.rs` sees to it that each
//! stands here, and these tests that they do what is said of them.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::Request;
use sealed_session::http::{
    CookiePolicyBuilder, Creation, DataError, Renewal, SameSite, Session, SessionLayer,
};
use sealed_session::{KeyRing, Root, RootSecret, SealedStore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::site::{HOUR, NOON};
use crate::support::site;

#[tokio::test]
async fn members_one_by_one() {
    let site = site(|session| {
        session.insert("visits", &7)?;
        assert_eq!(session.get::<u32>("visits")?, Some(7));
        assert_eq!(session.take::<u32>("visits")?, Some(7));
        assert!(!session.remove("visits")?);
        session.insert("visits", &json!([7]))?;
        assert_eq!(session.get::<Value>("visits")?, Some(json!([7])));
        assert_eq!(session.take::<Value>("visits")?, Some(json!([7])));
        assert!(session.is_empty());
        session.clear()?;
        Ok(json!("done"))
    })
    .await;
    assert_eq!(site.client().here().await, "done");
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Visit {
    pages: u32,
}

#[tokio::test]
async fn a_type_for_the_whole() {
    let site = site(|session| {
        let mut visit: Visit = session.load()?;
        visit.pages += 1;
        session.store(&visit)?;
        if visit.pages == 2 {
            session.clear()?;
        }
        Ok(json!(visit))
    })
    .await;
    let client = site.client();
    for pages in [1, 2, 1] {
        assert_eq!(client.here().await, json!({"pages": pages}));
    }
}

/// What each call does to a session with a user and data, as the client sees it afterwards.
async fn after(act: fn(&Session) -> Result<(), DataError>) -> (Value, Value) {
    let site = site(move |session| act(session).map(|()| Value::Null)).await;
    let client = site.client();
    client.post("/login/bob").await;
    client.post("/set/key/value").await;
    let before = client.info().await;
    client.here().await;
    (before, client.info().await)
}

#[allow(clippy::redundant_closure_for_method_calls, reason = "these lines stand in the document")]
#[tokio::test]
async fn uids_and_endings() {
    let (before, now) = after(|session| session.cycle()).await;
    assert!(before["uid"] != now["uid"] && before["data"] == now["data"], "{now}");

    let (before, now) = after(|session| session.authenticate("bob")).await;
    assert!(before["uid"] != now["uid"] && before["data"] == now["data"], "{now}");
    let (_, now) = after(|session| session.authenticate("alice")).await;
    assert_eq!((&now["data"], &now["user"]), (&json!({}), &json!("alice")));

    let (_, now) = after(|session| session.clear()).await;
    assert_eq!((&now["data"], &now["user"]), (&json!({}), &json!("bob")));

    for end in [|session: &Session| session.invalidate(), |session: &Session| session.logout()] {
        let (_, now) = after(end).await;
        assert_eq!((&now["data"], &now["user"], &now["id"]), (&json!({}), &Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn times_and_names() {
    let site = site(|session| {
        session.insert("key", "value")?;
        session.set_ttl(Duration::from_secs(3_600))?;
        let uid = session.uid();
        let expires_at: Option<SystemTime> = session.expires_at();
        let invalidated = session.is_invalidated();
        let ms = expires_at.map(|at| at.duration_since(UNIX_EPOCH).unwrap().as_millis() as u64);
        Ok(json!([uid.is_some(), ms, invalidated]))
    })
    .await;
    assert_eq!(site.client().here().await, json!([false, NOON + HOUR, false]), "a uid comes with the cookie");
}

#[test]
fn a_request_without_the_layer_has_no_session() {
    let request: Request = Request::default();
    let session: Option<&Session> = request.extensions().get::<Session>();
    assert!(session.is_none());
}

#[test]
fn layers_of_each_setting_are_built() -> Result<(), Box<dyn Error>> {
    for cookie in [
        |cookie: CookiePolicyBuilder| cookie.domain("shop.example"),
        |cookie: CookiePolicyBuilder| cookie.path("/app"),
        |cookie: CookiePolicyBuilder| cookie.same_site(SameSite::Strict),
        |cookie: CookiePolicyBuilder| cookie.browser_session(true),
        |cookie: CookiePolicyBuilder| cookie.insecure_for_local_development(true),
    ] {
        SessionLayer::builder(store()?).cookie(cookie).build()?;
    }
    for layer in [
        SessionLayer::builder(store()?).renewal(Renewal::never()),
        SessionLayer::builder(store()?).renewal(Renewal::default().below_percent(80)),
        SessionLayer::builder(store()?).renewal(Renewal::default().below_percent(100)),
        SessionLayer::builder(store()?)
            .renewal(Renewal::default().below_percent(100).at_most_every(Duration::from_secs(3_600))),
        SessionLayer::builder(store()?).creation(Creation::Always),
        SessionLayer::builder(store()?).open_unread(true),
    ] {
        layer.build()?;
    }
    let store = store()?;
    SessionLayer::new(store)?;
    Ok(())
}

fn store() -> Result<SealedStore, Box<dyn Error>> {
    let secret = [7; 32];
    let ring = KeyRing::single(RootSecret::from_bytes(&secret)?);
    let store = SealedStore::builder(ring).cookie_name("id");
    Ok(store.default_ttl(Duration::from_secs(86_400)).build()?)
}

#[test]
fn a_ring_has_its_newest_key_last() -> Result<(), Box<dyn Error>> {
    let (old, new) = (RootSecret::generate()?, RootSecret::generate()?);
    let (newest, now_ms) = (new.id(), 1);
    let ring = KeyRing::new(vec![Root::new(old), Root::new(new).activating_at(1)])?;
    assert_eq!(ring.sealing_root_at(now_ms).map(Root::id), Some(newest));
    Ok(())
}
