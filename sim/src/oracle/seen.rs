//! What a handler sees of the session that came, and whether it has to see it.

use super::{Checked, LEEWAY_MS, Oracle, SLACK_MS, STRICTER_MS, Trace, WILD_MS, hold};
use crate::app::View;
use crate::cookies::Kind;
use crate::records::{FRESH_MS, MARGIN_MS, refuses};
use crate::script::{Client, MINUTE};
use crate::witness::Token;

impl Oracle {
    pub(super) fn saw(&mut self, trace: &mut Trace, now_ms: u64, view: View) -> Checked {
        let all: Vec<_> = self.all_brought(trace).cloned().collect();
        trace.about_a_user |= view.user.is_some() || all.iter().any(|token| token.user.is_some());
        self.check_items(trace.tenant, &view)?;
        (trace.looked_ms, trace.ring) = (now_ms, self.rings.of(trace.server));
        // Who guards it may have looked before, or not.
        if now_ms > trace.head_ms && trace.guarded.is_some() {
            trace.saw = Some(view);
            return Ok(());
        }
        hold(
            view.uid.is_none() || all.iter().any(|token| Some(token.uid) == view.uid),
            "nobody becomes another",
            || format!("{:?} brought {all:?} and acts under {:?}", trace.who, view.uid),
        )?;
        let by_key = |token: &Token| Some(token.uid) == view.uid && trace.ring.opens(token.root);
        hold(
            view.uid.is_none() || all.iter().any(by_key),
            "what a revoked root sealed opens nowhere",
            || format!("{all:?} were brought and {:?} is seen, under {:?}", view.uid, trace.ring),
        )?;
        trace.disagrees = self.disagree(trace, &all);
        let is_none = view.uid.is_none() && view.kept.is_some();
        hold(!trace.disagrees || is_none, "sessions that disagree are none", || {
            format!("{all:?} came, and {view:?} is seen")
        })?;
        trace.must_stay |= trace.disagrees;
        self.check_device(trace, &view)?;
        let token = self.came(trace);
        if let Some(token) = &token {
            self.judge_cookie(trace, token, &view)?;
        }
        // Which of several cookies counts may be known only now.
        let came = token.map(|token| token.uid);
        let other = all.iter().find(|token| Some(token.uid) == view.uid && Some(token.uid) != came);
        if let Some(other) = other {
            self.judge_cookie(trace, other, &view)?;
        }
        self.begins_to_move(trace);
        let owned = !trace.is_mixed();
        if let (true, Client::Browser(_), Some(form)) =
            (owned, trace.who, view.uid.and_then(|uid| self.forms.get(&uid)))
        {
            let is_own = form.owner == trace.who || form.taken_by.contains(&trace.who);
            hold(is_own, "nobody becomes another", || {
                format!("{:?} acts under a session of {:?}", trace.who, form.owner)
            })?;
        }
        trace.messages = self.finds_messages(trace, &view);
        trace.saw = Some(view);
        Ok(())
    }

    /// What is to become of a cookie that came.
    pub(super) fn weigh(&self, trace: &mut Trace, token: &Token) {
        let Some(form) = self.forms.get(&token.uid).filter(|_| !trace.is_mixed()) else { return };
        let (opens, is_alone) = self.opens(trace, token, form);
        let now = trace.head_there_ms;
        let until = trace.policy.until_ms(token);
        let in_time = self.is_in_time(trace, token);
        let age_ms = self.lists.age_ms(trace.server, trace.looked_ms);
        let (too_old, may_be_too_old) = refuses(trace.policy, age_ms);
        let may_lag = age_ms > FRESH_MS && self.lists.was_revoked(form.user.as_deref());
        trace.until_ms = until;
        trace.came_alive = opens && self.is_alive(trace, token);
        let known_ms = form.record.by.get(&trace.server).filter(|_| form.ended_ms.is_some() && !form.perhaps);
        let known_for_ms = known_ms.map(|at| trace.head_ms.saturating_sub(*at));
        let just_ms = trace.house.just_revoked_ms();
        // Whoever hears of it later counts from when it was.
        let ended_for_ms = form.ended_ms.map(|at| trace.head_ms.saturating_sub(at));
        let just_ended =
            known_ms.is_some() && ended_for_ms.is_some_and(|ms| ms < just_ms.saturating_sub(MARGIN_MS));
        let stricter = now >= until && now < token.expires_ms && now < until + STRICTER_MS;
        let stricter = stricter && trace.ring.opens(token.root);
        let is_known = !may_be_too_old && !may_lag;
        let must_stay = (in_time && (too_old || (just_ended && !may_be_too_old)))
            || (stricter && is_known && form.is_going_on());
        // What was renewed in the future is for servers whose clocks are right, or will be good.
        let is_ahead = token.renewed_ms > now + LEEWAY_MS && self.lists.ahead_ms() == 0;
        let must_stay = if self.wild { is_ahead && trace.ring.opens(token.root) } else { must_stay };
        trace.must_stay = must_stay && is_alone;
        trace.is_over = is_alone && !self.wild && known_for_ms.is_some_and(|ms| ms > just_ms + SLACK_MS);
    }

