//! Whole requests through a web framework: the same small application with each session layer, and without any.
//!
//! `web/` holds one file a layer, `visit` what every session keeps, `measure` the requests in process, `report`
//! the figures, `serve` the same applications over TCP. What an application does stands in [`Site`].

use std::hint::black_box;

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, HOST, SET_COOKIE};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri};
use tower::Service;

use crate::now;

pub mod measure;
pub mod report;
pub mod serve;
pub mod tables;
pub mod visit;

mod none;
mod ours;
mod private_jar;
mod seshcookie_layer;
mod tower_sessions_cookie;

pub use none::NONE;
pub use ours::OURS;
use visit::{AFTER, BEFORE, Visit};

/// The lengths of the session data, in bytes.
pub const SIZES: [usize; 3] = [64, 512, 2048];

/// An application with five routes: `/login/{size}` begins a session with that much data; `/unread` does not
/// look at it; `/read` answers with one member of the data; `/update` sets that member to another value; `/whole`
/// answers with all of it, which is for checking and not measured.
///
/// Who has no session gets a 401 from the last three.
#[derive(Clone)]
pub struct Site {
    /// The name in tables and in the JSON file.
    pub name: &'static str,
    app: Router,
}

/// All of them, the one without sessions first, then ours.
#[must_use]
pub fn sites() -> Vec<Site> {
    let site = |name, app| Site { name, app };
    vec![
        site(NONE, none::app()),
        site(OURS, ours::app()),
        site("axum-extra PrivateCookieJar", private_jar::app()),
        site("seshcookie", seshcookie_layer::app()),
        site("tower-sessions-cookie-store", tower_sessions_cookie::app()),
    ]
}

/// The one of this name.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn site(name: &str) -> Site {
    let found = sites().into_iter().find(|site| site.name == name);
    found.unwrap_or_else(|| panic!("no layer is called {name}"))
}

impl Site {
    /// The header `Cookie` of a client that has logged in.
    ///
    /// # Panics
    /// When the application sets no cookie.
    #[must_use]
    pub fn cookie(&self, size: usize) -> HeaderValue {
        cookie_set_by(&self.answer(&format!("/login/{size}"), None)).expect("a login sets a cookie")
    }

    /// What a request gets.
    ///
    /// # Panics
    /// For a path that is none.
    #[must_use]
    pub fn answer(&self, path: &str, cookie: Option<&HeaderValue>) -> Response<Body> {
        let uri = path.parse().expect("a path");
        let Ok(response) = now(self.app.clone().call(request(&uri, cookie)));
        response
    }

    /// So many requests, one after another.
    ///
    /// # Panics
    /// For a path that is none.
    pub fn repeat(&self, path: &str, cookie: &HeaderValue, count: u32) {
        let (uri, mut app): (Uri, _) = (path.parse().expect("a path"), self.app.clone());
        for _ in 0..count {
            let request = request(black_box(&uri), Some(black_box(cookie)));
            black_box(now(app.call(request)).is_ok());
        }
    }

    /// Whether sessions do here what they should. Before its speed means anything, a layer must give back the user
    /// and all of the data, change what it is told to, and refuse what was not sealed.
    ///
    /// # Panics
    /// When they do not.
    pub fn check(&self, size: usize) {
        let (name, cookie) = (self.name, self.cookie(size));
        assert_eq!(self.says("/read", &cookie), BEFORE, "{name}");
        assert!(
            cookie_set_by(&self.answer("/read", Some(&cookie))).is_none(),
            "{name}: reading sets a cookie"
        );
        assert!(cookie_set_by(&self.answer("/unread", Some(&cookie))).is_none(), "{name}: so does nothing");
        assert_eq!(self.says("/whole", &cookie), Visit::new(size).to_json(), "{name}");

        let updated =
            cookie_set_by(&self.answer("/update", Some(&cookie))).expect("a changed session is sent");
        assert_eq!(self.says("/read", &updated), AFTER, "{name}");
        assert_eq!(self.says("/whole", &updated), Visit::new(size).updated().to_json(), "{name}");

        for cookie in [None, Some(&with_a_changed_character(&cookie))] {
            for path in ["/read", "/update", "/whole"] {
                assert_eq!(self.answer(path, cookie).status(), StatusCode::UNAUTHORIZED, "{name}, {path}");
            }
        }
    }

    fn says(&self, path: &str, cookie: &HeaderValue) -> String {
        let response = self.answer(path, Some(cookie));
        assert_eq!(response.status(), StatusCode::OK, "{}, {path}", self.name);
        let body = now(axum::body::to_bytes(response.into_body(), usize::MAX)).expect("a body in memory");
        String::from_utf8(body.to_vec()).expect("text")
    }
}

/// A request as it is measured: everything in it is prepared, and cloning it copies no text.
fn request(uri: &Uri, cookie: Option<&HeaderValue>) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.clone();
    request.headers_mut().insert(HOST, HeaderValue::from_static("example.org"));
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    request
}

/// What a browser sends after this response.
fn cookie_set_by(response: &Response<Body>) -> Option<HeaderValue> {
    let set = response.headers().get(SET_COOKIE)?.to_str().expect("ASCII");
    let pair = set.split(';').next().expect("a name and a value");
    Some(HeaderValue::from_str(pair).expect("it came in a header"))
}

/// The character in the middle becomes another.
fn with_a_changed_character(cookie: &HeaderValue) -> HeaderValue {
    let mut text = cookie.to_str().expect("ASCII").to_owned();
    let middle = text.len() / 2;
    let other = if text.get(middle..=middle) == Some("A") { "B" } else { "A" };
    text.replace_range(middle..=middle, other);
    HeaderValue::from_str(&text).expect("still ASCII")
}

/// What a handler answers that does not look at the session.
async fn unread() -> &'static str {
    "done"
}
