//! What an application writes. Every handler changes the session, leaves a message for the next page, and
//! redirects to it.

use std::fmt::Display;
use std::time::Duration;

use axum::Form;
use axum::response::{IntoResponse, Redirect, Response};
use sealed_session::SealError;
use sealed_session::http::{DataError, FlashLevel, Session};
use serde::Deserialize;

/// What can be bought.
pub(crate) const PRODUCTS: [&str; 4] = ["Teapot", "Two cups", "Linen cloth", "Honey"];

/// Begins a session for a visitor who has none. Pages with forms do that by themselves, because they ask for a
/// CSRF token; this shop has a page without one, to show that it sets no cookie. The visitor asks for a new one, so it
/// also takes the place of a cookie that would be left alone, because its session was ended a moment ago.
pub(crate) async fn start(session: Session) -> Answer {
    session.begin_anyway()?;
    session.csrf_token()?;
    Ok(Redirect::to("/?after=start"))
}

#[derive(Deserialize)]
pub(crate) struct Product {
    product: String,
}

pub(crate) async fn add(session: Session, Form(Product { product }): Form<Product>) -> Answer {
    if !PRODUCTS.contains(&product.as_str()) {
        return tell(&session, FlashLevel::Error, "That is not sold here.");
    }
    let mut cart: Vec<String> = session.get("cart")?.unwrap_or_default();
    cart.push(product.clone());
    session.insert("cart", &cart)?;
    tell(&session, FlashLevel::Success, format_args!("{product} is in the cart."))
}

pub(crate) async fn remove(session: Session, Form(Product { product }): Form<Product>) -> Answer {
    let mut cart: Vec<String> = session.get("cart")?.unwrap_or_default();
    let Some(at) = cart.iter().position(|item| *item == product) else {
        return tell(&session, FlashLevel::Info, "It was not in the cart any more.");
    };
    cart.remove(at);
    session.insert("cart", &cart)?;
    tell(&session, FlashLevel::Success, format_args!("{product} was removed."))
}

#[derive(Deserialize)]
pub(crate) struct Note {
    note: String,
}

/// Whatever a visitor writes goes into the cookie, as far as there is room.
pub(crate) async fn note(session: Session, Form(Note { note }): Form<Note>) -> Answer {
    session.insert("note", note.trim())?;
    tell(&session, FlashLevel::Success, "The note was saved.")
}

#[derive(Deserialize)]
pub(crate) struct Login {
    name: String,
}

/// Any name will do. The session keeps its data and gets a new uid, so a cookie that somebody knew before the
/// login is not logged in.
pub(crate) async fn log_in(session: Session, Form(Login { name }): Form<Login>) -> Answer {
    let name = name.trim();
    if name.is_empty() {
        return tell(&session, FlashLevel::Error, "A name is needed to log in.");
    }
    session.authenticate(name)?;
    tell(&session, FlashLevel::Success, format_args!("Welcome, {name}. The session has a new uid."))
}

/// Nothing is stored afterwards, so the cookie is removed. A message would begin a new session.
pub(crate) async fn log_out(session: Session) -> Answer {
    session.logout()?;
    Ok(Redirect::to("/?after=logout"))
}

#[derive(Deserialize)]
pub(crate) struct Expiry {
    minutes: u64,
}

pub(crate) async fn set_expiry(session: Session, Form(Expiry { minutes }): Form<Expiry>) -> Answer {
    session.set_ttl(Duration::from_secs(minutes.saturating_mul(60)))?;
    tell(&session, FlashLevel::Success, "The session has a new expiry.")
}

pub(crate) type Answer = Result<Redirect, Refusal>;

/// Leaves a message and goes back to the page. In a session that is nearly full there may be no room for it,
/// which is no reason to undo what was done.
pub(crate) fn tell(session: &Session, level: FlashLevel, text: impl Display) -> Answer {
    match session.flash(level, text.to_string()) {
        Ok(()) | Err(DataError::Seal(SealError::TooLarge { .. })) => Ok(Redirect::to("/")),
        Err(error) => Err(Refusal(error)),
    }
}

/// Lets handlers use `?`.
pub(crate) struct Refusal(DataError);

impl From<DataError> for Refusal {
    fn from(error: DataError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self.0 {
            // The session is as it was. The page says so without a message in the session, which is full.
            DataError::Seal(SealError::TooLarge { .. }) => Redirect::to("/?after=full").into_response(),
            error => error.into_response(),
        }
    }
}
