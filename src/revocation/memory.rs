//! A backend in memory: for tests, and for one process.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::backend::{News, Target, outcome, purge_time};
use super::{Backend, BackendError, Change, Revocation, Scope, SessionInfo, Sharer};
use crate::uid::SessionUid;

/// Keeps everything in memory. Clones share what they keep, as servers share a database; each has news of its own.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::{MemoryBackend, Revocation, Revocations};
///
/// let backend = MemoryBackend::default();
/// let one = Revocations::builder().with_backend(backend.clone())?;
/// one.revoke(Revocation::Session { uid: SessionUid::from_bytes([7; 16]), until_ms: u64::MAX }).wait()?;
/// let other = Revocations::builder().with_backend(backend)?;
/// assert_eq!(other.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryBackend {
    kept: Arc<Mutex<Kept>>,
    /// The number of the last change that was news here.
    read: u64,
}

#[derive(Clone, Default)]
struct Kept {
    entries: HashMap<Target, (u64, Revocation)>,
    /// What was changed, by the number of its last change.
    order: BTreeMap<u64, Target>,
    changes: u64,
    sharers: HashMap<[u8; 16], Sharer>,
    purged_to_ms: Option<u64>,
    sessions: HashMap<(Scope, String), Vec<SessionInfo>>,
}

impl MemoryBackend {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Puts an entry in the place of the one with the same target. It is news.
    fn put(&mut self, entry: Revocation) {
        self.changes += 1;
        let target = entry.target();
        if let Some((before, _)) = self.entries.insert(target.clone(), (self.changes, entry)) {
            self.order.remove(&before);
        }
        self.order.insert(self.changes, target);
    }

    fn forget(&mut self, by_ms: u64) {
        let order = &mut self.order;
        self.entries.retain(|_, (number, entry)| {
            let counts = entry.until_ms() > by_ms;
            if !counts {
                order.remove(number);
            }
            counts
        });
    }

    /// When the first entry runs out of those that do so later than this.
    fn first_after(&self, ms: u64) -> Option<u64> {
        let until = self.entries.values().map(|(_, entry)| entry.until_ms());
        until.filter(|until_ms| *until_ms > ms).min()
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) {
        let of_user = self.sessions.entry((scope.clone(), session.user_id.clone())).or_default();
        match of_user.iter_mut().find(|other| other.uid == session.uid) {
            Some(there) => there.clone_from(session),
            None => of_user.push(session.clone()),
        }
    }

    /// In the order in which they were added.
    fn live(&self, scope: &Scope, user_id: &str, now_ms: u64) -> Vec<SessionInfo> {
        let of_user = self.sessions.get(&(scope.clone(), user_id.to_owned()));
        let live = of_user.into_iter().flatten().filter(|session| session.expires_at_ms > now_ms);
        live.cloned().collect()
    }
}

impl Backend for MemoryBackend {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        let mut kept = self.kept();
        let becomes = outcome(|target| kept.entries.get(target).map(|(_, entry)| entry.clone()), changes)?;
        becomes.into_iter().for_each(|entry| kept.put(entry));
        Ok(())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        let kept = self.kept();
        let behind = kept.order.range((Bound::Excluded(self.read), Bound::Unbounded));
        let entries = behind.filter_map(|(_, target)| kept.entries.get(target));
        let revocations = entries.map(|(_, entry)| entry.clone()).collect();
        let read = kept.changes;
        drop(kept);
        self.read = read;
        Ok(News { revocations, lost: false })
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        let mut kept = self.kept();
        let first_after = |ms| Ok::<_, BackendError>(kept.first_after(ms));
        let by_ms = purge_time(kept.purged_to_ms, now_ms, elapsed, first_after)?;
        let sharers_by_ms = by_ms.unwrap_or(now_ms);
        kept.sharers.retain(|_, sharer| sharer.until_ms() > sharers_by_ms);
        let Some(by_ms) = by_ms else { return Ok(0) };
        kept.purged_to_ms = Some(by_ms);
        kept.forget(by_ms);
        Ok(by_ms)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.kept().sharers.insert(sharer.id, *sharer);
        Ok(())
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        Ok(self.kept().sharers.values().copied().collect())
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let mut kept = self.kept();
        kept.put_session(scope, session);
        Ok(kept.live(scope, &session.user_id, now_ms))
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.kept().put_session(scope, session);
        Ok(())
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let mut live = self.kept().live(scope, user_id, now_ms);
        live.sort_by_key(|session| std::cmp::Reverse(session.last_seen_at_ms));
        Ok(live)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        let mut kept = self.kept();
        let Some(of_user) = kept.sessions.get_mut(&(scope.clone(), user_id.to_owned())) else {
            return Ok(false);
        };
        let before = of_user.len();
        of_user.retain(|session| session.uid != uid);
        Ok(of_user.len() < before)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        let mut struck = 0;
        self.kept().sessions.retain(|_, of_user| {
            of_user.retain(|session| {
                let lives = session.expires_at_ms > now_ms;
                struck += u64::from(!lives);
                lives
            });
            !of_user.is_empty()
        });
        Ok(struck)
    }
}

/// How much is kept, and nothing of whom.
impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.kept().entries.len();
        f.debug_struct("MemoryBackend").field("entries", &entries).finish_non_exhaustive()
    }
}
