//! What operators see: events for `tracing` and counters for `metrics`, and never a token or data.

#![cfg(all(feature = "hazmat", feature = "watch", any(feature = "tracing", feature = "metrics")))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[cfg(feature = "tracing")]
#[path = "common/collector.rs"]
mod collector;
#[cfg(feature = "metrics")]
#[path = "telemetry/counters.rs"]
mod counters;
#[cfg(feature = "tracing")]
#[path = "telemetry/events.rs"]
mod events;

#[cfg(all(feature = "tracing", feature = "revocation"))]
#[path = "common/troubled.rs"]
mod troubled;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, RingWatcher, SealedStore, SessionId, SessionPlugin as _, WatchOptions};
use tempfile::TempDir;

use common::{HOUR, NOW, options, ring, root};

const USER: &str = "user-with-a-name";
const DATA: &str = r#"{"secret":"of the user"}"#;

/// Events and counters of the watcher's threads have only one place to go, which is the process's.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server, with a file that it follows when it is told to.
struct Server {
    folder: TempDir,
    clock: ManualClock,
    store: SealedStore,
    watcher: RingWatcher,
}

impl Server {
    /// Over one root of this number, so that tests at the same time have different keys.
    fn new(number: u8) -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::at(NOW));
        let path = folder.path().join("ring.json");
        ring(vec![root(number)]).save_new(&path).unwrap();
        let store = SealedStore::builder(KeyRing::load(&path).unwrap()).clock(clock.clone()).build().unwrap();
        let seldom = WatchOptions::default().poll_every(Duration::from_secs(300)).polling_only();
        let watcher = store.follow(&path, seldom).unwrap();
        Self { folder, clock, store, watcher }
    }

    fn create(&self) -> SessionId {
        self.store.create(options(Some(USER), DATA, HOUR)).unwrap()
    }

    fn write(&self, text: &str) -> Result<(), sealed_session::KeyError> {
        std::fs::write(self.folder.path().join("ring.json"), text).unwrap();
        self.watcher.reload_now()
    }

    /// Refuses the same session for three reasons: changed, cut, and expired.
    fn refuse(&self, id: &SessionId) {
        let text = id.as_str();
        let last = if text.ends_with('A') { 'E' } else { 'A' };
        let changed = format!("{}{last}", &text[..text.len() - 1]);
        for bad in [&changed, &text[..100]] {
            assert!(self.store.read(&SessionId::new(bad)).is_err());
        }
        self.clock.advance(HOUR);
        assert!(self.store.read(id).is_err());
    }
}
