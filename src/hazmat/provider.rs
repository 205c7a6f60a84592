//! The providers of cryptography in this build, side by side.

use crate::aead;
#[cfg(feature = "dbsc")]
use crate::dbsc::es256::{self, Point};

/// A provider of ChaCha20-Poly1305 (RFC 8439), as this crate uses it, but with a nonce of the caller's
/// choice: to run a provider through test vectors, and to compare providers.
///
/// ```
/// use sealed_session::hazmat::Provider;
///
/// for provider in Provider::ALL {
///     let mut text = *b"a record";
///     let tag = provider.seal(&[7; 32], &[0; 12], b"header", &mut text).unwrap();
///     assert!(provider.open(&[7; 32], &[0; 12], b"header", &mut text, &tag));
///     assert_eq!(&text, b"a record");
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// The `chacha20poly1305` crate, in pure Rust.
    RustCrypto,
    /// AWS-LC, through the `aws-lc-rs` crate.
    #[cfg(feature = "aws-lc-rs")]
    AwsLc,
}

impl Provider {
    /// All that this build has.
    pub const ALL: &[Self] = &[
        Self::RustCrypto,
        #[cfg(feature = "aws-lc-rs")]
        Self::AwsLc,
    ];

    /// The one that seals and opens tokens in this build.
    #[must_use]
    pub const fn in_use() -> Self {
        #[cfg(feature = "aws-lc-rs")]
        return Self::AwsLc;
        #[cfg(not(feature = "aws-lc-rs"))]
        Self::RustCrypto
    }

    /// Encrypts `text` where it is and returns the tag over it and `aad`, or nothing if it is too long.
    pub fn seal(self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        match self {
            Self::RustCrypto => aead::rustcrypto::seal_in_place(key, nonce, aad, text),
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc => aead::aws_lc::seal_in_place(key, nonce, aad, text),
        }
        .ok()
    }

    /// Decrypts `text` where it is and returns `true`, if `tag` is right for it and `aad`.
    pub fn open(self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], text: &mut [u8], tag: &[u8; 16]) -> bool {
        match self {
            Self::RustCrypto => aead::rustcrypto::open_in_place(key, nonce, aad, text, tag),
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc => aead::aws_lc::open_in_place(key, nonce, aad, text, tag),
        }
        .is_ok()
    }

    /// Whether the key with these coordinates has signed the message by ES256.
    #[cfg(feature = "dbsc")]
    #[must_use]
    pub fn verifies_es256(self, x: &[u8; 32], y: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let point = Point { x: *x, y: *y }.octets();
        match self {
            Self::RustCrypto => es256::rustcrypto::has_signed(&point, message, signature),
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc => es256::aws_lc::has_signed(&point, message, signature),
        }
    }

    /// Whether these are the coordinates of a point of P-256.
    #[cfg(feature = "dbsc")]
    #[must_use]
    pub fn is_on_p256(self, x: &[u8; 32], y: &[u8; 32]) -> bool {
        let point = Point { x: *x, y: *y }.octets();
        match self {
            Self::RustCrypto => es256::rustcrypto::is_on_curve(&point),
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc => es256::aws_lc::is_on_curve(&point),
        }
    }
}
