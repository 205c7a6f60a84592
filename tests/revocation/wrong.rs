//! What is wrong with a backend or its settings is told at once.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::{
    Backend, BackendError, Change, MemoryBackend, News, Pending, Registry, Revocations, Scope, SessionInfo,
    Sharer,
};
use sealed_session::{SessionPlugin as _, SessionUid};

use crate::{HOUR, NOON, Server, until};

/// It panics, hangs, and cannot be written, when it is told to.
#[derive(Clone, Default)]
struct Wrong {
    memory: MemoryBackend,
    panics: Arc<AtomicU32>,
    full: Arc<AtomicBool>,
    /// Of what is revoked alone.
    refuses: Arc<AtomicBool>,
    hangs: Arc<(Mutex<bool>, Condvar)>,
    notes: Arc<AtomicU32>,
}

impl Wrong {
    fn goes_wrong(&self) {
        let (hangs, goes_on) = &*self.hangs;
        drop(goes_on.wait_while(hangs.lock().unwrap(), |hangs| *hangs).unwrap());
        let left = self.panics.load(Ordering::Acquire);
        if left > 0 {
            self.panics.store(left - 1, Ordering::Release);
            panic!("of its own");
        }
    }

    fn writes(&self) -> Result<(), BackendError> {
        self.goes_wrong();
        match self.full.load(Ordering::Acquire) {
            true => Err(BackendError::new("the disk is full")),
            false => Ok(()),
        }
    }

    fn hang(&self, hangs: bool) {
        *self.hangs.0.lock().unwrap() = hangs;
        self.hangs.1.notify_all();
    }
}

impl Backend for Wrong {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        self.writes()?;
        if self.refuses.load(Ordering::Acquire) {
            return Err(BackendError::new("this table is full"));
        }
        self.memory.record(changes)
    }

    fn news(&mut self) -> Result<News, BackendError> {
        self.goes_wrong();
        self.memory.news()
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        self.writes()?;
        self.memory.purge(now_ms, elapsed)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.writes()?;
        self.memory.put_sharer(sharer)
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        self.memory.sharers()
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.writes()?;
        self.memory.add_session(scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.notes.fetch_add(1, Ordering::AcqRel);
        self.writes()?;
        self.memory.put_session(scope, session)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.goes_wrong();
        self.memory.sessions(scope, user_id, now_ms)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        self.writes()?;
        self.memory.strike_session(scope, user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.writes()?;
        self.memory.strike_expired(now_ms)
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(50)
    }
}

fn server(backend: &Wrong) -> Server {
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(1));
    Server::with(revocations.with_backend(backend.clone()).unwrap(), clock)
}

#[test]
fn a_backend_that_panics_is_told_of_and_asked_again() {
    let backend = Wrong::default();
    let server = server(&backend);
    let id = server.session(Some("ann"));
    backend.panics.store(1, Ordering::Release);
    until("health says so", || {
        server.store.health().is_err_and(|error| error.to_string().contains("panicked: of its own"))
    });
    until("and that it is over", || server.store.health().is_ok());
    server.store.delete(&id).unwrap();
    assert!(!server.is_good(&id), "a logout counts again");
}

#[test]
fn a_write_during_which_the_backend_panics_may_not_have_been_done() {
    let backend = Wrong::default();
    let server = server(&backend);
    let id = server.session(Some("ann"));
    backend.panics.store(3, Ordering::Release);
    until("no panic is left", || {
        let done = server.store.delete(&id).is_ok();
        done || backend.panics.load(Ordering::Acquire) == 0
    });
    until("it is done", || server.store.delete(&id).is_ok() && !server.is_good(&id));
}

#[test]
fn a_backend_that_cannot_be_written_is_told_of_before_anybody_logs_out() {
    let backend = Wrong::default();
    backend.full.store(true, Ordering::Release);
    let server = server(&backend);
    until("health says so", || {
        server.store.health().is_err_and(|error| error.to_string().contains("the disk is full"))
    });
    for _ in 0..1000 {
        assert!(server.store.health().is_err(), "for as long as it lasts");
        std::thread::yield_now();
    }
    backend.full.store(false, Ordering::Release);
    until("and that it is over", || server.store.health().is_ok());
}

