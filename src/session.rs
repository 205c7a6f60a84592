//! The contract: what a session is and what a session backend does.
//!
//! Field for field the shape of the published `bext-plugin-api` crate (`session` module), so that a host
//! written against either can use the other. [`SealedStore`](crate::SealedStore) implements it over sealed
//! tokens; a server-backed store can implement it too.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What the session cookie carries. For a sealed store this *is* the session: the authenticated ciphertext
/// of its record and expiry. Treat it as opaque, and as a bearer credential: `Debug` does not print it.
///
/// ```
/// use sealed_session::SessionId;
///
/// let id = SessionId::new("AU4vXW5N8UXka_GeO8EI9KSg");
/// assert_eq!(id.as_str(), "AU4vXW5N8UXka_GeO8EI9KSg");
/// assert_eq!(format!("{id:?}"), "SessionId([redacted])");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionId(pub String);

impl SessionId {
    /// Wraps the text of a cookie value, unchecked; whether it is a session is for
    /// [`SessionPlugin::read`] to say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to write into the cookie.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId([redacted])")
    }
}

/// A session as [`SessionPlugin::read`] sees it. `Debug` redacts the id, the user and the data.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let id = store.create(CreateOptions { user_id: Some("user-42".into()), ..Default::default() })?;
/// let record = store.read(&id)?;
/// assert_eq!(record.user_id.as_deref(), Some("user-42"));
/// assert_eq!(record.data_json, "{}");
/// assert_eq!(record.expires_at_ms - record.created_at_ms, 24 * 60 * 60 * 1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The id that was read.
    pub id: SessionId,
    /// Who is logged in; `None` for an anonymous session. The empty string is a legal user.
    pub user_id: Option<String>,
    /// The caller's data: the text of a JSON object, byte for byte as it was given.
    pub data_json: String,
    /// When the session began, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// The first millisecond at which the session is expired, since 1970; idle timeout and absolute
    /// lifetime are both accounted for.
    pub expires_at_ms: u64,
}

impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRecord")
            .field("id", &self.id)
            .field("user_id", &redacted(self.user_id.as_deref()))
            .field("data_json", &Redacted)
            .field("created_at_ms", &self.created_at_ms)
            .field("expires_at_ms", &self.expires_at_ms)
            .finish()
    }
}

/// What a new session starts with. The default is anonymous, empty, and lives as long as the store says.
///
/// ```
/// use sealed_session::CreateOptions;
///
/// let options = CreateOptions {
///     user_id: Some("user-42".into()),
///     data_json: r#"{"cart":[]}"#.into(),
///     ttl_ms: 30 * 60 * 1000,
/// };
/// assert!(!format!("{options:?}").contains("user-42"));
/// ```
#[derive(Clone, Default)]
pub struct CreateOptions {
    /// Who is logged in; `None` for an anonymous session. At most 65,534 bytes.
    pub user_id: Option<String>,
    /// The text of a JSON object, of at most 64 objects and arrays in each other, itself included. Empty text stands
    /// for `{}`.
    pub data_json: String,
    /// How long the session lives, in milliseconds; 0 is the store's default, and what exceeds the store's
    /// maximum is cut to it.
    pub ttl_ms: u64,
}

impl fmt::Debug for CreateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateOptions")
            .field("user_id", &redacted(self.user_id.as_deref()))
            .field("data_json", &Redacted)
            .field("ttl_ms", &self.ttl_ms)
            .finish()
    }
}

/// Why a session backend refused. Flat, so that its shape is the same for every backend; the text never
/// tells a client which check refused a token.
///
/// ```
/// use sealed_session::SessionError;
///
/// assert_eq!(SessionError::NotFound.to_string(), "session not found");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionError {
    /// There is no such session, or it has expired (or, with a revocation store, it was revoked).
    NotFound,
    /// The id failed an integrity check, or the caller's own input (data, user id) was refused.
    Invalid(String),
    /// The backend cannot do it: no sealing key, no randomness, or a session too large for a cookie.
    Backend(String),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("session not found"),
            Self::Invalid(message) => write!(f, "invalid session: {message}"),
            Self::Backend(message) => write!(f, "session backend error: {message}"),
        }
    }
}

impl std::error::Error for SessionError {}

/// A session backend, stateless or server-backed.
///
/// Whoever holds a session must go on with the id that the last call returned: for a stateless backend
/// every change is a new id, and the old one goes on meaning the old state until it expires.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
///
/// fn visits(backend: &dyn SessionPlugin) -> Result<(), sealed_session::SessionError> {
///     let id = backend.create(CreateOptions::default())?;
///     let id = backend.update(&id, r#"{"visits":1}"#)?;
///     assert_eq!(backend.read(&id)?.data_json, r#"{"visits":1}"#);
///     backend.delete(&id)
/// }
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// visits(&store)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait SessionPlugin: Send + Sync {
    /// A short name for this kind of backend.
    fn name(&self) -> &str;

    /// Starts a session and returns the id for its cookie.
    ///
    /// # Errors
    /// [`SessionError::Invalid`] for data that is no JSON object or too deep, or a user id that is too long;
    /// [`SessionError::Backend`] when no session can be made now.
    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError>;

    /// The session behind an id.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] when it has expired, [`SessionError::Invalid`] when the id fails an
    /// integrity check.
    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError>;

    /// Replaces the data and keeps everything else, the expiry included; empty text stands for `{}`. Returns
    /// the id to use from now on.
    ///
    /// # Errors
    /// As [`read`](Self::read) for the id and as [`create`](Self::create) for the data.
    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError>;

    /// Lets the session live `ttl_ms` milliseconds from now (0: the store's default), within its absolute
    /// lifetime. Returns the id to use from now on.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`SessionError::Backend`] when no new id can be made now.
    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError>;

    /// Ends the session as far as the backend can. Deleting what does not exist is `Ok(())`.
    ///
    /// # Errors
    /// [`SessionError::Backend`] when a backend with state cannot record it.
    fn delete(&self, id: &SessionId) -> Result<(), SessionError>;

    /// Whether all is well with the backend. One that is not healthy may serve sessions all the same: this is for alarms
    /// and not for taking a server out of service, for which `SealedStore::ready` is there.
    fn is_healthy(&self) -> bool {
        true
    }
}

/// The data of an empty session: `{}`.
///
/// ```
/// assert_eq!(sealed_session::empty_data_json(), "{}");
/// ```
#[must_use]
pub fn empty_data_json() -> String {
    "{}".to_owned()
}

/// The text of a JSON object with these members, for callers who have no JSON library at hand.
///
/// ```
/// use std::collections::HashMap;
///
/// let map = HashMap::from([("theme".to_owned(), "dark".to_owned())]);
/// assert_eq!(sealed_session::encode_data_map(&map), r#"{"theme":"dark"}"#);
/// ```
#[must_use]
pub fn encode_data_map(map: &HashMap<String, String>) -> String {
    // Strings always serialise; the fallback only keeps this function total.
    serde_json::to_string(map).unwrap_or_else(|_| empty_data_json())
}

struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whether somebody is logged in may be shown, who it is may not.
fn redacted(user_id: Option<&str>) -> Option<Redacted> {
    user_id.map(|_| Redacted)
}
