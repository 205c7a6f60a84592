//! Which sessions a user has: written down at login, without their data unless a label has it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::millis;
use crate::error::ConfigError;
use crate::revocation::{
    BackendError, Change, Pending, Reach, Recorder, Revocation, Revocations, Scope, Who,
};
#[cfg(feature = "tower")]
use crate::revocation::{Ended, GoesOn, Others};
use crate::store::SealedStore;
use crate::uid::SessionUid;

mod row;

pub use crate::revocation::backend::SessionInfo;

/// A list of each user's sessions, on top of a store's revocations and in the same backend. Cheap to clone.
///
/// Nothing is read here when a session is opened. What the list says of a session's last use and expiry is as old as
/// `seen_every`; the token has the truth.
///
/// ```
/// use sealed_session::registry::{Registry, SessionInfo};
/// use sealed_session::revocation::Revocations;
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
///
/// let ring = KeyRing::single(RootSecret::generate()?);
/// let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build()?;
/// let registry = Registry::builder(store.clone()).max_sessions(10).build()?;
///
/// let id = store.create(CreateOptions { user_id: Some("user-42".into()), ..Default::default() })?;
/// let session = store.open(&id)?;
/// registry.began(SessionInfo {
///     user_id: "user-42".into(),
///     uid: session.uid(),
///     created_at_ms: session.record().created_at_ms,
///     last_seen_at_ms: session.record().created_at_ms,
///     expires_at_ms: session.record().expires_at_ms,
///     label: "Firefox on Linux".into(),
/// }).wait()?;
///
/// assert_eq!(registry.list_by_user("user-42").wait()?.len(), 1);
/// assert_eq!(registry.revoke_user("user-42").wait()?, 1);
/// assert!(store.open(&id).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Registry(Arc<Inner>, Arc<Scope>);

struct Inner {
    store: SealedStore,
    revocations: Revocations,
    max_sessions: usize,
    seen_every_ms: u64,
    /// When the last use of a session was last written down by this server, and until when it lived then.
    seen: papaya::HashMap<SessionUid, (u64, u64)>,
    writes: AtomicUsize,
}

/// After so many writes, those that are too old to matter are forgotten.
const FORGET_EVERY: usize = 4096;

impl Registry {
    /// Starts building a registry over a store: of the sessions in its [scope](SealedStore::in_scope).
    pub fn builder(store: SealedStore) -> RegistryBuilder {
        RegistryBuilder { store, max_sessions: usize::MAX, seen_every: Duration::from_secs(60) }
    }

    /// The same registry for the users of another scope of the application.
    #[must_use]
    pub fn in_scope(&self, name: &str) -> Self {
        Self(Arc::clone(&self.0), Arc::new(self.0.store.scope_of(name)))
    }

    /// Writes down a session that has begun. Where a user then has more than the maximum, those that were written down
    /// first are revoked.
    pub fn began(&self, session: SessionInfo) -> Pending<()> {
        self.run(move |users| users.began(&session))
    }

    /// Writes down that a session is used, and until when it lives now; at most once in `seen_every`, unless the list
    /// would take it for expired before the next time, and not at all where the backend has too much to do. One that the
    /// list has lost is on it again afterwards, unless it is revoked; one that it has keeps its label.
    pub fn seen(&self, session: SessionInfo) {
        let now_ms = self.0.store.now_ms();
        if self.is_time_to_write(&session, now_ms) {
            let of = self.clone();
            self.0
                .revocations
                .note(move |recorder| Users { of: &of, scope: &of.1, recorder, now_ms }.seen(session));
        }
    }

    /// The sessions of a user that have neither expired nor been revoked, the one seen last first.
    pub fn list_by_user(&self, user_id: &str) -> Pending<Vec<SessionInfo>> {
        let user_id = user_id.to_owned();
        self.run(move |users| {
            let mut all = users.all(&user_id)?;
            all.retain(|session| !users.is_revoked(session));
            Ok(all)
        })
    }

    /// Revokes one session of a user; false if the list has no such session of this user.
    pub fn revoke(&self, user_id: &str, uid: SessionUid) -> Pending<bool> {
        self.revoke_those(user_id, move |session| session.uid == uid, |revoked| revoked > 0)
    }

    /// Revokes all sessions of a user, on the list or not, and says how many were on it.
    pub fn revoke_user(&self, user_id: &str) -> Pending<u64> {
        let user_id = user_id.to_owned();
        self.run(move |users| {
            let all = users.all(&user_id)?;
            let live = users.count_live(&all);
            let (reach, now_ms) = (Reach::Scope(users.scope.clone()), users.now_ms);
            users.recorder.end_user(reach, &user_id, now_ms)?;
            users.strike(&all)?;
            Ok(live)
        })
    }

