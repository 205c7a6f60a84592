//! The page as HTML. Templates, styles and the script lie in `page/`; everything that a visitor wrote is escaped.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sealed_session::http::{Flash, FlashLevel};
use sealed_session::registry::SessionInfo;
use sealed_session::{Clock as _, KeyInfo, OpenedSession, SystemClock};
use serde_json::Value;

use crate::html::{escape, fill};
use crate::shop::PRODUCTS;
use crate::token;
use crate::visit::Sent;

mod device;

pub(crate) use device::{Device, Way};

const PAGE: &str = include_str!("page/page.html");
const SESSION: &str = include_str!("page/session.html");
const WELCOME: &str = include_str!("page/welcome.html");
const COOKIE: &str = include_str!("page/cookie.html");
const EXPIRY: &str = include_str!("page/expiry.html");
const ITEM: &str = include_str!("page/item.html");
const KEY: &str = include_str!("page/key.html");
const LOGIN: &str = include_str!("page/login.html");
const LOGOUT: &str = include_str!("page/logout.html");
const THIS_SESSION: &str = include_str!("page/this_session.html");
const OTHER_SESSION: &str = include_str!("page/other_session.html");

const SEALED_ANEW: &str = "Every change seals a new token. Showing a message once is a change too.";
const VISIBLE: &str = "Version, key id and salt are there for all to see. The rest takes the server's key.";
const NOTHING_SENT: &str = "So this response set no cookie, and there is nothing of you on the server. A session \
                            begins when something is to be kept.";
const REFUSED: &str = "The cookie below does not open. A session begins anew when something is to be kept.";

pub(crate) const UNPROVEN: &str = "Your browser has a session that is bound to its device, and sent no proof of the \
                                   device with this request. The session stays as it is, for when there is one.";

/// So many keys are listed.
const KEYS_SHOWN: usize = 4;

/// A visit with a session.
pub(crate) struct Visit<'v> {
    pub(crate) cookie_name: &'v str,
    pub(crate) token: &'v str,
    pub(crate) opened: &'v OpenedSession,
    pub(crate) csrf_token: &'v str,
    pub(crate) cart: Vec<String>,
    pub(crate) note: String,
    pub(crate) user: Option<String>,
    pub(crate) sessions: Vec<SessionInfo>,
    pub(crate) data: Value,
    pub(crate) keys: Vec<KeyInfo>,
    pub(crate) device: Device,
}

