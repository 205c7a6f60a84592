//! ES256 by the pure-Rust `p256` crate.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};

use super::POINT_LEN;

/// Whether these are the octets of a point of the curve.
pub(crate) fn is_on_curve(point: &[u8; POINT_LEN]) -> bool {
    VerifyingKey::from_sec1_bytes(point).is_ok()
}

/// Whether the key with this point has signed the message.
pub(crate) fn has_signed(point: &[u8; POINT_LEN], message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_sec1_bytes(point);
    let signature = Signature::from_slice(signature);
    key.and_then(|key| key.verify(message, &signature?)).is_ok()
}
