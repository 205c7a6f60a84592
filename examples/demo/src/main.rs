//! A shop with one page, which shows its visitor's session live: the cookie by its fields, what is in it, and
//! when it expires. Put things into the cart, log in, rotate the keys, damage the cookie.
//!
//! ```sh
//! cargo run --release --package sealed-session-demo
//! cargo run --release --package sealed-session-demo -- --port 8080
//! ```
//!
//! `shop.rs` is what an application writes: handlers with a [`Session`](sealed_session::http::Session) among
//! their arguments. [`app`] below puts the layers around them. The rest (`visit.rs`, `page.rs`, `token.rs`) shows
//! what an application would not: how the cookie is made.
//!
//! Browsers bind sessions to their device over https only, which something in front of the demo has to speak and to
//! tell of by `X-Forwarded-Proto`. Any reverse proxy will do, for instance Caddy, which no test runs:
//!
//! ```sh
//! cargo run --release --package sealed-session-demo -- --proof-ttl 300
//! caddy reverse-proxy --from localhost:8443 --to localhost:3000
//! ```
//!
//! The browser has to trust the certificate; to click a warning away is not enough. Chromium keeps its key in a TPM.
//! Where there is none, it takes keys in software when it is started so:
//!
//! ```sh
//! chromium --enable-features=DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting
//! ```
//!
//! Chromium and Firefox take the default cookie, `__Host-session` with `Secure`, from `http://localhost`. Safari
//! does not; `--insecure` is for that.

#![forbid(unsafe_code)]

mod attack;
mod binding;
mod devices;
mod html;
mod keys;
mod page;
mod settings;
mod shop;
mod theft;
mod token;
mod visit;

use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};
use sealed_session::http::{CsrfLayer, DeviceBoundLayer, Renewal, SessionLayer};
use sealed_session::registry::Registry;
use sealed_session::revocation::Revocations;
use sealed_session::{ConfigError, SealedStore};
use tokio::net::TcpListener;
use tower::util::Either;

use binding::Devices;
use keys::Keys;
use settings::Settings;
use theft::Theft;

/// Sessions that are bound to devices, or those of local development.
type SessionsLayer = Either<DeviceBoundLayer, SessionLayer>;

/// What handlers share. Clones are the same store and the same keys.
#[derive(Clone)]
struct Shop {
    store: SealedStore,
    keys: Keys,
    /// Without them no session is bound to one.
    devices: Option<Devices>,
    theft: Theft,
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
    let app = app(store, keys, &settings)?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    println!("listening on http://localhost:{}/", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}

/// The layer that was added last is the first that a request meets, and the last that a response passes.
fn app(store: SealedStore, keys: Keys, settings: &Settings) -> Result<Router, ConfigError> {
    let (sessions, devices) = sessions(&store, settings)?;
    let shop = Shop { store, keys, devices, theft: Theft::new(sessions.clone()) };
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
        .route("/device", get(visit::device))
        .route("/device/copy", post(theft::copy))
        .route("/device/use", post(theft::use_copy))
        .layer(CsrfLayer::builder().require_token(true).build()?) // no form without its token
        .layer(map_response(page::explain_refusals))
        .merge(page::assets())
        .layer(sessions) // around all of the origin, because it answers two paths itself
        .layer(map_response(attack::on_the_way_to_the_browser))
        .layer(from_fn_with_state(shop.clone(), binding::listen))
        .layer(map_response(page::with_security_headers))
        .with_state(shop))
}

fn sessions(
    store: &SealedStore,
    settings: &Settings,
) -> Result<(SessionsLayer, Option<Devices>), ConfigError> {
    let sessions = SessionLayer::builder(store.clone())
        .cookie(|cookie| cookie.insecure_for_local_development(settings.insecure))
        .renewal(Renewal::default().with_documents_only()) // looking at the device is no use of the session
        .registry(Registry::builder(store.clone()).max_sessions(5).build()?)
        .label(devices::label)
        .build()?;
    if settings.insecure {
        return Ok((Either::Right(sessions), None));
    }
    let bound = sessions.device_bound(|device| device.proof_ttl(settings.proof_ttl))?;
    Ok((Either::Left(bound), Some(Devices::new(store, settings.proof_ttl)?)))
}
