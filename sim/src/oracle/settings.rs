//! What the settings of a layer promise.

use super::device::Shows;
use super::{Checked, Ending, Oracle, Trace, hold};
use crate::records::refuses;
use crate::script::{MINUTE, SECOND};

impl Oracle {
    pub(super) fn check_settings(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        self.check_ttl(trace, ending)?;
        Self::check_cookie_life(trace, ending)?;
        self.check_persistence(trace, ending)?;
        Self::check_what_is_over(trace, ending)?;
        self.check_lifetime(trace, ending)?;
        let settings = trace.policy.settings;
        let in_time = ending.took_ms(trace).1 < settings.late_ms();
        let begins = !trace.brings_session() && !trace.held_back && !trace.out && trace.saw.is_some();
        let may_refuse = refuses(trace.policy, self.lists.age_ms(trace.server, trace.looked_ms)).1;
        let may_begin =
            begins && ending.can_seal && !may_refuse && in_time && !trace.public && trace.counts(ending);
        let expected = settings.always && may_begin;
        hold(
            !expected || !ending.sets.is_empty() || trace.login.is_some(),
            "every client gets a session",
            || "none is sent".into(),
        )
    }

    /// What goes on, under whatever uid and in whatever cookie, has the lifetime that it came with.
    fn check_lifetime(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let seen = trace.saw.as_ref().and_then(|saw| saw.uid);
        let Some(came) = self.came(trace).filter(|came| seen == Some(came.uid)) else { return Ok(()) };
        for (_, token) in ending.sets.iter().flatten() {
            let goes_on = self.forms.get(&token.uid).is_some_and(|form| form.born_ms < trace.head_ms);
            hold(
                !goes_on || token.created_ms == came.created_ms,
                "only a login restarts the absolute lifetime",
                || format!("{came:?} goes on as {token:?}"),
            )?;
        }
        Ok(())
    }

    /// A session lives for as long as was asked for, within the limits of the server.
    fn check_ttl(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let (max_ms, lifetime_ms) = (trace.policy.ttl_min * MINUTE, trace.policy.lifetime_min * MINUTE);
        for (_, token) in ending.sets.iter().flatten() {
            let lives_ms = token.expires_ms.saturating_sub(token.renewed_ms);
            let most_ms = (token.created_ms + lifetime_ms).saturating_sub(token.renewed_ms);
            let asked_ms = trace.ttl_ms.map(|ms| if ms == 0 { max_ms } else { ms.min(max_ms) }.min(most_ms));
            hold(
                asked_ms.is_none_or(|asked_ms| lives_ms == asked_ms),
                "a session has the TTL asked for",
                || format!("{token:?} lives for {lives_ms} ms, and not {asked_ms:?}"),
            )?;
        }
        Ok(())
    }

    /// A browser keeps a cookie for as long as its session lives, in whole seconds, or until it closes.
    pub(super) fn check_cookie_life(trace: &Trace, ending: &Ending<'_>) -> Checked {
        let (took_ms, most_ms) = ending.took_ms(trace);
        if took_ms != most_ms {
            return Ok(());
        }
        let (first_ms, last_ms) = (trace.head_there_ms, ending.now_there_ms);
        for (_, token) in ending.sets.iter().flatten() {
            let until_ms = trace.policy.until_ms(token);
            let (least_ms, most_ms) = (until_ms.saturating_sub(last_ms), until_ms.saturating_sub(first_ms));
            let fits = |life_s: Option<u64>| match life_s {
                None => trace.policy.settings.browser_session,
                Some(_) if trace.policy.settings.browser_session => false,
                Some(life_s) => life_s * SECOND >= least_ms && life_s * SECOND < most_ms + SECOND,
            };
            let lives: Vec<_> = ending.sent.lives_s(token.kind).collect();
            let all_fit = !lives.is_empty() && lives.iter().all(|life_s| fits(*life_s));
            hold(all_fit, "a cookie lives as long as its session", || {
                format!("{lives:?} s of {least_ms} to {most_ms} ms: {token:?}")
            })?;
        }
        Ok(())
    }

    /// What a handler was told at last is what the answer does.
    fn check_persistence(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let (Some(saw), Some(last)) = (&trace.saw, &trace.last) else { return Ok(()) };
        let stays = trace.anyway && !trace.is_invalidated && last.kept.is_some();
        hold(!stays, "a cookie that is waived stays no longer", || format!("{last:?}"))?;
        // While it waits for the backend, it may learn of more.
        let waits = trace.last_ms != ending.now_ms || trace.out;
        if !trace.counts(ending) || trace.is_invalidated || waits {
            return Ok(());
        }
        // What a login, a cycle or a move to a device has to record is known only when that is there.
        let came = self.came(trace);
        let may_move = came.as_ref().is_some_and(|came| self.moves(trace, came).1 != Shows::Not);
        let records = trace.login.or(trace.cycled).is_some() || may_move;
        let ended = came.and_then(|came| self.forms.get(&came.uid)).is_some_and(|form| !form.is_going_on());
        if records && (ended || self.lists.was_revoked(last.user.as_deref())) {
            return Ok(());
        }
        let changed = !saw.has_data_of(last) && last.has_data();
        let sent = !ending.sets.is_empty();
        hold(!last.is_sent || !changed || sent || !ending.can_seal, "a handler knows what is sent", || {
            format!("{last:?}, and nothing is sent")
        })?;
        hold(last.is_sent || !sent, "a handler knows what is sent", || format!("{last:?}, and it is sent"))
    }

    /// The cookie of what ended some time ago goes, or another takes its place.
    fn check_what_is_over(trace: &Trace, ending: &Ending<'_>) -> Checked {
        let kept = trace.last.as_ref().is_none_or(|last| last.kept.is_some());
        let in_time = ending.took_ms(trace).1 < trace.policy.settings.late_ms();
        // Where another session is to take its place and cannot be sealed, nothing does.
        let begins = trace.policy.settings.always && !ending.can_seal;
        let expected = trace.is_over && !kept && in_time && !trace.public && !trace.did_anything && !begins;
        let gone = ending.removes || !ending.sets.is_empty();
        hold(!expected || gone || ending.status.is_none(), "what is over is removed", || {
            format!("{:?} stays", trace.token)
        })
    }
}
