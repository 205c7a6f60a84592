//! A store that follows a ring file.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::SealedStore;
use crate::error::{ConfigError, KeyError};
use crate::ring::KeyRing;
use crate::ring::watch::{self, Lookup, RingWatcher, Shared, WatchOptions};

impl SealedStore {
    /// Follows a ring file, or the `ring.json` in a folder, from now on: when it has changed, its ring takes
    /// the place of the store's. Until the watcher is dropped, readers wait for nothing and see a whole ring at
    /// any time.
    ///
    /// A file that is missing, half-written, readable by others or otherwise refused leaves the last good ring
    /// in place; [`health`](Self::health) says why until it is good again. A ring set by
    /// [`replace_ring`](Self::replace_ring) stays until the file changes.
    ///
    /// A token that names a key which the ring does not have waits until the file has been read once more,
    /// because another server may know the key already. That happens at most once a second; in between, and
    /// while the file cannot be used, such a token is refused with
    /// [`keeps_cookie`](crate::OpenError::keeps_cookie).
    ///
    /// Another folder in the place of the first is followed as well, and so is a link that leads elsewhere by now. A file
    /// that is mounted by itself cannot be replaced where this process sees it: mount its folder.
    /// [`health`](Self::health) says so once another has taken its place where it is mounted from (on Linux).
    ///
    /// One thread does this, and one more of the library that listens to the system. Tokens under known keys
    /// are opened as without it. Neither survives a fork: call this after it, or again in the forked process.
    /// `health` says when nobody reads the file, or the reading takes for longer than 10 seconds.
    ///
    /// # Errors
    /// When the file cannot be used now, an option is out of bounds, no thread can be started, or the store
    /// follows a file already. The store then keeps its ring.
    ///
    /// ```no_run
    /// use sealed_session::{KeyRing, SealedStore, WatchOptions};
    ///
    /// let path = "/etc/shop/ring.json";
    /// let store = SealedStore::builder(KeyRing::load(path)?).build()?;
    /// let watcher = store.follow(path, WatchOptions::default())?; // keep it for as long as the store
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow(&self, path: impl AsRef<Path>, options: WatchOptions) -> Result<RingWatcher, ConfigError> {
        let shared = Arc::new(options.shared(Arc::clone(&self.0.clock)));
        let shared = self.0.first().followed.attach(shared)?;
        let inner = Arc::downgrade(&self.0);
        let put = move |ring: KeyRing| match inner.upgrade().map(SealedStore::whole) {
            Some(store) if !store.0.ring.holds(&ring) => store.replace_ring(ring).map(|()| true),
            _ => Ok(false),
        };
        watch::spawn(path.as_ref(), options, &shared, put).inspect_err(|_| shared.stop())
    }
}

/// The watcher of a store, if it has one. When the store goes, its watcher stops.
#[derive(Default)]
pub(super) struct Followed(ArcSwapOption<Shared>);

impl Followed {
    fn attach(&self, shared: Arc<Shared>) -> Result<Arc<Shared>, ConfigError> {
        let before = self.0.load();
        if before.as_ref().is_none_or(|before| before.is_over()) {
            let replaced = self.0.compare_and_swap(&before, Some(Arc::clone(&shared)));
            if same(replaced.as_ref(), before.as_ref()) {
                return Ok(shared);
            }
        }
        Err(ConfigError("the store follows a ring file already: drop its watcher first".into()))
    }

    /// What a token with an unknown key gets.
    pub(super) fn look_up(&self, now_ms: u64) -> Lookup {
        self.0.load_full().map_or(Lookup::Never, |shared| shared.for_unknown_key(now_ms))
    }

    /// Why the file cannot be used, if one is followed.
    pub(super) fn trouble(&self) -> Option<Arc<KeyError>> {
        self.0.load().as_ref().filter(|shared| !shared.is_stopped()).and_then(|shared| shared.trouble())
    }
}

fn same(a: Option<&Arc<Shared>>, b: Option<&Arc<Shared>>) -> bool {
    a.map(Arc::as_ptr) == b.map(Arc::as_ptr)
}

impl Drop for Followed {
    fn drop(&mut self) {
        if let Some(shared) = self.0.load().as_ref() {
            shared.stop();
        }
    }
}
