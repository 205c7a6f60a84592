//! What may be forgotten: news that everybody has read, and sharers that are gone. Entries expire by the clock of Redis.

use std::time::Duration;

use sealed_session::revocation::BackendError;
use sealed_session::revocation::backend::purge_after;

use super::{RedisBackend, id, text};

/// News are kept for so long, and for twice as long at most.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);

/// How far news were read, and how long ago: by passing time, since a clock may leap.
#[derive(Default)]
pub(super) struct ReadBefore {
    number: Option<u64>,
    ago: Duration,
}

impl ReadBefore {
    /// The first of the news that are kept, if any are to be removed. It was read long ago, and is the one by which an
    /// idle server knows whose news these are.
    fn first_kept(&mut self, read: Option<u64>, elapsed: Duration) -> Option<u64> {
        self.ago = self.ago.saturating_add(elapsed);
        if self.number.is_some() && self.ago < FORGET_AFTER {
            return None;
        }
        let before = std::mem::replace(self, Self { number: read, ago: Duration::ZERO });
        before.number
    }
}

impl RedisBackend {
    pub(super) fn purge_by(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        let mut command = script!("purged.lua");
        command.arg(1).arg(self.keys.state());
        let (before, time_ms): (String, u64) = self.line.ask(&command)?;
        // What expired by the clock of Redis, and no more, is gone there.
        let last_ms = text::read_time(&before);
        let by_ms = last_ms.map_or(now_ms, |last_ms| purge_after(last_ms, now_ms, elapsed)).min(time_ms);
        let first_kept = self.read_before.first_kept(self.read, elapsed);
        let mut command = script!("purge.lua");
        command.arg(3).arg(self.keys.state()).arg(self.keys.sharers()).arg(self.keys.news());
        command.arg(text::time(by_ms)).arg(first_kept.map(id).unwrap_or_default());
        self.line.ask::<()>(&command)?;
        Ok(by_ms)
    }
}
