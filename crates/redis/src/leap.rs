//! Whether the clock of Redis was set: entries expire by it, so that while it is ahead some are gone too early.

use std::time::{Duration, Instant};

/// What is no leap of a clock, besides a thousandth of the time that passed, by which clocks drift.
const TOLERANCE: Duration = Duration::from_secs(1);

/// What time it was there, at some moment between question and answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeThere {
    pub(super) time_ms: u64,
    pub(super) asked: Instant,
    pub(super) answered: Instant,
}

impl TimeThere {
    /// Whether more time has passed there than here, or less.
    ///
    /// | Passed here | Passed there | |
    /// |---|---|---|
    /// | 500 ms, answers took 100 ms | 400 to 600 ms, give or take the tolerance | as here |
    /// | 500 ms | a month | it was set ahead |
    /// | 500 ms | less than nothing | it was set back |
    pub(super) fn has_leapt_since(&self, before: &Self) -> bool {
        let least = self.asked.saturating_duration_since(before.answered);
        let most = self.answered.saturating_duration_since(before.asked);
        let tolerance = TOLERANCE.saturating_add(most / 1000);
        let there = Duration::from_millis(self.time_ms.saturating_sub(before.time_ms));
        let back = Duration::from_millis(before.time_ms.saturating_sub(self.time_ms));
        there > most.saturating_add(tolerance) || there.saturating_add(tolerance) < least.saturating_add(back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_drifts_and_from_slow_answers() {
        let start = Instant::now();
        let at = |time_ms, asked_ms, answered_ms| TimeThere {
            time_ms,
            asked: start + Duration::from_millis(asked_ms),
            answered: start + Duration::from_millis(answered_ms),
        };
        let before = at(1_000_000, 0, 100);
        for (now, has_leapt) in [
            (at(1_000_500, 500, 600), false),
            (at(1_001_599, 500, 600), false),
            (at(1_001_601, 500, 600), true),
            (at(999_401, 500, 600), false),
            (at(999_399, 500, 600), true),
            (at(0, 500, 600), true),
            (at(u64::MAX, 500, 600), true),
            (at(1_005_000, 500, 5_000), false),
            (at(1_000_500, 500, 5_000), false),
            (at(87_380_000, 86_300_000, 86_300_100), false),
            (at(87_400_000, 86_300_000, 86_300_100), true),
        ] {
            assert_eq!(now.has_leapt_since(&before), has_leapt, "{now:?}");
        }
    }
}
