//! The thread that follows a ring file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::notice::{AS_ASKED_FOR, Notices};
use super::origin::Origin;
use super::place::Place;
use super::shared::Task;
use super::{OnEvent, RingEvent, RingWatcher, Shared, WatchOptions, absolute};
use crate::error::{ConfigError, KeyError};
use crate::panics::said;
use crate::ring::{KeyRing, file};
use crate::telemetry;

/// So often it is looked at whether the path still leads through the folders that are watched.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a panic the file is read after longer and longer, up to this, unless something happens to it.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// A folder that cannot be watched is tried again after longer and longer, up to this.
const LONGEST_BLINDNESS: Duration = Duration::from_secs(60);

/// Puts a ring into place, if it is a new one; tells whether it was.
type Put = Box<dyn Fn(KeyRing) -> Result<bool, ConfigError> + Send>;

/// Reads the file once, and then follows it on a thread of its own until `shared` is stopped.
pub(crate) fn spawn(
    path: &Path,
    options: WatchOptions,
    shared: &Arc<Shared>,
    put: impl Fn(KeyRing) -> Result<bool, ConfigError> + Send + 'static,
) -> Result<RingWatcher, ConfigError> {
    options.check()?;
    let mut follower = Follower {
        path: absolute(path)?,
        put: Box::new(put),
        seen: None,
        origin: Origin::default(),
        sight: options.notified.then(Sight::default),
        shared: Arc::clone(shared),
        on_event: options.on_event,
    };
    // Before the first reading, so that nothing is missed between the two.
    follower.look();
    follower.read().map_err(|error| ConfigError(error.to_string()))?;
    if let Err(error) = follower.origin.check(&follower.path) {
        shared.fail(&error);
    }
    let poll_every = options.poll_every;
    let spawned =
        thread::Builder::new().name("sealed-session-ring".into()).spawn(move || follower.run(poll_every));
    spawned.map_err(|e| ConfigError(format!("no thread can be started to follow the ring file: {e}")))?;
    Ok(RingWatcher { shared: Arc::clone(shared) })
}

struct Follower {
    path: PathBuf,
    put: Put,
    /// A hash of the text that was read last, and what came of it: nobody need parse it twice, and keeping the text
    /// would keep its secrets once more.
    seen: Option<([u8; 32], Result<(), KeyError>)>,
    origin: Origin,
    /// Nothing where only polling was asked for.
    sight: Option<Sight>,
    shared: Arc<Shared>,
    on_event: OnEvent,
}

/// How the system tells of changes.
#[derive(Default)]
struct Sight {
    notices: Option<Notices>,
    /// How often one after the other these places could not be watched, and when that was tried last.
    failures: u32,
    tried: Option<(Vec<Place>, Instant)>,
}

impl Follower {
    fn run(mut self, poll_every: Duration) {
        let _guard = Guard(Arc::clone(&self.shared));
        self.shared.begin();
        let mut panics = u32::from(!self.attempt(Self::begin));
        let mut read_at = Instant::now() + poll_every;
        loop {
            let until = read_at.saturating_duration_since(Instant::now());
            let wait = if self.sight.is_some() { until.min(LOOK_EVERY) } else { until };
            let asked = match self.shared.next_task(wait) {
                Task::Stop => return,
                Task::Read(asked) => Some(asked),
                Task::Nothing => (Instant::now() >= read_at).then_some(0),
            };
            let survived = self.attempt(|this| this.work(asked.is_some()));
            if let Some(asked) = asked {
                self.shared.answer(asked);
            }
            if asked.is_some() || !survived {
                panics = if survived { 0 } else { panics.saturating_add(1) };
                let pause = if survived { poll_every } else { backoff(panics, LONGEST_BACKOFF) };
                read_at = Instant::now() + pause;
            }
        }
    }

