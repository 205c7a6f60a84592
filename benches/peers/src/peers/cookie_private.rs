//! `cookie`, `PrivateJar`: AES-256-GCM (RustCrypto), standard base64. No expiry: checked by hand.

use cookie::{Cookie, CookieJar, Key};

use super::COOKIE;
use crate::Peer;
use crate::claims::{Claims, Opened};

/// The name of this peer, whose seal is also compared without its generator.
pub const PRIVATE_JAR: &str = "cookie PrivateJar";

pub(super) struct Private(Key);

impl Private {
    pub(super) fn new() -> Self {
        Self(Key::generate())
    }
}

impl Peer for Private {
    fn name(&self) -> &'static str {
        PRIVATE_JAR
    }

    fn seal(&self, claims: &Claims) -> String {
        let mut jar = CookieJar::new();
        jar.private_mut(&self.0).add(Cookie::new(COOKIE, claims.to_json()));
        jar.get(COOKIE).expect("just added").value().to_owned()
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(COOKIE, token.to_owned()));
        let cookie = jar.private(&self.0).get(COOKIE)?;
        Opened::from_json(cookie.value())
    }
}
