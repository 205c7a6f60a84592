//! Log out everywhere: what was revoked is stored, the sessions are not.
//!
//! A token cannot be taken back, so a store that is to refuse one before its time has to know of it. What it keeps
//! is small, and forgotten as soon as the token would have expired anyway. Every opening asks it, in memory; nothing
//! but a write waits for a backend, and other servers learn by following theirs.
//!
//! # Where to read
//!
//! `entry` has what can be revoked, `known` what is asked at every opening, `backend` what a backend does, `worker`
//! the thread that talks to it, `pending` the answer of a write. `registry` stands on top: which sessions a user has.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, millis};
use crate::uid::SessionUid;

mod backend;
mod entry;
mod known;
mod memory;
mod pending;
#[cfg(feature = "redis")]
mod redis;
mod registry;
#[cfg(feature = "sqlite")]
mod sqlite;
mod worker;

#[cfg(feature = "redis")]
pub use self::redis::{RedisBackend, RedisBackendBuilder};
pub use backend::{Backend, BackendError, Listener, News};
pub use entry::{Revocation, SessionInfo};
pub use memory::MemoryBackend;
pub use pending::Pending;
#[cfg(feature = "tower")]
pub(crate) use registry::Ended;
pub use registry::{Registry, RegistryBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;

use known::Known;
use worker::Worker;

/// What is revoked, as all servers with one backend know it. Cheap to clone.
///
/// - A write goes to the backend first, then to memory; it is done when its [`Pending`] says so.
/// - Reading is a lookup in memory. A backend that is down delays nobody: what was last known counts, and
///   [`is_healthy`](crate::SessionPlugin::is_healthy) of the stores says so.
///
/// ```
/// use sealed_session::revocation::Revocations;
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionError, SessionPlugin};
///
/// let ring = KeyRing::single(RootSecret::generate()?);
/// let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build()?;
///
/// let id = store.create(CreateOptions::default())?;
/// store.delete(&id)?;
/// assert_eq!(store.read(&id), Err(SessionError::NotFound));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Revocations(Arc<Inner>);

struct Inner {
    known: Arc<Known>,
    clock: Arc<dyn Clock>,
    way: Way,
    settings: Settings,
}

/// How a backend is reached.
enum Way {
    /// It is in memory and answers at once.
    Direct(Mutex<MemoryBackend>),
    Thread(Worker),
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    poll_every: Duration,
    refuse_after: Option<Duration>,
    just_revoked: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            poll_every: Duration::from_millis(500),
            refuse_after: None,
            just_revoked: Duration::from_secs(60),
        }
    }
}

impl Revocations {
    /// For one process, and until it ends.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().in_memory()
    }

    /// Starts the settings of revocations with a backend.
    pub fn builder() -> RevocationsBuilder {
        RevocationsBuilder { settings: Settings::default(), clock: Arc::new(SystemClock) }
    }

    /// Records what is revoked. It counts on this server when the [`Pending`] is done, and on others as soon as they
    /// learn of it.
    pub fn revoke(&self, revocation: Revocation) -> Pending<()> {
        self.run(move |backend| backend.record(&[revocation]))
    }

    /// Does something with the backend, after what was asked for before. What it records counts here afterwards.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Recorder<'_>) -> Result<T, BackendError> + Send + 'static,
    ) -> Pending<T> {
        let (known, clock) = (Arc::clone(&self.0.known), Arc::clone(&self.0.clock));
        let only_here = matches!(self.0.way, Way::Direct(_));
        let job = move |backend: &mut dyn Backend| {
            job(&mut Recorder { backend, known: &known, clock: &*clock, only_here })
        };
        match &self.0.way {
            Way::Thread(worker) => worker.run(job),
            Way::Direct(backend) => {
                let mut backend = backend.lock().unwrap_or_else(PoisonError::into_inner);
                let now_ms = self.0.clock.now_ms();
                self.0.known.forget_now_and_then(now_ms);
                Pending::done(job(&mut *backend))
            }
        }
    }

    /// Whether this thread may wait for what is asked for.
    pub(crate) fn check_may_wait(&self) -> Result<(), BackendError> {
        match &self.0.way {
            Way::Direct(_) => Ok(()),
            Way::Thread(_) => pending::check_may_wait(),
        }
    }

    /// How long ago the backend last said what is new, where it is not in memory.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        match &self.0.way {
            Way::Thread(worker) => Some(worker.age(self.0.clock.now_ms())),
            Way::Direct(_) => None,
        }
    }

    /// Why the backend does not answer, or does not take what is to be written; nothing once it does both again.
    #[must_use]
    pub fn trouble(&self) -> Option<BackendError> {
        match &self.0.way {
            Way::Thread(worker) => worker.trouble(),
            Way::Direct(_) => None,
        }
    }

    /// How many entries are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.known.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How long what is revoked has to be kept beyond the last expiry, for those who learn of it late.
    pub(crate) fn poll_ms(&self) -> u64 {
        millis(self.0.settings.poll_every)
    }

    /// Whether such a session is revoked.
    pub(crate) fn revokes(&self, uid: SessionUid, user_id: Option<&str>, created_at_ms: u64) -> bool {
        self.revoked_since(uid, user_id, created_at_ms).is_some()
    }

    /// Since when such a session is known as revoked, if it is.
    #[inline]
    pub(crate) fn revoked_since(
        &self,
        uid: SessionUid,
        user_id: Option<&str>,
        created_at_ms: u64,
    ) -> Option<u64> {
        self.0.known.revoked_since(uid, user_id, created_at_ms)
    }

    /// Whether what is known since then became known so lately that the response which put another session in its
    /// place may still be on its way.
    pub(crate) fn is_just_revoked(&self, since_ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_sub(since_ms) < millis(self.0.settings.just_revoked)
    }

    /// Whether what other servers revoked is known but for the last few polls.
    #[cfg(feature = "tower")]
    pub(crate) fn is_fresh(&self) -> bool {
        const POLLS: u32 = 3;
        self.age().is_none_or(|age| age <= self.0.settings.poll_every.saturating_mul(POLLS))
    }

    /// The least time at which a new session of this user must begin, not to be revoked already.
    pub(crate) fn floor(&self, user_id: Option<&str>) -> u64 {
        self.0.known.floor(user_id)
    }

    /// Whether what is known is too old to go by.
    pub(crate) fn is_too_old(&self) -> bool {
        match (self.0.settings.refuse_after, self.age()) {
            (Some(limit), Some(age)) => age > limit,
            _ => false,
        }
    }
}

