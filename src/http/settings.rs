//! What a session layer does on its own: when a session's life is extended, and when there is one.

use std::time::Duration;

use crate::clock::millis;
use crate::error::ConfigError;
use crate::policy::ResealPolicy;
use crate::record::Times;

/// When a layer extends the life of a session that is used: by its own TTL again, within its absolute lifetime.
/// A response that carries a changed session extends it at the same time, if it is due.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::http::Renewal;
///
/// // At most once in five minutes, and only with pages, not with what they load.
/// let renewal = Renewal::default().at_most_every(Duration::from_secs(300)).with_documents_only();
/// let never = Renewal::never();
/// # let _ = (renewal, never);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    below_percent: u8,
    at_most_every_ms: u64,
    documents_only: bool,
}

impl Default for Renewal {
    /// When less than 80 % of its TTL are left.
    fn default() -> Self {
        Self { below_percent: 80, at_most_every_ms: 0, documents_only: false }
    }
}

impl Renewal {
    /// Sessions end when their first TTL is over, however often they are used.
    #[must_use]
    pub fn never() -> Self {
        Self { below_percent: 0, ..Self::default() }
    }

    /// Extends a session when less than so many percent of its TTL (its expiry minus its last renewal) are left.
    /// 0 is never; with 100 and more, every response that used the session carries a new cookie.
    #[must_use]
    pub fn below_percent(self, percent: u8) -> Self {
        Self { below_percent: percent, ..self }
    }

    /// Extends a session at most once in this time: less than the longest that a session lives without being extended,
    /// or the layer is not built. Default no limit.
    #[must_use]
    pub fn at_most_every(self, interval: Duration) -> Self {
        Self { at_most_every_ms: millis(interval), ..self }
    }

    /// Extends and re-seals unchanged sessions only in answer to requests for a page, also one inside another
    /// (`Sec-Fetch-Dest` is `document`, `iframe`, `frame`, `fencedframe`, `embed`, `object`, or absent). A cookie that only extends a session can undo the change of a request that ran beside
    /// it; a page and its scripts rarely do.
    #[must_use]
    pub fn with_documents_only(self) -> Self {
        Self { documents_only: true, ..self }
    }

    /// Refuses an interval within which every session is over.
    pub(super) fn check(self, longest_ms: u64) -> Result<(), ConfigError> {
        if self.below_percent == 0 || self.at_most_every_ms < longest_ms {
            return Ok(());
        }
        Err(ConfigError(format!(
            "sessions are extended at most every {} ms, and none lives for longer than {longest_ms} ms without that: \
             shorten at_most_every, or use Renewal::never()",
            self.at_most_every_ms
        )))
    }

    pub(super) fn is_for_documents_only(self) -> bool {
        self.documents_only
    }

    /// Whether a session with these times is to be extended now.
    pub(super) fn is_due(self, times: Times, expires_at_ms: u64, now_ms: u64) -> bool {
        let ttl = times.expires.saturating_sub(times.renewed);
        let left = expires_at_ms.saturating_sub(now_ms);
        // At 100 % also in the millisecond in which it was renewed.
        let short = match self.below_percent {
            percent @ 0..100 => u128::from(left) * 100 < u128::from(ttl) * u128::from(percent),
            _ => true,
        };
        short && now_ms.saturating_sub(times.renewed) >= self.at_most_every_ms
    }
}

/// When a layer begins a session for a client that has none.
///
/// ```
/// use sealed_session::http::Creation;
///
/// assert_eq!(Creation::default(), Creation::WhenStored);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Creation {
    /// When something is stored in it, a user is logged in, or a CSRF token asked for.
    #[default]
    WhenStored,
    /// With the first response.
    Always,
}

/// What a layer is set to do on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) renewal: Renewal,
    pub(super) reseal: ResealPolicy,
    pub(super) creation: Creation,
    pub(super) save_on_server_error: bool,
    pub(super) open_unread: bool,
    /// After so long a request, what no handler asked for is not sent.
    pub(super) late_after_ms: u64,
    /// What the data of an anonymous session leave free.
    pub(super) user_id_room: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            renewal: Renewal::default(),
            reseal: ResealPolicy::default(),
            creation: Creation::default(),
            save_on_server_error: false,
            open_unread: false,
            late_after_ms: 60_000,
            user_id_room: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { created: 0, renewed: 1_000, expires: 2_000 };

    fn is_due(renewal: Renewal, now_ms: u64) -> bool {
        renewal.is_due(TIMES, TIMES.expires, now_ms)
    }

    #[test]
    fn a_session_is_due_below_its_percentage() {
        for (percent, from) in [(80, 1_201), (50, 1_501), (1, 1_991)] {
            let renewal = Renewal::default().below_percent(percent);
            assert!(!is_due(renewal, from - 1) && is_due(renewal, from), "{percent} %");
        }
        assert!(!is_due(Renewal::never(), 1_999));
        for always in [100, u8::MAX] {
            assert!(is_due(Renewal::default().below_percent(always), 1_000));
        }
    }

    #[test]
    fn an_interval_within_which_every_session_is_over_is_refused() {
        let every = |ms| Renewal::default().at_most_every(Duration::from_millis(ms));
        assert!(every(0).check(1).is_ok() && every(999).check(1_000).is_ok());
        for never in [every(1_000), every(1_001), Renewal::default().at_most_every(Duration::MAX)] {
            let error = never.check(1_000).unwrap_err().to_string();
            assert!(error.contains("none lives for longer than 1000 ms"), "{error}");
            assert!(never.below_percent(0).check(1_000).is_ok(), "it was not to be extended anyway");
        }
    }

    #[test]
    fn a_session_is_not_due_again_within_the_interval() {
        let renewal = Renewal::default().at_most_every(Duration::from_millis(600));
        assert!(!is_due(renewal, 1_599) && is_due(renewal, 1_600));
        assert!(!is_due(renewal, 900), "renewed by a server whose clock is ahead");
    }
}
