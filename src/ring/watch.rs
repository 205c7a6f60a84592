//! Following a ring file: a changed file becomes the ring of a store, without a restart and without a call.
//!
//! One thread reads the file when the system says that its folder changed, when somebody asks, and now and
//! then in any case. It hands over a ring only when all of the file is good and says something new.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::KeyRing;
use crate::clock::Clock;
use crate::error::{ConfigError, KeyError};

mod follower;
mod mount;
mod notice;
mod origin;
mod place;
mod shared;

pub(crate) use follower::spawn;
pub(crate) use shared::{Lookup, Shared};

/// A poll reads and compares a small file; more often than this helps nobody.
const SHORTEST_POLL: Duration = Duration::from_millis(100);
/// Half of the time for which commands stage a new secret: every server has it before one seals with it.
const LONGEST_POLL: Duration = Duration::from_secs(5 * 60);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a ring file is followed.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::WatchOptions;
///
/// let options = WatchOptions::default()
///     .poll_every(Duration::from_secs(5))
///     .on_event(|event| eprintln!("ring: {event}"));
/// ```
#[must_use = "options do nothing until a store follows a file with them"]
pub struct WatchOptions {
    poll_every: Duration,
    wait_at_most: Duration,
    notified: bool,
    on_event: OnEvent,
}

type OnEvent = Box<dyn FnMut(&RingEvent) + Send>;

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            poll_every: Duration::from_secs(1),
            wait_at_most: Duration::from_secs(1),
            notified: true,
            on_event: Box::new(|_| ()),
        }
    }
}

impl WatchOptions {
    /// How often the file is read even if the system tells of no change, as on a network file system: 100 ms
    /// to 5 minutes. A new secret should be staged for twice as long or more; commands do so for 10 minutes.
    /// Default 1 s.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.poll_every = interval;
        self
    }

    /// How long a request whose token names an unknown key waits for the file to be read, at most: up to a
    /// minute. Default 1 s, and it takes less than a millisecond where the file system answers.
    pub fn wait_at_most(mut self, wait: Duration) -> Self {
        self.wait_at_most = wait;
        self
    }

    /// Only reads the file every so often, and does not ask the system to tell of changes.
    pub fn polling_only(mut self) -> Self {
        self.notified = false;
        self
    }

    /// Calls `act` when the ring was replaced, when the file cannot be used any more, and when it can again;
    /// for hosts that do not use the feature `tracing`. It runs on the watcher's thread, which it must not
    /// keep for long: [`health`](crate::SealedStore::health) says so from 10 s on. [`RingWatcher::reload_now`] fails
    /// there. If it panics, `health` says so until the file has been read once more, after a second or more.
    pub fn on_event(mut self, act: impl FnMut(&RingEvent) + Send + 'static) -> Self {
        self.on_event = Box::new(act);
        self
    }

    /// What the watcher and the store share.
    pub(crate) fn shared(&self, clock: Arc<dyn Clock>) -> Shared {
        Shared::new(self.wait_at_most, clock)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !(SHORTEST_POLL..=LONGEST_POLL).contains(&self.poll_every) {
            return Err(ConfigError(format!(
                "a ring file is read every {:?}, and 100 ms to 5 minutes are allowed",
                self.poll_every
            )));
        }
        if self.wait_at_most > LONGEST_WAIT {
            return Err(ConfigError(format!(
                "a request waits for a ring file for up to {:?}, and at most a minute is allowed",
                self.wait_at_most
            )));
        }
        Ok(())
    }
}

impl fmt::Debug for WatchOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchOptions")
            .field("poll_every", &self.poll_every)
            .field("wait_at_most", &self.wait_at_most)
            .field("notified", &self.notified)
            .finish_non_exhaustive()
    }
}

/// What happened to a ring file that is followed. `Display` says it in a line, without any secret.
///
/// ```
/// assert_eq!(sealed_session::RingEvent::Replaced.to_string(), "the ring was replaced");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingEvent {
    /// The store has a new ring.
    Replaced,
    /// The file cannot be used as it is now, and the store keeps the last good ring. Told once, and again only
    /// if the reason is another.
    Failed(KeyError),
    /// The file can be used again.
    Recovered,
    /// The file is mounted by itself, as with `docker run -v ring.json:/etc/shop/ring.json` or the `subPath` of
    /// Kubernetes. It is followed, but one that takes its place is not seen: mount its folder. Linux only.
    MountedByItself,
}

