//! Sessions without a web framework: hyper serves, and the layer stands around one function.
//!
//! ```sh
//! cargo run --example plain_tower --features tower
//! ```
//!
//! It counts a visitor's visits, and prints where it listens. `--port N` chooses the port.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::Ipv4Addr;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use sealed_session::http::{DataError, Session, SessionLayer};
use sealed_session::{KeyRing, RootSecret, SealedStore};
use tokio::net::TcpListener;
use tower::{Layer as _, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ring = KeyRing::single(RootSecret::generate()?); // a server: KeyRing::load("/etc/shop/ring.json")?
    let store = SealedStore::builder(ring).app_id("counter.example").build()?;
    let service = SessionLayer::new(store)?.layer(service_fn(answer));

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port()?)).await?;
    println!("listening on http://localhost:{}/", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                eprintln!("a client went away: {error}");
            }
        });
    }
}

/// Never fails itself: what goes wrong is an answer.
async fn answer(request: Request<Incoming>) -> Result<Response<String>, std::convert::Infallible> {
    let counted = request.extensions().get::<Session>().map(count);
    Ok(match counted {
        Some(Ok(visits)) => Response::new(format!("visit {visits}\n")),
        _ => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    })
}

fn count(session: &Session) -> Result<u64, DataError> {
    let visits = session.get("visits")?.unwrap_or(0_u64).saturating_add(1);
    session.insert("visits", &visits)?;
    Ok(visits)
}

fn port() -> Result<u16, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(3000),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("usage: plain_tower [--port N]".into()),
    }
}
