//! A user's sessions: what they are called, and ending one from another.

use axum::Form;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use sealed_session::SessionUid;
use sealed_session::http::{FlashLevel, Session};
use serde::Deserialize;

use crate::shop::{Answer, tell};

/// What a user may recognise a browser by. It says what it likes.
pub(crate) fn label(request: &Parts) -> String {
    let agent = request.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|known| known.1)
    };
    let browsers = [
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chromium"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("Mac OS", "macOS"),
        ("Windows", "Windows"),
        ("Linux", "Linux"),
    ];
    let browser = first(&browsers).unwrap_or("A client");
    first(&systems).map_or(browser.to_owned(), |system| format!("{browser} on {system}"))
}

#[derive(Deserialize)]
pub(crate) struct End {
    uid: String,
}

/// Ends another session of the user. One of another user is not found, whoever asks.
pub(crate) async fn end(session: Session, Form(End { uid }): Form<End>) -> Answer {
    let ended = match uid.parse::<SessionUid>() {
        Ok(uid) => session.revoke(uid).await?,
        Err(_) => false,
    };
    match ended {
        true => {
            tell(&session, FlashLevel::Success, "The other session was ended. Its cookie is worth nothing.")
        }
        false => tell(&session, FlashLevel::Info, "There is no such session any more."),
    }
}
