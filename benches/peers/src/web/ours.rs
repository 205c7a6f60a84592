//! `sealed-session`: its `SessionLayer`, and `Session` as an argument.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use sealed_session::http::{DataError, Session, SessionLayer};
use sealed_session::{KeyRing, RootSecret, SealedStore};

use super::unread;
use super::visit::{AFTER, Visit};

/// The name of ours: what every ratio is of.
pub const OURS: &str = "sealed-session";

pub(super) fn app() -> Router {
    let ring = KeyRing::single(RootSecret::from_bytes(&[7; 32]).expect("32 bytes"));
    let store = SealedStore::builder(ring).build().expect("the settings agree");
    Router::new()
        .route("/login/{size}", get(login))
        .route("/unread", get(unread))
        .route("/read", get(read))
        .route("/update", get(update))
        .route("/whole", get(whole))
        .layer(SessionLayer::new(store).expect("the settings agree"))
}

async fn login(Path(size): Path<usize>, session: Session) -> Result<&'static str, DataError> {
    let visit = Visit::new(size);
    session.authenticate(&visit.user)?;
    session.store(&visit.data)?;
    Ok("done")
}

async fn read(session: Session) -> Result<String, StatusCode> {
    let theme = session.get("theme").map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    theme.ok_or(StatusCode::UNAUTHORIZED)
}

async fn update(session: Session) -> Result<&'static str, StatusCode> {
    if session.is_empty() {
        return Err(StatusCode::UNAUTHORIZED);
    }
    session.insert("theme", AFTER).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("done")
}

async fn whole(session: Session) -> Result<String, StatusCode> {
    let user = session.user_id().ok_or(StatusCode::UNAUTHORIZED)?;
    let data = session.load().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Visit { user, data }.to_json())
}
