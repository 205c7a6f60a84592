//! The backend in a SQLite file: the suite of what every backend does, and what is special to this one. Nothing sleeps:
//! what happens on other threads or in other processes is waited for, with a deadline.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that fails panics")]

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod history;
#[cfg(target_os = "linux")]
mod killed;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod rights;
mod sqlite;
mod told;
mod trouble;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::{Backend, Change, Reach, Revocation, Revocations, Scope};
use sealed_session::{KeyRing, RootSecret, SealedStore, SessionUid};

pub(crate) const HOUR: u64 = 3_600_000;

/// The time of this machine: a backend may forget by its own clock.
pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub(crate) fn uid(number: u64) -> SessionUid {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    SessionUid::from_bytes(bytes)
}

pub(crate) fn session(number: u64, until_ms: u64) -> Revocation {
    Revocation::Session { uid: uid(number), until_ms }
}

pub(crate) fn scope() -> Scope {
    Scope { app_id: "app".into(), name: "tenant".into() }
}

/// A user of `scope()`, and no session of theirs is spared.
pub(crate) fn user(user_id: &str, created_before_ms: u64, until_ms: u64) -> Revocation {
    let (reach, user_id) = (Reach::Scope(scope()), user_id.to_owned());
    Revocation::User { reach, user_id, created_before_ms, except: Vec::new(), until_ms }
}

pub(crate) fn revoke(revocations: &[Revocation]) -> Vec<Change> {
    revocations.iter().cloned().map(Change::Revoke).collect()
}

#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}

/// A server of its own, whose clock stands still.
pub(crate) struct Server {
    pub(crate) store: SealedStore,
    pub(crate) revocations: Revocations,
    pub(crate) clock: ManualClock,
}

impl Server {
    pub(crate) fn new(backend: impl Backend) -> Self {
        let clock = ManualClock::at(now());
        let builder = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(2));
        let revocations = builder.with_backend(backend).unwrap();
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations.clone());
        Self { store: store.build().unwrap(), revocations, clock }
    }
}
