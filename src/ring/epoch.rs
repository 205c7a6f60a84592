//! Which epochs a rotating root accepts at a time. Pure arithmetic, in 128 bits so that nothing wraps.

use std::ops::{Range, RangeInclusive};

/// The most epochs that a root may accept at a time.
pub(crate) const MAX_ACCEPTED: u128 = 1024;

const DAY_S: u64 = 24 * 60 * 60;

/// How long an epoch or a superseded root is kept beyond the longest life of its tokens, in seconds, so that
/// an honest expiry still reads as `NotFound`.
pub(crate) fn grace_s(period_s: u64) -> u64 {
    period_s.max(DAY_S)
}

/// The epochs of one root at a time, and for how long they stay the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Epochs {
    /// All that are accepted.
    pub(crate) accepted: RangeInclusive<u64>,
    /// The one that seals, if the root does.
    pub(crate) current: u64,
    /// The times (ms) at which all of this is true.
    pub(crate) during: Range<u128>,
}

/// The epochs of a root that rotates every `period_s` seconds, at `now_ms`; a fixed root has the one epoch 0.
pub(crate) fn at(period_s: u64, now_ms: u64, max_ttl_s: u64, leeway_ms: u64) -> Epochs {
    if period_s == 0 {
        return Epochs { accepted: 0..=0, current: 0, during: 0..u128::MAX };
    }
    let (now, period) = (u128::from(now_ms), ms(period_s));
    let oldest = Step::behind(now, kept_ms(period_s, max_ttl_s), period);
    let current = Step::behind(now, 0, period);
    let newest = Step::ahead(now, leeway_ms.into(), period);
    let from = oldest.during.start.max(current.during.start).max(newest.during.start);
    let until = oldest.during.end.min(current.during.end).min(newest.during.end);
    Epochs { accepted: oldest.epoch..=newest.epoch, current: current.epoch, during: from..until }
}

/// The most epochs that such a root ever accepts at a time.
pub(crate) fn most_accepted(period_s: u64, max_ttl_s: u64, leeway_ms: u64) -> u128 {
    match ms(period_s) {
        0 => 1,
        period => (kept_ms(period_s, max_ttl_s) + u128::from(leeway_ms)).div_ceil(period) + 1,
    }
}

/// How long an epoch is accepted after it has ended.
fn kept_ms(period_s: u64, max_ttl_s: u64) -> u128 {
    ms(max_ttl_s) + ms(grace_s(period_s))
}

fn ms(seconds: u64) -> u128 {
    u128::from(seconds) * 1000
}

/// The epoch of a time that is shifted against now, and the times `now` for which it stays the same.
struct Step {
    epoch: u64,
    during: Range<u128>,
}

impl Step {
    fn behind(now: u128, by: u128, period: u128) -> Self {
        let epoch = now.saturating_sub(by) / period;
        let start = if epoch == 0 { 0 } else { epoch * period + by };
        Self { epoch: narrow(epoch), during: start..(epoch + 1) * period + by }
    }

    fn ahead(now: u128, by: u128, period: u128) -> Self {
        let last = u128::from(u64::MAX) / period;
        let epoch = ((now + by) / period).min(last);
        let until = if epoch == last { u128::MAX } else { ((epoch + 1) * period).saturating_sub(by) };
        Self { epoch: narrow(epoch), during: (epoch * period).saturating_sub(by)..until }
    }
}

