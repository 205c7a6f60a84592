//! Why a token was refused, and what a client may know of it.

use std::fmt;

use crate::session::SessionError;

/// The one message of every [`SessionError::Invalid`] that a token caused.
const REFUSED: &str = "the token was refused";

/// The check that refused a token, for logs, counters and test vectors. Never send it to a client: a client
/// learns only [`SessionError::Invalid`] or [`SessionError::NotFound`].
///
/// In the order in which the checks are made.
///
/// ```
/// use sealed_session::{KeyRing, Reason, RootSecret, SealedStore, SessionId};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let refused = store.open(&SessionId::new("not a token")).unwrap_err();
/// assert_eq!(refused.reason(), Reason::Length);
/// assert_eq!(refused.reason().as_str(), "length");
/// assert_eq!(refused.to_string(), "invalid session: the token was refused");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The text is shorter than 138 or longer than 8192 characters.
    Length,
    /// The text is not canonical base64url without padding.
    Base64,
    /// The version is not 1.
    Version,
    /// The ring has no key of this id: another cookie name, application or ring, an epoch outside the
    /// window, or no token at all.
    UnknownKey,
    /// The key is in the ring, flagged as revoked.
    KeyRevoked,
    /// The key is in the ring, but its time is over.
    KeyGone,
    /// The authentication tag is wrong: the token or its associated data was changed.
    Tag,
    /// The record ends within a field of fixed length.
    RecordTruncated,
    /// The record's user id overruns it or is not UTF-8.
    RecordUserId,
    /// The record's data overruns it or is not UTF-8.
    RecordData,
    /// The record's padding is not zero.
    Padding,
    /// The record's times are not `created <= renewed < expires`.
    TimeOrder,
    /// The record was renewed further in the future of this server than its leeway allows.
    Future,
    /// The session has expired.
    Expired,
    /// The session was revoked.
    Revoked,
    /// What is revoked has not been heard of for too long to go by (`refuse_after`).
    RevocationsTooOld,
    /// The session of a user is bound to no device, and has to be by now.
    Unbound,
    /// The CSRF token is not the one of this session.
    CsrfMismatch,
}

impl Reason {
    /// A stable lower-case name, as test vectors and counters use it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Base64 => "base64",
            Self::Version => "version",
            Self::UnknownKey => "key_id",
            Self::KeyRevoked => "key_revoked",
            Self::KeyGone => "key_gone",
            Self::Tag => "aead",
            Self::RecordTruncated => "record_truncated",
            Self::RecordUserId => "record_user_id",
            Self::RecordData => "record_data",
            Self::Padding => "padding",
            Self::TimeOrder => "time_order",
            Self::Future => "future",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::RevocationsTooOld => "revocations_too_old",
            Self::Unbound => "unbound",
            Self::CsrfMismatch => "csrf_mismatch",
        }
    }
}

/// A token was refused. `Display` and `Debug` tell only what a client may know.
///
/// ```
/// use sealed_session::{KeyRing, RootSecret, SealedStore, SessionId};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let refused = store.open(&SessionId::new("tampered")).unwrap_err();
/// assert!(!refused.is_not_found());
/// assert!(!refused.keeps_cookie());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OpenError {
    reason: Reason,
    standing: Standing,
}

/// Whether the cookie of a refused token may be good all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is good nowhere.
    Final,
    /// Its session is over by limits of this server that others need not have, since a moment ago.
    StricterLimits,
    /// Its session was revoked a moment ago, and what takes its place may be on the way to the client.
    #[cfg(feature = "revocation")]
    JustRevoked,
    /// The same token may be opened in a moment, or by another server.
    Transient,
}

impl OpenError {
    pub(crate) const fn new(reason: Reason) -> Self {
        let standing = match reason {
            Reason::Future | Reason::RevocationsTooOld => Standing::Transient,
            _ => Standing::Final,
        };
        Self { reason, standing }
    }

    pub(crate) const fn standing_at(reason: Reason, standing: Standing) -> Self {
        Self { reason, standing }
    }

    /// Whether this server rather than the token is at fault.
    #[cfg(feature = "dbsc")]
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(self.standing, Standing::Transient)
    }

    #[cfg(feature = "tower")]
    pub(crate) const fn standing(&self) -> Standing {
        self.standing
    }

    /// Of several refusals in one request, the one that says most: what may be good all the same, before what is over,
    /// before what is no session; the first of several alike.
    pub(crate) fn or(self, other: Self) -> Self {
        let rank = |error: &Self| match error {
            error if error.keeps_cookie() => 2,
            error if error.is_not_found() => 1,
            _ => 0,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }

    /// Whether the token is authentic but its session is over ([`SessionError::NotFound`]); otherwise it is
    /// [`SessionError::Invalid`], or [`SessionError::Backend`] where nothing is known of revocations.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self.reason, Reason::Expired | Reason::Revoked | Reason::Unbound)
    }

    /// Whether a host should leave the client's cookie alone, because this server rather than the token may be
    /// at fault. Removing the cookie would log users out for good. True for
    ///
    /// - an authentic session that was renewed in this server's future, while one clock is behind;
    /// - any session, where the backend of revocations has not answered for longer than the limit that was set;
    /// - a session that was revoked less than a minute ago
    ///   (`RevocationsBuilder::just_revoked_for`): the response that put another
    ///   in its place may still be on its way to the client;
    /// - a session that is over only by this store's own maximum TTL or maximum lifetime, for 10 minutes: while
    ///   settings are being deployed, other servers may still accept it;
    /// - the key of a rotating root's next epoch, which this server's clock has not reached;
    /// - an unknown key, where the store follows a ring file (`SealedStore::follow`) that cannot be used now,
    ///   that is still being read, or that was read within the last second on behalf of another unknown key:
    ///   the key may be known in a moment.
    #[must_use]
    pub const fn keeps_cookie(&self) -> bool {
        !matches!(self.standing, Standing::Final)
    }

    /// The check that refused. For logs and counters; never for the client.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SessionError::from(*self).fmt(f)
    }
}

impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_not_found() { "OpenError(NotFound)" } else { "OpenError(Invalid)" })
    }
}

impl std::error::Error for OpenError {}

impl From<OpenError> for SessionError {
    fn from(error: OpenError) -> Self {
        match error.reason {
            _ if error.is_not_found() => Self::NotFound,
            Reason::RevocationsTooOld => {
                Self::Backend("what is revoked is not known at the moment".to_owned())
            }
            _ => Self::Invalid(REFUSED.to_owned()),
        }
    }
}
