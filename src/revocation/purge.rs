//! By which time things are purged: not simply by a clock, which may be wrong for a while.

use std::time::Duration;

/// Faster than time passes, so that servers which were off for long catch up.
const AT_MOST: u64 = 10;

/// The time by which to purge, after it was `before_ms` (nothing where nobody purged yet) and so much time passed: the
/// clock's, but not further on than ten times that. A clock that is behind moves it back.
///
/// | Clock | Time by which to purge |
/// |---|---|
/// | right | the clock's |
/// | right, after nobody ran for a month | the clock's, within three days |
/// | a month ahead, for a minute | ten minutes ahead |
/// | behind | the clock's: nothing is purged before its time |
pub(crate) fn purge_by(before_ms: Option<u64>, now_ms: u64, elapsed: Duration) -> u64 {
    let elapsed_ms = crate::clock::millis(elapsed).saturating_mul(AT_MOST);
    before_ms.map_or(now_ms, |before_ms| now_ms.min(before_ms.saturating_add(elapsed_ms)))
}

/// Entries that ran out longer ago say nothing of what time it may be.
const YEAR_MS: u64 = 366 * 24 * 3600 * 1000;

/// Since when entries that ran out are looked at, where nobody purged yet.
pub(crate) fn looked_at_from(now_ms: u64) -> u64 {
    now_ms.saturating_sub(YEAR_MS)
}

/// So long before the first of the entries runs out the time to purge by begins, where nobody purged yet.
const MONTH_MS: u64 = 31 * 24 * 3600 * 1000;

/// The time by which to purge where nobody purged yet: long before the first of the entries runs out, since the clock of
/// the first that purges may be wrong as well. It has caught up after three and a half days; what has run out meanwhile
/// stays for so much longer. Without entries there is nothing to remove.
pub(crate) fn before_first(first_until_ms: Option<u64>, now_ms: u64) -> Option<u64> {
    first_until_ms.map(|until_ms| until_ms.saturating_sub(MONTH_MS).min(now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_purges_begins_long_before_anything_runs_out() {
        const DAY: u64 = 24 * 3600 * 1000;

        assert_eq!(before_first(None, 100 * DAY), None);
        assert_eq!(before_first(Some(100 * DAY), 70 * DAY), Some(69 * DAY), "a right clock");
        assert_eq!(before_first(Some(100 * DAY), 110 * DAY), Some(69 * DAY), "a clock that is ahead");
        assert_eq!(before_first(Some(100 * DAY), 60 * DAY), Some(60 * DAY), "a longer lifetime");
    }

    #[test]
    fn the_time_to_purge_by_follows_the_clock_but_not_its_leaps() {
        let by = |before, now, seconds| purge_by(before, now, Duration::from_secs(seconds));
        assert_eq!(by(None, 500, 0), 500);
        assert_eq!(by(Some(1_000), 61_000, 60), 61_000);
        assert_eq!(by(Some(1_000), 2_764_800_000, 60), 601_000, "a clock 32 days ahead, for a minute");
        assert_eq!(by(Some(601_000), 121_000, 60), 121_000, "and right again");
        assert_eq!(by(Some(1_000), u64::MAX, u64::MAX), u64::MAX);
    }
}