    /// Revokes all sessions of a user on the list but one, and says how many.
    pub fn revoke_all_except(&self, user_id: &str, uid: SessionUid) -> Pending<u64> {
        self.revoke_those(user_id, move |session| session.uid != uid, |revoked| revoked)
    }

    /// Strikes off all sessions that have expired, of all scopes, and says how many.
    pub fn cleanup_expired(&self) -> Pending<u64> {
        self.run(|users| users.recorder.backend().strike_expired(users.now_ms))
    }

    /// Whether they are clones of one registry.
    #[cfg(feature = "tower")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    #[cfg(feature = "tower")]
    pub(crate) fn is_of(&self, store: &SealedStore) -> bool {
        self.0.store.is_same(store)
    }

    /// A session ended, and another began in its place or for itself: at a login, a cycle, a logout.
    #[cfg(feature = "tower")]
    pub(crate) fn settle(
        &self,
        ended: Option<Ended>,
        goes_on: GoesOn,
        began: Option<SessionInfo>,
    ) -> Pending<()> {
        self.run(move |users| {
            if let Some(ended) = ended {
                users.recorder.end(users.scope, &ended, goes_on, users.now_ms)?;
                if let Some(user_id) = &ended.user_id {
                    users.recorder.backend().strike_session(users.scope, user_id, ended.uid)?;
                }
            }
            began.map_or(Ok(()), |session| users.began(&session))
        })
    }

    /// All other sessions of a user ended, and that one goes on as another; whether it does.
    #[cfg(feature = "tower")]
    pub(crate) fn others_end(
        &self,
        user_id: &str,
        uid: SessionUid,
        created_at_ms: u64,
        instead: SessionUid,
    ) -> Pending<bool> {
        let user_id = user_id.to_owned();
        self.run(move |users| {
            let all = users.all(&user_id)?;
            let others = Others { user_id: user_id.clone(), uid, created_at_ms, instead };
            let goes_on = users.recorder.end_others(users.scope, others, users.now_ms)?;
            // Otherwise nobody has ended by this: who lives is to be seen, and can be revoked.
            if goes_on {
                users.strike(&all)?;
            }
            Ok(goes_on)
        })
    }

    fn revoke_those<T: Send + 'static>(
        &self,
        user_id: &str,
        which: impl Fn(&SessionInfo) -> bool + Send + 'static,
        answer: impl FnOnce(u64) -> T + Send + 'static,
    ) -> Pending<T> {
        let user_id = user_id.to_owned();
        self.run(move |users| {
            let mut those = users.all(&user_id)?;
            those.retain(which);
            let live = users.count_live(&those);
            users.revoke_all(&those)?;
            Ok(answer(live))
        })
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Users<'_, '_>) -> Result<T, BackendError> + Send + 'static,
    ) -> Pending<T> {
        let (of, now_ms) = (self.clone(), self.0.store.now_ms());
        self.0.revocations.run(move |recorder| job(&mut Users { of: &of, scope: &of.1, recorder, now_ms }))
    }

    /// One thread of several that ask at once gets the answer yes.
    fn is_time_to_write(&self, session: &SessionInfo, now_ms: u64) -> bool {
        let seen = self.0.seen.pin();
        let (every_ms, expires_at_ms) = (self.0.seen_every_ms, session.expires_at_ms);
        // Either way: a clock that was ahead must not keep a use from being written down until then.
        let is_due = |at_ms: u64| now_ms.abs_diff(at_ms) >= every_ms;
        let runs_out =
            |known_ms: u64| expires_at_ms > known_ms && known_ms <= now_ms.saturating_add(every_ms);
        let outcome = seen.compute(session.uid, |entry| match entry {
            Some((_, (at_ms, known_ms))) if !is_due(*at_ms) && !runs_out(*known_ms) => {
                papaya::Operation::Abort(())
            }
            _ => papaya::Operation::Insert((now_ms, expires_at_ms)),
        });
        if self.0.writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            seen.retain(|_, (at_ms, _)| !is_due(*at_ms));
        }
        !matches!(outcome, papaya::Compute::Aborted(()))
    }
}

/// A registry with its backend, at a time.
struct Users<'r, 'b> {
    of: &'r Registry,
    scope: &'r Scope,
    recorder: &'r mut Recorder<'b>,
    now_ms: u64,
}

