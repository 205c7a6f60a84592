//! Nobody waits for a backend for longer than it takes where it works, counted from when they asked.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::BackendError;

/// Somebody who waits.
pub(super) trait Waits: Send + Sync {
    /// Tells them, unless they were told otherwise already.
    fn tell(&self, error: BackendError);
}

/// Who waits, until when. All wait for equally long, so that the first is the next.
pub(super) struct Deadlines {
    timeout: Duration,
    state: Mutex<State>,
    there: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Instant, Weak<dyn Waits>)>,
    stopped: bool,
}

impl Deadlines {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, state: Mutex::default(), there: Condvar::new() }
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
        let Some(until) = Instant::now().checked_add(self.timeout) else { return };
        let mut state = self.state();
        let was_empty = state.waiting.is_empty();
        state.waiting.push_back((until, one));
        drop(state);
        if was_empty {
            self.there.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.there.notify_one();
    }

    /// Tells everybody in time, until it is stopped.
    pub(super) fn run(&self) {
        let mut state = self.state();
        while !state.stopped {
            // Those who have been answered are not there any more.
            while state.waiting.front().is_some_and(|(_, one)| one.strong_count() == 0) {
                state.waiting.pop_front();
            }
            let Some((until, _)) = state.waiting.front() else {
                state = self.there.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let overdue = state.waiting.pop_front().and_then(|(_, one)| one.upgrade());
                drop(state);
                self.tell(overdue);
                state = self.state();
            } else {
                (state, _) = self.there.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn tell(&self, overdue: Option<Arc<dyn Waits>>) {
        if let Some(one) = overdue {
            one.tell(BackendError::new(format!(
                "the backend of revocations has not answered within {} ms; it may or may not have done this",
                self.timeout.as_millis()
            )));
        }
    }
}
