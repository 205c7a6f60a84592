//! The threads of a backend: one talks to it, one listens to it, and one tells those who have waited for too long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::contact::Contact;
use super::deadlines::Deadlines;
use super::lanes::{Job, Lanes, MOST_WAITING, Next};
use super::recorder::Recorder;
use super::shared::Shared;
use super::time::Time;
use super::{Backend, BackendError, Listener, Pending};
use crate::clock::millis;
use crate::panics::said;
use crate::telemetry;

/// How long a listener waits at a time: a process that ends waits no longer for it.
const LISTEN: Duration = Duration::from_secs(1);
/// So often it is written down that this server shares the list, which shows whether anything can be written: about as
/// often as somebody looks at its health.
const SHARE: Duration = Duration::from_secs(5);
/// So often what has expired is removed, which goes through all that is known.
const PURGE: Duration = Duration::from_secs(60);
/// Until what is known here is there again, a server that starts lacks it.
const LOST: &str = "it is not the one that it was, or has lost what it had: what is known here is still to be written \
     down again";
/// A backend that panics is asked again after longer and longer, up to this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// A backend that works on a thread of its own. Dropping it ends the thread after the work that is waiting.
pub(super) struct Worker {
    lanes: Arc<Lanes>,
    deadlines: Arc<Deadlines>,
    shared: Arc<Shared>,
}

impl Worker {
    /// Starts the threads once everything that counts has been read.
    pub(super) fn start(
        mut backend: Box<dyn Backend>,
        shared: &Arc<Shared>,
        poll_every: Duration,
    ) -> Result<Self, BackendError> {
        let listener = or_panicked(|| Ok(backend.listener()))?;
        let (started, thread) = Self::new(backend, shared, poll_every)?;
        started.spawn("sealed-session revocations", move || thread.run())?;
        started.spawn("sealed-session deadlines", {
            let deadlines = Arc::clone(&started.deadlines);
            move || deadlines.run()
        })?;
        if let Some(listener) = listener {
            let lanes = Arc::clone(&started.lanes);
            started.spawn("sealed-session listener", move || listen(listener, &lanes, poll_every))?;
        }
        Ok(started)
    }

    /// With a thread that is still to be run, by whoever has it. Everything that counts has been read.
    pub(super) fn new(
        mut backend: Box<dyn Backend>,
        shared: &Arc<Shared>,
        poll_every: Duration,
    ) -> Result<(Self, Thread), BackendError> {
        let time = shared.contact.time().clone();
        let lanes = Arc::new(Lanes::default());
        let deadlines = Arc::new(Deadlines::new(time.clone(), backend.timeout()));
        or_panicked(|| {
            let mut recorder = Recorder::new(&mut *backend, shared);
            recorder.refresh()?;
            // Where the backend cannot say who shares the list, health says so from the first upkeep on.
            let _ = recorder.learn_sharers();
            Ok(())
        })?;
        let now = time.now();
        let thread = Thread {
            backend,
            lanes: Arc::clone(&lanes),
            shared: Arc::clone(shared),
            time,
            poll_every,
            panics: 0,
            poll_at: now + poll_every,
            share_at: now,
            purge_at: now,
            purged_ms: shared.clock.monotonic_ms(),
        };
        Ok((Self { lanes, deadlines, shared: Arc::clone(shared) }, thread))
    }

    #[cfg(feature = "hazmat")]
    pub(super) fn deadlines(&self) -> &Arc<Deadlines> {
        &self.deadlines
    }

