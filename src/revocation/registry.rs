//! Which sessions a user has: written down at login, without their data unless a label has it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{BackendError, Pending, Recorder, Revocation, Revocations, SessionInfo};
use crate::clock::millis;
use crate::error::ConfigError;
use crate::store::SealedStore;
use crate::uid::SessionUid;

#[cfg(feature = "uvb")]
mod row;

/// A list of each user's sessions, on top of a store's revocations and in the same backend. Cheap to clone.
///
/// Nothing is read here when a session is opened. What the list says of a session's last use and expiry is as old as
/// `seen_every`; the token has the truth.
///
/// ```
/// use sealed_session::revocation::{Registry, Revocations, SessionInfo};
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
pub struct Registry(Arc<Inner>);

struct Inner {
    store: SealedStore,
    revocations: Revocations,
    max_sessions: usize,
    seen_every_ms: u64,
    /// When the last use of a session was last written down by this server.
    seen: papaya::HashMap<SessionUid, u64>,
    writes: AtomicUsize,
}

/// After so many writes, those that are too old to matter are forgotten.
const FORGET_EVERY: usize = 4096;

impl Registry {
    /// Starts building a registry over a store.
    pub fn builder(store: SealedStore) -> RegistryBuilder {
        RegistryBuilder { store, max_sessions: usize::MAX, seen_every: Duration::from_secs(60) }
    }

    /// Writes down a session that has begun. Where a user then has more than the maximum, those that began first
    /// are revoked.
    pub fn began(&self, session: SessionInfo) -> Pending<()> {
        let (registry, now_ms) = (Arc::clone(&self.0), self.0.store.now_ms());
        self.0.revocations.run(move |recorder| registry.began(recorder, &session, now_ms))
    }

    /// Writes down that a session is used, and until when it lives now; at most once in `seen_every`, otherwise
    /// there is nothing to wait for. A session that was never written down, or struck off, stays off the list.
    #[must_use]
    pub fn seen(&self, user_id: &str, uid: SessionUid, expires_at_ms: u64) -> Option<Pending<()>> {
        let now_ms = self.0.store.now_ms();
        if !self.is_time_to_write(uid, now_ms) {
            return None;
        }
        let user_id = user_id.to_owned();
        Some(self.0.revocations.run(move |recorder| {
            let all = recorder.backend().sessions(&user_id, now_ms)?;
            match all.into_iter().find(|session| session.uid == uid) {
                Some(session) => recorder.backend().put_session(&SessionInfo {
                    last_seen_at_ms: now_ms,
                    expires_at_ms,
                    ..session
                }),
                None => Ok(()),
            }
        }))
    }

    /// The sessions of a user that have neither expired nor been revoked, the one seen last first.
    pub fn list_by_user(&self, user_id: &str) -> Pending<Vec<SessionInfo>> {
        let (registry, user_id, now_ms) = (Arc::clone(&self.0), user_id.to_owned(), self.0.store.now_ms());
        self.0.revocations.run(move |recorder| {
            let mut all = recorder.backend().sessions(&user_id, now_ms)?;
            all.retain(|session| !registry.is_revoked(session));
            Ok(all)
        })
    }

    /// Revokes one session of a user; false if the list has no such session of this user.
    pub fn revoke(&self, user_id: &str, uid: SessionUid) -> Pending<bool> {
        self.revoke_those(user_id, move |session| session.uid == uid, |revoked| revoked > 0)
    }

    /// Revokes all sessions of a user, on the list or not, and says how many were on it.
    pub fn revoke_user(&self, user_id: &str) -> Pending<u64> {
        let (registry, user_id) = (Arc::clone(&self.0), user_id.to_owned());
        let (created_before_ms, until_ms) = self.0.store.all_until_now();
        let now_ms = self.0.store.now_ms();
        self.0.revocations.run(move |recorder| {
            let all = recorder.backend().sessions(&user_id, now_ms)?;
            let live = registry.count_live(&all);
            recorder.record(&[Revocation::User { user_id: user_id.clone(), created_before_ms, until_ms }])?;
            registry.revoke_all(recorder, &all)?;
            Ok(live)
        })
    }

    /// Revokes all sessions of a user on the list but one, and says how many.
    pub fn revoke_all_except(&self, user_id: &str, uid: SessionUid) -> Pending<u64> {
        self.revoke_those(user_id, move |session| session.uid != uid, |revoked| revoked)
    }

