//! What a server does when its backend has lost what it had, or takes nothing for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealed_session::revocation::{
    Backend, BackendError, Change, MemoryBackend, News, Revocations, Scope, SessionInfo, Sharer,
};
use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin as _, SessionUid};

use crate::{HOUR, Server, now, session, until};

/// In memory, and it can be emptied, and filled up.
#[derive(Clone, Default)]
struct Frail {
    memory: Arc<Mutex<MemoryBackend>>,
    /// What it asks for news; another one once the memory was emptied.
    reader: Option<MemoryBackend>,
    is_full: Arc<AtomicBool>,
    lost: Arc<AtomicBool>,
    /// It is emptied right after the next step was recorded.
    fails_over: Arc<AtomicBool>,
}

impl Frail {
    fn empty(&self) {
        *self.memory() = MemoryBackend::default();
        self.lost.store(true, Ordering::Release);
    }

    fn fill(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Release);
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, MemoryBackend> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), BackendError> {
        let is_full = self.is_full.load(Ordering::Acquire);
        if is_full { Err(BackendError::new("full")) } else { Ok(()) }
    }

    fn kept(&self) -> usize {
        self.memory().clone().news().unwrap().revocations.len()
    }
}

impl Backend for Frail {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        self.check()?;
        self.memory().record(changes)?;
        if self.fails_over.swap(false, Ordering::AcqRel) {
            self.empty();
        }
        Ok(())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        let lost = self.lost.swap(false, Ordering::AcqRel);
        let reader = self.reader.take().filter(|_| !lost).unwrap_or_else(|| self.memory().clone());
        Ok(News { lost, ..self.reader.insert(reader).news()? })
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        self.check()?;
        self.memory().purge(now_ms, elapsed)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.check()?;
        self.memory().put_sharer(sharer)
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        self.memory().sharers()
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.memory().add_session(scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.memory().put_session(scope, session)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.memory().sessions(scope, user_id, now_ms)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        self.memory().strike_session(scope, user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.memory().strike_expired(now_ms)
    }
}

#[test]
fn what_a_backend_lost_is_recorded_again_as_soon_as_it_can_be() {
    let backend = Frail::default();
    let (server, late) = (Server::new(backend.clone()), now() + HOUR);
    server.revocations.revoke(session(1, late)).wait().unwrap();
    backend.fill(true);
    backend.empty();
    until("it is told that nothing can be written", || server.revocations.trouble().is_some());
    assert_eq!((backend.kept(), server.revocations.len()), (0, 1));
    backend.fill(false);
    until("it is recorded again", || backend.kept() == 1);
    until("it is well", || server.revocations.trouble().is_none());
}

#[test]
fn a_backend_that_takes_nothing_is_told_of_until_it_does_and_is_read_meanwhile() {
    let backend = Frail::default();
    let (server, late) = (Server::new(backend.clone()), now() + HOUR);
    backend.fill(true);
    let error = server.revocations.revoke(session(1, late)).wait().unwrap_err();
    assert_eq!(server.revocations.trouble(), Some(error));
    server.clock.advance(HOUR);
    until("it is read", || server.revocations.age().unwrap().is_zero());
    assert!(server.revocations.trouble().is_some() && server.revocations.is_empty());
    backend.fill(false);
    until("it is well again by itself", || server.revocations.trouble().is_none());
}

/// Polls are far apart: the login comes first.
#[test]
fn who_logs_in_or_goes_on_right_after_the_backend_lost_who_was_revoked_is_logged_in() {
    let backend = Frail::default();
    let revocations = Revocations::builder().poll_every(Duration::from_secs(3600));
    let revocations = revocations.with_backend(backend.clone()).unwrap();
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).revocations(revocations.clone()).build().unwrap();
    let login = || {
        let options = CreateOptions { user_id: Some("ann".into()), ..CreateOptions::default() };
        store.create(options).unwrap()
    };
    let old = login();
    store.revoke_user("ann").wait().unwrap();
    backend.empty();
    let new = login();
    assert!(store.read(&new).is_ok() && store.read(&old).is_err());
    backend.empty();
    let next = store.cycle(&new).unwrap();
    assert!(store.read(&next).is_ok() && store.read(&new).is_err());
}

/// As a primary is that acknowledges, and is replaced by one that lags before it is asked what there is.
#[test]
fn what_a_backend_lost_right_after_it_was_acknowledged_counts_and_is_recorded_again() {
    let backend = Frail::default();
    let server = Server::new(backend.clone());
    let login = || {
        let options = CreateOptions { user_id: Some("ann".into()), ..CreateOptions::default() };
        server.store.create(options).unwrap()
    };
    let (first, second) = (login(), login());
    backend.fails_over.store(true, Ordering::Release);
    server.store.delete(&first).unwrap();
    assert!(server.store.read(&first).is_err() && server.store.read(&second).is_ok());
    until("it is recorded again", || backend.kept() == 1);
    backend.fails_over.store(true, Ordering::Release);
    server.store.revoke_user("ann").wait().unwrap();
    assert!(server.store.read(&second).is_err());
    until("both are recorded again", || backend.kept() == 2);
    let third = login();
    backend.fails_over.store(true, Ordering::Release);
    let next = server.store.cycle(&third).unwrap();
    assert!(server.store.read(&third).is_err() && server.store.read(&next).is_ok());
    until("all are recorded again", || backend.kept() == 3);
    assert!(server.store.read(&next).is_ok());
}