/// A backend whose revocations count in memory as soon as it has them: first there, then here.
pub(crate) struct Recorder<'a> {
    backend: &'a mut dyn Backend,
    known: &'a Known,
    clock: &'a dyn Clock,
    /// Nobody else reads the backend, so what is revoked need not be kept twice.
    only_here: bool,
}

impl Recorder<'_> {
    pub(crate) fn record(&mut self, revocations: &[Revocation]) -> Result<(), BackendError> {
        if !self.only_here {
            self.backend.record(revocations)?;
        }
        let now_ms = self.clock.now_ms();
        revocations.iter().for_each(|revocation| self.known.add(revocation, now_ms));
        Ok(())
    }

    pub(crate) fn backend(&mut self) -> &mut dyn Backend {
        self.backend
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("entries", &self.len()).finish_non_exhaustive()
    }
}

/// Settings of [`Revocations`]; each has a safe default.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::revocation::Revocations;
///
/// let revocations = Revocations::builder().poll_every(Duration::from_millis(200)).in_memory();
/// # let _ = revocations;
/// ```
#[must_use = "a builder does nothing until it is finished"]
pub struct RevocationsBuilder {
    settings: Settings,
    clock: Arc<dyn Clock>,
}

impl RevocationsBuilder {
    /// How often the backend is asked for what other servers have revoked; also the longest time until a server
    /// refuses it, where the backend does not push. Default 500 ms.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.settings.poll_every = interval.max(Duration::from_millis(1));
        self
    }

    /// Refuses all tokens, and keeps their cookies, when the backend has not answered for so long. By default what
    /// was last known counts for as long as it takes.
    pub fn refuse_after(mut self, age: Duration) -> Self {
        self.settings.refuse_after = Some(age);
        self
    }

    /// How long the cookie of a session that was revoked is left in place, and no session begun instead, because the
    /// response that put another in its place may still be on its way to the client. It counts from when this server
    /// learned of it. Default 60 s.
    pub fn just_revoked_for(mut self, time: Duration) -> Self {
        self.settings.just_revoked = time;
        self
    }

    /// The source of time. Default the operating system's clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// For one process, and until it ends.
    #[must_use]
    pub fn in_memory(self) -> Revocations {
        Revocations(Arc::new(Inner {
            known: Arc::new(Known::default()),
            clock: self.clock,
            way: Way::Direct(Mutex::new(MemoryBackend::default())),
            settings: self.settings,
        }))
    }

    /// With a backend, whose revocations are read before this returns.
    ///
    /// # Errors
    /// [`BackendError`] when the backend cannot be read now, or no thread can be started.
    pub fn with_backend(self, backend: impl Backend) -> Result<Revocations, BackendError> {
        let known = Arc::new(Known::default());
        let worker = Worker::start(
            Box::new(backend),
            Arc::clone(&known),
            Arc::clone(&self.clock),
            self.settings.poll_every,
        )?;
        Ok(Revocations(Arc::new(Inner {
            known,
            clock: self.clock,
            way: Way::Thread(worker),
            settings: self.settings,
        })))
    }
}

impl fmt::Debug for RevocationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationsBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
