//! `rusty_paseto`, v4.local: XChaCha20 and keyed BLAKE2b (RustCrypto). It checks `nbf` and `exp` itself.
//!
//! Its claims are `serde_json::Value`s, so the data goes in as a text, as with `pasetors`.

use rusty_paseto::prelude::{
    ExpirationClaim, IssuedAtClaim, Key, Local, NotBeforeClaim, PasetoBuilder, PasetoParser,
    PasetoSymmetricKey, V4,
};
use serde::Deserialize;

use crate::Peer;
use crate::claims::{Claims, Opened, from_rfc3339, to_rfc3339};

pub(super) struct RustyPaseto(PasetoSymmetricKey<V4, Local>);

impl RustyPaseto {
    pub(super) fn new() -> Self {
        Self(PasetoSymmetricKey::from(Key::<32>::from([7; 32])))
    }
}

#[derive(Deserialize)]
struct Payload {
    sub: String,
    iat: String,
    exp: String,
    data: String,
}

impl Peer for RustyPaseto {
    fn name(&self) -> &'static str {
        "rusty_paseto v4.local"
    }

    fn seal(&self, claims: &Claims) -> String {
        let created = to_rfc3339(claims.created_ms);
        let expires = to_rfc3339(claims.expires_ms);
        PasetoBuilder::<V4, Local>::default()
            .subject(&claims.user)
            .claim("data", claims.data.get())
            .expect("no reserved name")
            .set_claim(IssuedAtClaim::try_from(created.as_str()).expect("a time"))
            .set_claim(NotBeforeClaim::try_from(created.as_str()).expect("a time"))
            .set_claim(ExpirationClaim::try_from(expires.as_str()).expect("a time"))
            .build(&self.0)
            .expect("valid claims")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let payload: Payload = PasetoParser::<V4, Local>::default().parse_into(token, &self.0).ok()?;
        Some(Opened {
            user: payload.sub,
            created_ms: from_rfc3339(&payload.iat)?,
            expires_ms: from_rfc3339(&payload.exp)?,
            data: payload.data,
        })
    }
}