    /// Does something, and comes back whatever happens; tells whether it did not panic.
    fn attempt(&mut self, act: impl FnOnce(&mut Self)) -> bool {
        self.shared.work(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| act(self)));
        self.shared.work(false);
        if let Err(panic) = &outcome {
            let error = format!("the watcher's thread panicked, and tries again: {}", said(&**panic));
            let error = KeyError::new(error);
            if !self.shared.fail(&error) {
                telemetry::ring_failed(&error);
            }
        }
        outcome.is_ok()
    }

    /// Tells of what was found before there was a thread to tell of it.
    fn begin(&mut self) {
        self.tell_of_mount();
        if let Some(error) = self.shared.trouble() {
            self.tell_of_failure(&error);
        }
    }

    fn work(&mut self, asked: bool) {
        if self.look() || asked {
            let read = self.read();
            let (is_new, fault) = match read {
                Ok(is_new) => (is_new, self.origin.check(&self.path).err()),
                Err(error) => (false, Some(error)),
            };
            self.report(is_new, fault);
            self.tell_of_mount();
        }
    }

    /// Sees to it that the system tells of changes where the path leads now; whether anything about that is new.
    fn look(&mut self) -> bool {
        let Some(sight) = &mut self.sight else {
            self.shared.set_unnotified(Some(AS_ASKED_FOR));
            return false;
        };
        let places = Place::of(&self.path);
        if sight.covers(&places) || !sight.is_due(&places) {
            return false;
        }
        let blind = sight.turn_to(&self.path, places, &self.shared).err();
        if self.shared.set_unnotified(blind)
            && let Some(reason) = blind
        {
            telemetry::ring_unnotified(reason);
        }
        true
    }

    /// Reads the file and puts its ring into place; whether that is a new one.
    fn read(&mut self) -> Result<bool, KeyError> {
        let seen = self.seen.take();
        let (path, text) = file::read_text(&self.path)?;
        let hash = Sha256::digest(text.as_bytes()).into();
        let (is_new, verdict) = match seen {
            Some((known, verdict)) if known == hash => (false, verdict),
            _ => match self.take(&text).map_err(|error| error.at(path.display())) {
                Ok(is_new) => (is_new, Ok(())),
                Err(error) => (false, Err(error)),
            },
        };
        self.seen = Some((hash, verdict.clone()));
        verdict.map(|()| is_new)
    }

    fn take(&self, text: &str) -> Result<bool, KeyError> {
        (self.put)(KeyRing::from_json(text)?).map_err(|error| KeyError::new(error.to_string()))
    }

    /// Tells of what is new, and only of that.
    fn report(&mut self, is_new: bool, fault: Option<KeyError>) {
        if is_new {
            self.shared.replaced();
        }
        let (failed, recovered) = match &fault {
            Some(error) => (!self.shared.fail(error), false),
            None => (false, self.shared.recover()),
        };
        if is_new {
            telemetry::ring_reloaded();
            (self.on_event)(&RingEvent::Replaced);
        }
        if recovered {
            telemetry::ring_recovered();
            (self.on_event)(&RingEvent::Recovered);
        }
        if let Some(error) = fault.filter(|_| failed) {
            self.tell_of_failure(&error);
        }
    }

    fn tell_of_failure(&mut self, error: &KeyError) {
        telemetry::ring_failed(error);
        (self.on_event)(&RingEvent::Failed(error.clone()));
    }

    fn tell_of_mount(&mut self) {
        if self.origin.is_newly_mounted_by_itself(&self.path) {
            telemetry::ring_mounted_by_itself();
            (self.on_event)(&RingEvent::MountedByItself);
        }
    }
}

impl Sight {
    fn covers(&self, places: &[Place]) -> bool {
        self.notices.as_ref().is_some_and(|notices| notices.cover(places))
    }

    /// Places that could not be watched a moment ago are left alone for a while.
    fn is_due(&self, places: &[Place]) -> bool {
        let pause = backoff(self.failures, LONGEST_BLINDNESS);
        self.tried.as_ref().is_none_or(|(tried, at)| tried != places || at.elapsed() >= pause)
    }

    fn turn_to(&mut self, path: &Path, places: Vec<Place>, shared: &Arc<Shared>) -> Result<(), &'static str> {
        let notices = Notices::of(path, &places, shared);
        self.failures = if notices.is_ok() { 0 } else { self.failures.saturating_add(1) };
        self.tried = Some((places, Instant::now()));
        notices.map(|notices| self.notices = Some(notices)).inspect_err(|_| self.notices = None)
    }
}

/// Nothing at first, then a second, and twice as long each time.
fn backoff(failures: u32, longest: Duration) -> Duration {
    match failures {
        0 => Duration::ZERO,
        _ => Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(failures - 1)).min(longest),
    }
}

/// A thread that ends, however that comes about, leaves nobody waiting and is no secret.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_is_waited_for_twice_as_long_up_to_a_limit() {
        let seconds =
            [0, 1, 2, 3, 5, 6, 7, u32::MAX].map(|failures| backoff(failures, LONGEST_BACKOFF).as_secs());
        assert_eq!(seconds, [0, 1, 2, 4, 16, 30, 30, 30]);
    }
}
