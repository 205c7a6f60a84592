//! Errors of the caller and errors of a token are different types; the flat [`SessionError`] stands only at
//! the trait.
//!
//! [`Reason`] names the check that refused a token. It is for operators: no message that could reach a
//! client contains it.

use std::fmt;

use crate::session::SessionError;

/// The one message of every [`SessionError::Invalid`] that a token caused.
pub(crate) const REFUSED: &str = "the token was refused";

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
    #[cfg(any(feature = "dbsc", feature = "uvb", feature = "actix"))]
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(self.standing, Standing::Transient)
    }

    #[cfg(feature = "tower")]
    pub(crate) const fn standing(&self) -> Standing {
        self.standing
    }

    /// Of several refusals in one request, the one that says most: what may be good all the same, before what is over,
    /// before what is no session; the first of several alike.
    #[cfg(feature = "cookie")]
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

/// A session could not be sealed. Nothing was.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealError, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let too_large = CreateOptions { data_json: format!(r#"{{"a":"{}"}}"#, "x".repeat(4000)), ..Default::default() };
/// match store.create_with(too_large, b"") {
///     Err(SealError::TooLarge { needed, allowed }) => assert!(needed > allowed),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The data is not the text of a JSON object. The place counts from 1.
    NotAnObject {
        /// What the JSON reader found; it quotes nothing of the data.
        message: String,
        /// Line of the data.
        line: usize,
        /// Column of the data, in bytes.
        column: usize,
    },
    /// The data has more objects and arrays in each other than common JSON readers read.
    TooDeep {
        /// How many are allowed, the data itself included: 64.
        limit: usize,
    },
    /// The user id has more than 65,534 bytes.
    UserIdTooLong {
        /// How many it has.
        len: usize,
    },
    /// The cookie would be dropped by a browser.
    TooLarge {
        /// Characters that the token needs.
        needed: usize,
        /// Characters that the store allows: by default what the cookie's name leaves of 4096.
        allowed: usize,
    },
    /// The session would be refused as soon as it is made: the clock stands at the end of time, or all sessions of
    /// its user are revoked up to a time that lies further ahead than clocks may differ.
    ExpiredAtOnce,
    /// No root secret of the ring seals at this time.
    NoSealingKey,
    /// The operating system's random generator failed.
    NoRandomness,
    /// The AEAD refused to encrypt.
    Aead,
    /// What has to be recorded about the new session could not be, so it was not given out: that the one which it
    /// replaces is revoked, or that it began after its user was.
    NotRevoked {
        /// What the backend of revocations says.
        message: String,
    },
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject { message, line, column } => {
                write!(f, "the data must be a JSON object: {message} at line {line} column {column}")
            }
            Self::TooDeep { limit } => write!(
                f,
                "the data has more than {limit} objects and arrays in each other: nest them less, or store the \
                 inner ones as text"
            ),
            Self::UserIdTooLong { len } => {
                write!(f, "the user id has {len} bytes, and at most 65534 are allowed")
            }
            Self::TooLarge { needed, allowed } => write!(
                f,
                "the token needs {needed} characters, and {allowed} are allowed: keep less in the session"
            ),
            Self::ExpiredAtOnce => f.write_str("the session would be expired at once: check the clock"),
            Self::NoSealingKey => f.write_str(
                "no key of the ring is sealing now: activate a root secret or check the server's clock",
            ),
            Self::NoRandomness => f.write_str("the operating system's random generator failed"),
            Self::Aead => f.write_str("the AEAD refused to encrypt"),
            Self::NotRevoked { message } => write!(f, "what is revoked could not be recorded: {message}"),
        }
    }
}

impl std::error::Error for SealError {}

impl From<SealError> for SessionError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::NotAnObject { .. } | SealError::TooDeep { .. } | SealError::UserIdTooLong { .. } => {
                Self::Invalid(error.to_string())
            }
            _ => Self::Backend(error.to_string()),
        }
    }
}

/// Why a session could not be re-sealed: its old token was refused, or the new one could not be made.
///
/// ```
/// use sealed_session::{KeyRing, ResealError, RootSecret, SealedStore, SessionId};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let garbage = SessionId::new("garbage");
/// assert!(matches!(store.cycle(&garbage), Err(ResealError::Open(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResealError {
    /// The old token was refused.
    Open(OpenError),
    /// The new token could not be made.
    Seal(SealError),
}

impl fmt::Display for ResealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ResealError {}

impl From<OpenError> for ResealError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<SealError> for ResealError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl From<ResealError> for SessionError {
    fn from(error: ResealError) -> Self {
        match error {
            ResealError::Open(error) => error.into(),
            ResealError::Seal(error) => error.into(),
        }
    }
}

/// A store's settings contradict each other or its ring. The text says which, and what is allowed.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let ring = KeyRing::single(RootSecret::generate()?);
/// let error = SealedStore::builder(ring).max_ttl(Duration::from_secs(60)).build().unwrap_err();
/// assert_eq!(error.to_string(), "the default TTL (86400000 ms) is longer than the maximum TTL (60000 ms)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub(crate) String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// A root secret, a key ring or a ring file is unusable. The text says what is wrong, what is allowed and
/// what to do, and never quotes a secret.
///
/// ```
/// use sealed_session::RootSecret;
///
/// let error = RootSecret::from_bytes(b"too short").unwrap_err();
/// assert_eq!(error.to_string(), "a root secret has 32 to 64 bytes, and this one has 9");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(String);

impl KeyError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The same error, with the place (a path, a variable, a field) in front.
    pub(crate) fn at(self, place: impl fmt::Display) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}
