//! `fernet`: AES-128-CBC and HMAC-SHA256 (OpenSSL), base64url. It checks the age of the token; the expiry of
//! the session itself is checked by hand.

use fernet::Fernet;

use crate::Peer;
use crate::claims::{Claims, Opened, TTL_S};

pub(super) struct FernetToken(Fernet);

impl FernetToken {
    pub(super) fn new() -> Self {
        Self(Fernet::new(&Fernet::generate_key()).expect("its own key"))
    }
}

impl Peer for FernetToken {
    fn name(&self) -> &'static str {
        "fernet"
    }

    fn seal(&self, claims: &Claims) -> String {
        self.0.encrypt(claims.to_json().as_bytes())
    }

    fn open(&self, token: &str) -> Option<Opened> {
        Opened::from_json_bytes(&self.0.decrypt_with_ttl(token, TTL_S).ok()?)
    }
}
