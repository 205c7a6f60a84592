//! A site whose users' sessions are listed: with revocations and a registry.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{DataError, Session, SessionLayerBuilder};
use sealed_session::registry::{Registry, RegistryBuilder, SessionInfo};
use sealed_session::revocation::Revocations;
use sealed_session::{KeyRing, SealedStore};
use serde_json::{Value, json};

use crate::site::{Client, HOUR, NOON, Site, over_http, root, routes};
use crate::support::get_with;

pub(crate) struct Users {
    pub(crate) site: Site,
    pub(crate) registry: Registry,
}

/// A site with a registry, where devices name themselves in a header.
pub(crate) async fn users(settings: impl FnOnce(RegistryBuilder) -> RegistryBuilder) -> Users {
    let clock = ManualClock::at(NOON);
    users_with(Revocations::builder().clock(clock.clone()).in_memory(), clock, settings, |layer| layer).await
}

pub(crate) async fn users_with(
    revocations: Revocations,
    clock: ManualClock,
    settings: impl FnOnce(RegistryBuilder) -> RegistryBuilder,
    layer: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
) -> Users {
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store =
        SealedStore::builder(ring).clock(clock.clone()).cookie_name("session").revocations(revocations);
    let store = store.build().unwrap();
    let registry = settings(Registry::builder(store.clone())).build().unwrap();
    let device = |parts: &http::request::Parts| {
        parts.headers.get("x-device").map_or(String::new(), |device| device.to_str().unwrap().to_owned())
    };
    let listed = registry.clone();
    let settings =
        |builder: SessionLayerBuilder| layer(builder.cookie(over_http).registry(listed).label(device));
    let site = Site::over(store, clock, settings, app(registry.clone())).await;
    Users { site, registry }
}

fn app(registry: Registry) -> Router {
    routes()
        .route("/logout-all", post(|s: Session| async move { s.logout_everywhere().await }))
        .route("/logout-other", post(|s: Session| async move { s.logout_others().await }))
        .route("/revoke/{uid}", post(revoke))
        .route("/sessions", get(sessions))
        .route("/login-of-ten/{user}", post(log_in_and_keep_those_used_last))
        .route(
            "/login-with/{user}",
            post(|s: Session, Path(user): Path<String>| async move {
                s.authenticate(&user)?;
                s.store(&json!({"theme": "dark"}))
            }),
        )
        .layer(Extension(registry))
}

async fn sessions(session: Session) -> Result<Json<Vec<Value>>, DataError> {
    let shown = |info: SessionInfo| {
        let SessionInfo { uid, label, created_at_ms, last_seen_at_ms, .. } = info;
        json!({"uid": uid.to_string(), "label": label, "created": created_at_ms, "seen": last_seen_at_ms})
    };
    Ok(Json(session.list_my_sessions().await?.into_iter().map(shown).collect()))
}

async fn revoke(session: Session, Path(uid): Path<String>) -> Result<StatusCode, DataError> {
    Ok(if session.revoke(uid.parse().unwrap()).await? { StatusCode::OK } else { StatusCode::NOT_FOUND })
}

/// The lines for it in docs/parity.md, with three for ten.
async fn log_in_and_keep_those_used_last(
    session: Session,
    Path(user_id): Path<String>,
    Extension(registry): Extension<Registry>,
) -> Result<(), DataError> {
    let (user_id, most) = (user_id.as_str(), 3);
    let mut others = registry.list_by_user(user_id).await?;
    others.retain(|other| Some(other.uid) != session.uid());
    for least_used in others.iter().skip(most - 1) {
        registry.revoke(user_id, least_used.uid).await?;
    }
    session.authenticate(user_id)
}

impl Users {
    pub(crate) async fn logged_in(&self, device: &str) -> Client {
        self.logged_in_by("/login/ann", device).await
    }

    pub(crate) async fn logged_in_by(&self, path: &str, device: &str) -> Client {
        let client = self.site.client();
        assert_eq!(client.request(path).header("x-device", device).send().await.unwrap().status(), 200);
        client
    }

    pub(crate) async fn user_of(&self, pair: &str) -> Value {
        let body = get_with(&self.site, "/info", pair).await.body;
        serde_json::from_str::<Value>(&body).unwrap()["user"].clone()
    }
}

pub(crate) async fn user(client: &Client) -> Value {
    client.info().await["user"].clone()
}

pub(crate) async fn listed(client: &Client) -> Vec<Value> {
    serde_json::from_str(&client.get("/sessions").await.body).unwrap()
}

pub(crate) async fn labels(client: &Client) -> Vec<String> {
    let all = listed(client).await;
    all.iter().map(|session| session["label"].as_str().unwrap().to_owned()).collect()
}

/// Three devices that begin in this order, of which the first is used last.
pub(crate) async fn three(users: &Users, login: &str) -> [Client; 3] {
    let first = users.logged_in_by(login, "1").await;
    users.site.clock.advance(HOUR);
    let second = users.logged_in_by(login, "2").await;
    users.site.clock.advance(HOUR);
    let third = users.logged_in_by(login, "3").await;
    users.site.clock.advance(HOUR);
    first.get("/get/a").await;
    users.site.clock.advance(HOUR);
    [first, second, third]
}