impl fmt::Display for RingEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced => f.write_str("the ring was replaced"),
            Self::Failed(error) => write!(f, "the last good ring is kept: {error}"),
            Self::Recovered => f.write_str("the ring file is good again"),
            Self::MountedByItself => f.write_str(
                "the ring file is mounted by itself, so one that takes its place will not be seen: mount its folder",
            ),
        }
    }
}

/// Follows a ring file on behalf of a store; made by [`SealedStore::follow`](crate::SealedStore::follow).
/// When it is dropped it stops, and the store keeps the ring that it has.
///
/// ```
/// use sealed_session::{KeyRing, RootSecret, SealedStore, WatchOptions};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ring.json");
/// KeyRing::single(RootSecret::generate()?).save_new(&path)?;
///
/// let store = SealedStore::builder(KeyRing::load(&path)?).build()?;
/// let watcher = store.follow(&path, WatchOptions::default())?;
/// assert_eq!(watcher.replacements(), 0); // the store has this ring already
///
/// KeyRing::single(RootSecret::generate()?).save(&path)?;
/// watcher.reload_now()?; // or wait a moment
/// assert_eq!(watcher.replacements(), 1);
///
/// std::fs::write(&path, "half a ri")?;
/// assert!(watcher.reload_now().is_err());
/// assert!(watcher.last_error().is_some() && store.health().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a ring file is followed until the watcher is dropped"]
pub struct RingWatcher {
    shared: Arc<Shared>,
}

impl RingWatcher {
    /// Reads the file and puts its ring into place, if it is a new one; for a signal handler or an admin
    /// command.
    ///
    /// # Errors
    /// When the file cannot be used, is not the one that operators replace any more, or has not been read within 10
    /// seconds; at once where nobody would read it: in a process that was forked, or when the store is gone. The store
    /// keeps its ring.
    pub fn reload_now(&self) -> Result<(), KeyError> {
        let was_read = self.shared.reload(Duration::from_secs(10));
        match self.last_error() {
            Some(error) => Err(error),
            None if was_read => Ok(()),
            None if self.shared.is_over() => {
                Err(KeyError::new("the ring file is not followed any more: its store is gone"))
            }
            None => Err(KeyError::new(
                "the ring file has not been read within 10 seconds (or this was called by what is done on its events)",
            )),
        }
    }

    /// Why the file cannot be used now, or is not followed, if so; then the store has the last good ring.
    #[must_use]
    pub fn last_error(&self) -> Option<KeyError> {
        self.shared.trouble().map(|trouble| KeyError::clone(&trouble))
    }

    /// How often the store's ring was replaced since it began to follow.
    #[must_use]
    pub fn replacements(&self) -> u64 {
        self.shared.replacements()
    }

    /// Why the system does not tell of changes now, if it does not; a change is then seen at the next poll. A folder
    /// that was removed or renamed is looked for every second, and a new one in its place is followed from then on.
    #[must_use]
    pub fn polls_only(&self) -> Option<&str> {
        self.shared.unnotified()
    }
}

impl Drop for RingWatcher {
    /// Does not wait for the thread, which may be reading from a file system that hangs.
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl fmt::Debug for RingWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingWatcher")
            .field("replacements", &self.replacements())
            .field("last_error", &self.last_error())
            .finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Whether two rings say the same, so that one need not replace the other.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let same = |(a, b): (&super::Root, &super::Root)| {
            let life = |root: &super::Root| {
                let times = (root.created_at_ms, root.activate_at_ms, root.retire_at_ms);
                (root.period_s, times, root.revoked)
            };
            life(a) == life(b) && a.secret.same_as(&b.secret)
        };
        let (roots, others) = (&self.roots, &other.roots);
        self.max_ttl_s == other.max_ttl_s && roots.len() == others.len() && roots.iter().zip(others).all(same)
    }
}

/// A path that stays the same when the process changes its folder.
fn absolute(path: &Path) -> Result<std::path::PathBuf, ConfigError> {
    std::path::absolute(path).map_err(|e| ConfigError(format!("{}: {e}", path.display())))
}
