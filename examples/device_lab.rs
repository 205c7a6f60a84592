//! What a browser makes of sessions that are bound to its device: a server whose lives are short. `tests/browser`
//! asks, over https, which something in front of this server has to speak.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /` | a page without content |
//! | `GET /login/USER` | logs a user in |
//! | `GET /put/TEXT` | keeps a text in the session |
//! | `GET /cycle`, `GET /logout` | a new uid; the end |
//! | `GET /state` | what the session has, as JSON |
//!
//! ```sh
//! sealed-session ring init ring.json
//! cargo run --example device_lab --features dbsc,axum,watch,revocation -- --ring ring.json --proof-ttl 5
//! ```
//!
//! `--challenge-ttl S`, `--unbound-for S` and `--revocations` change its settings. It listens on this machine only. Do
//! not make it reachable from elsewhere.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use sealed_session::http::{DataError, Session, SessionLayer, Unbound};
use sealed_session::revocation::Revocations;
use sealed_session::{KeyRing, SealedStore, WatchOptions};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const USAGE: &str = "usage: device_lab --ring FILE [--port N] [--proof-ttl S] [--challenge-ttl S] [--unbound-for S] \
                     [--revocations]";

/// What the command line says.
struct Settings {
    port: u16,
    ring: String,
    proof_ttl: Duration,
    challenge_ttl: Option<Duration>,
    unbound: Unbound,
    revocations: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::read(std::env::args().skip(1))?;
    let mut store = SealedStore::builder(KeyRing::load(&settings.ring)?);
    if settings.revocations {
        // For the lab alone: a restart forgets the list and keeps the ring, so that revoked sessions open again.
        store = store.revocations(Revocations::in_memory());
    }
    let store = store.build()?;
    let _watcher = store.follow(&settings.ring, WatchOptions::default())?;
    let app = Router::new()
        .route("/", get(|| async { Html("<!DOCTYPE html><title>lab</title>") }))
        .route("/login/{user}", get(log_in))
        .route("/put/{text}", get(put))
        .route("/cycle", get(|session: Session| async move { session.cycle() }))
        .route("/logout", get(|session: Session| async move { session.logout() }))
        .route("/state", get(state))
        .layer(SessionLayer::new(store)?.device_bound(|device| {
            let device = device.proof_ttl(settings.proof_ttl).unbound(settings.unbound);
            match settings.challenge_ttl {
                Some(ttl) => device.challenge_ttl(ttl),
                None => device,
            }
        })?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    println!("listening on http://localhost:{}/", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}

async fn log_in(session: Session, Path(user): Path<String>) -> Result<(), DataError> {
    session.authenticate(&user)
}

async fn put(session: Session, Path(text): Path<String>) -> Result<(), DataError> {
    session.insert("text", &text)
}

async fn state(session: Session) -> Result<Json<Value>, DataError> {
    Ok(Json(json!({
        "user": session.user_id(),
        "text": session.get::<String>("text")?,
        "uid": session.uid().map(|uid| uid.to_string()),
        "bound": session.is_device_bound(),
        "unproven": session.lacks_device_proof(),
        "server": std::process::id(),
    })))
}

impl Settings {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut settings = Self {
            port: 3000,
            ring: String::new(),
            proof_ttl: Duration::from_secs(600),
            challenge_ttl: None,
            unbound: Unbound::Accepted,
            revocations: false,
        };
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or(USAGE);
            match option.as_str() {
                "--port" => settings.port = value()?.parse()?,
                "--ring" => settings.ring = value()?,
                "--proof-ttl" => settings.proof_ttl = seconds(&value()?)?,
                "--challenge-ttl" => settings.challenge_ttl = Some(seconds(&value()?)?),
                "--unbound-for" => settings.unbound = Unbound::RefusedAfter(seconds(&value()?)?),
                "--revocations" => settings.revocations = true,
                _ => return Err(USAGE.into()),
            }
        }
        if settings.ring.is_empty() { Err(USAGE.into()) } else { Ok(settings) }
    }
}

fn seconds(text: &str) -> Result<Duration, Box<dyn Error>> {
    Ok(Duration::from_secs(text.parse()?))
}
