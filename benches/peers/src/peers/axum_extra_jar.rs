//! `axum-extra`, `PrivateCookieJar`: `cookie`'s `PrivateJar` from and to HTTP headers, percent-encoded. No
//! expiry: checked by hand.

use axum_core::response::IntoResponse;
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar};
use http::header::{COOKIE as COOKIE_HEADER, HeaderMap, HeaderValue, SET_COOKIE};

use super::COOKIE;
use crate::Peer;
use crate::claims::{Claims, Opened};

pub(super) struct Jar(Key);

impl Jar {
    pub(super) fn new() -> Self {
        Self(Key::generate())
    }
}

impl Peer for Jar {
    fn name(&self) -> &'static str {
        "axum-extra PrivateCookieJar"
    }

    fn seal(&self, claims: &Claims) -> String {
        let jar = PrivateCookieJar::new(self.0.clone()).add(Cookie::new(COOKIE, claims.to_json()));
        let response = jar.into_response();
        let header = response.headers().get(SET_COOKIE).expect("the jar has changed");
        super::cookie_value(header.to_str().expect("ASCII")).expect("a name and a value")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE_HEADER, HeaderValue::try_from(format!("{COOKIE}={token}")).ok()?);
        let cookie = PrivateCookieJar::from_headers(&headers, self.0.clone()).get(COOKIE)?;
        Opened::from_json(cookie.value())
    }
}
