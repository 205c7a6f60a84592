//! A browser's key in software. Its signatures are deterministic (RFC 6979), so that every run writes the same.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use crate::vectors::scene::{decode, encode};

/// The order of the curve.
pub(super) const N: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
    0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

pub(super) struct Browser(SigningKey);

impl Browser {
    /// The key pair that a number names.
    pub(super) fn new(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    /// The coordinates of the public key.
    pub(super) fn x_y(&self) -> (String, String) {
        let point = self.0.verifying_key().to_sec1_point(false);
        (encode(&point.as_bytes()[1..33]), encode(&point.as_bytes()[33..]))
    }

    pub(super) fn jwk(&self) -> String {
        let (x, y) = self.x_y();
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
    }

    /// Header and payload as they are given, signed.
    pub(super) fn signed(&self, header: &str, payload: impl AsRef<[u8]>) -> String {
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_ref()));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", encode(&signature.to_bytes()))
    }

    pub(super) fn registration(&self, challenge: &str) -> String {
        self.registration_of(&payload(challenge))
    }

    pub(super) fn registration_of(&self, payload: &str) -> String {
        let header = format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"}}"#, self.jwk());
        self.signed(&header, payload)
    }

    pub(super) fn refresh(&self, challenge: &str) -> String {
        self.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, payload(challenge))
    }
}

pub(super) fn payload(challenge: &str) -> String {
    format!(r#"{{"jti":"{challenge}"}}"#)
}

/// The same with another signature.
pub(super) fn resigned(jwt: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let mut signature = decode(signature);
    change(&mut signature);
    format!("{signed}.{}", encode(&signature))
}

/// With `n - s` in the place of `s`.
pub(super) fn with_other_s(jwt: &str) -> String {
    resigned(jwt, |signature| {
        let mut borrow = 0;
        for at in (0..32).rev() {
            let difference = i16::from(N[at]) - i16::from(signature[32 + at]) - borrow;
            signature[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
            borrow = i16::from(difference < 0);
        }
    })
}

/// The signature in the form that certificates have.
pub(super) fn der(signature: &[u8]) -> Vec<u8> {
    Signature::from_slice(signature).unwrap().to_der().as_bytes().to_vec()
}
