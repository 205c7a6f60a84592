//! `cookie`, `SignedJar`: HMAC-SHA256, not encrypted. The JSON stands in the cookie, so it must be
//! percent-encoded to be one. No expiry: checked by hand.

use cookie::{Cookie, CookieJar, Key};

use super::COOKIE;
use crate::Peer;
use crate::claims::{Claims, Opened};

pub(super) struct Signed(Key);

impl Signed {
    pub(super) fn new() -> Self {
        Self(Key::generate())
    }
}

impl Peer for Signed {
    fn name(&self) -> &'static str {
        "cookie SignedJar (not encrypted)"
    }

    fn encrypts(&self) -> bool {
        false
    }

    fn seal(&self, claims: &Claims) -> String {
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.0).add(Cookie::new(COOKIE, claims.to_json()));
        let pair = jar.get(COOKIE).expect("just added").encoded().stripped().to_string();
        super::cookie_value(&pair).expect("a name and a value")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::parse_encoded(format!("{COOKIE}={token}")).ok()?);
        let cookie = jar.signed(&self.0).get(COOKIE)?;
        Opened::from_json(cookie.value())
    }
}
