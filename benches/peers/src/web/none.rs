//! No sessions: the same handlers, that know without looking.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{HeaderName, SET_COOKIE};
use axum::routing::get;

use super::unread;
use super::visit::BEFORE;

/// The name of the application without sessions: what every layer adds is added to this.
pub const NONE: &str = "no session";

pub(super) fn app() -> Router {
    Router::new()
        .route("/login/{size}", get(login))
        .route("/unread", get(unread))
        .route("/read", get(read))
        .route("/update", get(unread))
}

/// A cookie about as long as those of the others.
async fn login(Path(size): Path<usize>) -> ([(HeaderName, String); 1], &'static str) {
    ([(SET_COOKIE, format!("session={}; Path=/", "x".repeat((size + 64) * 4 / 3)))], "done")
}

async fn read() -> String {
    BEFORE.to_owned()
}
