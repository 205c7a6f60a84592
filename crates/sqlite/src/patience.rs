//! How others are waited for.
//!
//! SQLite sleeps for longer and longer, up to a tenth of a second. Where somebody else writes without a pause, the
//! moments in between are then hardly ever hit. So it waits for a moment only, and is asked again.

use std::thread;
use std::time::{Duration, Instant};

use super::trouble::Failure;

/// How long SQLite waits by itself.
pub(super) const OF_SQLITE: Duration = Duration::from_millis(2);
const PAUSE: Duration = Duration::from_millis(1);

/// Does it, again and again while others are in the way, for so long at most.
pub(super) fn retry<T>(limit: Duration, mut job: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let start = Instant::now();
    loop {
        match job() {
            Err(error) if error.will_pass() && start.elapsed() < limit => thread::sleep(PAUSE),
            result => return result,
        }
    }
}
