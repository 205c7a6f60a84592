//! `cookie`, `PrivateJar`: AES-256-GCM (RustCrypto), standard base64. No expiry: checked by hand.
//!
//! There are two of it. One gets data that is known to be JSON, as from a struct that has just been serialised.
//! The other gets a text, as the `SessionPlugin` of `sealed-session` does, and checks it before it embeds it.

use cookie::{Cookie, CookieJar, Key};

use super::COOKIE;
use crate::Peer;
use crate::claims::{Claims, Opened};

/// The first of the two; the seal of both is also compared without their generator.
pub const PRIVATE_JAR: &str = "cookie PrivateJar";
/// The second of the two.
pub const PRIVATE_JAR_CHECKING: &str = "cookie PrivateJar, data checked";

pub(super) struct Private {
    key: Key,
    checks: bool,
}

impl Private {
    pub(super) fn new() -> Self {
        Self { key: Key::generate(), checks: false }
    }

    pub(super) fn checking() -> Self {
        Self { checks: true, ..Self::new() }
    }
}

impl Peer for Private {
    fn name(&self) -> &'static str {
        if self.checks { PRIVATE_JAR_CHECKING } else { PRIVATE_JAR }
    }

    fn seal(&self, claims: &Claims) -> String {
        let json = if self.checks { claims.to_json_checking_data() } else { claims.to_json() };
        let mut jar = CookieJar::new();
        jar.private_mut(&self.key).add(Cookie::new(COOKIE, json));
        jar.get(COOKIE).expect("just added").value().to_owned()
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(COOKIE, token.to_owned()));
        let cookie = jar.private(&self.key).get(COOKIE)?;
        Opened::from_json(cookie.value())
    }
}
