//! What a watcher's thread, its handle and its store tell each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::error::KeyError;

/// Requests with an unknown key cause at most one reload within so many milliseconds: anybody can send such
/// tokens.
const ON_DEMAND_MS: u64 = 1_000;

/// The state of a watcher.
pub(crate) struct Shared {
    signals: Mutex<Signals>,
    changed: Condvar,
    trouble: ArcSwapOption<KeyError>,
    replacements: AtomicU64,
    wait_at_most: Duration,
}

#[derive(Default)]
struct Signals {
    /// Something happened in the folder.
    noticed: bool,
    /// Reloads that were asked for, and how many of them were answered. Each reading of the file answers all
    /// that were asked for before it began.
    asked: u64,
    answered: u64,
    /// When a token with an unknown key last asked for one.
    on_demand_at_ms: Option<u64>,
    stopped: bool,
}

/// What a reader with an unknown key is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Nobody follows a file.
    Never,
    /// The file was read: look again.
    Again,
    /// Not now, though the key may be known in a moment.
    Later,
}

/// What the thread is to do.
pub(super) enum Task {
    /// Read the file, and then answer to this.
    Read(u64),
    Stop,
}

impl Shared {
    pub(crate) fn new(wait_at_most: Duration) -> Self {
        Self {
            signals: Mutex::default(),
            changed: Condvar::new(),
            trouble: ArcSwapOption::empty(),
            replacements: AtomicU64::new(0),
            wait_at_most,
        }
    }

    /// Waits for one reload on behalf of a token with an unknown key, or refuses to.
    pub(crate) fn for_unknown_key(&self, now_ms: u64) -> Lookup {
        let mut signals = self.signals();
        if signals.stopped {
            return Lookup::Never;
        }
        let under_way = signals.asked > signals.answered;
        // The difference, so that a clock that is set back does not stop reloads until it has caught up.
        let spent = signals.on_demand_at_ms.is_some_and(|at| at.abs_diff(now_ms) < ON_DEMAND_MS);
        if under_way || spent {
            return Lookup::Later;
        }
        signals.on_demand_at_ms = Some(now_ms);
        if self.ask(signals, self.wait_at_most) { Lookup::Again } else { Lookup::Later }
    }

    /// Whether the file was read, anew, within the time.
    pub(crate) fn reload(&self, wait_at_most: Duration) -> bool {
        self.ask(self.signals(), wait_at_most)
    }

    fn ask(&self, mut signals: MutexGuard<'_, Signals>, wait_at_most: Duration) -> bool {
        signals.asked = signals.asked.saturating_add(1);
        let ticket = signals.asked;
        self.changed.notify_all();
        let waiting = |signals: &mut Signals| signals.answered < ticket && !signals.stopped;
        let waited = self.changed.wait_timeout_while(signals, wait_at_most, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.answered >= ticket
    }

    /// Something happened in the folder.
    pub(super) fn notice(&self) {
        self.signals().noticed = true;
        self.changed.notify_all();
    }

    /// What the thread does next, at the latest after `poll_every`.
    pub(super) fn next_task(&self, poll_every: Duration) -> Task {
        let idle =
            |signals: &mut Signals| !signals.noticed && signals.asked <= signals.answered && !signals.stopped;
        let waited = self.changed.wait_timeout_while(self.signals(), poll_every, idle);
        let mut signals = waited.unwrap_or_else(PoisonError::into_inner).0;
        signals.noticed = false;
        if signals.stopped { Task::Stop } else { Task::Read(signals.asked) }
    }

    /// The file was read after these had been asked for.
    pub(super) fn answer(&self, asked: u64) {
        let mut signals = self.signals();
        signals.answered = signals.answered.max(asked);
        self.changed.notify_all();
    }

    /// Whether it was the last error already.
    pub(super) fn fail(&self, error: &KeyError) -> bool {
        let known = self.trouble.load().as_deref() == Some(error);
        if !known {
            self.trouble.store(Some(Arc::new(error.clone())));
        }
        known
    }

    /// Whether there was an error.
    pub(super) fn recover(&self) -> bool {
        self.trouble.swap(None).is_some()
    }

    pub(super) fn replaced(&self) {
        self.replacements.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn replacements(&self) -> u64 {
        self.replacements.load(Ordering::Relaxed)
    }

    /// Why the file cannot be used, if it cannot.
    pub(crate) fn trouble(&self) -> Option<Arc<KeyError>> {
        self.trouble.load_full()
    }

    pub(crate) fn stop(&self) {
        self.signals().stopped = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.signals().stopped
    }

    /// A thread that panicked while it held the lock left nothing half-changed.
    fn signals(&self) -> MutexGuard<'_, Signals> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    /// What a token with an unknown key is told when nobody answers.
    fn told(shared: &Shared, now_ms: u64) -> Lookup {
        shared.for_unknown_key(now_ms)
    }

    /// Answers what was asked for, as the thread does after it has read the file.
    fn answer(shared: &Shared) {
        match shared.next_task(NONE) {
            Task::Read(asked) => shared.answer(asked),
            Task::Stop => panic!("nobody stopped it"),
        }
    }

    #[test]
    fn a_reload_that_does_not_come_is_not_waited_for_without_an_end() {
        let shared = Shared::new(NONE);
        assert_eq!(told(&shared, 5_000), Lookup::Later);
        assert!(!shared.reload(NONE));
    }

    #[test]
    fn while_a_reload_is_under_way_nobody_else_causes_one() {
        let shared = Shared::new(NONE);
        assert_eq!(told(&shared, 5_000), Lookup::Later);
        assert_eq!(told(&shared, 9_000), Lookup::Later);
        assert_eq!(shared.signals().asked, 1, "the file system hangs, and requests do not pile up");
        answer(&shared);
        assert_eq!(told(&shared, 9_000), Lookup::Later);
        assert_eq!(shared.signals().asked, 2);
    }

    #[test]
    fn one_reload_a_second_and_a_clock_set_back_does_not_matter() {
        let shared = Shared::new(NONE);
        let mut asks = |now_ms| {
            let before = shared.signals().asked;
            assert_eq!(told(&shared, now_ms), Lookup::Later);
            let asked = shared.signals().asked > before;
            answer(&shared);
            asked
        };
        assert_eq!([0, 0, 999, 1_000, 1_999, 2_000].map(&mut asks), [true, false, false, true, false, true]);
        assert_eq!([1_001, 1_000, 0, 500].map(&mut asks), [false, true, true, false]);
    }

    #[test]
    fn a_reading_answers_only_what_was_asked_for_before_it_began() {
        let shared = Shared::new(NONE);
        assert!(!shared.reload(NONE));
        let Task::Read(asked) = shared.next_task(NONE) else { panic!("nobody stopped it") };
        assert!(!shared.reload(NONE), "this one came while the file was being read");
        shared.answer(asked);
        let signals = shared.signals();
        assert!(signals.asked > signals.answered, "so it is read once more");
    }

    #[test]
    fn whoever_waits_is_let_go_when_the_watcher_stops() {
        let shared = Shared::new(Duration::from_secs(3_600));
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| shared.for_unknown_key(0));
            assert!(matches!(shared.next_task(Duration::from_secs(3_600)), Task::Read(1)));
            shared.stop();
            assert_eq!(reader.join().unwrap(), Lookup::Later);
        });
        assert_eq!(shared.for_unknown_key(9_000), Lookup::Never);
        assert!(matches!(shared.next_task(Duration::from_secs(3_600)), Task::Stop));
    }
}
