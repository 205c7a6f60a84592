//! The second session of a request: what a cookie of its own has in it.

use super::{Checked, Ending, Oracle, Trace, hold};
use crate::script::{MINUTE, Site};

/// So long it is good for sure: it lives for a day.
const SURE_MS: u64 = 12 * 60 * MINUTE;

impl Oracle {
    /// A middleware has looked at the second session, and has written to it.
    pub(super) fn counted(&self, trace: &mut Trace, seen: u64, counted: bool) -> Checked {
        let expected = match &trace.other {
            None => Some(0),
            Some(token) => {
                let known = self.counts.get(token);
                known.filter(|(_, at_ms)| trace.head_ms - at_ms < SURE_MS).map(|(count, _)| *count)
            }
        };
        trace.counted = counted.then_some(seen);
        let fits = self.wild || expected.is_none_or(|expected| seen == expected);
        hold(fits, "each cookie has its session", || format!("{expected:?} was sent, and {seen} is seen"))
    }

    /// What an answer sets of it.
    pub fn keeps_count(
        &mut self,
        trace: &mut Trace,
        ending: &Ending<'_>,
        site: Site,
        sent: Option<String>,
    ) -> Checked {
        let Some(seen) = trace.counted else { return Ok(()) };
        let counts = ending.status.is_some_and(|status| status < 500 && status != 408);
        let is_held_back = matches!(site, Site::Post | Site::Frame) && trace.other.is_none();
        let expected = counts && !is_held_back && !self.wild;
        hold(!expected || sent.is_some(), "each cookie has its session", || format!("{seen} is not sent"))?;
        trace.is_kept_out = sent.is_some() && trace.policy.nested;
        if let Some(sent) = sent {
            self.counts.insert(sent, (seen + 1, ending.now_ms));
        }
        Ok(())
    }
}
