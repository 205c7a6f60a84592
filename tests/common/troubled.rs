//! A backend of revocations that fails, waits and panics when it is told to.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use sealed_session::SessionUid;
use sealed_session::hazmat::ManualClock;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{
    Backend, BackendError, Change, Listener, MemoryBackend, News, Scope, Sharer,
};

/// It keeps in memory what it does not refuse.
#[derive(Clone)]
pub(crate) struct Troubled {
    /// What there is, and how often everything was lost.
    kept: Arc<Mutex<(MemoryBackend, u32)>>,
    /// What news are read from, and how often that was.
    memory: (MemoryBackend, u32),
    pub(crate) fails: Arc<AtomicBool>,
    /// Of what is written alone.
    pub(crate) is_full: Arc<AtomicBool>,
    /// Of what is revoked alone.
    pub(crate) fails_to_record: Arc<AtomicBool>,
    /// Of news alone.
    pub(crate) fails_to_tell: Arc<AtomicBool>,
    /// Of who shares the list alone.
    pub(crate) fails_to_name: Arc<AtomicBool>,
    /// Of sessions alone.
    pub(crate) fails_to_list: Arc<AtomicBool>,
    /// So often it panics from now on.
    pub(crate) panics: Arc<AtomicU32>,
    /// How many changes were recorded, and how many by one call.
    pub(crate) recorded: Arc<AtomicU32>,
    pub(crate) most_recorded: Arc<AtomicU32>,
    /// How often a session was written down.
    pub(crate) listed: Arc<AtomicU32>,
    /// What others record right before the next call of ours that records anything.
    pub(crate) overtaken_by: Arc<Mutex<Vec<Change>>>,
    /// Everything is lost right after the next call that records anything.
    pub(crate) loses_next: Arc<AtomicBool>,
    /// So much later than it reads news it gives them.
    pub(crate) late: Arc<Mutex<Option<(ManualClock, u64)>>>,
    /// News name each entry twice, as a scan of a table that changes meanwhile may.
    pub(crate) repeats: Arc<AtomicBool>,
    /// What listens for news, if anything.
    pub(crate) listener: Arc<Mutex<Option<Listener>>>,
    gate: Arc<(Mutex<bool>, Condvar)>,
    /// Tests end the waiting themselves, unless they are about this.
    timeout: Duration,
}

impl Default for Troubled {
    fn default() -> Self {
        let memory = (MemoryBackend::default(), 0);
        Self {
            kept: Arc::new(Mutex::new(memory.clone())),
            memory,
            fails: Arc::default(),
            is_full: Arc::default(),
            fails_to_record: Arc::default(),
            fails_to_tell: Arc::default(),
            fails_to_name: Arc::default(),
            panics: Arc::default(),
            recorded: Arc::default(),
            most_recorded: Arc::default(),
            listed: Arc::default(),
            fails_to_list: Arc::default(),
            overtaken_by: Arc::default(),
            loses_next: Arc::default(),
            late: Arc::default(),
            repeats: Arc::default(),
            listener: Arc::default(),
            gate: Arc::default(),
            timeout: Duration::from_secs(600),
        }
    }
}

impl Troubled {
    /// Whoever asks waits for so long at most.
    pub(crate) fn timed(timeout: Duration) -> Self {
        Self { timeout, ..Self::default() }
    }

    /// The same of another server, whose trouble is its own.
    pub(crate) fn beside(&self) -> Self {
        Self { kept: Arc::clone(&self.kept), memory: self.memory.clone(), ..Self::default() }
    }

    /// Everything that was recorded is gone.
    pub(crate) fn lose(&self) {
        let mut kept = self.kept.lock().unwrap();
        *kept = (MemoryBackend::default(), kept.1 + 1);
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.memory().news().unwrap().revocations.len()
    }

    /// Another server records this, whatever is wrong for ours.
    pub(crate) fn others_record(&self, changes: &[Change]) {
        self.memory().record(changes).unwrap();
    }

    fn memory(&self) -> MemoryBackend {
        self.kept.lock().unwrap().0.clone()
    }

    fn check(&self) -> Result<(), BackendError> {
        let (closed, opened) = &*self.gate;
        drop(opened.wait_while(closed.lock().unwrap(), |closed| *closed).unwrap());
        let one_fewer = |panics: u32| panics.checked_sub(1);
        let panics = self.panics.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_fewer);
        assert!(panics.is_err(), "of its own");
        fails(&self.fails, "out of order")
    }

    fn check_write(&self) -> Result<(), BackendError> {
        self.check()?;
        fails(&self.is_full, "the disk is full")
    }

    fn check_list(&self) -> Result<(), BackendError> {
        self.listed.fetch_add(1, Ordering::AcqRel);
        self.check_write()?;
        fails(&self.fails_to_list, "the table of sessions is full")
    }

    pub(crate) fn close(&self, closed: bool) {
        *self.gate.0.lock().unwrap() = closed;
        self.gate.1.notify_all();
    }
}

fn fails(when: &AtomicBool, why: &str) -> Result<(), BackendError> {
    match when.load(Ordering::Acquire) {
        true => Err(BackendError::new(why)),
        false => Ok(()),
    }
}

impl Backend for Troubled {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        self.check_write()?;
        fails(&self.fails_to_record, "the table of revocations is full")?;
        let others = std::mem::take(&mut *self.overtaken_by.lock().unwrap());
        self.memory().record(&others)?;
        self.memory().record(changes)?;
        let count = u32::try_from(changes.len()).unwrap();
        self.recorded.fetch_add(count, Ordering::AcqRel);
        self.most_recorded.fetch_max(count, Ordering::AcqRel);
        if self.loses_next.swap(false, Ordering::AcqRel) {
            self.lose();
        }
        Ok(())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        self.check()?;
        fails(&self.fails_to_tell, "the table of news is damaged")?;
        let kept = self.kept.lock().unwrap().clone();
        let lost = kept.1 != self.memory.1;
        if lost {
            self.memory = kept;
        }
        let mut news = News { lost, ..self.memory.0.news()? };
        if self.repeats.load(Ordering::Acquire) {
            news.revocations.extend_from_within(..);
        }
        if let Some((clock, ms)) = &*self.late.lock().unwrap() {
            clock.advance(*ms);
        }
        Ok(news)
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        self.check_write()?;
        self.memory().purge(now_ms, elapsed)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.check_write()?;
        self.memory().put_sharer(sharer)
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        self.check()?;
        fails(&self.fails_to_name, "the table of sharers is damaged")?;
        self.memory().sharers()
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.check_list()?;
        self.memory().add_session(scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.check_list()?;
        self.memory().put_session(scope, session)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.check()?;
        self.memory().sessions(scope, user_id, now_ms)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        self.check_write()?;
        self.memory().strike_session(scope, user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.check_write()?;
        self.memory().strike_expired(now_ms)
    }

    fn listener(&mut self) -> Option<Listener> {
        self.listener.lock().unwrap().take()
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}
