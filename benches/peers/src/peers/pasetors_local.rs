//! `pasetors`, v4.local: XChaCha20 and keyed BLAKE2b (orion). It checks `iat`, `nbf` and `exp` itself.
//!
//! Its claims are `serde_json::Value`s, so the data goes in as a text: as an object, it would be parsed into
//! a tree, and back into text to be returned, which takes longer.

use pasetors::claims::{Claims as PasetoClaims, ClaimsValidationRules};
use pasetors::keys::{Generate, SymmetricKey};
use pasetors::token::UntrustedToken;
use pasetors::version4::V4;
use pasetors::{Local, local};

use crate::Peer;
use crate::claims::{Claims, Opened, from_rfc3339, to_rfc3339};

pub(super) struct Pasetors {
    key: SymmetricKey<V4>,
    rules: ClaimsValidationRules,
}

impl Pasetors {
    pub(super) fn new() -> Self {
        let key = SymmetricKey::generate().expect("there is randomness");
        Self { key, rules: ClaimsValidationRules::new() }
    }

    fn try_seal(&self, claims: &Claims) -> Result<String, pasetors::errors::Error> {
        let mut payload = PasetoClaims::new()?;
        let created = to_rfc3339(claims.created_ms);
        payload.issued_at(&created)?;
        payload.not_before(&created)?;
        payload.expiration(&to_rfc3339(claims.expires_ms))?;
        payload.subject(&claims.user)?;
        payload.add_additional("data", claims.data.get())?;
        local::encrypt(&self.key, &payload, None, None)
    }
}

impl Peer for Pasetors {
    fn name(&self) -> &'static str {
        "pasetors v4.local"
    }

    fn seal(&self, claims: &Claims) -> String {
        self.try_seal(claims).expect("valid claims")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let untrusted = UntrustedToken::<Local, V4>::try_from(token).ok()?;
        let trusted = local::decrypt(&self.key, &untrusted, &self.rules, None, None).ok()?;
        let claims = trusted.payload_claims()?;
        let text = |name| claims.get_claim(name)?.as_str();
        Some(Opened {
            user: text("sub")?.to_owned(),
            created_ms: from_rfc3339(text("iat")?)?,
            expires_ms: from_rfc3339(text("exp")?)?,
            data: text("data")?.to_owned(),
        })
    }
}
