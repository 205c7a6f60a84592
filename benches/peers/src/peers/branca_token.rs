//! `branca`: XChaCha20-Poly1305 (orion), base62, which takes quadratic time. It checks the age of the token;
//! the expiry of the session itself is checked by hand.

use crate::Peer;
use crate::claims::{Claims, Opened, TTL_S};

pub(super) struct Branca {
    key: [u8; 32],
    ttl_s: u32,
}

impl Branca {
    pub(super) fn new() -> Self {
        Self { key: [7; 32], ttl_s: u32::try_from(TTL_S).expect("a day") }
    }
}

impl Peer for Branca {
    fn name(&self) -> &'static str {
        "branca"
    }

    fn seal(&self, claims: &Claims) -> String {
        let created_s = u32::try_from(claims.created_ms / 1000).expect("until 2106");
        branca::encode(claims.to_json().as_bytes(), &self.key, created_s).expect("a key of 32 bytes")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        Opened::from_json_bytes(&branca::decode(token, &self.key, self.ttl_s).ok()?)
    }
}