    /// Whether a token is good here for all that is known.
    fn is_alive(&self, trace: &Trace, token: &Token) -> bool {
        let Some(form) = self.forms.get(&token.uid) else { return false };
        let age_ms = self.lists.age_ms(trace.server, trace.looked_ms);
        let may_lag = age_ms > FRESH_MS && self.lists.was_revoked(form.user.as_deref());
        let in_time = self.is_in_time(trace, token) && !self.wild;
        in_time && form.is_going_on() && !may_lag && !refuses(trace.policy, age_ms).1
    }

    /// Whether cookies of one name bring several sessions that are good.
    fn disagree(&self, trace: &Trace, all: &[Token]) -> bool {
        let mut good = all.iter().filter(|token| self.is_alive(trace, token)).map(|token| token.uid);
        let first = good.next();
        trace.house.binds.is_none() && trace.is_mixed() && good.any(|uid| Some(uid) != first)
    }

    /// How far the clocks of two servers may be apart.
    pub(super) fn slack_ms(&self) -> u64 {
        if self.wild { SLACK_MS + WILD_MS } else { SLACK_MS }
    }

    /// Whether a token is good by the ring, the clock and the limits of a server.
    pub(super) fn is_in_time(&self, trace: &Trace, token: &Token) -> bool {
        let now = trace.head_there_ms;
        let of_now = now < trace.policy.until_ms(token) && token.renewed_ms <= now + LEEWAY_MS;
        of_now && trace.ring.opens(token.root)
    }

    fn judge_cookie(&self, trace: &mut Trace, token: &Token, view: &View) -> Checked {
        self.weigh(trace, token);
        let Some(form) = self.forms.get(&token.uid) else { return Ok(()) };
        let (ttl_ms, lifetime_ms) = (trace.policy.ttl_min * MINUTE, trace.policy.lifetime_min * MINUTE);
        let age_ms = self.lists.age_ms(trace.server, trace.looked_ms);
        let (too_old, _) = refuses(trace.policy, age_ms);
        hold(!too_old || view.uid.is_none(), "nothing is accepted without news", || {
            format!("{view:?} is seen {age_ms} ms after the last")
        })?;
        if trace.came_alive {
            hold(view.uid == Some(token.uid), "nobody is logged out", || {
                format!("{:?} has {token:?}, which is alive, and the handler sees {view:?}", trace.who)
            })?;
            let bound = token.kind == Kind::Bound;
            hold(!bound || (view.bound && !view.unproven), "a handler knows of the device", || {
                format!("{token:?} came with its proof, and {view:?} is seen")
            })?;
            hold(token.has_data_of(view), "what was sent comes back", || {
                format!("{token:?} was sent, and {view:?} is seen")
            })?;
        }
        if view.uid != Some(token.uid) {
            return Ok(());
        }
        hold(!form.is_known_as_ended(trace.server), "ended is ended", || format!("{form:?} opens again"))?;
        let age_ms = trace.head_ms.saturating_sub(form.born_ms);
        hold(age_ms <= lifetime_ms + self.slack_ms(), "only a login restarts the absolute lifetime", || {
            format!("{form:?} opens after {} min of {}", age_ms / MINUTE, trace.policy.lifetime_min)
        })?;
        let unused_ms = trace.head_ms.saturating_sub(token.sent_ms);
        hold(unused_ms <= ttl_ms + self.slack_ms(), "a session that is not used expires", || {
            format!("{form:?} opens after {} min of {}", unused_ms / MINUTE, trace.policy.ttl_min)
        })
    }
}
