//! Errors of the caller and errors of a token are different types; the flat [`SessionError`] stands only at
//! the trait.
//!
//! [`Reason`] names the check that refused a token. It is for operators: no message that could reach a
//! client contains it.

use std::fmt;

use crate::session::SessionError;

mod refusal;

pub(crate) use refusal::Standing;
pub use refusal::{OpenError, Reason};

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
