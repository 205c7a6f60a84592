//! The clock on the wall, which operators set, by the one that nobody sets.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// By so much a clock on the wall may have been put right meanwhile without any notice.
const CLOCK_TOLERANCE_MS: u64 = 1_000;

/// How the clock on the wall differs from the monotonic one. Since when things are known is kept by the latter, which nobody
/// sets, and told by the former: whoever puts an entry down with a time that was read before the clock was put right would
/// otherwise keep it so.
#[derive(Default)]
pub(super) struct Wall {
    /// By so much it is ahead, modulo 2^64.
    ahead_ms: AtomicU64,
    is_known: AtomicBool,
    was_set: AtomicBool,
}

impl Wall {
    /// What it says when the monotonic clock says this.
    pub(super) fn of(&self, monotonic_ms: u64) -> u64 {
        let ahead_ms = self.ahead_ms.load(Ordering::Acquire);
        let now_ms = monotonic_ms.wrapping_add(ahead_ms);
        // Before its zero there is nothing.
        if ahead_ms > u64::MAX / 2 && now_ms > monotonic_ms { 0 } else { now_ms }
    }

    /// Both clocks, as they are now.
    pub(super) fn follow(&self, now_ms: u64, monotonic_ms: u64) {
        let ahead_ms = now_ms.wrapping_sub(monotonic_ms);
        let before_ms = self.ahead_ms.load(Ordering::Acquire);
        if !self.is_known.swap(true, Ordering::AcqRel) {
            self.ahead_ms.store(ahead_ms, Ordering::Release);
        } else if ahead_ms.wrapping_sub(before_ms).cast_signed().unsigned_abs() > CLOCK_TOLERANCE_MS {
            self.ahead_ms.store(ahead_ms, Ordering::Release);
            self.was_set.store(true, Ordering::Release);
        }
    }

    /// Whether it was ever set, and may have been set again since it was last looked at.
    #[inline]
    pub(super) fn was_set(&self) -> bool {
        self.was_set.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_on_the_wall_that_says_less_than_the_monotonic_one_is_followed_to_its_zero() {
        let wall = Wall::default();
        wall.follow(1_000, 5_000);
        assert_eq!([5_500, 4_000, 3_999].map(|monotonic_ms| wall.of(monotonic_ms)), [1_500, 0, 0]);
        assert!(!wall.was_set());
        wall.follow(2_500, 5_500);
        assert_eq!(wall.of(5_500), 1_500, "a second is tolerated");
        wall.follow(2_501, 5_500);
        assert_eq!(wall.of(5_500), 2_501);
        assert!(wall.was_set());
    }
}
