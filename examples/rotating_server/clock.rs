//! A clock that is wrong by a fixed time, to see how servers whose clocks differ get along.

use sealed_session::{Clock, SystemClock};

/// The system's clock, and so many milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct OffsetClock {
    offset_ms: i64,
}

impl OffsetClock {
    /// Negative seconds make it slow.
    pub(crate) fn ahead_by(seconds: i32) -> Self {
        Self { offset_ms: i64::from(seconds) * 1000 }
    }
}

impl Clock for OffsetClock {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms().saturating_add_signed(self.offset_ms)
    }
}
