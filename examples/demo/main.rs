//! A shop with one page, which shows its visitor's session live: the cookie by its fields, what is in it, and
//! when it expires. Put things into the cart, log in, rotate the keys, damage the cookie.
//!
//! ```sh
//! cargo run --release --example demo --features demo
//! cargo run --release --example demo --features demo -- --port 8080
//! ```
//!
//! `shop.rs` is what an application writes: handlers with a [`Session`](sealed_session::http::Session) among
//! their arguments. [`app`] below puts the layers around them. The rest (`visit.rs`, `page.rs`, `token.rs`) shows
//! what an application would not: how the cookie is made.
//!
//! Chromium and Firefox take the default cookie, `__Host-session` with `Secure`, from `http://localhost`. Safari
//! does not; `--insecure` is for that.

#![forbid(unsafe_code)]

mod attack;
mod devices;
mod html;
mod keys;
mod page;
mod settings;
mod shop;
mod token;
mod visit;

use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{get, post};
use sealed_session::http::{CsrfLayer, SessionLayer};
use sealed_session::revocation::{Registry, Revocations};
use sealed_session::{ConfigError, SealedStore};
use tokio::net::TcpListener;

use keys::Keys;
use settings::Settings;

/// What handlers share. Clones are the same store and the same keys.
#[derive(Clone)]
struct Shop {
    store: SealedStore,
    keys: Keys,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::read(std::env::args().skip(1), std::env::var("PORT").ok())?;
    let (keys, ring) = Keys::new()?;
    let mut store = SealedStore::builder(ring).app_id(keys::APP_ID).default_ttl(Duration::from_secs(30 * 60));
    if settings.insecure {
        store = store.cookie_name("session"); // browsers take __Host-… only with Secure
    }
    // What was ended, and who is logged in where: in memory here, in a database where there are several servers.
    let store = store.revocations(Revocations::in_memory()).build()?;
    let app = app(Shop { store, keys }, settings.insecure)?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    println!("listening on http://localhost:{}/", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}

/// The layer that was added last is the first that a request meets, and the last that a response passes.
fn app(shop: Shop, insecure: bool) -> Result<Router, ConfigError> {
    let sessions = SessionLayer::builder(shop.store.clone())
        .cookie(|cookie| cookie.insecure_for_local_development(insecure))
        .registry(Registry::builder(shop.store.clone()).max_sessions(5).build()?)
        .label(devices::label)
        .build()?;
    Ok(Router::new()
        .route("/", get(visit::show))
        .route("/start", get(shop::start))
        .route("/cart/add", post(shop::add))
        .route("/cart/remove", post(shop::remove))
        .route("/note", post(shop::note))
        .route("/login", post(shop::log_in))
        .route("/logout", post(shop::log_out))
        .route("/sessions/end", post(devices::end))
        .route("/expiry", post(shop::set_expiry))
        .route("/keys/rotate", post(keys::rotate))
        .route("/tamper", post(attack::tamper))
        .layer(CsrfLayer::new()) // no form without its token
        .layer(sessions)
        .layer(map_response(attack::on_the_way_to_the_browser))
        .layer(map_response(page::explain_refusals))
        .merge(page::assets())
        .layer(map_response(page::with_security_headers))
        .with_state(shop))
}