impl Users<'_, '_> {
    fn all(&mut self, user_id: &str) -> Result<Vec<SessionInfo>, BackendError> {
        self.recorder.backend().sessions(self.scope, user_id, self.now_ms)
    }

    /// Not everything that revokes strikes off the list.
    fn is_revoked(&self, session: &SessionInfo) -> bool {
        self.of.0.revocations.revoked_since(&Who::of(self.scope, session)).is_some()
    }

    /// Those that the list shows.
    fn count_live(&self, sessions: &[SessionInfo]) -> u64 {
        let live = sessions.iter().filter(|session| !self.is_revoked(session)).count();
        u64::try_from(live).unwrap_or(u64::MAX)
    }

    /// Those that were added first go, whichever of them that makes this one: of several that begin at a time, the
    /// backend's order decides.
    fn began(&mut self, session: &SessionInfo) -> Result<(), BackendError> {
        let all = self.recorder.backend().add_session(self.scope, session, self.now_ms)?;
        self.recorder.refresh()?;
        let (gone, live): (Vec<_>, Vec<_>) = all.into_iter().partition(|other| self.is_revoked(other));
        self.strike(&gone)?;
        let over = live.len().saturating_sub(self.of.0.max_sessions);
        self.revoke_all(live.get(..over).unwrap_or_default())
    }

    fn seen(&mut self, session: SessionInfo) -> Result<(), BackendError> {
        if self.is_revoked(&session) {
            return Ok(());
        }
        let there = self.all(&session.user_id)?.into_iter().find(|there| there.uid == session.uid);
        let label = there.map_or(session.label, |there| there.label);
        let last_seen_at_ms = self.now_ms;
        let seen = SessionInfo { label, last_seen_at_ms, ..session };
        self.recorder.backend().put_session(self.scope, &seen)
    }

    /// Revokes first and strikes off then: what is on no list can be revoked by nobody.
    fn revoke_all(&mut self, sessions: &[SessionInfo]) -> Result<(), BackendError> {
        if sessions.is_empty() {
            return Ok(());
        }
        let retention = self.recorder.retention();
        let revoke = |session: &SessionInfo| {
            let until_ms = retention.of_session(session.created_at_ms, self.now_ms);
            Change::Revoke(Revocation::Session { uid: session.uid, until_ms })
        };
        self.recorder.record(&sessions.iter().map(revoke).collect::<Vec<_>>())?;
        self.strike(sessions)
    }

    fn strike(&mut self, sessions: &[SessionInfo]) -> Result<(), BackendError> {
        for session in sessions {
            self.recorder.backend().strike_session(self.scope, &session.user_id, session.uid)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("store", &self.0.store).finish_non_exhaustive()
    }
}

/// Settings of a [`Registry`]; each has a safe default.
///
/// ```
/// use sealed_session::registry::Registry;
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let error = Registry::builder(store).build().unwrap_err();
/// assert_eq!(error.to_string(), "a registry takes a store that was built with revocations");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RegistryBuilder {
    store: SealedStore,
    max_sessions: usize,
    seen_every: Duration,
}

impl RegistryBuilder {
    /// How many sessions a user may have; with one more, the one that was written down first ends: one that is
    /// cycled is written down anew. Default no limit.
    pub fn max_sessions(mut self, max: usize) -> Self {
        self.max_sessions = max;
        self
    }

    /// How often the last use of a session is written down, at most. Default once a minute.
    pub fn seen_every(mut self, interval: Duration) -> Self {
        self.seen_every = interval;
        self
    }

    /// Builds the registry.
    ///
    /// # Errors
    /// [`ConfigError`] for a store without revocations, and for a maximum of no session at all.
    pub fn build(self) -> Result<Registry, ConfigError> {
        let Some(revocations) = self.store.revocations().cloned() else {
            return Err(ConfigError("a registry takes a store that was built with revocations".to_owned()));
        };
        if self.max_sessions == 0 {
            return Err(ConfigError(
                "a user may have no session at all: max_sessions is at least 1".to_owned(),
            ));
        }
        let scope = Arc::new(self.store.scope());
        let inner = Inner {
            store: self.store,
            revocations,
            max_sessions: self.max_sessions,
            seen_every_ms: millis(self.seen_every),
            seen: papaya::HashMap::new(),
            writes: AtomicUsize::new(1),
        };
        Ok(Registry(Arc::new(inner), scope))
    }
}
