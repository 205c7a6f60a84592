//! Who shares a list, and for how long what is revoked has to be kept because of them.

/// A server, or a process of one, that goes by a list of revocations: the limits that it opens sessions by. The backend
/// keeps them, so that what one server revokes is kept for as long as any other could open it. Times in milliseconds.
///
/// ```
/// use sealed_session::revocation::Sharer;
///
/// let sharer = Sharer {
///     id: [7; 16],
///     max_ttl_ms: 900_000,
///     max_lifetime_ms: 43_200_000,
///     leeway_ms: 60_000,
///     poll_ms: 500,
///     refuse_after_ms: None,
///     seen_at_ms: 1_795_003_200_000,
/// };
/// assert!(sharer.max_ttl_ms < sharer.max_lifetime_ms);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharer {
    /// Drawn when it starts.
    pub id: [u8; 16],
    /// The longest TTL of its stores.
    pub max_ttl_ms: u64,
    /// The longest lifetime of its stores.
    pub max_lifetime_ms: u64,
    /// By how much it lets clocks differ.
    pub leeway_ms: u64,
    /// How often it asks for news.
    pub poll_ms: u64,
    /// After how long without any it refuses all sessions, if it does.
    pub refuse_after_ms: Option<u64>,
    /// When it last wrote this down, in milliseconds since 1970.
    pub seen_at_ms: u64,
}

impl Sharer {
    /// When it can be forgotten: no session that it sealed or accepts lives any more, should it be gone.
    #[must_use]
    pub fn until_ms(&self) -> u64 {
        self.seen_at_ms
            .saturating_add(self.max_lifetime_ms)
            .saturating_add(self.leeway_ms)
            .saturating_add(self.poll_ms)
    }

    /// Whether nothing has to be kept for longer because of the other one as well.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.until_ms() >= other.until_ms() && Retention::of([self]).covers(Retention::of([other]))
    }
}

/// For how long what is revoked is kept.
///
/// | Who shares the list | A copy of a session can last be opened |
/// |---|---|
/// | anybody who goes on without news | at the end of the longest lifetime |
/// | only those that refuse without news | a longest TTL after the last of them has heard of it or refuses |
///
/// and that much later by clocks that differ, and by a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Retention {
    lifetime_ms: u64,
    slack_ms: u64,
    poll_ms: u64,
    /// Only where everyone refuses without news: for how long from now.
    from_now_ms: Option<u64>,
    /// It is this late, as a server said whose clock may be right: the one here may be behind.
    latest_ms: u64,
}

