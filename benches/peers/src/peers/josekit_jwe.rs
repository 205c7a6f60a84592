//! `josekit`, JWE compact, `dir` with A256GCM (OpenSSL). Its validator checks the times.
//!
//! Its claims are `serde_json::Value`s, so the data goes in as a text, as with `pasetors`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use josekit::jwe::alg::direct::{DirectJweDecrypter, DirectJweEncrypter};
use josekit::jwe::{Dir, JweHeader};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};

use crate::Peer;
use crate::claims::{Claims, Opened};

pub(super) struct Josekit {
    header: JweHeader,
    encrypter: DirectJweEncrypter,
    decrypter: DirectJweDecrypter,
}

impl Josekit {
    pub(super) fn new() -> Self {
        let mut header = JweHeader::new();
        header.set_token_type("JWT");
        header.set_content_encryption("A256GCM");
        Self {
            header,
            encrypter: Dir.encrypter_from_bytes([7; 32]).expect("32 bytes"),
            decrypter: Dir.decrypter_from_bytes([7; 32]).expect("32 bytes"),
        }
    }
}

impl Peer for Josekit {
    fn name(&self) -> &'static str {
        "josekit dir A256GCM"
    }

    fn seal(&self, claims: &Claims) -> String {
        let mut payload = JwtPayload::new();
        payload.set_subject(&claims.user);
        payload.set_issued_at(&(UNIX_EPOCH + Duration::from_millis(claims.created_ms)));
        payload.set_expires_at(&(UNIX_EPOCH + Duration::from_millis(claims.expires_ms)));
        payload.set_claim("data", Some(claims.data.get().into())).expect("no reserved name");
        jwt::encode_with_encrypter(&payload, &self.header, &self.encrypter).expect("valid claims")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let (payload, _) = jwt::decode_with_decrypter(token, &self.decrypter).ok()?;
        JwtPayloadValidator::new().validate(&payload).ok()?;
        Some(Opened {
            user: payload.subject()?.to_owned(),
            created_ms: ms(payload.issued_at()?)?,
            expires_ms: ms(payload.expires_at()?)?,
            data: payload.claim("data")?.as_str()?.to_owned(),
        })
    }
}

fn ms(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}
