//! What a backend of revocations does, and what helps to write one.
//!
//! A [`Backend`] keeps three kinds of rows, and decides nothing about them:
//!
//! | Rows | One for each | Written by | Removed by |
//! |---|---|---|---|
//! | entries | [`Target`] | [`record`](Backend::record) | [`purge`](Backend::purge), by [`until_ms`](Revocation::until_ms) |
//! | sharers | [`id`](Sharer::id) | [`put_sharer`](Backend::put_sharer) | [`purge`](Backend::purge), by [`until_ms`](Sharer::until_ms) |
//! | sessions | [`Scope`], user and uid | [`add_session`](Backend::add_session), [`put_session`](Backend::put_session) | [`strike_session`](Backend::strike_session), [`strike_expired`](Backend::strike_expired) |
//!
//! - [`apply`] says what becomes of the entries by what is to be recorded. Give it the rows of a transaction
//!   ([`Entries`]), or ask [`outcome`] and write that in one step.
//! - News are the entries that were put since a node last asked. A number that grows with every put, kept with the entry,
//!   is enough: what is new has a larger one than was read before.
//! - [`purge_time`] says by which time to remove what is over, from the time by which that was last done: keep that too.
//!   A backend in which rows expire by a clock of its own goes by [`purge_after`].
//!
//! The crate `sealed-session-conformance` has a suite of what every backend does; run it over yours. Two that are ready
//! are the crates `sealed-session-sqlite` and `sealed-session-redis`.

use std::fmt;
use std::time::Duration;

use super::{Change, Revocation, Scope, Sharer};
use crate::uid::SessionUid;

pub use super::change::{Entries, apply, outcome};
pub use super::entry::Target;
pub use super::purge::{purge_after, purge_time};
pub use super::session_info::SessionInfo;

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
    /// removes nothing that counts. Returns it, or 0 where nothing can be removed yet. [`purge_time`] tells it.
    ///
    /// # Errors
    /// [`BackendError`].
    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError>;

    /// Writes down who shares the list, in the place of what is there of the same one; that may be a server that is gone,
    /// where the backend has lost it. It shows as well whether anything can be recorded, for `health`: where recording needs
    /// more than this does, such as other rights, try that here.
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

    /// Something that waits for news, where the backend can push. It has a connection and a thread of its own. Where it fails
    /// or does not come back, news come by polling, within `poll_every`: that is told to `tracing`, and is no trouble that
    /// `health` would tell of.
    fn listener(&mut self) -> Option<Listener> {
        None
    }
}

/// One that is chosen as the program runs.
impl Backend for Box<dyn Backend> {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        (**self).record(changes)
    }

    fn news(&mut self) -> Result<News, BackendError> {
        (**self).news()
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        (**self).purge(now_ms, elapsed)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        (**self).put_sharer(sharer)
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        (**self).sharers()
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        (**self).add_session(scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        (**self).put_session(scope, session)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        (**self).sessions(scope, user_id, now_ms)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        (**self).strike_session(scope, user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        (**self).strike_expired(now_ms)
    }

    fn timeout(&self) -> Duration {
        (**self).timeout()
    }

    fn listener(&mut self) -> Option<Listener> {
        (**self).listener()
    }
}

/// What a backend has to say.
#[derive(Debug, Default)]
pub struct News {
    /// What there is of entries that were changed. One may be named more than once, and then the last counts.
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
