//! The thread that follows a ring file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::shared::Task;
use super::{OnEvent, RingEvent, RingWatcher, Shared, WatchOptions, absolute, notice};
use crate::error::{ConfigError, KeyError};
use crate::ring::{KeyRing, file};
use crate::telemetry;

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
    let path = absolute(path)?;
    // Before the first reading, so that nothing is missed between the two.
    let notices = match options.notified {
        true => notice::watch(&path, shared).map_err(|e| e.to_string()),
        false => Err("as asked for".to_owned()),
    };
    let on_event = options.on_event;
    let mut follower =
        Follower { path, put: Box::new(put), seen: None, shared: Arc::clone(shared), on_event };
    if let Err(error) = follower.read() {
        return Err(ConfigError(error.to_string()));
    }
    let unnotified = notices.as_ref().err().cloned();
    let poll_every = options.poll_every;
    let run = move || {
        let _notices = notices;
        follower.run(poll_every);
    };
    let spawned = thread::Builder::new().name("sealed-session-ring".into()).spawn(run);
    spawned.map_err(|e| ConfigError(format!("no thread can be started to follow the ring file: {e}")))?;
    Ok(RingWatcher { shared: Arc::clone(shared), unnotified })
}

struct Follower {
    path: PathBuf,
    put: Put,
    /// A hash of the text that was read last, if it could be: nobody need parse it twice, and keeping the text
    /// would keep its secrets once more.
    seen: Option<[u8; 32]>,
    shared: Arc<Shared>,
    on_event: OnEvent,
}

impl Follower {
    fn run(&mut self, poll_every: Duration) {
        let _guard = Guard(Arc::clone(&self.shared));
        while let Task::Read(asked) = self.shared.next_task(poll_every) {
            let read = self.read();
            self.report(read);
            self.shared.answer(asked);
        }
    }

    /// Reads the file and puts its ring into place.
    fn read(&mut self) -> Result<Read, KeyError> {
        let last = self.seen.take();
        let (path, text) = file::read_text(&self.path)?;
        let hash = Sha256::digest(text.as_bytes()).into();
        self.seen = Some(hash);
        if last == Some(hash) {
            return Ok(Read::Unchanged);
        }
        let ring = KeyRing::from_json(&text).map_err(|e| e.at(path.display()))?;
        let new = (self.put)(ring).map_err(|e| KeyError::new(e.to_string()).at(path.display()))?;
        Ok(if new { Read::Replaced } else { Read::Good })
    }

    /// Tells of what is new, and only of that.
    fn report(&mut self, read: Result<Read, KeyError>) {
        match read {
            Ok(Read::Unchanged) => {}
            Ok(good) => {
                if let Read::Replaced = good {
                    self.shared.replaced();
                }
                let recovered = self.shared.recover();
                if let Read::Replaced = good {
                    telemetry::ring_reloaded();
                    (self.on_event)(&RingEvent::Replaced);
                }
                if recovered {
                    telemetry::ring_recovered();
                    (self.on_event)(&RingEvent::Recovered);
                }
            }
            Err(error) => {
                if !self.shared.fail(&error) {
                    telemetry::ring_failed(&error);
                    (self.on_event)(&RingEvent::Failed(error));
                }
            }
        }
    }
}

/// What a reading of the file found.
enum Read {
    /// What it found before, be it good or bad.
    Unchanged,
    /// The ring that the store has.
    Good,
    /// A new ring.
    Replaced,
}

/// A thread that dies, because what the host does on an event panics, leaves nobody waiting and is no secret.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(&KeyError::new("the ring file is no longer followed: the watcher's thread panicked"));
            self.0.answer(u64::MAX);
        }
    }
}