#[test]
fn what_somebody_asked_for_in_vain_is_told_of_though_other_writes_succeed() {
    let backend = Wrong::default();
    let server = server(&backend);
    let id = server.session(None);
    backend.refuses.store(true, Ordering::Release);
    assert!(server.store.delete(&id).is_err());
    for _ in 0..10_000 {
        assert!(server.store.health().is_err(), "polls and probes go well meanwhile");
    }
    backend.refuses.store(false, Ordering::Release);
    server.store.delete(&id).unwrap();
    assert_eq!(server.store.health(), Ok(()));
}

#[test]
fn a_backend_that_hangs_costs_each_caller_one_timeout_and_is_told_of() {
    let backend = Wrong::default();
    let server = server(&backend);
    let ids: Vec<_> = (0..15).map(|_| server.session(Some("ann"))).collect();
    backend.hang(true);
    let start = Instant::now();
    let pending: Vec<_> = ids.iter().map(|id| server.store.revoke(id)).collect();
    let errors: Vec<_> = pending.into_iter().map(Pending::wait).collect();
    // One after another they would have waited for 15 timeouts and more: the backend goes on hanging.
    assert!(
        errors.iter().all(|result| result.as_ref().is_err_and(|e| e.to_string().contains("within 50 ms")))
    );
    until("health says so", || {
        server.store.health().is_err_and(|error| error.to_string().contains("does not answer"))
    });
    server.clock.advance(HOUR);
    assert!(server.revocations.age().unwrap() >= Duration::from_millis(HOUR), "nothing claims to be younger");
    backend.hang(false);
    until("what was asked for is done all the same", || ids.iter().all(|id| !server.is_good(id)));
    until("and all is well", || server.store.health().is_ok());
    let _ = start;
}

#[test]
fn bookkeeping_is_dropped_rather_than_in_the_way_of_a_logout() {
    let backend = Wrong::default();
    let server = server(&backend);
    let registry = Registry::builder(server.store.clone()).build().unwrap();
    let id = server.session(Some("ann"));
    backend.hang(true);
    for number in 0..8_000_u32 {
        let mut uid = [0; 16];
        uid[..4].copy_from_slice(&number.to_be_bytes());
        registry.seen(SessionInfo {
            user_id: "bob".into(),
            uid: SessionUid::from_bytes(uid),
            created_at_ms: NOON,
            last_seen_at_ms: NOON,
            expires_at_ms: NOON + HOUR,
            label: String::new(),
        });
    }
    let logout = server.store.revoke(&id);
    assert!(server.revocations.dropped_notes() >= 8_000 - 1024 - 1, "and it says so");
    let before = backend.notes.load(Ordering::Acquire);
    backend.hang(false);
    // It may be told that it took too long; it is done before the notes nevertheless.
    drop(logout.wait());
    until("the logout counts", || !server.is_good(&id));
    assert!(backend.notes.load(Ordering::Acquire) < before + 1024, "not behind all of them");
}

#[test]
fn settings_that_overflow_or_contradict_each_other_are_errors_when_built() {
    let with = |poll, refuse: Option<Duration>| {
        let builder = Revocations::builder().poll_every(poll);
        let builder = match refuse {
            Some(refuse) => builder.refuse_after(refuse),
            None => builder,
        };
        builder.with_backend(MemoryBackend::default()).map(drop).map_err(|error| error.to_string())
    };
    let second = Duration::from_secs(1);
    assert!(with(Duration::MAX, None).unwrap_err().contains("1 ms to an hour"));
    assert!(with(Duration::ZERO, None).is_err());
    assert!(with(Duration::from_secs(3600), None).is_ok());
    assert!(with(second, Some(second)).unwrap_err().contains("twice poll_every"));
    assert!(with(second, Some(Duration::ZERO)).is_err());
    assert!(with(second, Some(2 * second)).is_ok() && with(second, Some(Duration::MAX)).is_ok());
}

#[test]
fn debug_output_shows_no_user() {
    let mut backend = MemoryBackend::default();
    let server =
        Server::with(Revocations::builder().with_backend(backend.clone()).unwrap(), ManualClock::at(NOON));
    server.store.in_scope("tenant").revoke_user("ann@example.org").wait().unwrap();
    let news = backend.news().unwrap();
    let shown = format!("{backend:?} {news:?} {:?} {:?}", server.store, server.revocations);
    assert!(!shown.contains("ann"), "{shown}");
}
