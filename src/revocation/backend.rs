//! What a backend of revocations does.

use std::fmt;
use std::time::Duration;

use super::{Change, Revocation, Scope, SessionInfo, Sharer};
use crate::uid::SessionUid;

/// Keeps what is revoked, for all servers that use it. Its methods may block: they are called from a thread of
/// their own, one at a time. One that panics is called again, after an error.
pub trait Backend: Send + 'static {
    /// Records changes, in one step: all of them, or none. When this returns `Ok`, they outlive a crash as far as the
    /// backend can do so.
    ///
    /// # Errors
    /// [`BackendError`] when they may not have been recorded.
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError>;

    /// What became of the entries that anybody changed since the last call, in the order in which that was recorded;
    /// with the first call, and after a loss of what was there, all that there is, expired or not: the clock that says
    /// so may be wrong.
    ///
    /// # Errors
    /// [`BackendError`]; nothing is then lost, and the next call gives it.
    fn news(&mut self) -> Result<News, BackendError>;

    /// Removes what may be forgotten by a time that is `now_ms` at most: entries and sharers. That time has not moved on
    /// since the last call of anybody by more than ten times `elapsed`, so that a clock which is wrong for a while
    /// removes nothing that counts. Returns it.
    ///
    /// # Errors
    /// [`BackendError`].
    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError>;

    /// Writes down who shares the list, in the place of what is there of the same one; that may be a server that is gone,
    /// where the backend has lost it. It shows as well whether anything can be written.
    ///
    /// # Errors
    /// [`BackendError`].
    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError>;

    /// Who shares the list.
    ///
    /// # Errors
    /// [`BackendError`].
    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError>;

    /// Adds a session, and returns those of its user that have not expired, in the order in which they were added, in
    /// one step: of two that are added at a time, one sees the other before it.
    ///
    /// # Errors
    /// [`BackendError`].
    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError>;

    /// Writes down what has become of a session; adds it if it is not there.
    ///
    /// # Errors
    /// [`BackendError`].
    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError>;

    /// The sessions of a user that have not expired, the one seen last first.
    ///
    /// # Errors
    /// [`BackendError`].
    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError>;

    /// Strikes a session off; whether it was there.
    ///
    /// # Errors
    /// [`BackendError`].
    fn strike_session(&mut self, scope: &Scope, user_id: &str, uid: SessionUid)
    -> Result<bool, BackendError>;

    /// Strikes off all sessions that have expired, and says how many.
    ///
    /// # Errors
    /// [`BackendError`].
    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError>;

    /// How long a call takes at most where the backend works. Whoever asks for something is told after so long that it
    /// may not have been done. Default 5 s.
    fn timeout(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Something that waits for news, where the backend can push. It has a connection and a thread of its own.
    fn listener(&mut self) -> Option<Listener> {
        None
    }
}

/// What a backend has to say.
#[derive(Debug, Default)]
pub struct News {
    /// What there is of entries that were changed.
    pub revocations: Vec<Revocation>,
    /// The backend is not the one that it was, or has lost what it had: those who know it should record it again.
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
