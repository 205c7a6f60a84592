//! What a backend of revocations does.

use std::fmt;
use std::time::Duration;

use super::{Revocation, SessionInfo};
use crate::uid::SessionUid;

/// Keeps what is revoked, for all servers that use it. Its methods may block: they are called from a thread of
/// their own, one at a time.
pub trait Backend: Send + 'static {
    /// Records what is revoked. When this returns `Ok`, it outlives a crash as far as the backend can do so. Of two
    /// revocations of one thing the later times count.
    ///
    /// # Errors
    /// [`BackendError`] when it may not have been recorded.
    fn record(&mut self, revocations: &[Revocation]) -> Result<(), BackendError>;

    /// What was recorded since the last call, by anybody; with the first call, and after a loss of what was there,
    /// all that still counts.
    ///
    /// # Errors
    /// [`BackendError`]; nothing is then lost, and the next call gives it.
    fn news(&mut self, now_ms: u64) -> Result<News, BackendError>;

    /// Removes what may be forgotten, and says how much that was.
    ///
    /// # Errors
    /// [`BackendError`].
    fn forget(&mut self, now_ms: u64) -> Result<u64, BackendError>;

    /// Writes down a session, or what has become of it.
    ///
    /// # Errors
    /// [`BackendError`].
    fn put_session(&mut self, session: &SessionInfo) -> Result<(), BackendError>;

    /// The sessions of a user that have not expired, the one seen last first.
    ///
    /// # Errors
    /// [`BackendError`].
    fn sessions(&mut self, user_id: &str, now_ms: u64) -> Result<Vec<SessionInfo>, BackendError>;

    /// Strikes a session off; whether it was there.
    ///
    /// # Errors
    /// [`BackendError`].
    fn strike_session(&mut self, user_id: &str, uid: SessionUid) -> Result<bool, BackendError>;

    /// Strikes off all sessions that have expired, and says how many.
    ///
    /// # Errors
    /// [`BackendError`].
    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError>;

    /// Something that waits for news, where the backend can push. It has a connection and a thread of its own.
    fn listener(&mut self) -> Option<Listener> {
        None
    }
}

/// What a backend has to say.
#[derive(Debug, Default)]
pub struct News {
    /// What was revoked.
    pub revocations: Vec<Revocation>,
    /// The backend has lost what it had, by a flush say: those who know it should record it again.
    pub lost: bool,
}

/// Waits until there may be news, or for so long; says whether there may be. An error is tried again later.
pub type Listener = Box<dyn FnMut(Duration) -> Result<bool, BackendError> + Send>;

/// A backend of revocations cannot be used. The text says what is wrong, and shows no password.
///
/// ```
/// use sealed_session::revocation::BackendError;
///
/// assert_eq!(BackendError::new("disk full").to_string(), "disk full");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendError(String);

impl BackendError {
    /// An error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BackendError {}
