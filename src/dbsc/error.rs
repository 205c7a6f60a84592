//! Every refusal of a device's proof, by name.

use std::fmt;

use super::telemetry;
use crate::error::{OpenError, Reason, SealError};

/// The check that refused a registration or a refresh, for logs, counters and test vectors. Never send it to a
/// client. In the order in which the checks are made.
///
/// ```
/// use sealed_session::dbsc::DbscReason;
///
/// assert_eq!(DbscReason::ChallengeKind.as_str(), "challenge_kind");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DbscReason {
    /// The session identifier does not open.
    Identifier,
    /// The session identifier is over.
    IdentifierExpired,
    /// The device or its user was revoked.
    IdentifierRevoked,
    /// The proof has more than 4096 characters, without quotation marks around it.
    Length,
    /// It does not consist of three parts.
    Parts,
    /// One of them is not canonical base64url without padding.
    Base64,
    /// Its header is no JSON object or nested too deeply, or a member that counts stands in it twice or is no string.
    HeaderJson,
    /// Its type is not `dbsc+jwt`.
    Type,
    /// Its algorithm is not `ES256`.
    Algorithm,
    /// It has critical extensions, none of which is known.
    Critical,
    /// A registration brings no public key.
    KeyMissing,
    /// A refresh brings a public key: the one that counts is sealed.
    KeyPresent,
    /// The public key is no JSON object, or a member that counts is missing, stands in it twice or is no string.
    KeyJson,
    /// The public key is not of type `EC`.
    KeyType,
    /// Its curve is not `P-256`.
    Curve,
    /// Its coordinates are not 32 octets each.
    Coordinates,
    /// It is no point of the curve.
    OffCurve,
    /// The signature does not have 64 octets.
    SignatureLength,
    /// The signature is not one of this key over this text.
    Signature,
    /// The payload is no JSON object or nested too deeply, or its `jti` stands in it twice or is no string.
    PayloadJson,
    /// The payload has no `jti`.
    ChallengeMissing,
    /// The `jti` does not open as a challenge.
    Challenge,
    /// The challenge is over. At a refresh that is no refusal: the browser gets another.
    ChallengeExpired,
    /// A challenge of a registration at a refresh, or the other way round.
    ChallengeKind,
    /// The challenge was made for another session.
    ChallengeOfAnother,
    /// There is no session that the device could be for: nobody has logged in, or it has ended.
    NoSession,
    /// Nothing can be sealed now.
    NotSealed,
}

impl DbscReason {
    /// A stable lower-case name, as test vectors and counters use it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::IdentifierExpired => "identifier_expired",
            Self::IdentifierRevoked => "identifier_revoked",
            Self::Length => "length",
            Self::Parts => "parts",
            Self::Base64 => "base64",
            Self::HeaderJson => "header_json",
            Self::Type => "typ",
            Self::Algorithm => "alg",
            Self::Critical => "crit",
            Self::KeyMissing => "jwk_missing",
            Self::KeyPresent => "jwk_present",
            Self::KeyJson => "jwk_json",
            Self::KeyType => "kty",
            Self::Curve => "crv",
            Self::Coordinates => "coordinates",
            Self::OffCurve => "off_curve",
            Self::SignatureLength => "signature_length",
            Self::Signature => "signature",
            Self::PayloadJson => "payload_json",
            Self::ChallengeMissing => "jti_missing",
            Self::Challenge => "challenge",
            Self::ChallengeExpired => "challenge_expired",
            Self::ChallengeKind => "challenge_kind",
            Self::ChallengeOfAnother => "challenge_of_another",
            Self::NoSession => "no_session",
            Self::NotSealed => "not_sealed",
        }
    }
}

/// A registration or a refresh was refused. `Display` and `Debug` tell only what a client may know.
///
/// ```
/// use sealed_session::dbsc::{DbscReason, DeviceBinding};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let devices = DeviceBinding::builder(&store).build()?;
/// let refused = devices.refresh("no identifier", None).unwrap_err();
/// assert_eq!(refused.reason(), DbscReason::Identifier);
/// assert!(!refused.is_transient());
/// assert_eq!(refused.to_string(), "the device's proof was refused");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DbscError {
    reason: DbscReason,
    transient: bool,
}

impl DbscError {
    /// A refusal that ends the session, which operators learn of.
    pub(crate) fn ends(reason: DbscReason) -> Self {
        Self::told(reason, false)
    }

    pub(super) fn of_identifier(error: OpenError) -> Self {
        let reason = match error.reason() {
            Reason::Expired => DbscReason::IdentifierExpired,
            Reason::Revoked => DbscReason::IdentifierRevoked,
            _ => DbscReason::Identifier,
        };
        Self::told(reason, error.is_transient())
    }

    pub(super) fn of_challenge(error: OpenError) -> Self {
        let reason = match error.reason() {
            Reason::Expired => DbscReason::ChallengeExpired,
            _ => DbscReason::Challenge,
        };
        Self::told(reason, error.is_transient())
    }

    /// Whether the same request may succeed in a moment (status 503), because this server rather than the device is
    /// at fault. Otherwise it ends the session (status 401).
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        self.transient
    }

    /// The check that refused. For logs and counters; never for the client.
    #[must_use]
    pub const fn reason(&self) -> DbscReason {
        self.reason
    }

    fn told(reason: DbscReason, transient: bool) -> Self {
        telemetry::refused(reason.as_str(), transient);
        Self { reason, transient }
    }
}

impl From<SealError> for DbscError {
    /// What is too large for a token will be next time as well.
    fn from(error: SealError) -> Self {
        telemetry::not_sealed(&error);
        let for_good = matches!(error, SealError::TooLarge { .. } | SealError::UserIdTooLong { .. });
        Self::told(DbscReason::NotSealed, !for_good)
    }
}

impl fmt::Display for DbscError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.transient {
            true => "the device's proof cannot be checked at the moment",
            false => "the device's proof was refused",
        })
    }
}

impl fmt::Debug for DbscError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.transient { "DbscError(Transient)" } else { "DbscError(Ends)" })
    }
}

impl std::error::Error for DbscError {}
