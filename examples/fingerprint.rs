//! Sessions that open only with the headers they began with: docs/metadata.md says whom that logs out.
//!
//! ```sh
//! cargo run --example fingerprint --features axum
//! ```
//!
//! `/` counts a visitor's visits, `/visits` only tells. It prints where it listens; `--port N` chooses the port.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, USER_AGENT};
use axum::http::{HeaderValue, request::Parts};
use axum::routing::get;
use sealed_session::http::{DataError, Session, SessionLayer};
use sealed_session::{KeyRing, RootSecret, SealedStore, join_associated_data};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ring = KeyRing::single(RootSecret::generate()?); // a server: KeyRing::load("/etc/shop/ring.json")?
    let store = SealedStore::builder(ring).build()?;
    let layer = SessionLayer::builder(store).bind_to(fingerprint).build()?;
    let app = Router::new().route("/", get(count)).route("/visits", get(visits)).layer(layer);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port()?)).await?;
    println!("listening on http://localhost:{}/", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}

/// What a browser says of itself with every request. Not the address: that changes with every other network.
fn fingerprint(request: &Parts) -> Vec<u8> {
    let header = |name| request.headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    join_associated_data(&[header(USER_AGENT), header(ACCEPT_LANGUAGE), header(ACCEPT_ENCODING)])
}

async fn count(session: Session) -> Result<String, DataError> {
    let visits = session.get("visits")?.unwrap_or(0_u64).saturating_add(1);
    session.insert("visits", &visits)?;
    Ok(format!("visit {visits}\n"))
}

async fn visits(session: Session) -> Result<String, DataError> {
    Ok(format!("{} visits\n", session.get("visits")?.unwrap_or(0_u64)))
}

fn port() -> Result<u16, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(3000),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("usage: fingerprint [--port N]".into()),
    }
}
