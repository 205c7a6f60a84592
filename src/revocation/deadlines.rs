//! Nobody waits for a backend for longer than it takes where it works, counted from when they asked; and those who have
//! to wait until other servers know of it are told then.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::BackendError;
use super::time::Time;

/// Somebody who waits.
pub(super) trait Waits: Send + Sync {
    /// Tells them, unless they were told otherwise already.
    fn tell(&self, error: BackendError);
}

/// Tells somebody what came of it.
pub(super) type Telling = Box<dyn FnOnce() + Send>;

/// Who waits, until when. All wait for equally long, so that the first is the next.
pub(super) struct Deadlines {
    time: Time,
    timeout: Duration,
    state: Mutex<State>,
    there: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Instant, Weak<dyn Waits>)>,
    /// What is told later. There is hardly ever any of it.
    later: Vec<(Instant, Telling)>,
    stopped: bool,
}

impl Deadlines {
    pub(super) fn new(time: Time, timeout: Duration) -> Self {
        Self { time, timeout, state: Mutex::default(), there: Condvar::new() }
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody waits from now on.
    pub(super) fn add(&self, one: Weak<dyn Waits>) {
        // One that is too far away for the clock never comes.
        let Some(until) = self.time.now().checked_add(self.timeout) else { return };
        let mut state = self.state();
        let was_empty = state.waiting.is_empty();
        state.waiting.push_back((until, one));
        drop(state);
        if was_empty {
            self.there.notify_one();
        }
    }

    /// Tells it after so long, and in time for the one who waits for it.
    pub(super) fn after(&self, time: Duration, tell: Telling) {
        let time = time.min(self.timeout / 2);
        if time.is_zero() {
            return tell();
        }
        let mut state = self.state();
        state.later.push((self.time.now() + time, tell));
        drop(state);
        self.there.notify_one();
    }

    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.there.notify_one();
    }

    /// Tells everybody in time, until it is stopped; then at once what was to be told later.
    pub(super) fn run(&self) {
        let mut state = self.state();
        while !state.stopped {
            let due = state.due(self.time.now());
            if !due.is_empty() {
                drop(state);
                due.into_iter().for_each(|due| self.tell(due));
                state = self.state();
                continue;
            }
            state = match state.next() {
                None => self.there.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(next) => {
                    let left = next.saturating_duration_since(Instant::now());
                    self.there.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let later = std::mem::take(&mut state.later);
        drop(state);
        later.into_iter().for_each(|(_, tell)| tell());
    }

    /// Tells those whose time has come.
    #[cfg(feature = "hazmat")]
    pub(super) fn tell_due(&self) {
        let due = self.state().due(self.time.now());
        due.into_iter().for_each(|due| self.tell(due));
    }

    fn tell(&self, due: Due) {
        match due {
            Due::Told(tell) => tell(),
            Due::Overdue(one) => one.tell(BackendError::new(format!(
                "the backend of revocations has not answered within {} ms; it may or may not have done this",
                self.timeout.as_millis()
            ))),
        }
    }
}

/// Whose time has come.
enum Due {
    Told(Telling),
    Overdue(Arc<dyn Waits>),
}

impl State {
    fn due(&mut self, now: Instant) -> Vec<Due> {
        let later = self.later.extract_if(.., |(at, _)| *at <= now);
        let mut due: Vec<_> = later.map(|(_, tell)| Due::Told(tell)).collect();
        // Those who have been answered are not there any more.
        let is_over = |(until, one): &(Instant, Weak<dyn Waits>)| *until <= now || one.strong_count() == 0;
        while self.waiting.front().is_some_and(is_over) {
            let one = self.waiting.pop_front().and_then(|(_, one)| one.upgrade());
            due.extend(one.map(Due::Overdue));
        }
        due
    }

    fn next(&self) -> Option<Instant> {
        let overdue = self.waiting.front().map(|(until, _)| *until);
        self.later.iter().map(|(at, _)| *at).chain(overdue).min()
    }
}
