//! Where a session began, and where else its user is logged in: docs/metadata.md.
//!
//! ```sh
//! cargo run --example devices --features axum,revocation
//! ```
//!
//! `POST /login/NAME` asks for no password. It prints where it listens; `--port N` chooses the port.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Path};
use axum::http::{HeaderMap, StatusCode, header::USER_AGENT, request::Parts};
use axum::routing::{get, post};
use sealed_session::http::{DataError, Session, SessionLayer};
use sealed_session::registry::Registry;
use sealed_session::revocation::Revocations;
use sealed_session::{KeyRing, RootSecret, SealedStore};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// What a session keeps of its login.
#[derive(Serialize, Deserialize)]
struct Device {
    address: String,
    browser: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Ring and list end with this process. A ring in a file needs a backend: docs/logging-out-everywhere.md.
    let ring = KeyRing::single(RootSecret::generate()?);
    let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build()?;
    let registry = Registry::builder(store.clone()).build()?;
    let layer = SessionLayer::builder(store).registry(registry).label(label).build()?;
    let app = Router::new()
        .route("/login/{user}", post(log_in))
        .route("/", get(home))
        .route("/sessions", get(sessions))
        .route("/password", post(change_password))
        .layer(layer);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port()?)).await?;
    println!("listening on http://localhost:{}/", listener.local_addr()?.port());
    Ok(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?)
}

/// The first characters of what the browser calls itself. Who asks writes this header, so it may be long, or a lie.
fn browser(headers: &HeaderMap) -> String {
    let named = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("unknown");
    named.chars().take(120).collect()
}

/// What the registry calls a session.
fn label(request: &Parts) -> String {
    let from = request.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = from.map_or("unknown".to_owned(), |ConnectInfo(address)| address.ip().to_string());
    format!("{} at {address}", browser(&request.headers))
}

async fn log_in(
    session: Session,
    Path(user): Path<String>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<(), DataError> {
    session.authenticate(&user)?;
    session.insert("device", &Device { address: from.ip().to_string(), browser: browser(&headers) })
}

async fn home(session: Session) -> Result<String, DataError> {
    let Some(user) = session.user_id() else { return Ok("nobody is logged in\n".to_owned()) };
    let device: Option<Device> = session.get("device")?;
    Ok(device.map_or(format!("{user}\n"), |Device { address, browser }| {
        format!("{user}, logged in from {address} with {browser}\n")
    }))
}

async fn sessions(session: Session) -> Result<String, DataError> {
    let mut lines = String::new();
    for listed in session.list_my_sessions().await? {
        let this = if session.uid() == Some(listed.uid) { "this one" } else { "another" };
        let seconds = listed.last_seen_at_ms / 1000;
        lines.push_str(&format!("{this}: {}, seen {seconds}\n", listed.label));
    }
    Ok(lines)
}

/// Asks for the password once more where the browser is not the one of the login, and logs nobody out.
async fn change_password(session: Session, headers: HeaderMap) -> Result<StatusCode, DataError> {
    let device: Option<Device> = session.get("device")?;
    Ok(match device {
        Some(device) if device.browser == browser(&headers) => StatusCode::NO_CONTENT,
        _ => StatusCode::UNAUTHORIZED,
    })
}

fn port() -> Result<u16, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(3000),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("usage: devices [--port N]".into()),
    }
}
