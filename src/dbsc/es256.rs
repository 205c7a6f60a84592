//! ES256, ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4): the seam behind which a provider stands, one file
//! each. All of them accept and refuse the same.
//!
//! A signature is two numbers of 32 octets, neither of them zero nor as large as the order of the curve. One with
//! the larger of the two `s` is as good as the other: nothing here takes a signature for a name.

#[cfg(feature = "aws-lc-rs")]
pub(crate) mod aws_lc;
// Beside AWS-LC, only `hazmat` still uses it, to compare the two.
#[cfg(any(not(feature = "aws-lc-rs"), feature = "hazmat"))]
pub(crate) mod rustcrypto;

#[cfg(feature = "aws-lc-rs")]
use aws_lc as provider;
#[cfg(not(feature = "aws-lc-rs"))]
use rustcrypto as provider;

/// Octets of a signature.
pub(super) const SIGNATURE_LEN: usize = 64;
/// Octets of a point: a mark and both coordinates.
pub(crate) const POINT_LEN: usize = 1 + 2 * 32;
/// What stands before two coordinates (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The coordinates of a public key, which need not be a point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) x: [u8; 32],
    pub(crate) y: [u8; 32],
}

impl Point {
    /// Whether it is a point of the curve, and so a key.
    pub(super) fn is_on_curve(&self) -> bool {
        provider::is_on_curve(&self.octets())
    }

    /// Whether this key has signed the message. None that is no point of the curve has signed anything.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        provider::has_signed(&self.octets(), message, signature)
    }

    /// The one form in which providers get a point: they differ in what else they take.
    pub(crate) fn octets(&self) -> [u8; POINT_LEN] {
        let mut octets = [UNCOMPRESSED; POINT_LEN];
        let coordinates = self.x.iter().chain(&self.y);
        octets.iter_mut().skip(1).zip(coordinates).for_each(|(octet, coordinate)| *octet = *coordinate);
        octets
    }
}