impl Visit<'_> {
    pub(crate) fn main(&self) -> String {
        let csrf = format!(r#"<input type="hidden" name="csrf_token" value="{}">"#, escape(self.csrf_token));
        fill(
            SESSION,
            &[
                ("cookie", &cookie(self.cookie_name, self.token, SEALED_ANEW)),
                ("user", &self.user.as_deref().map_or("nobody".to_owned(), escape)),
                ("uid", &breakable(&self.opened.uid().to_string())),
                ("expiry", &self.expiry()),
                ("data", &escape(&format!("{:#}", self.data))),
                ("cart", &self.cart(&csrf)),
                ("products", &products()),
                ("note", &escape(&self.note)),
                ("account", &self.account(&csrf)),
                ("keys", &self.keys()),
                ("device", &self.device.section(&csrf)),
                ("csrf", &csrf),
            ],
        )
    }

    /// Without JavaScript this is what there is; with it, it ticks.
    fn expiry(&self) -> String {
        let expires_at_ms = self.opened.record().expires_at_ms;
        let TimeLeft { seconds, words } = TimeLeft::until(expires_at_ms);
        let (left_s, at) = (seconds.to_string(), moment(expires_at_ms));
        let at_clock = at_clock(at, "%-d %B, %H:%M:%S UTC");
        let at = at.to_string();
        fill(EXPIRY, &[("left_s", &left_s), ("left", &words), ("at", &at), ("at_clock", &at_clock)])
    }

    fn cart(&self, csrf: &str) -> String {
        if self.cart.is_empty() {
            return r#"<p class="empty">Nothing is in it yet.</p>"#.to_owned();
        }
        let item = |product: &String| fill(ITEM, &[("product", &escape(product)), ("csrf", csrf)]);
        let items: String = self.cart.iter().map(item).collect();
        format!(r#"<ul class="cart" aria-label="In the cart">{items}</ul>"#)
    }

    fn account(&self, csrf: &str) -> String {
        match &self.user {
            None => fill(LOGIN, &[("csrf", csrf)]),
            Some(user) => {
                let sessions = self.sessions(csrf);
                fill(LOGOUT, &[("user", &escape(user)), ("sessions", &sessions), ("csrf", csrf)])
            }
        }
    }

    /// The user's sessions, this one and others.
    fn sessions(&self, csrf: &str) -> String {
        let row = |session: &SessionInfo| {
            let template = if session.uid == self.opened.uid() { THIS_SESSION } else { OTHER_SESSION };
            let (label, uid) = (escape(&session.label), session.uid.to_string());
            fill(template, &[("label", &label), ("uid", &uid), ("csrf", csrf)])
        };
        self.sessions.iter().map(row).collect()
    }

    fn keys(&self) -> String {
        let row = |key: &KeyInfo| {
            let yours = if key.key_id == self.opened.key_id() { "sealed the cookie you sent" } else { "" };
            let id = key.key_id.to_string();
            let state = key.state.as_str();
            fill(KEY, &[("id", &id), ("short", short(&id)), ("state", state), ("yours", yours)])
        };
        let rows = self.keys.iter().take(KEYS_SHOWN).map(row).collect::<String>();
        match self.keys.len().checked_sub(KEYS_SHOWN) {
            Some(more @ 1..) => format!(r#"{rows}<tr><td colspan="3">and {more} older</td></tr>"#),
            _ => rows,
        }
    }
}

/// The page of a visitor without a session, who may have sent a cookie that does not open.
pub(crate) fn welcome(sent: Option<&Sent<'_>>) -> String {
    match sent {
        None => fill(WELCOME, &[("why", NOTHING_SENT)]),
        Some(Sent { name, token, .. }) => {
            fill(WELCOME, &[("why", REFUSED), ("cookie", &cookie(name, token, VISIBLE))])
        }
    }
}

/// The page of whoever has a bound session, and comes without it or without proof.
pub(crate) fn without(why: &str) -> String {
    fill(WELCOME, &[("why", why)])
}

/// The whole page.
pub(crate) fn page(messages: &[Flash], main: &str) -> String {
    let message = |flash: &Flash| format!(r#"<p class="{}">{}</p>"#, class(flash.level), escape(&flash.text));
    let messages: String = messages.iter().map(message).collect();
    fill(PAGE, &[("messages", &messages), ("main", main)])
}

/// The beginning of an id, which is enough to tell keys apart by eye.
pub(crate) fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Styles, script and icon: from here, so that the policy below can refuse all others.
pub(crate) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=60")], text) })
    };
    Router::new()
        .route("/demo.css", file("text/css; charset=utf-8", include_str!("page/demo.css")))
        .route("/demo.js", file("text/javascript; charset=utf-8", include_str!("page/demo.js")))
        .route("/icon.svg", file("image/svg+xml", include_str!("page/icon.svg")))
}

/// `CsrfLayer` answers with an empty body. A visitor whose session ended while a form was open deserves words.
pub(crate) async fn explain_refusals(response: Response) -> Response {
    let text = match response.status() {
        StatusCode::FORBIDDEN => "That form was of another session, or of none. Nothing was changed.",
        StatusCode::PAYLOAD_TOO_LARGE => "That was more than this server reads. Nothing was changed.",
        _ => return response,
    };
    let (parts, _) = response.into_parts();
    let message = Flash { level: FlashLevel::Error, text: text.to_owned() };
    let main = r#"<p class="alone"><a class="button" href="/">Back to the page</a></p>"#;
    (parts, Html(page(&[message], main))).into_response()
}

/// Nothing is loaded from elsewhere, nothing runs but the script above, and nobody frames the page.
pub(crate) async fn with_security_headers(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                  form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        ("content-security-policy", policy),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn cookie(name: &str, token: &str, help: &str) -> String {
    let octets = name.len() + token.len();
    fill(
        COOKIE,
        &[
            ("name", &escape(name)),
            ("token", &token::coloured(token)),
            ("legend", &token::legend(token)),
            ("octets", &octets.to_string()),
            ("percent", &(octets * 100 / 4096).to_string()),
            ("help", help),
        ],
    )
}

/// How long it is until then, which the page's script counts down.
struct TimeLeft {
    seconds: u64,
    words: String,
}

impl TimeLeft {
    fn until(ms: u64) -> Self {
        let seconds = ms.saturating_sub(SystemClock.now_ms()) / 1000;
        let words = match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
            (0, 0, s) => format!("{s} s"),
            (0, m, s) => format!("{m} min {s:02} s"),
            (h, m, s) => format!("{h} h {m:02} min {s:02} s"),
        };
        Self { seconds, words }
    }
}

fn moment(ms: u64) -> Timestamp {
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX)
}

fn at_clock(at: Timestamp, format: &str) -> String {
    at.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

/// An id that breaks in the middle where a line is short.
fn breakable(id: &str) -> String {
    let (first, second) = id.split_at_checked(id.len() / 2).unwrap_or((id, ""));
    format!("{first}<wbr>{second}")
}

fn products() -> String {
    PRODUCTS.iter().map(|product| format!("<option>{}</option>", escape(product))).collect()
}

fn class(level: FlashLevel) -> &'static str {
    match level {
        FlashLevel::Success => "success",
        FlashLevel::Warning => "warning",
        FlashLevel::Error => "error",
        _ => "info",
    }
}
