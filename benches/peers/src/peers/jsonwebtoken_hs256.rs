//! `jsonwebtoken`, HS256: not encrypted. HMAC-SHA256 by RustCrypto, or by AWS-LC in the build that has it. It
//! checks `exp` itself.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

use crate::Peer;
use crate::claims::{Claims, JsonIn, JsonOut, Opened};

pub(super) struct Hs256 {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Hs256 {
    pub(super) fn new() -> Self {
        // With both of its providers in the graph, the crate asks to be told which. The second call in a
        // process finds that the first has done it.
        #[cfg(feature = "aws-lc-rs")]
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        Self {
            header: Header::new(Algorithm::HS256),
            encoding: EncodingKey::from_secret(&[7; 32]),
            decoding: DecodingKey::from_secret(&[7; 32]),
            validation: Validation::new(Algorithm::HS256),
        }
    }
}

impl Peer for Hs256 {
    fn name(&self) -> &'static str {
        "jsonwebtoken HS256 (not encrypted)"
    }

    fn encrypts(&self) -> bool {
        false
    }

    fn seal(&self, claims: &Claims) -> String {
        jsonwebtoken::encode(&self.header, &JsonOut::from(claims).in_seconds(), &self.encoding)
            .expect("valid claims")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let decoded = jsonwebtoken::decode::<JsonIn>(token, &self.decoding, &self.validation).ok()?;
        Some(decoded.claims.in_milliseconds().into())
    }
}
