//! What a watcher's thread, its handle and its store tell each other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::clock::Clock;
use crate::error::KeyError;

/// Requests with an unknown key cause at most one reload within so many milliseconds: anybody can send such
/// tokens.
const ON_DEMAND_MS: u64 = 1_000;
/// Reading a small file takes less than a millisecond; one that takes so long may take for ever.
const HANGS_MS: u64 = 10_000;
const IDLE: u64 = u64::MAX;

/// The state of a watcher.
pub(crate) struct Shared {
    /// The process that has the thread. One that is forked from it has none, and may find the lock taken for good.
    process: u32,
    clock: Arc<dyn Clock>,
    signals: Mutex<Signals>,
    changed: Condvar,
    stopped: AtomicBool,
    thread: OnceLock<ThreadId>,
    ended: AtomicBool,
    /// Since when the thread is at work, by the monotonic clock.
    busy_since_ms: AtomicU64,
    trouble: ArcSwapOption<KeyError>,
    /// Why the system does not tell of changes.
    unnotified: ArcSwapOption<&'static str>,
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
    /// Nothing happened and nobody asked.
    Nothing,
    Stop,
}

impl Shared {
    pub(crate) fn new(wait_at_most: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            process: std::process::id(),
            clock,
            signals: Mutex::default(),
            changed: Condvar::new(),
            stopped: AtomicBool::new(false),
            thread: OnceLock::new(),
            ended: AtomicBool::new(false),
            busy_since_ms: AtomicU64::new(IDLE),
            trouble: ArcSwapOption::empty(),
            unnotified: ArcSwapOption::empty(),
            replacements: AtomicU64::new(0),
            wait_at_most,
        }
    }

    /// Waits for one reload on behalf of a token with an unknown key, or refuses to.
    pub(crate) fn for_unknown_key(&self, now_ms: u64) -> Lookup {
        if self.is_stopped() {
            return Lookup::Never;
        }
        if self.is_without_thread() || self.is_thread() {
            return Lookup::Later;
        }
        let mut signals = self.signals();
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
    pub(super) fn reload(&self, wait_at_most: Duration) -> bool {
        !self.is_without_thread() && !self.is_thread() && self.ask(self.signals(), wait_at_most)
    }

    fn ask(&self, mut signals: MutexGuard<'_, Signals>, wait_at_most: Duration) -> bool {
        signals.asked = signals.asked.saturating_add(1);
        let ticket = signals.asked;
        self.changed.notify_all();
        let waiting = |signals: &mut Signals| signals.answered < ticket && !self.is_over();
        let waited = self.changed.wait_timeout_while(signals, wait_at_most, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.answered >= ticket
    }

    /// Something happened in the folder.
    pub(super) fn notice(&self) {
        self.signals().noticed = true;
        self.changed.notify_all();
    }

    /// What the thread does next, at the latest after `wait`.
    pub(super) fn next_task(&self, wait: Duration) -> Task {
        let has_work = |signals: &Signals| signals.noticed || signals.asked > signals.answered;
        let idle = |signals: &mut Signals| !has_work(signals) && !self.is_stopped();
        let waited = self.changed.wait_timeout_while(self.signals(), wait, idle);
        let mut signals = waited.unwrap_or_else(PoisonError::into_inner).0;
        let has_work = has_work(&signals);
        signals.noticed = false;
        match self.is_stopped() {
            true => Task::Stop,
            false if has_work => Task::Read(signals.asked),
            false => Task::Nothing,
        }
    }

    /// The file was read after these had been asked for.
    pub(super) fn answer(&self, asked: u64) {
        let mut signals = self.signals();
        signals.answered = signals.answered.max(asked);
        self.changed.notify_all();
    }

    /// The calling thread is the one that follows the file.
    pub(super) fn begin(&self) {
        // There is one thread, and it says so once.
        let _ = self.thread.set(thread::current().id());
    }

    /// The thread goes to work, or is done with it.
    pub(super) fn work(&self, begins: bool) {
        let since = if begins { self.clock.monotonic_ms() } else { IDLE };
        self.busy_since_ms.store(since, Ordering::Release);
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

    pub(super) fn replacements(&self) -> u64 {
        self.replacements.load(Ordering::Relaxed)
    }

    /// Whether the reason is new.
    pub(super) fn set_unnotified(&self, reason: Option<&'static str>) -> bool {
        let before = self.unnotified.swap(reason.map(Arc::new));
        before.as_deref() != reason.as_ref()
    }

    pub(super) fn unnotified(&self) -> Option<&'static str> {
        self.unnotified.load().as_deref().copied()
    }

    /// Why the file is not followed as it should be.
    pub(crate) fn trouble(&self) -> Option<Arc<KeyError>> {
        match self.standstill() {
            Some(why) => Some(Arc::new(KeyError::new(why))),
            None => self.trouble.load_full(),
        }
    }

    /// Why nobody reads the file now.
    fn standstill(&self) -> Option<String> {
        if self.is_forked() {
            let why = "this process was forked from the one that follows the ring file: call `follow` after the fork";
            return Some(why.to_owned());
        }
        if self.ended.load(Ordering::Acquire) {
            return Some(
                "the thread that follows the ring file has ended: drop its watcher and follow anew".into(),
            );
        }
        let busy_ms = self.clock.monotonic_ms().saturating_sub(self.busy_since_ms.load(Ordering::Acquire));
        (busy_ms >= HANGS_MS).then(|| {
            format!(
                "the ring file has been read for {} s and is not done: see to its file system, and to what is done on                  events",
                busy_ms / 1000
            )
        })
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
    }

    /// The thread is over, however that came about.
    pub(super) fn end(&self) {
        self.ended.store(!self.is_stopped(), Ordering::Release);
        self.wake();
    }

    /// Whoever waits looks again. The lock is taken so that nobody is just about to wait.
    fn wake(&self) {
        if !self.is_forked() {
            drop(self.signals());
            self.changed.notify_all();
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Whether the file is no longer followed, so that another may be.
    pub(crate) fn is_over(&self) -> bool {
        self.is_stopped() || self.is_without_thread()
    }

    /// Whether nobody would ever answer.
    fn is_without_thread(&self) -> bool {
        self.is_forked() || self.ended.load(Ordering::Acquire)
    }

    fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }

    /// Whether this is the thread that would have to answer itself.
    fn is_thread(&self) -> bool {
        self.thread.get() == Some(&thread::current().id())
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

    fn shared(wait_at_most: Duration) -> Shared {
        Shared::new(wait_at_most, Arc::new(crate::clock::SystemClock))
    }

    /// What a token with an unknown key is told when nobody answers.
    fn told(shared: &Shared, now_ms: u64) -> Lookup {
        shared.for_unknown_key(now_ms)
    }

    /// Answers what was asked for, as the thread does after it has read the file.
    fn answer(shared: &Shared) {
        match shared.next_task(NONE) {
            Task::Read(asked) => shared.answer(asked),
            Task::Nothing => {}
            Task::Stop => panic!("nobody stopped it"),
        }
    }

    #[test]
    fn a_reload_that_does_not_come_is_not_waited_for_without_an_end() {
        let shared = shared(NONE);
        assert_eq!(told(&shared, 5_000), Lookup::Later);
        assert!(!shared.reload(NONE));
    }

    #[test]
    fn while_a_reload_is_under_way_nobody_else_causes_one() {
        let shared = shared(NONE);
        assert_eq!(told(&shared, 5_000), Lookup::Later);
        assert_eq!(told(&shared, 9_000), Lookup::Later);
        assert_eq!(shared.signals().asked, 1, "the file system hangs, and requests do not pile up");
        answer(&shared);
        assert_eq!(told(&shared, 9_000), Lookup::Later);
        assert_eq!(shared.signals().asked, 2);
    }

    #[test]
    fn one_reload_a_second_and_a_clock_set_back_does_not_matter() {
        let shared = shared(NONE);
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
        let shared = shared(NONE);
        assert!(!shared.reload(NONE));
        let Task::Read(asked) = shared.next_task(NONE) else { panic!("nobody stopped it") };
        assert!(!shared.reload(NONE), "this one came while the file was being read");
        shared.answer(asked);
        let signals = shared.signals();
        assert!(signals.asked > signals.answered, "so it is read once more");
    }

    #[test]
    fn a_thread_that_ends_unasked_is_told_of_and_nobody_waits_for_it() {
        let shared = shared(Duration::from_secs(3_600));
        thread::scope(|scope| {
            let reader = scope.spawn(|| shared.for_unknown_key(0));
            assert!(matches!(shared.next_task(Duration::from_secs(3_600)), Task::Read(1)));
            shared.end();
            assert_eq!(reader.join().unwrap(), Lookup::Later);
        });
        assert!(shared.trouble().unwrap().to_string().contains("has ended"));
        assert!(
            shared.is_over() && !shared.is_stopped(),
            "another file may be followed, and health tells of it"
        );
        assert!(!shared.reload(Duration::from_secs(3_600)));
        assert_eq!(told(&shared, 9_000), Lookup::Later);
    }

    #[test]
    fn a_thread_that_ends_because_it_was_stopped_is_no_trouble() {
        let shared = shared(NONE);
        shared.stop();
        shared.end();
        assert_eq!(shared.trouble(), None);
    }

    #[test]
    fn whoever_waits_is_let_go_when_the_watcher_stops() {
        let shared = shared(Duration::from_secs(3_600));
        thread::scope(|scope| {
            let reader = scope.spawn(|| shared.for_unknown_key(0));
            assert!(matches!(shared.next_task(Duration::from_secs(3_600)), Task::Read(1)));
            shared.stop();
            assert_eq!(reader.join().unwrap(), Lookup::Later);
        });
        assert_eq!(shared.for_unknown_key(9_000), Lookup::Never);
        assert!(matches!(shared.next_task(Duration::from_secs(3_600)), Task::Stop));
    }
}
