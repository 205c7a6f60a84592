//! What a browser makes of cookies: a server that sets whatever it is asked to set. `tests/browser` asks.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /sent` | the request's header `Cookie` |
//! | `GET /set?header=…` | each `header` as a header `Set-Cookie`, unread |
//! | `GET /policy?…` | the header `Set-Cookie` that a `CookiePolicy` of these settings writes, or 422 and why there is none |
//! | `POST /one/N`, `GET /one` | a session with N bytes in one cookie, `__Host-session` |
//! | `POST /two/N`, `GET /two` | a session with N bytes that may take two cookies, `__Host-two` |
//!
//! It listens on this machine only, and is no server to be reached from elsewhere.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::get;
use sealed_session::http::{CookiePolicy, DataError, Presented, SameSite, Session, SessionLayer};
use sealed_session::{KeyRing, RootSecret, SealedStore, SessionId};
use serde::Deserialize;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => 3000,
        (Some("--port"), Some(port)) => port.parse()?,
        _ => return Err("usage: cookie_lab [--port N]".into()),
    };
    let app = Router::new()
        .route("/sent", get(sent))
        .route("/set", get(set))
        .route("/policy", get(policy))
        .merge(site("/one", "__Host-session", false)?)
        .merge(site("/two", "__Host-two", true)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://localhost:{}/", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}

async fn sent(headers: HeaderMap) -> String {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join("; ")
}

async fn set(Query(pairs): Query<Vec<(String, String)>>) -> Result<HeaderMap, StatusCode> {
    let mut headers = HeaderMap::new();
    for (_, value) in pairs.iter().filter(|(name, _)| name == "header") {
        headers.append(SET_COOKIE, HeaderValue::from_str(value).map_err(|_| StatusCode::BAD_REQUEST)?);
    }
    Ok(headers)
}

/// The settings of a policy that the tests contradict themselves with.
#[derive(Deserialize)]
struct Settings {
    name: String,
    domain: Option<String>,
    path: Option<String>,
    #[serde(default)]
    same_site_none: bool,
    #[serde(default)]
    partitioned: bool,
    #[serde(default)]
    insecure: bool,
}

async fn policy(Query(settings): Query<Settings>) -> Result<HeaderMap, (StatusCode, String)> {
    let refused = |error: &dyn Error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
    let mut policy = CookiePolicy::builder(settings.name)
        .path(settings.path.unwrap_or_else(|| "/".to_owned()))
        .same_site(if settings.same_site_none { SameSite::None } else { SameSite::Lax })
        .partitioned(settings.partitioned)
        .insecure_for_local_development(settings.insecure);
    if let Some(domain) = settings.domain {
        policy = policy.domain(domain);
    }
    let policy = policy.build().map_err(|error| refused(&error))?;
    let values = policy.set(&SessionId::new("value"), 60_000, 0, &Presented::default());
    let mut headers = HeaderMap::new();
    for value in values.map_err(|error| refused(&error))? {
        headers.append(SET_COOKIE, HeaderValue::try_from(value).map_err(|error| refused(&error))?);
    }
    Ok(headers)
}

/// A site with sessions of its own, in one cookie or in two.
fn site(path: &str, cookie_name: &str, in_two: bool) -> Result<Router, Box<dyn Error>> {
    let mut store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).cookie_name(cookie_name);
    if in_two {
        let cookies = CookiePolicy::builder(cookie_name).chunked(true).build()?;
        store = store.max_token_chars(cookies.max_token_chars());
    }
    let sessions = SessionLayer::builder(store.build()?)
        .cookie(|cookie| cookie.chunked(in_two))
        .user_id_room(0)
        .build()?;
    Ok(Router::new()
        .route(path, get(kept))
        .route(&format!("{path}/{{bytes}}"), axum::routing::post(keep))
        .layer(sessions))
}

async fn keep(session: Session, Path(bytes): Path<usize>) -> Result<(), (StatusCode, String)> {
    session.insert("a", &"x".repeat(bytes)).map_err(|error| match error {
        DataError::Seal(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        error => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })
}

/// How many bytes are in the session.
async fn kept(session: Session) -> Result<String, DataError> {
    Ok(session.get::<String>("a")?.map_or_else(|| "no session".to_owned(), |text| text.len().to_string()))
}