    /// A thread whose end is known, however it comes about.
    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), BackendError> {
        let (lanes, shared) = (Arc::clone(&self.lanes), Arc::clone(&self.shared));
        let run = move || {
            let ended = catch_unwind(AssertUnwindSafe(run));
            if ended.is_err() || !lanes.is_stopped() {
                shared.contact.ended();
            }
        };
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
        spawned.map(drop).map_err(|error| BackendError::new(format!("no thread for revocations: {error}")))
    }

    /// Does something with the backend, after what was asked for before.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Recorder<'_>) -> Result<T, BackendError> + Send + 'static,
    ) -> Pending<T> {
        if let Some(error) = self.contact().without_thread() {
            return Pending::done(Err(error));
        }
        let (pending, answer) = Pending::new();
        self.deadlines.add(answer.waits());
        let (shared, deadlines) = (Arc::clone(&self.shared), Arc::clone(&self.deadlines));
        let job: Job = Box::new(move |backend| {
            let mut recorder = Recorder::new(backend, &shared);
            recorder.is_late = !answer.is_awaited();
            let result = job(&mut recorder);
            let (wrote, refused) = (recorder.wrote, recorder.refused);
            shared.contact.asked(result.as_ref().err().filter(|_| !refused), wrote);
            deadlines.after(recorder.known_after, Box::new(move || answer.give(result)));
        });
        if self.lanes.add(job) {
            return pending;
        }
        Pending::done(Err(BackendError::new(format!(
            "{MOST_WAITING} writes are waiting for the backend of revocations already"
        ))))
    }

    /// Does something that nobody waits for, when nothing else is to be done; not at all where too much waits for that.
    pub(super) fn note(
        &self,
        job: impl FnOnce(&mut Recorder<'_>) -> Result<(), BackendError> + Send + 'static,
    ) {
        let shared = Arc::clone(&self.shared);
        let noted = self.lanes.note(Box::new(move |backend| {
            if let Err(error) = job(&mut Recorder::new(backend, &shared)) {
                shared.contact.not_written(error);
            }
        }));
        if !noted {
            telemetry::note_dropped(self.lanes.dropped());
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.lanes.dropped()
    }

    /// How long ago the backend answered.
    pub(super) fn age(&self) -> Duration {
        self.contact().age(self.shared.clock.monotonic_ms())
    }

    pub(super) fn trouble(&self) -> Option<BackendError> {
        let wrong = self.contact().wrong(self.deadlines.timeout());
        wrong.or_else(|| self.shared.has_lost().then(|| BackendError::new(LOST)))
    }

    fn contact(&self) -> &Contact {
        &self.shared.contact
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.lanes.stop();
        self.deadlines.stop();
    }
}

/// What the thread that talks to the backend does.
pub(super) struct Thread {
    backend: Box<dyn Backend>,
    lanes: Arc<Lanes>,
    shared: Arc<Shared>,
    time: Time,
    poll_every: Duration,
    /// How often the backend panicked, one time after the other.
    panics: u32,
    poll_at: Instant,
    share_at: Instant,
    purge_at: Instant,
    /// When what has expired was last removed, by the monotonic clock.
    purged_ms: u64,
}

impl Thread {
    fn run(mut self) {
        loop {
            let due_at = self.due_at();
            let next = self.lanes.next(due_at);
            if !self.turn(next) {
                return;
            }
        }
    }

    /// Does one thing that waits, and what is due; whether there was any.
    #[cfg(feature = "hazmat")]
    pub(super) fn now(&mut self) -> bool {
        let is_due = self.due_at() <= self.time.now();
        let next = self.lanes.now(is_due);
        let is_any = is_due || !matches!(next, Next::Nothing);
        self.turn(next) && is_any
    }

    /// When something is to be done, whether anything waits or not.
    fn due_at(&mut self) -> Instant {
        self.poll_at = self.poll_at.min(self.time.now() + self.next_poll());
        self.poll_at.min(self.share_at)
    }

    /// Does one thing, and what is due; false when it is to end.
    fn turn(&mut self, next: Next) -> bool {
        match next {
            Next::Job(job) => self.ask(|this| job(&mut *this.backend)),
            Next::News => self.ask(Self::poll),
            Next::Nothing => {}
            Next::Stop => return false,
        }
        if self.time.now() >= self.poll_at {
            self.ask(Self::poll);
            self.poll_at = self.time.now() + self.next_poll();
        }
        if self.time.now() >= self.share_at || self.shared.own.is_unwritten() {
            self.ask(Self::upkeep);
            self.share_at = self.time.now() + SHARE;
        }
        true
    }

    /// Goes into the backend, and comes back whatever happens there.
    fn ask(&mut self, what: impl FnOnce(&mut Self)) {
        self.shared.contact.goes(true);
        let outcome = or_panicked(|| {
            what(self);
            Ok(())
        });
        self.shared.contact.goes(false);
        match outcome {
            Ok(()) => self.panics = 0,
            Err(error) => {
                self.panics = self.panics.saturating_add(1);
                self.shared.contact.failed(error.clone());
                self.shared.contact.not_written(error);
            }
        }
    }

    /// Where something is wrong, not so much later that nobody learns of its end.
    fn next_poll(&self) -> Duration {
        const SOON: Duration = Duration::from_secs(1);
        if self.shared.is_restoring() {
            // What waits goes in between.
            return self.backoff();
        }
        let contact = &self.shared.contact;
        let is_wrong = contact.cannot_read() || contact.cannot_write() || self.shared.has_lost();
        let next = if is_wrong { self.poll_every.min(SOON) } else { self.poll_every };
        next.max(self.backoff())
    }

    fn backoff(&self) -> Duration {
        const FIRST: Duration = Duration::from_millis(100);
        match self.panics {
            0 => Duration::ZERO,
            panics => FIRST.saturating_mul(2_u32.saturating_pow(panics)).min(LONGEST_BACKOFF),
        }
    }

    fn poll(&mut self) {
        let mut recorder = Recorder::new(&mut *self.backend, &self.shared);
        match recorder.refresh() {
            Ok(()) => {
                let made_good = recorder.make_good();
                // After a write that failed it is tried whether one is possible again.
                if made_good.is_err() || self.shared.contact.cannot_write() {
                    // What is revoked takes a look at who shares the list.
                    let written = made_good.and_then(|()| recorder.share());
                    let written = written.and_then(|()| recorder.learn_sharers().map(drop));
                    self.wrote(written);
                }
            }
            Err(error) => self.shared.contact.failed(error),
        }
    }

    /// Writes down that this server is there, and now and then removes what has expired.
    fn upkeep(&mut self) {
        let kept = Recorder::new(&mut *self.backend, &self.shared).share();
        let is_due = self.time.now() >= self.purge_at;
        let kept = kept.and_then(|()| if is_due { self.purge() } else { Ok(()) });
        self.wrote(kept);
    }

    fn purge(&mut self) -> Result<(), BackendError> {
        let monotonic_ms = self.shared.clock.monotonic_ms();
        // Others may have purged while this server was cut off: its own clock does not tell how far the time has to move.
        let elapsed = Duration::from_millis(monotonic_ms.saturating_sub(self.purged_ms)).min(2 * PURGE);
        Recorder::new(&mut *self.backend, &self.shared).purge(elapsed)?;
        self.purged_ms = monotonic_ms;
        self.purge_at = self.time.now() + PURGE;
        Ok(())
    }

    fn wrote(&self, result: Result<(), BackendError>) {
        match result {
            Ok(()) => self.shared.contact.written(),
            Err(error) => self.shared.contact.not_written(error),
        }
    }
}

/// What comes of a call into the backend, whatever happens there.
fn or_panicked<T>(call: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        Err(BackendError::new(format!("the backend of revocations panicked: {}", said(&*panic))))
    })
}

/// Wakes the other thread when there may be news, or when nothing can be heard: polling finds what a listener misses, and
/// what is wrong.
fn listen(mut listener: Listener, lanes: &Lanes, poll_every: Duration) {
    let mut was_heard = true;
    while !lanes.is_stopped() {
        let heard = or_panicked(|| listener(LISTEN));
        if let Err(error) = &heard
            && was_heard
        {
            telemetry::not_listening(error);
        }
        was_heard = heard.is_ok();
        match heard {
            Ok(false) => {}
            Ok(true) => lanes.news(),
            Err(_) => {
                lanes.news();
                thread::sleep(poll_every.min(LISTEN));
            }
        }
    }
}

/// How often news may be asked for.
pub(super) fn check_poll(poll_every: Duration) -> Result<(), BackendError> {
    const LONGEST: Duration = Duration::from_secs(60 * 60);
    if (Duration::from_millis(1)..=LONGEST).contains(&poll_every) {
        return Ok(());
    }
    Err(BackendError::new(format!(
        "poll_every is {} ms, and 1 ms to an hour are allowed: other servers would not learn of a logout before",
        millis(poll_every)
    )))
}
