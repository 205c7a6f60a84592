//! What waits for the thread that talks to a backend: writes that somebody waits for, and behind them bookkeeping that
//! may be dropped.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Backend;

/// Something to do with the backend.
pub(super) type Job = Box<dyn FnOnce(&mut dyn Backend) + Send>;

/// So many writes may wait. A backend that is slower than that for long has to be told of, not waited for.
pub(super) const MOST_WAITING: usize = 4096;
/// So much bookkeeping may wait; what comes then is dropped.
const MOST_NOTES: usize = 1024;

#[derive(Default)]
pub(super) struct Lanes {
    waiting: Mutex<Waiting>,
    there: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    notes: VecDeque<Job>,
    news: bool,
    stopped: bool,
}

impl Waiting {
    /// What there is to do. Where something is due besides, bookkeeping waits for it.
    fn next(&mut self, is_due: bool) -> Next {
        if let Some(job) = self.jobs.pop_front() {
            return Next::Job(job);
        }
        if self.stopped {
            return Next::Stop;
        }
        if std::mem::take(&mut self.news) {
            return Next::News;
        }
        let note = if is_due { None } else { self.notes.pop_front() };
        note.map_or(Next::Nothing, Next::Job)
    }
}

/// What is to be done next.
pub(super) enum Next {
    Job(Job),
    /// There may be news.
    News,
    /// Nothing that waits.
    Nothing,
    Stop,
}

impl Lanes {
    /// Nothing panics while it holds this lock.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if too many wait already.
    pub(super) fn add(&self, job: Job) -> bool {
        let mut waiting = self.waiting();
        if waiting.jobs.len() >= MOST_WAITING {
            return false;
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.there.notify_one();
        true
    }

    /// Bookkeeping, which is done when nothing else waits. False if too much waits already: it is dropped.
    pub(super) fn note(&self, job: Job) -> bool {
        let mut waiting = self.waiting();
        if waiting.notes.len() >= MOST_NOTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        waiting.notes.push_back(job);
        drop(waiting);
        self.there.notify_one();
        true
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn news(&self) {
        self.waiting().news = true;
        self.there.notify_one();
    }

    /// What waits is still done, but for bookkeeping.
    pub(super) fn stop(&self) {
        self.waiting().stopped = true;
        self.there.notify_one();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.waiting().stopped
    }

    /// What there is to do now. Something is due besides, or not.
    #[cfg(feature = "hazmat")]
    pub(super) fn now(&self, is_due: bool) -> Next {
        self.waiting().next(is_due)
    }

    /// Waits for something to do, until then. Bookkeeping comes last, one at a time.
    pub(super) fn next(&self, until: Instant) -> Next {
        let mut waiting = self.waiting();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match waiting.next(left.is_zero()) {
                Next::Nothing if !left.is_zero() => {}
                next => return next,
            }
            let (guard, _) = self.there.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner);
            waiting = guard;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::MemoryBackend;
    use super::*;

    fn at_once(lanes: &Lanes) -> Next {
        lanes.next(Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn bookkeeping_waits_for_everything_else_and_is_dropped_and_counted_beyond_its_room() {
        let (lanes, done) = (Lanes::default(), Arc::new(Mutex::new(Vec::new())));
        let job = |name: &'static str| -> Job {
            let done = Arc::clone(&done);
            Box::new(move |_| done.lock().unwrap().push(name))
        };
        for _ in 0..MOST_NOTES {
            assert!(lanes.note(job("note")));
        }
        assert!(!lanes.note(job("note")));
        assert_eq!(lanes.dropped(), 1);
        assert!(lanes.add(job("logout")));
        for _ in 0..2 {
            let Next::Job(next) = at_once(&lanes) else { panic!("something waits") };
            next(&mut MemoryBackend::default());
        }
        assert_eq!(*done.lock().unwrap(), ["logout", "note"]);
    }

    #[test]
    fn a_thread_that_is_stopped_does_what_waits_first() {
        let lanes = Lanes::default();
        assert!(lanes.add(Box::new(|_| {})));
        lanes.stop();
        assert!(matches!(at_once(&lanes), Next::Job(_)));
        assert!(matches!(at_once(&lanes), Next::Stop));
    }

    #[test]
    fn writes_beyond_what_may_wait_are_refused() {
        let lanes = Lanes::default();
        for _ in 0..MOST_WAITING {
            assert!(lanes.add(Box::new(|_| {})));
        }
        assert!(!lanes.add(Box::new(|_| {})));
    }
}
