//! The thread that talks to a backend, and the one that listens to it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::backend::News;
use super::known::Known;
use super::{Backend, BackendError, Listener, Pending};
use crate::clock::Clock;
use crate::telemetry;

/// So many writes may wait. A backend that is slower than that for long has to be told of, not waited for.
const MOST_WAITING: usize = 4096;
/// How long a listener waits at a time: a process that ends waits no longer for it.
const LISTEN: Duration = Duration::from_secs(1);
/// What has expired is removed from memory and backend so often.
const FORGET_EVERY: Duration = Duration::from_secs(60);

type Job = Box<dyn FnOnce(&mut dyn Backend) + Send>;

enum Message {
    Job(Job),
    News,
    Stop,
}

/// A backend that works on a thread of its own. Dropping it ends the thread after the work that is waiting.
pub(super) struct Worker {
    messages: SyncSender<Message>,
    contact: Arc<Contact>,
}

/// How the backend is.
struct Contact {
    answered_at_ms: AtomicU64,
    trouble: Mutex<Trouble>,
    stopped: AtomicBool,
}

/// What is wrong with it. A disk that is full can still be read: the two are known apart.
#[derive(Default)]
struct Trouble {
    reading: Option<BackendError>,
    writing: Option<BackendError>,
}

impl Worker {
    /// Starts the thread once everything that counts has been read.
    pub(super) fn start(
        mut backend: Box<dyn Backend>,
        known: Arc<Known>,
        clock: Arc<dyn Clock>,
        poll_every: Duration,
    ) -> Result<Self, BackendError> {
        let listener = backend.listener();
        let now_ms = clock.now_ms();
        let news = backend.news(now_ms)?;
        news.revocations.iter().for_each(|revocation| known.add(revocation, now_ms));
        let contact = Arc::new(Contact {
            answered_at_ms: AtomicU64::new(clock.now_ms()),
            trouble: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let (messages, waiting) = mpsc::sync_channel(MOST_WAITING);
        let thread = Thread { backend, known, clock, contact: Arc::clone(&contact), lost: false };
        spawn("sealed-session revocations", move || thread.run(&waiting, poll_every))?;
        if let Some(listener) = listener {
            let (messages, contact) = (messages.clone(), Arc::clone(&contact));
            spawn("sealed-session listener", move || listen(listener, &messages, &contact, poll_every))?;
        }
        Ok(Self { messages, contact })
    }

    /// Does something with the backend, after what was asked for before.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Backend) -> Result<T, BackendError> + Send + 'static,
    ) -> Pending<T> {
        let (pending, answer) = Pending::new();
        let contact = Arc::clone(&self.contact);
        let job: Job = Box::new(move |backend| {
            let result = job(backend);
            if let Err(error) = &result {
                contact.not_written(error.clone());
            }
            answer.give(result);
        });
        match self.messages.try_send(Message::Job(job)) {
            Ok(()) => pending,
            Err(TrySendError::Full(_)) => Pending::done(Err(BackendError::new(format!(
                "{MOST_WAITING} writes are waiting for the backend of revocations already"
            )))),
            // Its answer was dropped with it.
            Err(TrySendError::Disconnected(_)) => pending,
        }
    }

    /// How long ago the backend answered.
    pub(super) fn age(&self, now_ms: u64) -> Duration {
        Duration::from_millis(now_ms.saturating_sub(self.contact.answered_at_ms.load(Ordering::Acquire)))
    }

    pub(super) fn trouble(&self) -> Option<BackendError> {
        let trouble = self.contact.trouble();
        trouble.reading.as_ref().or(trouble.writing.as_ref()).cloned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.contact.stopped.store(true, Ordering::Release);
        // If the queue is full the thread is busy with the last of it, and stops by the flag.
        let _ = self.messages.try_send(Message::Stop);
    }
}

impl Contact {
    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self, now_ms: u64) {
        self.answered_at_ms.store(now_ms, Ordering::Release);
        if self.trouble().reading.take().is_some() {
            telemetry::revocations_recovered();
        }
    }

    fn failed(&self, error: BackendError) {
        let mut trouble = self.trouble();
        if trouble.reading.as_ref() != Some(&error) {
            telemetry::revocations_failed(&error);
        }
        trouble.reading = Some(error);
    }

    /// Whoever asked for the write is told of it besides.
    fn not_written(&self, error: BackendError) {
        self.trouble().writing = Some(error);
    }

    fn written(&self) {
        self.trouble().writing = None;
    }
}

struct Thread {
    backend: Box<dyn Backend>,
    known: Arc<Known>,
    clock: Arc<dyn Clock>,
    contact: Arc<Contact>,
    /// The backend has lost what it had, and does not have it again yet.
    lost: bool,
}

impl Thread {
    fn run(mut self, messages: &Receiver<Message>, poll_every: Duration) {
        let mut poll_at = Instant::now() + poll_every;
        let mut forget_at = Instant::now() + FORGET_EVERY;
        loop {
            match messages.recv_timeout(poll_at.saturating_duration_since(Instant::now())) {
                Ok(Message::Job(job)) => job(&mut *self.backend),
                Ok(Message::News) => self.poll(),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= poll_at {
                if self.contact.stopped.load(Ordering::Acquire) {
                    return;
                }
                self.poll();
                poll_at = Instant::now() + poll_every;
            }
            if Instant::now() >= forget_at {
                self.forget();
                forget_at = Instant::now() + FORGET_EVERY;
            }
        }
    }

    fn poll(&mut self) {
        let now_ms = self.clock.now_ms();
        match self.backend.news(now_ms) {
            Ok(News { revocations, lost }) => {
                revocations.iter().for_each(|revocation| self.known.add(revocation, now_ms));
                self.lost |= lost;
                self.contact.answered(now_ms);
                self.make_good(now_ms);
            }
            Err(error) => self.contact.failed(error),
        }
    }

    /// Records what was lost, and tries after a write that failed whether it can be written again.
    fn make_good(&mut self, now_ms: u64) {
        if self.lost {
            let recorded = self.backend.record(&self.known.all());
            self.lost = recorded.is_err();
            self.wrote(recorded);
        } else if self.contact.trouble().writing.is_some() {
            let forgotten = self.backend.forget(now_ms);
            self.wrote(forgotten.map(drop));
        }
    }

    fn forget(&mut self) {
        let now_ms = self.clock.now_ms();
        self.known.forget(now_ms);
        let forgotten = self.backend.forget(now_ms);
        self.wrote(forgotten.map(drop));
    }

    fn wrote(&self, result: Result<(), BackendError>) {
        match result {
            Ok(()) => self.contact.written(),
            Err(error) => self.contact.not_written(error),
        }
    }
}

/// Wakes the other thread when there may be news. What a listener misses, polling finds.
fn listen(mut listener: Listener, messages: &SyncSender<Message>, contact: &Contact, poll_every: Duration) {
    while !contact.stopped.load(Ordering::Acquire) {
        match listener(LISTEN) {
            Ok(false) => {}
            Ok(true) => {
                // A queue that is full has the other thread awake already.
                let _ = messages.try_send(Message::News);
            }
            Err(_) => thread::sleep(poll_every.min(LISTEN)),
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), BackendError> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map(drop).map_err(|error| BackendError::new(format!("no thread for revocations: {error}")))
}
