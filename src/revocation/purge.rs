//! By which time things are purged: not simply by a clock, which may be wrong for a while.

use std::time::Duration;

/// Faster than time passes, so that servers which were off for long catch up.
const AT_MOST: u64 = 10;

/// The time by which to purge, in milliseconds since 1970, after it was `last_ms` and so much time passed: the clock's, but
/// not further on than ten times that. A clock that is behind moves it back.
///
/// | Clock | Time by which to purge |
/// |---|---|
/// | right | the clock's |
/// | right, after nobody ran for a month | the clock's, within three days |
/// | a month ahead, for a minute | ten minutes ahead |
/// | behind | the clock's: nothing is purged before its time |
///
/// ```
/// use std::time::Duration;
/// use sealed_session::revocation::backend::purge_after;
///
/// let minute = Duration::from_secs(60);
/// assert_eq!(purge_after(1_000, 61_000, minute), 61_000);
/// assert_eq!(purge_after(1_000, 2_764_800_000, minute), 601_000); // a clock that is 32 days ahead
/// ```
#[must_use]
pub fn purge_after(last_ms: u64, now_ms: u64, elapsed: Duration) -> u64 {
    let elapsed_ms = crate::clock::millis(elapsed).saturating_mul(AT_MOST);
    now_ms.min(last_ms.saturating_add(elapsed_ms))
}

/// The time by which to purge, in milliseconds since 1970, after it was `last_ms` and so much time passed; nothing where
/// there is nothing to remove yet.
///
/// Where nobody purged yet, it begins a month before the first of the entries is over, since the clock of whoever purges
/// first may be wrong as well. It has caught up after three and a half days. `first_after` tells when the first entry is
/// over ([`until_ms`](super::Revocation::until_ms)) of those that are so later than a time.
///
/// # Errors
/// Those of `first_after`.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::revocation::backend::{BackendError, purge_time};
///
/// const DAY: u64 = 86_400_000;
///
/// let untils = [20_000 * DAY, 20_100 * DAY];
/// let first_after = |ms| Ok::<_, BackendError>(untils.into_iter().filter(|until_ms| *until_ms > ms).min());
/// let now_ms = 20_030 * DAY; // ten days past the first of them, says this clock
/// let first = purge_time(None, now_ms, Duration::ZERO, first_after)?;
/// assert_eq!(first, Some(19_969 * DAY));
/// assert_eq!(purge_time(first, now_ms, Duration::from_secs(86_400), first_after)?, Some(19_979 * DAY));
/// # Ok::<(), BackendError>(())
/// ```
pub fn purge_time<E>(
    last_ms: Option<u64>,
    now_ms: u64,
    elapsed: Duration,
    first_after: impl FnOnce(u64) -> Result<Option<u64>, E>,
) -> Result<Option<u64>, E> {
    match last_ms {
        Some(last_ms) => Ok(Some(purge_after(last_ms, now_ms, elapsed))),
        None => Ok(before_first(first_after(now_ms.saturating_sub(YEAR_MS))?, now_ms)),
    }
}

/// Entries that ran out longer ago say nothing of what time it may be.
const YEAR_MS: u64 = 366 * 24 * 3600 * 1000;

/// So long before the first of the entries runs out the time to purge by begins, where nobody purged yet.
const MONTH_MS: u64 = 31 * 24 * 3600 * 1000;

/// What has run out until the time to purge by has caught up stays for so much longer.
fn before_first(first_until_ms: Option<u64>, now_ms: u64) -> Option<u64> {
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
        let by = |last, now, seconds| purge_after(last, now, Duration::from_secs(seconds));
        assert_eq!(by(1_000, 61_000, 60), 61_000);
        assert_eq!(by(1_000, 2_764_800_000, 60), 601_000, "a clock 32 days ahead, for a minute");
        assert_eq!(by(601_000, 121_000, 60), 121_000, "and right again");
        assert_eq!(by(1_000, u64::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn entries_that_ran_out_a_year_ago_say_nothing_of_what_time_it_is() {
        let (now_ms, mut from_ms) = (2 * YEAR_MS, None);
        let first_after = |ms| {
            from_ms = Some(ms);
            Ok::<_, std::convert::Infallible>(None)
        };
        assert_eq!(purge_time(None, now_ms, Duration::ZERO, first_after), Ok(None));
        assert_eq!(from_ms, Some(YEAR_MS));
    }
}
