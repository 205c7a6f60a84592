//! ES256 by AWS-LC (feature `aws-lc-rs`).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};

use super::POINT_LEN;

/// Whether these are the octets of a point of the curve.
pub(crate) fn is_on_curve(point: &[u8; POINT_LEN]) -> bool {
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_ok()
}

/// Whether the key with this point has signed the message.
pub(crate) fn has_signed(point: &[u8; POINT_LEN], message: &[u8], signature: &[u8]) -> bool {
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
}
