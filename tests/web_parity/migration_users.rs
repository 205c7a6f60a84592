//! The lines of code that docs/parity.md puts beside those of crates that list a user's sessions, as
//! `migration.rs` has the others.

use std::error::Error;
use std::time::Duration;

use axum::extract::Request;
use axum::routing::post;
use axum::{Json, Router};
use http::request::Parts;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{Renewal, Session, SessionLayer};
use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::revocation::Revocations;
use sealed_session::{CreateOptions, KeyRing, SealedStore, SessionError, SessionPlugin as _};
use serde_json::{Value, json};

use crate::site::{NOON, Site, over_http, root};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

fn store() -> Result<SealedStore, Box<dyn Error + Send + Sync>> {
    let ring = KeyRing::new(vec![root(1)])?;
    let store = SealedStore::builder(ring).cookie_name("_session").revocations(Revocations::in_memory());
    Ok(store
        .default_ttl(Duration::from_secs(2_592_000))
        .max_lifetime(Duration::from_secs(31_536_000))
        .build()?)
}

/// What a request of a user who logs in does, step by step.
async fn steps(session: Session) -> Outcome {
    session.insert("stale", &1)?;
    session.authenticate("alice")?;
    session.store(&json!({"theme": "dark"}))?;
    assert!(session.user_id().is_some());
    assert_eq!(session.user_id().as_deref(), Some("alice"));
    assert_eq!(session.get::<String>("theme")?.as_deref(), Some("dark"));
    session.insert("theme", "light")?;
    session.remove("theme")?;
    let data: Value = session.load()?;
    assert_eq!(data, json!({}));
    session.cycle()?;
    session.set_ttl(Duration::from_secs(3_600))?;
    Ok(())
}

/// And what later requests do.
async fn endings(session: Session) -> Outcome {
    let sessions: Vec<SessionInfo> = session.list_my_sessions().await?;
    assert_eq!(sessions.len(), 2);
    let uid =
        sessions.iter().map(|listed| listed.uid).find(|uid| session.uid() != Some(*uid)).ok_or("no other")?;
    assert!(session.revoke(uid).await?);
    session.logout_others().await?;
    session.logout_everywhere().await?;
    session.logout()?;
    assert_eq!(session.user_id(), None);
    Ok(())
}

fn device(parts: &Parts) -> String {
    let agent = parts.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().to_owned()
}

fn told(outcome: Outcome) -> Json<Value> {
    Json(json!(outcome.map_err(|error| error.to_string())))
}

#[tokio::test]
async fn what_a_request_does_with_its_user() -> Outcome {
    let store = store()?;
    let registry =
        Registry::builder(store.clone()).max_sessions(10).seen_every(Duration::from_secs(300)).build()?;
    let app = Router::new()
        .route("/steps", post(|session: Session| async { told(steps(session).await) }))
        .route("/endings", post(|session: Session| async { told(endings(session).await) }));
    let interval = Renewal::default().below_percent(100).at_most_every(Duration::from_secs(300));
    let layer = |layer: sealed_session::http::SessionLayerBuilder| {
        layer.cookie(over_http).renewal(interval).registry(registry).label(device)
    };
    let site = Site::over(store, ManualClock::at(NOON), layer, app).await;
    let (client, other) = (site.client(), site.client());
    for request in [other.post("/steps").await, client.post("/steps").await, client.post("/endings").await] {
        assert_eq!(request.json(), json!({"Ok": null}));
    }
    Ok(())
}

#[tokio::test]
async fn what_is_done_without_a_request() -> Outcome {
    let store = store()?;
    let registry = Registry::builder(store.clone()).build()?;
    let created = store.create(CreateOptions { user_id: Some("alice".into()), ..Default::default() })?;
    let id = store.update(&created, r#"{"theme":"dark"}"#)?;
    let id = store.touch(&id, 3_600_000)?;
    let opened = store.open(&id)?;
    let (uid, record) = (opened.uid(), store.read(&id)?);
    registry
        .began(SessionInfo {
            user_id: "alice".into(),
            uid,
            created_at_ms: record.created_at_ms,
            last_seen_at_ms: record.created_at_ms,
            expires_at_ms: record.expires_at_ms,
            label: "Firefox on Linux".into(),
        })
        .await?;
    assert_eq!(registry.list_by_user("alice").await?.len(), 1);
    assert_eq!(registry.revoke_all_except("alice", uid).await?, 0);
    assert!(registry.revoke("alice", uid).await?);
    assert_eq!(registry.revoke_user("alice").await?, 0);
    assert_eq!(registry.cleanup_expired().await?, 0);
    store.revoke(&id).await?;
    assert_eq!(store.read(&id), Err(SessionError::NotFound));
    SessionLayer::new(store)?;
    Ok(())
}

#[test]
fn a_request_tells_its_user_without_an_argument() {
    let request: Request = Request::default();
    let user_id = request.extensions().get::<Session>().and_then(Session::user_id);
    assert_eq!(user_id, None);
}
