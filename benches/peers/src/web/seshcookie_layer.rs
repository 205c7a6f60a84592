//! `seshcookie`: its layer, and a typed session as an argument. The layer checks the age of the cookie.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use seshcookie::{Session, SessionConfig, SessionKeys, SessionLayer};

use super::unread;
use super::visit::{AFTER, Visit};
use crate::claims::TTL_S;

pub(super) fn app() -> Router {
    let keys = SessionKeys::new(&[7; 32]).expect("32 bytes");
    let config = SessionConfig::default().max_age(Duration::from_secs(TTL_S));
    Router::new()
        .route("/login/{size}", get(login))
        .route("/unread", get(unread))
        .route("/read", get(read))
        .route("/update", get(update))
        .route("/whole", get(whole))
        .layer(SessionLayer::<Visit>::new(keys, config).expect("the settings agree"))
}

async fn login(Path(size): Path<usize>, session: Session<Visit>) -> &'static str {
    session.insert(Visit::new(size)).await;
    "done"
}

async fn read(session: Session<Visit>) -> Result<String, StatusCode> {
    Ok(session.get().await.ok_or(StatusCode::UNAUTHORIZED)?.data.theme)
}

async fn update(session: Session<Visit>) -> Result<&'static str, StatusCode> {
    let set = |visit: &mut Option<Visit>| visit.as_mut().map(|visit| visit.data.theme = AFTER.into());
    session.modify(set).await.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok("done")
}

async fn whole(session: Session<Visit>) -> Result<String, StatusCode> {
    Ok(session.get().await.ok_or(StatusCode::UNAUTHORIZED)?.to_json())
}
