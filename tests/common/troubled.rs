//! A backend of revocations that fails and waits when it is told to.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend, BackendError, MemoryBackend, News, Revocation, SessionInfo};

/// It keeps in memory what it does not refuse.
#[derive(Clone, Default)]
pub(crate) struct Troubled {
    memory: MemoryBackend,
    pub(crate) fails: Arc<AtomicBool>,
    /// Of sessions alone.
    pub(crate) fails_to_list: Arc<AtomicBool>,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl Troubled {
    fn check(&self) -> Result<(), BackendError> {
        let (closed, opened) = &*self.gate;
        drop(opened.wait_while(closed.lock().unwrap(), |closed| *closed).unwrap());
        match self.fails.load(Ordering::Acquire) {
            true => Err(BackendError::new("out of order")),
            false => Ok(()),
        }
    }

    pub(crate) fn close(&self, closed: bool) {
        *self.gate.0.lock().unwrap() = closed;
        self.gate.1.notify_all();
    }
}

impl Backend for Troubled {
    fn record(&mut self, revocations: &[Revocation]) -> Result<(), BackendError> {
        self.check()?;
        self.memory.record(revocations)
    }

    fn news(&mut self, now_ms: u64) -> Result<News, BackendError> {
        self.check()?;
        self.memory.news(now_ms)
    }

    fn forget(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.check()?;
        self.memory.forget(now_ms)
    }

    fn put_session(&mut self, session: &SessionInfo) -> Result<(), BackendError> {
        self.check()?;
        if self.fails_to_list.load(Ordering::Acquire) {
            return Err(BackendError::new("the table of sessions is full"));
        }
        self.memory.put_session(session)
    }

    fn sessions(&mut self, user_id: &str, now_ms: u64) -> Result<Vec<SessionInfo>, BackendError> {
        self.check()?;
        self.memory.sessions(user_id, now_ms)
    }

    fn strike_session(&mut self, user_id: &str, uid: SessionUid) -> Result<bool, BackendError> {
        self.check()?;
        self.memory.strike_session(user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.check()?;
        self.memory.strike_expired(now_ms)
    }
}
