//! A store that follows its ring file. Nothing sleeps: what happens on the watcher's thread is waited for by
//! the event that tells of it, with a deadline, or is asked for.

#![cfg(all(feature = "watch", feature = "hazmat", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[path = "watch/bad_file.rs"]
mod bad_file;
#[path = "watch/changes.rs"]
mod changes;
#[path = "watch/folders.rs"]
mod folders;
#[path = "watch/lifetime.rs"]
mod lifetime;
#[path = "watch/mounted.rs"]
mod mounted;
#[path = "watch/unknown_key.rs"]
mod unknown_key;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{
    CreateOptions, KeyRing, RingEvent, RingWatcher, SealedStore, SessionId, SessionPlugin as _, WatchOptions,
};
use tempfile::TempDir;

use common::{NOW, ring, root};

/// Far more than anything here takes: what has not happened by then does not happen.
const DEADLINE: Duration = Duration::from_secs(300);
/// The longest that is allowed, so that polls do not come into it.
const SELDOM: Duration = Duration::from_secs(300);

/// A server whose ring file is `ring.json`, with root 1 at first.
struct Server {
    folder: TempDir,
    clock: ManualClock,
    store: SealedStore,
    watcher: RingWatcher,
    events: Receiver<RingEvent>,
}

impl Server {
    /// Reads its file only when it is told to.
    fn new() -> Self {
        Self::with(
            WatchOptions::default().poll_every(SELDOM).polling_only().wait_at_most(Duration::from_secs(60)),
        )
    }

    fn with(options: WatchOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ring.json");
        ring(vec![root(1)]).save_new(&path).unwrap();
        Self::following(folder, &path, options)
    }

    fn following(folder: TempDir, path: &Path, options: WatchOptions) -> Self {
        let clock = ManualClock::at(NOW);
        let store = server(KeyRing::load(path).unwrap(), &clock);
        let (sender, events) = mpsc::channel();
        // Nobody listens any more when the test is over.
        let options = options.on_event(move |event| drop(sender.send(event.clone())));
        let watcher = store.follow(path, options).unwrap();
        Self { folder, clock, store, watcher, events }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ring.json")
    }

    fn save(&self, ring: &KeyRing) {
        ring.save(self.path()).unwrap();
    }

    /// The next event, as soon as it is there.
    #[track_caller]
    fn event(&self) -> RingEvent {
        self.events.recv_timeout(DEADLINE).expect("an event in time")
    }

    /// The reason of the next event, which is a failure.
    #[track_caller]
    fn failure(&self) -> String {
        match self.event() {
            RingEvent::Failed(error) => error.to_string(),
            other => panic!("a failure is expected, and not {other:?}"),
        }
    }

    #[track_caller]
    fn no_event(&self) {
        assert_eq!(self.events.try_recv().ok(), None);
    }

    /// A session of this server opens and is made.
    #[track_caller]
    fn serves(&self, id: &SessionId) {
        assert!(self.store.open(id).is_ok());
        assert!(self.store.open(&create(&self.store)).is_ok());
    }
}

fn server(ring: KeyRing, clock: &ManualClock) -> SealedStore {
    SealedStore::builder(ring).clock(clock.clone()).build().unwrap()
}

fn create(store: &SealedStore) -> SessionId {
    store.create(CreateOptions::default()).unwrap()
}

/// Root 1, and another that has taken over.
fn rotated(number: u8) -> KeyRing {
    ring(vec![root(1), root(number).activating_at(1)])
}

/// A session that a server made which has the rotated ring already.
fn elsewhere(number: u8, clock: &ManualClock) -> SessionId {
    create(&server(rotated(number), clock))
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
