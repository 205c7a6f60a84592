//! The keys of browsers that know device bound sessions, what such a browser holds, and how its exchanges fare.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;
use sealed_session::hazmat::encode_token;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::script::{MINUTE, SECOND};

/// How the layers of a world bind sessions to devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Binds {
    pub proof_ttl_min: u8,
    /// A user's session without a device is over after so many seconds.
    pub refused_after_s: Option<u16>,
    /// Browsers that know nothing of it, a bit for each.
    pub ignorant: u8,
}

impl Binds {
    pub fn proof_ttl_ms(self) -> u64 {
        u64::from(self.proof_ttl_min) * MINUTE
    }

    pub fn refused_after_ms(self) -> Option<u64> {
        self.refused_after_s.map(|seconds| u64::from(seconds) * SECOND)
    }
}

pub fn binds() -> impl Strategy<Value = Binds> {
    let refused_after = prop_oneof![3 => Just(None), 1 => Just(Some(60)), 1 => Just(Some(600))];
    let ignorant = prop_oneof![3 => Just(0), 1 => Just(1), 1 => 0..8_u8];
    (prop_oneof![Just(2), Just(4)], refused_after, ignorant).prop_map(
        |(proof_ttl_min, refused_after_s, ignorant)| Binds { proof_ttl_min, refused_after_s, ignorant },
    )
}

/// How an exchange between a browser and the endpoints for devices fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Fate {
    /// So long the browser takes until it asks.
    pub after_ms: u64,
    /// So long the answer is on its way.
    pub network_ms: u64,
    pub answer: Arrival,
    /// The browser brings no cookies, as on the way from another site.
    pub bare: bool,
    /// It asks twice at a time: two pages got the offer.
    pub parallel: bool,
    /// Another server than the one that is asked otherwise.
    pub server: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Arrival {
    #[default]
    Once,
    Never,
    Twice,
    /// Its cookies arrive, and what the browser is told with them does not.
    CookiesOnly,
}

fn fate() -> impl Strategy<Value = Fate> {
    let delay = || prop_oneof![4 => Just(0), 2 => 1..2 * SECOND, 2 => 1..90 * SECOND];
    let answer = prop_oneof![
        8 => Just(Arrival::Once),
        2 => Just(Arrival::Never),
        2 => Just(Arrival::Twice),
        1 => Just(Arrival::CookiesOnly),
    ];
    let server = prop_oneof![3 => Just(0), 1 => any::<u8>()];
    (delay(), delay(), answer, prop::bool::weighted(0.15), prop::bool::weighted(0.3), server).prop_map(
        |(after_ms, network_ms, answer, bare, parallel, server)| Fate {
            after_ms,
            network_ms,
            answer,
            bare,
            parallel,
            server,
        },
    )
}

/// One after the other, and then from the beginning.
pub fn fates() -> impl Strategy<Value = Vec<Fate>> {
    prop::collection::vec(fate(), 0..12)
}

/// A key pair, which a number names in its world.
#[derive(Clone)]
pub struct Key {
    pub number: u64,
    pair: SigningKey,
}

impl Key {
    pub fn new(seed: u64, number: u64) -> Self {
        let scalar = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(number.to_le_bytes());
        let pair = SigningKey::from_slice(&scalar.finalize()).expect("one in 2^32 would be none");
        Self { number, pair }
    }

    /// What a browser sends to register.
    pub fn registration(&self, challenge: &str) -> String {
        let point = self.pair.verifying_key().to_sec1_point(false);
        let bytes = point.as_bytes();
        let (x, y) = (encode_token(&bytes[1..33]), encode_token(&bytes[33..]));
        let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        self.signed(&format!(r#"{{"alg":"ES256","jwk":{jwk},"typ":"dbsc+jwt"}}"#), challenge)
    }

    /// What it sends to refresh.
    pub fn refresh(&self, challenge: &str) -> String {
        self.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, challenge)
    }

    fn signed(&self, header: &str, challenge: &str) -> String {
        let payload = format!(r#"{{"jti":"{challenge}"}}"#);
        let signed = format!("{}.{}", encode_token(header.as_bytes()), encode_token(payload.as_bytes()));
        let signature: Signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", encode_token(&signature.to_bytes()))
    }
}

/// A session of a device, as its browser holds it.
#[derive(Clone)]
pub struct Held {
    pub host: &'static str,
    pub identifier: String,
    /// What it signs next.
    pub challenge: String,
    /// When it got that.
    pub since_ms: u64,
    pub key: Key,
    /// What it signed last.
    pub signed: Option<Signed>,
    /// A thief has no key, and sends this instead.
    pub replays: Option<Signed>,
}

/// What a device has signed, over a challenge that it got then.
#[derive(Clone)]
pub struct Signed {
    pub text: String,
    pub since_ms: u64,
}

/// The challenge of a header `Secure-Session-Registration`.
pub fn offered(value: &str) -> Option<String> {
    let rest = value.strip_prefix(r#"(ES256);path="/dbsc/register";challenge=""#)?;
    rest.strip_suffix('"').map(str::to_owned)
}

/// The challenge of a header `Secure-Session-Challenge`, and whom it is for.
pub fn challenged(value: &str) -> Option<(String, String)> {
    let (challenge, identifier) = value.strip_prefix('"')?.strip_suffix('"')?.split_once(r#"";id=""#)?;
    Some((challenge.to_owned(), identifier.to_owned()))
}
