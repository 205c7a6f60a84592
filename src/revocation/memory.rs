//! A backend in memory: for tests, and for one process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::backend::News;
use super::{Backend, BackendError, Revocation, SessionInfo};
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
#[derive(Debug, Clone, Default)]
pub struct MemoryBackend {
    kept: Arc<Mutex<Kept>>,
    read: usize,
}

#[derive(Debug, Default)]
struct Kept {
    /// In the order in which they came; what is forgotten leaves its place empty.
    revocations: Vec<Option<Revocation>>,
    sessions: HashMap<String, BTreeMap<SessionUid, SessionInfo>>,
}

impl MemoryBackend {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for MemoryBackend {
    fn record(&mut self, revocations: &[Revocation]) -> Result<(), BackendError> {
        self.kept().revocations.extend(revocations.iter().cloned().map(Some));
        Ok(())
    }

    fn news(&mut self, _: u64) -> Result<News, BackendError> {
        let kept = self.kept();
        let revocations = kept.revocations.iter().skip(self.read).flatten().cloned().collect();
        let read = kept.revocations.len();
        drop(kept);
        self.read = read;
        Ok(News { revocations, lost: false })
    }

    fn forget(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        let mut forgotten = 0;
        for place in &mut self.kept().revocations {
            if place.take_if(|revocation| revocation.until_ms() <= now_ms).is_some() {
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    fn put_session(&mut self, session: &SessionInfo) -> Result<(), BackendError> {
        let mut kept = self.kept();
        let of_user = kept.sessions.entry(session.user_id.clone()).or_default();
        of_user.insert(session.uid, session.clone());
        Ok(())
    }

    fn sessions(&mut self, user_id: &str, now_ms: u64) -> Result<Vec<SessionInfo>, BackendError> {
        let kept = self.kept();
        let of_user = kept.sessions.get(user_id).into_iter().flat_map(BTreeMap::values);
        let mut live: Vec<_> = of_user.filter(|session| session.expires_at_ms > now_ms).cloned().collect();
        drop(kept);
        live.sort_by_key(|session| std::cmp::Reverse(session.last_seen_at_ms));
        Ok(live)
    }

    fn strike_session(&mut self, user_id: &str, uid: SessionUid) -> Result<bool, BackendError> {
        let mut kept = self.kept();
        Ok(kept.sessions.get_mut(user_id).is_some_and(|of_user| of_user.remove(&uid).is_some()))
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        let mut struck = 0;
        self.kept().sessions.retain(|_, of_user| {
            of_user.retain(|_, session| {
                let lives = session.expires_at_ms > now_ms;
                struck += u64::from(!lives);
                lives
            });
            !of_user.is_empty()
        });
        Ok(struck)
    }
}
