//! Log out everywhere: what was revoked is stored, the sessions are not.
//!
//! A token cannot be taken back, so a store that is to refuse one before its time has to know of it. What it keeps
//! is small, and forgotten as soon as the token would have expired anyway. Every opening asks it, in memory; nothing
//! but a write waits for a backend, and other servers learn by following theirs.
//!
//! # Where to read
//!
//! `entry` has what can be revoked and for whom, `known` what is asked at every opening, `backend` what a backend does
//! and needs, `change` how it records what changes, `sharer` for how long, `own` what this server writes down of itself there.
//! `recorder` is a backend together with what is known of it; `worker` has its threads, `lanes` what waits for them,
//! `deadlines` who does, `contact` how the backend is, `pending` the answer of a write, `purge` by which time what has
//! expired is removed, and `direct` how all of that is done for one process.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, millis};
use crate::random::Entropy;
use crate::uid::SessionUid;

pub mod backend;
mod change;
mod contact;
mod deadlines;
mod direct;
mod entry;
mod known;
mod lanes;
#[cfg(feature = "hazmat")]
mod manual;
mod memory;
mod own;
mod pending;
mod purge;
mod recorder;
mod session_info;
mod shared;
mod sharer;
mod sharers;
mod time;
mod upkeep;
mod worker;

pub use backend::{Backend, BackendError, Listener, News};
#[cfg(feature = "dbsc")]
pub(crate) use entry::ALLOWS;
pub use entry::{Change, Reach, Revocation, Scope};
pub(crate) use known::Who;
#[cfg(feature = "hazmat")]
pub(crate) use manual::Manual;
pub use memory::MemoryBackend;
pub(crate) use own::Limits;
pub use pending::Pending;
#[cfg(feature = "tower")]
pub(crate) use recorder::Others;
pub(crate) use recorder::{Ended, GoesOn, Recorder};
use session_info::SessionInfo;
pub use sharer::Sharer;

use contact::Contact;
use direct::Direct;
use known::Known;
use own::Own;
use shared::Shared;
use sharers::Sharers;
use time::Time;
use worker::{Worker, check_poll};

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
    shared: Arc<Shared>,
    way: Way,
    settings: Settings,
}

/// How a backend is reached.
enum Way {
    /// It is in memory and answers at once.
    Direct(Mutex<Direct>),
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
        self.run(move |recorder| recorder.record(&[Change::Revoke(revocation)]))
    }

    /// Does something with the backend, after what was asked for before. What it records counts here afterwards.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Recorder<'_>) -> Result<T, BackendError> + Send + 'static,
    ) -> Pending<T> {
        match &self.0.way {
            Way::Thread(worker) => worker.run(job),
            Way::Direct(direct) => Pending::done(direct_lock(direct).run(&self.0.shared, job)),
        }
    }

    /// Does something that nobody waits for, and that is dropped where the backend has too much to do.
    pub(crate) fn note(
        &self,
        job: impl FnOnce(&mut Recorder<'_>) -> Result<(), BackendError> + Send + 'static,
    ) {
        match &self.0.way {
            Way::Thread(worker) => worker.note(job),
            // Nothing in memory fails.
            Way::Direct(direct) => drop(direct_lock(direct).run(&self.0.shared, job)),
        }
    }

    /// Whether this thread may wait for what is asked for.
    pub(crate) fn check_may_wait(&self) -> Result<(), BackendError> {
        match &self.0.way {
            Way::Direct(_) => Ok(()),
            Way::Thread(_) => pending::check_may_wait(),
        }
    }

    /// A store goes by this list: what is revoked is kept for as long as it could open it.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method is of one lifetime, and the closure of all"
    )]
    pub(crate) fn share(&self, limits: Limits) {
        self.0.shared.own.add(limits);
        self.0.shared.known.set_leeway(limits.leeway_ms);
        if matches!(self.0.way, Way::Thread(_)) && self.0.shared.own.is_unwritten() {
            // If it fails, the next poll tries again, and health says so until then.
            drop(self.run(|recorder| recorder.share()));
        }
    }

    /// How long ago the backend last said what is new, where it is not in memory; by a clock that nobody sets.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        match &self.0.way {
            Way::Thread(worker) => Some(worker.age()),
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

    /// How often it was not written down that a session is used, because the backend had too much to do.
    #[must_use]
    pub fn dropped_notes(&self) -> u64 {
        match &self.0.way {
            Way::Thread(worker) => worker.dropped(),
            Way::Direct(_) => 0,
        }
    }

    /// How many entries are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.shared.known.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Since when such a session is known as revoked, if it is, by the clock that nobody sets.
    #[inline]
    pub(crate) fn revoked_since(&self, who: &Who<'_>) -> Option<u64> {
        if self.0.shared.known.clock_was_set() {
            self.0.shared.follow_clock();
        }
        self.0.shared.known.revoked_since(who)
    }

    /// Until when it has to be known that the session with this uid is revoked, if it is one by one.
    #[cfg(feature = "dbsc")]
    pub(crate) fn revoked_until(&self, uid: SessionUid) -> Option<u64> {
        self.0.shared.known.revoked_until(uid)
    }

    /// Whether the response that put another session in the place of one may still be on its way.
    pub(crate) fn is_just_revoked(&self, since_ms: u64, ago_ms: u64) -> bool {
        self.0.shared.is_just_revoked(since_ms, ago_ms)
    }

    /// Whether what other servers revoked is known but for the last few polls.
    #[cfg(feature = "tower")]
    pub(crate) fn is_fresh(&self) -> bool {
        const POLLS: u32 = 3;
        self.age().is_none_or(|age| age <= self.0.settings.poll_every.saturating_mul(POLLS))
    }

    /// The least time at which a new session of this application must begin, not to be revoked already with everything.
    pub(crate) fn floor_of_everything(&self, app_id: &str) -> u64 {
        self.0.shared.known.floor_of_everything(app_id)
    }

    /// Lets a user's session begin, after what was revoked by now.
    pub(crate) fn begin(
        &self,
        scope: Scope,
        user_id: &str,
        uid: SessionUid,
        created_at_ms: u64,
    ) -> Pending<()> {
        let user_id = user_id.to_owned();
        self.run(move |recorder| recorder.begin(&scope, &user_id, uid, created_at_ms))
    }

    /// Whether what is known is too old to go by.
    pub(crate) fn is_too_old(&self) -> bool {
        match (self.0.settings.refuse_after, self.age()) {
            (Some(limit), Some(age)) => age > limit,
            _ => false,
        }
    }
}

