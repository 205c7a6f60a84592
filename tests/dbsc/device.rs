//! A browser's key, in software: it signs what a browser would, and what none should.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use crate::common::encode;

/// A key pair that a number names.
pub(crate) struct Device(SigningKey);

impl Device {
    pub(crate) fn new(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    /// The coordinates of the public key.
    pub(crate) fn x_y(&self) -> (String, String) {
        let point = self.0.verifying_key().to_sec1_point(false);
        (encode(&point.as_bytes()[1..33]), encode(&point.as_bytes()[33..]))
    }

    pub(crate) fn jwk(&self) -> String {
        let (x, y) = self.x_y();
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
    }

    /// Header and payload as they are given, signed.
    pub(crate) fn signed(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", encode(&signature.to_bytes()))
    }

    /// What a browser sends to register.
    pub(crate) fn registration(&self, challenge: &str) -> String {
        let header = format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"}}"#, self.jwk());
        self.signed(&header, &payload(challenge))
    }

    /// What a browser sends to refresh.
    pub(crate) fn refresh(&self, challenge: &str) -> String {
        self.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, &payload(challenge))
    }
}

pub(crate) fn payload(challenge: &str) -> String {
    format!(r#"{{"jti":"{challenge}"}}"#)
}
