//! The page: what the browser sent, what the server makes of it, and messages for the visitor.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, COOKIE};
use axum::response::{Html, IntoResponse};
use sealed_session::http::{DataError, Flash, FlashLevel, Session};
use sealed_session::{KeyState, OpenError, OpenedSession, Reason, SessionId};
use serde::Deserialize;

use crate::binding::Devices;
use crate::page::{Device, Way};
use crate::{Shop, page};

/// What was done before, where no session can carry a message. It chooses among fixed words.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum After {
    Start,
    Logout,
    Full,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    after: Option<After>,
}

/// The cookie that the session came in, and whether it opens. An application asks `Session` only; this page also
/// tells which key opened the cookie, and why it was refused.
pub(crate) struct Sent<'h> {
    pub(crate) name: &'h str,
    pub(crate) token: &'h str,
    pub(crate) opened: Result<OpenedSession, OpenError>,
}

pub(crate) async fn show(
    State(shop): State<Shop>,
    session: Session,
    headers: HeaderMap,
    Query(Asked { after }): Query<Asked>,
) -> Result<Html<String>, DataError> {
    let sent = Sent::in_request(&shop, &headers);
    let mut messages = session.take_flashes()?;
    messages.extend(after.and_then(|after| what_happened(&after, session.uid().is_some())));
    messages.extend(sent.as_ref().and_then(|sent| what_came(&sent.opened)));
    let main = match &sent {
        Some(Sent { name, token, opened: Ok(opened) }) => {
            let device = device_of(&shop, &session, &headers);
            with_session(&shop, &session, (name, token, opened), device).await?
        }
        None if session.lacks_device_proof() => page::without(page::UNPROVEN),
        other => page::welcome(other.as_ref()),
    };
    Ok(Html(page::page(&messages, &main)))
}

async fn with_session(
    shop: &Shop,
    session: &Session,
    (cookie_name, token, opened): (&str, &str, &OpenedSession),
    device: Device,
) -> Result<String, DataError> {
    let visit = page::Visit {
        cookie_name,
        token,
        opened,
        csrf_token: &session.csrf_token()?,
        cart: session.get("cart")?.unwrap_or_default(),
        note: session.get("note")?.unwrap_or_default(),
        user: session.user_id(),
        sessions: session.list_my_sessions().await?,
        data: session.load()?,
        // The page is of use without them.
        keys: shop.keys.list(cookie_name).unwrap_or_default(),
        device,
    };
    Ok(visit.main())
}

/// What the page's script asks for, to show it live. It changes no session.
pub(crate) async fn device(
    State(shop): State<Shop>,
    session: Session,
    headers: HeaderMap,
) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], Html(device_of(&shop, &session, &headers).state()))
}

fn device_of(shop: &Shop, session: &Session, headers: &HeaderMap) -> Device {
    let devices = shop.devices.as_ref();
    let is_https = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let names = devices.into_iter().flat_map(Devices::cookie_names);
    let names = std::iter::once(shop.store.cookie_name()).chain(names);
    Device {
        way: match (devices, is_https) {
            (None, _) => Way::Insecure,
            (Some(_), true) => Way::Https,
            (Some(_), false) => Way::Http,
        },
        has_user: session.user_id().is_some(),
        is_bound: session.is_device_bound(),
        proof_until_ms: devices.and_then(|devices| devices.proof_until_ms(headers)),
        cookies: names.map(|name| (name.to_owned(), cookie(headers, name).map(str::len))).collect(),
        asked: devices.map(Devices::asked).unwrap_or_default(),
    }
}

impl<'h> Sent<'h> {
    /// The bound session goes before an ordinary one, as in the layer.
    pub(crate) fn in_request(shop: &'h Shop, headers: &'h HeaderMap) -> Option<Self> {
        let bound = shop.devices.as_ref().and_then(|devices| devices.sent(headers));
        match bound {
            Some(Self { opened: Ok(_), .. }) => bound,
            _ => Self::ordinary(shop, headers).or(bound),
        }
    }

    fn ordinary(shop: &'h Shop, headers: &'h HeaderMap) -> Option<Self> {
        let name = shop.store.cookie_name();
        let token = cookie(headers, name)?;
        Some(Self { name, token, opened: shop.store.open(&SessionId::new(token)) })
    }
}

/// The value of a cookie in a request.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn what_happened(after: &After, has_session: bool) -> Option<Flash> {
    let (level, text) = match (after, has_session) {
        (After::Start, true) => {
            (FlashLevel::Success, "Your session has begun. The cookie below is all of it.")
        }
        (After::Start, false) => (
            FlashLevel::Error,
            "Your browser sent no cookie: it has expired, or was not kept. Safari keeps none with Secure from this \
             address; for it, start the demo with --insecure.",
        ),
        (After::Logout, false) => (
            FlashLevel::Success,
            "You are logged out. The cookie is gone, and a copy of it is worth nothing.",
        ),
        (After::Logout, true) => return None,
        (After::Full, _) => {
            (FlashLevel::Error, "There is no room for that in the cookie, so nothing was changed.")
        }
    };
    Some(Flash { level, text: text.to_owned() })
}

fn what_came(opened: &Result<OpenedSession, OpenError>) -> Option<Flash> {
    let (level, text) = match opened {
        Ok(opened) if opened.key_state() == KeyState::Accepted => (
            FlashLevel::Info,
            format!(
                "Your cookie came under key {}, which is still accepted. This response seals the session anew, \
                 under the newest key.",
                page::short(&opened.key_id().to_string())
            ),
        ),
        Ok(_) => return None,
        Err(error) if error.reason() == Reason::Revoked => (
            FlashLevel::Info,
            "Your session was ended from elsewhere. The cookie is worth nothing.".to_owned(),
        ),
        Err(error) if error.is_not_found() => {
            (FlashLevel::Info, "Your session has expired. The cookie was removed.".to_owned())
        }
        // A client learns only that the token was refused; the reason is for the operator's log.
        Err(error) => (
            FlashLevel::Error,
            format!(
                "Refused: the cookie is not what this server sealed (check \u{201c}{}\u{201d}). It was removed, \
                 and you start anew.",
                error.reason().as_str()
            ),
        ),
    };
    Some(Flash { level, text })
}
