//! `tower-sessions-cookie-store`: a `tower-sessions` session, kept in a private cookie. The user is a member of the
//! session like those of the data; the layer checks the expiry.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower_sessions::Session;
use tower_sessions_cookie_store::{CookieSessionConfig, CookieSessionManagerLayer, Expiry, Key};

use super::unread;
use super::visit::{AFTER, Data, Visit};
use crate::claims::TTL_S;

pub(super) fn app() -> Router {
    let ttl = time::Duration::seconds(TTL_S.cast_signed());
    let config = CookieSessionConfig::default().with_expiry(Expiry::OnInactivity(ttl));
    Router::new()
        .route("/login/{size}", get(login))
        .route("/unread", get(unread))
        .route("/read", get(read))
        .route("/update", get(update))
        .route("/whole", get(whole))
        .layer(CookieSessionManagerLayer::private(Key::generate()).with_config(config))
}

async fn login(Path(size): Path<usize>, session: Session) -> Result<&'static str, StatusCode> {
    let Visit { user, data } = Visit::new(size);
    insert(&session, "user", &user).await?;
    insert(&session, "locale", &data.locale).await?;
    insert(&session, "theme", &data.theme).await?;
    insert(&session, "visits", &data.visits).await?;
    insert(&session, "note", &data.note).await?;
    Ok("done")
}

async fn read(session: Session) -> Result<String, StatusCode> {
    get_member(&session, "theme").await
}

async fn update(session: Session) -> Result<&'static str, StatusCode> {
    if session.is_empty().await {
        return Err(StatusCode::UNAUTHORIZED);
    }
    insert(&session, "theme", AFTER).await?;
    Ok("done")
}

async fn whole(session: Session) -> Result<String, StatusCode> {
    let data = Data {
        locale: get_member(&session, "locale").await?,
        theme: get_member(&session, "theme").await?,
        visits: get_member(&session, "visits").await?,
        note: get_member(&session, "note").await?,
    };
    Ok(Visit { user: get_member(&session, "user").await?, data }.to_json())
}

async fn insert(session: &Session, name: &str, value: impl Serialize) -> Result<(), StatusCode> {
    session.insert(name, value).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn get_member<T: DeserializeOwned>(session: &Session, name: &str) -> Result<T, StatusCode> {
    let value = session.get(name).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    value.ok_or(StatusCode::UNAUTHORIZED)
}