impl Retention {
    /// By the largest of each of their limits.
    pub(crate) fn of<'a>(sharers: impl IntoIterator<Item = &'a Sharer>) -> Self {
        let mut all = Self { from_now_ms: Some(0), ..Self::default() };
        let (mut ttl_ms, mut refuse_ms, mut leeway_ms) = (0, Some(0_u64), 0);
        for sharer in sharers {
            ttl_ms = sharer.max_ttl_ms.max(ttl_ms);
            all.lifetime_ms = sharer.max_lifetime_ms.max(all.lifetime_ms);
            leeway_ms = sharer.leeway_ms.max(leeway_ms);
            all.poll_ms = sharer.poll_ms.max(all.poll_ms);
            refuse_ms = refuse_ms.zip(sharer.refuse_after_ms).map(|(one, other)| one.max(other));
        }
        all.slack_ms = u64::saturating_add(leeway_ms, all.poll_ms);
        all.from_now_ms = refuse_ms.map(|refuse_ms| refuse_ms.saturating_add(ttl_ms));
        all
    }

    /// By a clock that says this time, or by that of the server which asks, whichever is later.
    pub(super) fn as_of(self, latest_ms: u64) -> Self {
        Self { latest_ms, ..self }
    }

    /// After how long everybody who has a connection has asked for news.
    pub(crate) fn poll_ms(self) -> u64 {
        self.poll_ms
    }

    /// Until when a session that was created then has to be known as revoked.
    pub(crate) fn of_session(self, created_at_ms: u64, now_ms: u64) -> u64 {
        let by_lifetime = created_at_ms.saturating_add(self.lifetime_ms);
        let now_ms = now_ms.max(self.latest_ms).max(created_at_ms);
        let by_refusing = self.from_now_ms.map_or(u64::MAX, |from_now_ms| now_ms.saturating_add(from_now_ms));
        by_lifetime.min(by_refusing).saturating_add(self.slack_ms)
    }

    /// Until when it has to be known of anything that there is by now that it is revoked: a session, or what a device has
    /// got. Its identifier may live as long as a session, and nothing that sessions need between ends it sooner.
    pub(crate) fn of_anything(self, now_ms: u64) -> u64 {
        now_ms.max(self.latest_ms).saturating_add(self.lifetime_ms).saturating_add(self.slack_ms)
    }

    /// Whether what was kept by this is kept for long enough by another as well.
    pub(crate) fn covers(self, other: Self) -> bool {
        let by_refusing = |retention: Self| retention.from_now_ms.unwrap_or(u64::MAX);
        self.lifetime_ms >= other.lifetime_ms
            && self.slack_ms >= other.slack_ms
            && by_refusing(self) >= by_refusing(other)
    }

    /// Until when it has to be known that sessions created before a time are revoked.
    pub(crate) fn of_all_before(self, created_before_ms: u64, now_ms: u64) -> u64 {
        self.of_session(created_before_ms, now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Sharer = Sharer {
        id: [1; 16],
        max_ttl_ms: 10,
        max_lifetime_ms: 100,
        leeway_ms: 3,
        poll_ms: 1,
        refuse_after_ms: None,
        seen_at_ms: 1_000,
    };

    #[test]
    fn a_session_is_kept_until_the_longest_lifetime_of_any_sharer_is_over() {
        let long = Sharer { id: [2; 16], max_lifetime_ms: 500, leeway_ms: 2, ..SHORT };
        assert_eq!(Retention::of([&SHORT]).of_session(1_000, 1_050), 1_104);
        assert_eq!(Retention::of([&SHORT, &long]).of_session(1_000, 1_050), 1_504);
        assert_eq!(Retention::of([&long, &SHORT]).of_all_before(1_060, 1_050), 1_564);
    }

    #[test]
    fn it_is_kept_for_less_only_where_all_refuse_without_news() {
        let refuses = |after| Sharer { refuse_after_ms: Some(after), ..SHORT };
        assert_eq!(Retention::of([&refuses(5), &refuses(7)]).of_session(1_000, 1_050), 1_050 + 17 + 4);
        assert_eq!(Retention::of([&refuses(5), &SHORT]).of_session(1_000, 1_050), 1_104);
        assert_eq!(Retention::of([&refuses(5)]).of_session(1_000, 1_095), 1_104, "never beyond the lifetime");
        assert_eq!(Retention::of([&refuses(5)]).of_all_before(1_060, 1_050), 1_060 + 15 + 4);
    }

    #[test]
    fn a_clock_that_is_behind_does_not_shorten_it() {
        let retention = Retention::of([&Sharer { refuse_after_ms: Some(5), ..SHORT }]);
        let longest = Sharer { refuse_after_ms: Some(5), max_lifetime_ms: 1_000, ..SHORT };
        assert_eq!(retention.of_session(1_000, 900), 1_000 + 15 + 4, "a session that began in its future");
        let retention = Retention::of([&longest]);
        assert_eq!(retention.as_of(1_500).of_session(1_000, 900), 1_500 + 15 + 4);
        assert_eq!(retention.as_of(800).of_session(800, 900), 900 + 15 + 4);
        assert_eq!(retention.as_of(1_500).of_anything(900), 1_500 + 1_000 + 4);
        assert_eq!(retention.as_of(800).of_anything(900), 900 + 1_000 + 4);
    }

    #[test]
    fn what_a_device_has_is_kept_for_the_longest_lifetime_even_where_all_refuse_without_news() {
        let refuses = Sharer { refuse_after_ms: Some(5), ..SHORT };
        let long = Sharer { id: [2; 16], max_lifetime_ms: 500, ..refuses };
        assert_eq!(Retention::of([&refuses]).of_anything(1_050), 1_154);
        assert_eq!(Retention::of([&refuses, &long]).of_anything(1_050), 1_554);
    }

    #[test]
    fn whoever_opens_sessions_for_longer_is_not_covered() {
        let refuses = |after| Retention::of([&Sharer { refuse_after_ms: Some(after), ..SHORT }]);
        let short = Retention::of([&SHORT]);
        assert!(short.covers(short) && short.covers(refuses(5)) && refuses(6).covers(refuses(5)));
        assert!(!refuses(5).covers(short) && !refuses(5).covers(refuses(6)));
        for longer in [
            Sharer { max_lifetime_ms: 101, ..SHORT },
            Sharer { leeway_ms: 4, ..SHORT },
            Sharer { poll_ms: 2, ..SHORT },
        ] {
            assert!(!short.covers(Retention::of([&longer])), "{longer:?}");
        }
        let longer_ttl = Sharer { max_ttl_ms: 11, refuse_after_ms: Some(5), ..SHORT };
        assert!(!refuses(5).covers(Retention::of([&longer_ttl])));
    }

    #[test]
    fn a_sharer_stands_for_another_that_opens_nothing_for_longer_and_is_gone_sooner() {
        let later = Sharer { seen_at_ms: 1_001, ..SHORT };
        assert!(SHORT.covers(&SHORT) && later.covers(&SHORT) && !SHORT.covers(&later));
        let longer = Sharer { max_lifetime_ms: 101, ..SHORT };
        assert!(longer.covers(&SHORT) && !later.covers(&longer));
    }

    #[test]
    fn no_time_wraps() {
        let endless = Sharer { max_ttl_ms: u64::MAX, max_lifetime_ms: u64::MAX, ..SHORT };
        assert_eq!(Retention::of([&endless]).of_session(7, 9), u64::MAX);
        assert_eq!(Sharer { seen_at_ms: u64::MAX, ..SHORT }.until_ms(), u64::MAX);
    }
}