/// What a thread left that panicked while it held the lock is as good as before.
fn direct_lock(direct: &Mutex<Direct>) -> MutexGuard<'_, Direct> {
    direct.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.settings.poll_every = interval;
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
        // Nobody tells sharers of a list in memory apart.
        let shared = Arc::new(self.shared([0; 16], Time::Machine));
        let direct = Direct::new(&shared);
        Revocations(Arc::new(Inner { shared, way: Way::Direct(Mutex::new(direct)), settings: self.settings }))
    }

    /// With a backend, whose revocations are read before this returns, however long the backend takes: a long list takes
    /// longer than any other call. SQLite and Redis limit how long they wait themselves.
    ///
    /// # Errors
    /// [`BackendError`] when the backend cannot be read now or panics, no thread can be started, or the settings contradict
    /// each other.
    pub fn with_backend(self, backend: impl Backend) -> Result<Revocations, BackendError> {
        self.check()?;
        let id = Entropy::System.fresh::<16>();
        let id = id.map_err(|_| BackendError::new("the operating system's random generator failed"))?;
        let shared = Arc::new(self.shared(id, Time::Machine));
        let worker = Worker::start(Box::new(backend), &shared, self.settings.poll_every)?;
        Ok(Revocations(Arc::new(Inner { shared, way: Way::Thread(worker), settings: self.settings })))
    }

    fn check(&self) -> Result<(), BackendError> {
        let Settings { poll_every, refuse_after, .. } = self.settings;
        check_poll(poll_every)?;
        match refuse_after {
            Some(limit) if limit < poll_every.saturating_mul(2) => Err(BackendError::new(format!(
                "refuse_after is {} ms and poll_every {} ms: sessions would be refused between two polls; let \
                 refuse_after be twice poll_every at least",
                limit.as_millis(),
                poll_every.as_millis()
            ))),
            _ => Ok(()),
        }
    }

    fn shared(&self, id: [u8; 16], time: Time) -> Shared {
        let Settings { poll_every, refuse_after, just_revoked } = self.settings;
        Shared {
            known: Known::default(),
            clock: Arc::clone(&self.clock),
            own: Own::new(id, millis(poll_every), refuse_after.map(millis)),
            sharers: Sharers::default(),
            contact: Contact::new(time, self.clock.monotonic_ms()),
            lost: AtomicBool::new(false),
            missing: Mutex::default(),
            kept_by: Mutex::default(),
            just_revoked_ms: millis(just_revoked),
        }
    }
}

impl fmt::Debug for RevocationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationsBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
