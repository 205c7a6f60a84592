//! What is revoked for one process, and until it ends: nobody else reads it, so it is kept but once, where it is asked.

use std::sync::Arc;
use std::time::Duration;

use super::backend::News;
use super::purge::purge_after;
use super::recorder::Recorder;
use super::shared::Shared;
use super::{Backend, BackendError, Change, MemoryBackend, Scope, SessionInfo, Sharer};
use crate::uid::SessionUid;

/// After so many uses what has expired is removed: there is no thread that would.
const PURGE_EVERY: u32 = 1024;

/// It answers at once.
pub(super) struct Direct {
    backend: OnlyHere,
    uses: u32,
    /// When what has expired was last removed, by the monotonic clock.
    purged_ms: u64,
}

impl Direct {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let (now_ms, monotonic_ms) = (shared.clock.now_ms(), shared.clock.monotonic_ms());
        let backend =
            OnlyHere { shared: Arc::clone(shared), sessions: MemoryBackend::default(), purged_to_ms: now_ms };
        Self { backend, uses: 0, purged_ms: monotonic_ms }
    }

    pub(super) fn run<T>(
        &mut self,
        shared: &Shared,
        job: impl FnOnce(&mut Recorder<'_>) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        self.uses = self.uses.wrapping_add(1);
        let mut recorder = Recorder::new(&mut self.backend, shared);
        if self.uses.is_multiple_of(PURGE_EVERY) {
            let monotonic_ms = shared.clock.monotonic_ms();
            recorder.purge(Duration::from_millis(monotonic_ms.saturating_sub(self.purged_ms)))?;
            self.purged_ms = monotonic_ms;
        }
        job(&mut recorder)
    }
}

/// A backend of what is known here, and of nothing else.
struct OnlyHere {
    shared: Arc<Shared>,
    /// Users' sessions.
    sessions: MemoryBackend,
    purged_to_ms: u64,
}

impl Backend for OnlyHere {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        let becomes = self.shared.known.after(changes)?;
        self.shared.follow_clock();
        becomes.iter().for_each(|revocation| self.shared.put(revocation));
        Ok(())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        Ok(News::default())
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        self.purged_to_ms = purge_after(self.purged_to_ms, now_ms, elapsed);
        Ok(self.purged_to_ms)
    }

    /// It is the only one.
    fn put_sharer(&mut self, _: &Sharer) -> Result<(), BackendError> {
        Ok(())
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        Ok(Vec::new())
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.sessions.add_session(scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.sessions.put_session(scope, session)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.sessions.sessions(scope, user_id, now_ms)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        self.sessions.strike_session(scope, user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.sessions.strike_expired(now_ms)
    }
}