    /// Strikes off all sessions that have expired, and says how many.
    pub fn cleanup_expired(&self) -> Pending<u64> {
        let now_ms = self.0.store.now_ms();
        self.0.revocations.run(move |recorder| recorder.backend().strike_expired(now_ms))
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
    pub(crate) fn settle(&self, ended: Option<Ended>, began: Option<SessionInfo>) -> Pending<()> {
        let (registry, now_ms) = (Arc::clone(&self.0), self.0.store.now_ms());
        self.0.revocations.run(move |recorder| {
            if let Some(Ended { user_id, uid, created_at_ms }) = ended {
                let until_ms = registry.store.kept_until(created_at_ms);
                recorder.record(&[Revocation::Session { uid, until_ms }])?;
                if let Some(user_id) = user_id {
                    recorder.backend().strike_session(&user_id, uid)?;
                }
            }
            began.map_or(Ok(()), |session| registry.began(recorder, &session, now_ms))
        })
    }

    fn revoke_those<T: Send + 'static>(
        &self,
        user_id: &str,
        which: impl Fn(&SessionInfo) -> bool + Send + 'static,
        answer: impl FnOnce(u64) -> T + Send + 'static,
    ) -> Pending<T> {
        let (registry, user_id, now_ms) = (Arc::clone(&self.0), user_id.to_owned(), self.0.store.now_ms());
        self.0.revocations.run(move |recorder| {
            let mut those = recorder.backend().sessions(&user_id, now_ms)?;
            those.retain(which);
            let live = registry.count_live(&those);
            registry.revoke_all(recorder, &those)?;
            Ok(answer(live))
        })
    }

    /// One thread of several that ask at once gets the answer yes.
    fn is_time_to_write(&self, uid: SessionUid, now_ms: u64) -> bool {
        let seen = self.0.seen.pin();
        let is_due = |at_ms: u64| now_ms.saturating_sub(at_ms) >= self.0.seen_every_ms;
        let outcome = seen.compute(uid, |entry| match entry {
            Some((_, at_ms)) if !is_due(*at_ms) => papaya::Operation::Abort(()),
            _ => papaya::Operation::Insert(now_ms),
        });
        if self.0.writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            seen.retain(|_, at_ms| !is_due(*at_ms));
        }
        !matches!(outcome, papaya::Compute::Aborted(()))
    }
}

/// A session that has ended.
#[cfg(feature = "tower")]
pub(crate) struct Ended {
    pub(crate) user_id: Option<String>,
    pub(crate) uid: SessionUid,
    pub(crate) created_at_ms: u64,
}

impl Inner {
    /// Not everything that revokes strikes off the list.
    fn is_revoked(&self, session: &SessionInfo) -> bool {
        self.revocations.revokes(session.uid, Some(&session.user_id), session.created_at_ms)
    }

    /// Those that the list shows.
    fn count_live(&self, sessions: &[SessionInfo]) -> u64 {
        let live = sessions.iter().filter(|session| !self.is_revoked(session)).count();
        u64::try_from(live).unwrap_or(u64::MAX)
    }

    fn began(
        &self,
        recorder: &mut Recorder<'_>,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<(), BackendError> {
        recorder.backend().put_session(session)?;
        let all = recorder.backend().sessions(&session.user_id, now_ms)?;
        let (gone, mut live): (Vec<_>, Vec<_>) = all.into_iter().partition(|other| self.is_revoked(other));
        strike(recorder, &gone)?;
        let over = live.len().saturating_sub(self.max_sessions);
        live.sort_by_key(|session| session.created_at_ms);
        live.retain(|other| other.uid != session.uid);
        self.revoke_all(recorder, live.get(..over).unwrap_or_default())
    }

    /// Revokes first and strikes off then: what is on no list can be revoked by nobody.
    fn revoke_all(&self, recorder: &mut Recorder<'_>, sessions: &[SessionInfo]) -> Result<(), BackendError> {
        let revocations: Vec<_> = sessions
            .iter()
            .map(|session| Revocation::Session {
                uid: session.uid,
                until_ms: self.store.kept_until(session.created_at_ms),
            })
            .collect();
        recorder.record(&revocations)?;
        strike(recorder, sessions)
    }
}

fn strike(recorder: &mut Recorder<'_>, sessions: &[SessionInfo]) -> Result<(), BackendError> {
    for session in sessions {
        recorder.backend().strike_session(&session.user_id, session.uid)?;
    }
    Ok(())
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("store", &self.0.store).finish_non_exhaustive()
    }
}

/// Settings of a [`Registry`]; each has a safe default.
///
/// ```
/// use sealed_session::revocation::Registry;
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
    /// How many sessions a user may have; with one more, the one that began first ends. Default no limit.
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
        Ok(Registry(Arc::new(Inner {
            store: self.store,
            revocations,
            max_sessions: self.max_sessions,
            seen_every_ms: millis(self.seen_every),
            seen: papaya::HashMap::new(),
            writes: AtomicUsize::new(1),
        })))
    }
}
