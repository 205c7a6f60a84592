//! The seam behind which an AEAD provider stands: one file each, two functions each.
//!
//! Every provider is ChaCha20-Poly1305 (RFC 8439). The nonce is all zero. A fixed nonce is safe here and only
//! here, because a message key is derived from a fresh 192-bit salt and seals one message.

#[cfg(feature = "aws-lc-rs")]
pub(crate) mod aws_lc;
// Beside AWS-LC, only `hazmat` still uses it, to compare the two.
#[cfg(any(not(feature = "aws-lc-rs"), feature = "hazmat"))]
pub(crate) mod rustcrypto;

#[cfg(feature = "aws-lc-rs")]
use aws_lc as provider;
#[cfg(not(feature = "aws-lc-rs"))]
use rustcrypto as provider;

use crate::key::MessageKey;
use crate::token::TAG_LEN;

/// Octets of a nonce of RFC 8439.
pub(crate) const NONCE_LEN: usize = 12;
const NONCE: [u8; NONCE_LEN] = [0; NONCE_LEN];

/// The AEAD refused: a wrong tag, or a message beyond the cipher's limit of 256 GiB.
#[derive(Debug)]
pub(crate) struct AeadRefused;

/// Encrypts `text` where it is and returns the tag over it and `aad`.
pub(crate) fn seal_in_place(
    key: &MessageKey,
    aad: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_LEN], AeadRefused> {
    provider::seal_in_place(key.as_bytes(), &NONCE, aad, text)
}

/// Decrypts `text` where it is if `tag` is right for it and `aad`. Otherwise it holds nothing of use.
pub(crate) fn open_in_place(
    key: &MessageKey,
    aad: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), AeadRefused> {
    provider::open_in_place(key.as_bytes(), &NONCE, aad, text, tag)
}