/// An epoch is a time in seconds over a period of at least one, so it always fits.
fn narrow(epoch: u128) -> u64 {
    u64::try_from(epoch).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_TTL_S: u64 = 30 * DAY_S;
    const LEEWAY_MS: u64 = 60_000;
    /// 2026-11-18T12:53:20Z, within daily epoch 20775.
    const NOW_MS: u64 = 1_795_006_400_000;

    #[test]
    fn a_fixed_root_has_epoch_0_for_ever() {
        let epochs = at(0, u64::MAX, MAX_TTL_S, LEEWAY_MS);
        assert_eq!((epochs.accepted, epochs.current), (0..=0, 0));
        assert!(epochs.during.contains(&u128::from(u64::MAX)));
    }

    #[test]
    fn a_daily_root_accepts_31_days_back_and_none_ahead_until_the_leeway_reaches_it() {
        let epochs = at(DAY_S, NOW_MS, MAX_TTL_S, LEEWAY_MS);
        assert_eq!(epochs.current, 20_775);
        assert_eq!(epochs.accepted, 20_775 - 31..=20_775);
        let midnight = 20_776 * DAY_S * 1000;
        assert_eq!(at(DAY_S, midnight - LEEWAY_MS - 1, MAX_TTL_S, LEEWAY_MS).accepted.end(), &20_775);
        assert_eq!(at(DAY_S, midnight - LEEWAY_MS, MAX_TTL_S, LEEWAY_MS).accepted.end(), &20_776);
        assert_eq!(at(DAY_S, midnight - 1, MAX_TTL_S, LEEWAY_MS).current, 20_775);
        assert_eq!(at(DAY_S, midnight, MAX_TTL_S, LEEWAY_MS).current, 20_776);
    }

    #[test]
    fn a_period_longer_than_a_day_is_its_own_grace() {
        let week = 7 * DAY_S;
        let epochs = at(week, NOW_MS, MAX_TTL_S, LEEWAY_MS);
        let now_s = NOW_MS / 1000;
        assert_eq!(epochs.accepted, (now_s - MAX_TTL_S - week) / week..=now_s / week);
    }

    #[test]
    fn the_answer_holds_exactly_as_long_as_it_says() {
        for period_s in [1, 7, 3600, DAY_S, 7 * DAY_S] {
            for now in [0, 1, 59_999, 3_600_000, 31 * DAY_S * 1000 + 5, NOW_MS] {
                let epochs = at(period_s, now, 3 * 3600, 90_001);
                assert!(epochs.during.contains(&u128::from(now)));
                let same = |at_ms: u128| {
                    let then = at(period_s, u64::try_from(at_ms).unwrap(), 3 * 3600, 90_001);
                    (then.accepted, then.current) == (epochs.accepted.clone(), epochs.current)
                };
                assert!(same(epochs.during.start) && same(epochs.during.end - 1), "{period_s} {now}");
                assert!(!same(epochs.during.end), "{period_s} {now}");
                assert!(epochs.during.start == 0 || !same(epochs.during.start - 1), "{period_s} {now}");
            }
        }
    }

    #[test]
    fn extreme_times_and_periods_do_not_wrap() {
        for period_s in [1, DAY_S, u64::MAX] {
            for now in [0, u64::MAX] {
                for (max_ttl_s, leeway_ms) in [(0, 0), (u64::MAX, u64::MAX)] {
                    let epochs = at(period_s, now, max_ttl_s, leeway_ms);
                    assert!(epochs.accepted.contains(&epochs.current));
                    assert!(epochs.during.contains(&u128::from(now)));
                }
            }
        }
    }

    #[test]
    fn no_epoch_is_ahead_of_the_last_time() {
        let epochs = at(DAY_S, u64::MAX - 1, MAX_TTL_S, u64::MAX);
        assert_eq!(epochs.accepted.end(), &(u64::MAX / (DAY_S * 1000)));
    }

    #[test]
    fn no_window_is_larger_than_the_most_that_was_promised() {
        for period_s in [1, 61, 3600, DAY_S, 40 * DAY_S] {
            let most = most_accepted(period_s, MAX_TTL_S, LEEWAY_MS);
            for now in (NOW_MS..NOW_MS + 200 * DAY_S * 1000).step_by(7_777_777_777) {
                let accepted = at(period_s, now, MAX_TTL_S, LEEWAY_MS).accepted;
                assert!(u128::from(accepted.end() - accepted.start()) < most);
            }
        }
    }
}
