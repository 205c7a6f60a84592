//! `biscuit`, JWE compact, `dir` with A256GCM (ring). It checks the times when asked to validate.
//!
//! Its claims are flattened into one JSON object, which loses raw JSON; so the data goes in as a text.

use biscuit::jwa::{ContentEncryptionAlgorithm, EncryptionOptions, KeyManagementAlgorithm};
use biscuit::jwe::{Compact, Header, RegisteredHeader};
use biscuit::jwk::JWK;
use biscuit::{ClaimsSet, Empty, RegisteredClaims, Timestamp, ValidationOptions};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::Peer;
use crate::claims::{Claims, Opened};

const KEY_ALGORITHM: KeyManagementAlgorithm = KeyManagementAlgorithm::DirectSymmetricKey;
const CONTENT_ALGORITHM: ContentEncryptionAlgorithm = ContentEncryptionAlgorithm::A256GCM;

type Jwe = Compact<ClaimsSet<Private>, Empty>;

#[derive(Clone, Serialize, Deserialize)]
struct Private {
    data: String,
}

pub(super) struct Biscuit {
    key: JWK<Empty>,
    random: SystemRandom,
}

impl Biscuit {
    pub(super) fn new() -> Self {
        Self { key: JWK::new_octet_key(&[7; 32], Empty::default()), random: SystemRandom::new() }
    }
}

impl Peer for Biscuit {
    fn name(&self) -> &'static str {
        "biscuit dir A256GCM"
    }

    fn seal(&self, claims: &Claims) -> String {
        let registered = RegisteredClaims {
            subject: Some(claims.user.clone()),
            issued_at: Some(timestamp(claims.created_ms)),
            expiry: Some(timestamp(claims.expires_ms)),
            ..Default::default()
        };
        let private = Private { data: claims.data.get().to_owned() };
        let header = Header::from_registered_header(RegisteredHeader {
            cek_algorithm: KEY_ALGORITHM,
            enc_algorithm: CONTENT_ALGORITHM,
            media_type: Some("JWT".to_owned()),
            ..Default::default()
        });
        let mut nonce = vec![0; 12];
        self.random.fill(&mut nonce).expect("there is randomness");
        Jwe::new_decrypted(header, ClaimsSet { registered, private })
            .into_encrypted(&self.key, &EncryptionOptions::AES_GCM { nonce })
            .expect("valid claims")
            .unwrap_encrypted()
            .encode()
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let jwe =
            Jwe::new_encrypted(token).into_decrypted(&self.key, KEY_ALGORITHM, CONTENT_ALGORITHM).ok()?;
        jwe.validate(ValidationOptions::default()).ok()?;
        let (_, ClaimsSet { registered, private }) = jwe.unwrap_decrypted();
        Some(Opened {
            user: registered.subject?,
            created_ms: u64::try_from(registered.issued_at?.timestamp_millis()).ok()?,
            expires_ms: u64::try_from(registered.expiry?.timestamp_millis()).ok()?,
            data: private.data,
        })
    }
}

fn timestamp(ms: u64) -> Timestamp {
    i64::try_from(ms / 1000).expect("a time of this age").into()
}
