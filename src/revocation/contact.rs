//! How the backend is, as everybody may ask.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::BackendError;
use super::time::Time;
use crate::telemetry;

/// How the backend is.
pub(super) struct Contact {
    /// The process that the threads belong to: one that was forked from it has none.
    process: u32,
    time: Time,
    /// By the monotonic clock.
    answered_at_ms: AtomicU64,
    trouble: Mutex<Trouble>,
    /// Since when the thread is in the backend.
    busy_since: Mutex<Option<Instant>>,
    ended: AtomicBool,
}

/// What is wrong with it. A disk that is full can still be read: the two are known apart.
#[derive(Default)]
struct Trouble {
    reading: Option<BackendError>,
    writing: Option<NotWritten>,
}

/// A write that failed.
struct NotWritten {
    error: BackendError,
    /// When somebody asked for it, if anybody did: that others of ours succeed does not mean that theirs would.
    asked_at: Option<Instant>,
}

/// For so long after a write failed that somebody asked for, only one that somebody asks for shows that it is over.
const ASKED_COUNTS: Duration = Duration::from_secs(5);

impl Contact {
    pub(super) fn new(time: Time, answered_at_ms: u64) -> Self {
        Self {
            process: std::process::id(),
            time,
            answered_at_ms: AtomicU64::new(answered_at_ms),
            trouble: Mutex::default(),
            busy_since: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// How long ago the backend answered.
    pub(super) fn age(&self, monotonic_ms: u64) -> Duration {
        let answered_at_ms = self.answered_at_ms.load(Ordering::Acquire);
        Duration::from_millis(monotonic_ms.saturating_sub(answered_at_ms))
    }

    /// What is wrong with it now, where a call takes so long at most.
    pub(super) fn wrong(&self, timeout: Duration) -> Option<BackendError> {
        if let Some(error) = self.without_thread() {
            return Some(error);
        }
        let busy = self.busy().map(|since| self.since(since)).filter(|busy| *busy > timeout);
        if let Some(busy) = busy {
            let for_ms = busy.as_millis();
            return Some(BackendError::new(format!("it has been asked {for_ms} ms ago and does not answer")));
        }
        let trouble = self.trouble();
        let writing = || trouble.writing.as_ref().map(|written| &written.error);
        trouble.reading.as_ref().or_else(writing).cloned()
    }

    /// Why nothing that is asked for would ever be done.
    pub(super) fn without_thread(&self) -> Option<BackendError> {
        if self.process != std::process::id() {
            return Some(BackendError::new(
                "this process was forked from the one that reads the backend: build the store after the fork",
            ));
        }
        let ended = self.ended.load(Ordering::Acquire);
        ended.then(|| BackendError::new("the thread that reads the backend has ended: restart the server"))
    }

    pub(super) fn time(&self) -> &Time {
        &self.time
    }

    fn since(&self, at: Instant) -> Duration {
        self.time.now().saturating_duration_since(at)
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> MutexGuard<'_, Option<Instant>> {
        self.busy_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread goes into the backend, or comes back from it.
    pub(super) fn goes(&self, into: bool) {
        *self.busy() = into.then(|| self.time.now());
    }

    pub(super) fn answered(&self, monotonic_ms: u64) {
        self.answered_at_ms.fetch_max(monotonic_ms, Ordering::AcqRel);
        if self.trouble().reading.take().is_some() {
            telemetry::revocations_recovered();
        }
    }

    pub(super) fn failed(&self, error: BackendError) {
        let mut trouble = self.trouble();
        if trouble.reading.as_ref() != Some(&error) {
            telemetry::revocations_failed(&error);
        }
        trouble.reading = Some(error);
    }

    /// Of our own accord.
    pub(super) fn not_written(&self, error: BackendError) {
        let mut trouble = self.trouble();
        let asked_at = trouble.writing.as_ref().and_then(|before| before.asked_at);
        trouble.writing = Some(NotWritten { error, asked_at });
    }

    pub(super) fn written(&self) {
        let mut trouble = self.trouble();
        let is_recent = |at: Instant| self.since(at) < ASKED_COUNTS;
        if !trouble.writing.as_ref().and_then(|before| before.asked_at).is_some_and(is_recent) {
            trouble.writing = None;
        }
    }

    /// What came of something that somebody asked for.
    pub(super) fn asked(&self, failed: Option<&BackendError>, wrote: bool) {
        match failed {
            Some(error) => {
                let (error, asked_at) = (error.clone(), Some(self.time.now()));
                self.trouble().writing = Some(NotWritten { error, asked_at });
            }
            None if wrote => self.trouble().writing = None,
            None => {}
        }
    }

    pub(super) fn cannot_write(&self) -> bool {
        self.trouble().writing.is_some()
    }

    /// Whether the last poll failed.
    pub(super) fn cannot_read(&self) -> bool {
        self.trouble().reading.is_some()
    }

    pub(super) fn ended(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_ended_is_told_of_at_once_and_for_good() {
        let contact = Contact::new(Time::Machine, 0);
        let wrong = || contact.wrong(Duration::from_secs(5)).map(|error| error.to_string());
        assert_eq!(wrong(), None);
        contact.ended();
        contact.written();
        let ended = "the thread that reads the backend has ended: restart the server";
        assert_eq!(wrong().as_deref(), Some(ended));
    }
}
