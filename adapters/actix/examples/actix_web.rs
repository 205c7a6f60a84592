//! A web server with actix-web: it counts visits, logs in and logs out, and keeps all of it in the cookie.
//!
//! ```sh
//! cargo run --example actix_web
//! ```
//!
//! It prints where it listens. `--port N` chooses the port.

#![forbid(unsafe_code)]

use std::error::Error;

use actix_session::Session;
use actix_web::http::header::ContentType;
use actix_web::web::{Form, Redirect, get, post};
use actix_web::{App, HttpResponse, HttpServer, Result, error};
use sealed_session::{KeyRing, RootSecret, SealedStore};
use sealed_session_actix::SealedSessionStore;
use serde::Deserialize;

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let ring = KeyRing::single(RootSecret::generate()?); // a server: KeyRing::load("/etc/shop/ring.json")?
    let sessions = SealedSessionStore::new(SealedStore::builder(ring).app_id("counter.example"))?;
    let sessions = sessions.reserving("user", 64); // a visitor can log in, however much is in the session
    let app = move || {
        App::new()
            .wrap(sessions.middleware().build()) // last of all middleware, to see a request first
            .route("/", get().to(count))
            .route("/login", post().to(log_in))
            .route("/logout", post().to(log_out))
    };
    let server = HttpServer::new(app).workers(2).bind(("127.0.0.1", port()?))?;
    if let Some(address) = server.addrs().first() {
        println!("listening on http://localhost:{}/", address.port());
    }
    Ok(server.run().await?)
}

async fn count(session: Session) -> Result<HttpResponse> {
    let visits = session.get::<u64>("visits")?.unwrap_or(0).saturating_add(1);
    session.insert("visits", visits)?;
    let page = match session.get::<String>("user")? {
        Some(user) => format!("Visit {visits} of {user}. <form method=post action=/logout><button>Log out"),
        None => format!("Visit {visits}. <form method=post action=/login><input name=user><button>Log in"),
    };
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(format!("<!doctype html><p>{page}")))
}

#[derive(Deserialize)]
struct Login {
    user: String,
}

/// Here anybody is let in who gives a name that is safe in a page. A real server asks for more.
async fn log_in(session: Session, form: Form<Login>) -> Result<Redirect> {
    let Login { user } = form.into_inner();
    if user.is_empty() || !user.chars().all(char::is_alphanumeric) {
        return Err(error::ErrorBadRequest("a name has letters and digits"));
    }
    // Another session, with the visits of this one unless somebody else's.
    sealed_session_actix::log_in(&session, "user", &user)?;
    Ok(Redirect::to("/").see_other())
}

async fn log_out(session: Session) -> Redirect {
    session.purge();
    Redirect::to("/").see_other()
}

fn port() -> std::result::Result<u16, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(3000),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("usage: actix_web [--port N]".into()),
    }
}
