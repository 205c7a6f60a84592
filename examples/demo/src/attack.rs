//! Somebody changes the cookie. The server plays both sides: the handler notes what is to be changed, and on the
//! way to the browser the cookie is replaced, outside of all that guards sessions.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use crate::visit::Sent;
use crate::{Shop, token};

#[derive(Deserialize)]
pub(crate) struct Target {
    field: String,
}

/// What the browser is to have instead of what the server sends.
#[derive(Clone)]
struct Forged(HeaderValue);

/// Changes one character in the middle of a field of the cookie.
pub(crate) async fn tamper(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Form(Target { field }): Form<Target>,
) -> Result<Response, StatusCode> {
    let Sent { name, token, .. } = Sent::in_request(&shop, &headers).ok_or(StatusCode::BAD_REQUEST)?;
    let forged = with_one_character_changed(token, &field).ok_or(StatusCode::BAD_REQUEST)?;
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    let value = format!("{name}={forged}; HttpOnly; SameSite=Lax; Path=/{secure}");
    let value = HeaderValue::try_from(value).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok((Extension(Forged(value)), Redirect::to("/")).into_response())
}

/// The cookie that a handler forged takes the place of whatever the session layer sends.
pub(crate) async fn on_the_way_to_the_browser(mut response: Response) -> Response {
    if let Some(Forged(value)) = response.extensions_mut().remove() {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}

fn with_one_character_changed(token: &str, field: &str) -> Option<String> {
    let fields = token::fields(token);
    let field = fields.iter().find(|known| known.class == field)?;
    // In the middle no bit is spare, and none belongs to a neighbour.
    let at = field.at + (field.text.len() - 1) / 2;
    let (before, rest) = token.split_at_checked(at)?;
    let old = rest.chars().next()?;
    let new = if old == 'A' { 'B' } else { 'A' };
    Some(format!("{before}{new}{}", rest.strip_prefix(old)?))
}
