//! What an answer may do and has to do.

use sealed_session::SessionUid;

use super::device::Shows;
use super::form::Form;
use super::trace::{Ending, Trace};
use super::{LEEWAY_MS, Oracle};
use crate::rules::{Checked, hold};
use crate::script::MINUTE;
use crate::settings::Renewal;
use crate::witness::Token;

impl Oracle {
    pub(super) fn check_sent(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        hold(ending.sets.len() <= 1, "one session a request", || format!("{} are set", ending.sets.len()))?;
        for set in &ending.sets {
            let Some((_, token)) = set else {
                return hold(false, "what is sent can be read", String::new);
            };
            let now = self.rings.of(trace.server);
            hold(trace.ring.opens(token.root) || now.opens(token.root), "no revoked root seals", || {
                format!("{token:?} is sent, under {now:?}")
            })?;
            let came = self.came(trace).filter(|came| now.revokes(came.root));
            let goes_on = |came: &Token| {
                now.opens(token.root) && (came.uid == token.uid || Some(token.uid) == trace.cycled)
            };
            hold(
                !came.as_ref().is_some_and(goes_on),
                "what a revoked root sealed goes on under no other",
                || format!("{came:?} goes on as {token:?}"),
            )?;
            let form = self.forms.get(&token.uid);
            hold(
                form.is_none_or(|form| !form.is_known_as_ended(trace.server)),
                "nothing comes back",
                || format!("{form:?} has ended and is sent"),
            )?;
            hold(form.is_some() || token.user.is_none(), "only a login begins a user's session", || {
                format!("{token:?} is sent, and nobody logged in")
            })?;
            let of_login = Some(token.uid) == trace.login;
            hold(trace.counts(ending) || !of_login, "a handler that was cut off logs nobody in", || {
                format!("{token:?} goes with {:?}", ending.status)
            })?;
            let only_renewed = !trace.did_anything;
            hold(!(only_renewed && trace.public), "never in a shared cache", || {
                format!("{token:?} goes with {}", ending.cache_control)
            })?;
        }
        let says = |what: &str| ending.cache_control.split(',').any(|said| said.trim() == what);
        let kept_out = says("no-store") || says("private");
        hold(kept_out || ending.sent.is_empty(), "never in a shared cache", || {
            format!("a cookie goes with {:?}", ending.cache_control)
        })
    }

    pub(super) fn check_left_in_place(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let kept = trace.last.as_ref().is_some_and(|last| last.kept.is_some());
        let overwrites = trace.out || trace.login.is_some() || trace.cycled.is_some();
        let waived = trace.anyway && (kept || trace.did_anything);
        let stays = (kept || trace.must_stay || trace.held_back) && !overwrites && !waived;
        hold(!stays || (ending.sets.is_empty() && !ending.removes), "what is kept stays", || {
            format!("{:?} is overwritten: {:?}, removed: {}", trace.token, ending.sets, ending.removes)
        })
    }

    pub(super) fn check_removed(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let asked_for = trace.out || trace.login.is_some();
        if ending.removes && !asked_for {
            hold(
                ending.took_ms(trace).0 <= trace.policy.settings.late_ms(),
                "a long poll removes nothing",
                || "a removal comes late".into(),
            )?;
            let was_live = trace.came_alive;
            hold(!was_live, "nobody is logged out", || "what came alive is removed".into())?;
        }
        let is_late = ending.took_ms(trace).0 > trace.policy.settings.late_ms();
        let passes = !(ending.removes && trace.went_on && ending.sets.is_empty() && is_late);
        hold(passes, "a long poll removes nothing", || "what ended all others is removed late".into())?;
        let has_gone =
            ending.may_leave(trace) || trace.token.is_none() || ending.removes || !ending.sets.is_empty();
        hold(!trace.out || ending.status.is_none() || has_gone, "a logout reaches the browser", || {
            format!("{:?} stays there", trace.token)
        })?;
        self.check_what_cannot_be_judged(trace, ending)
    }

    /// A cookie of the future may be good for others: a logout cannot end it, and says so.
    fn check_what_cannot_be_judged(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let there_ms = trace.head_there_ms.max(ending.now_there_ms);
        let plain = trace.house.binds.is_none() && !trace.house.listless && !trace.is_mixed();
        let is_ahead = |token: &Token| {
            token.user.is_some()
                && token.renewed_ms > there_ms + LEEWAY_MS
                && trace.ring.opens(token.root)
                && self.rings.of(trace.server).opens(token.root)
        };
        let unjudged =
            plain && self.lists.ahead_ms() == 0 && self.came(trace).is_some_and(|came| is_ahead(&came));
        let expected =
            unjudged && trace.out && !trace.went_on && ending.status.is_some() && trace.has_looked();
        hold(!expected || ending.not_recorded, "a logout of what cannot be judged says so", || {
            format!("{:?} is answered with {:?}", trace.who, ending.status)
        })
    }

    /// Changes are sent, and due renewals are.
    pub(super) fn check_other_side(
        &self,
        trace: &Trace,
        ending: &Ending<'_>,
        came: Option<&Token>,
    ) -> Checked {
        let (Some(saw), Some(last)) = (&trace.saw, &trace.last) else { return Ok(()) };
        if !trace.counts(ending) || last.kept.is_some() || !ending.can_seal || self.wild {
            return Ok(());
        }
        // What a handler gave less time than it took has expired before it goes.
        if trace.least_ttl_ms <= ending.took_ms(trace).1 + MINUTE {
            return Ok(());
        }
        if self.is_of_a_revoked_root(trace, came) {
            return Ok(());
        }
        // What was sealed by a root that is gone by then is not sent.
        if trace.last_ms != ending.now_ms && !self.rings.of(trace.server).keeps(&trace.ring) {
            return Ok(());
        }
        let sent = ending.sets.iter().flatten().next().map(|(_, token)| token);
        let is_last = |sent: &Token| sent.has_data_of(last);
        let going_on = |uid: SessionUid| self.forms.get(&uid).is_some_and(Form::is_going_on);
        if let (Some(login), true) = (trace.login, last.uid == trace.login) {
            // What takes as long as it lives goes to nobody.
            let born_ms = self.forms.get(&login).map_or(0, |form| form.born_ms);
            let (ttl_ms, lifetime_ms) = (trace.policy.ttl_min * MINUTE, trace.policy.lifetime_min * MINUTE);
            let over_ms = (trace.login_ms + ttl_ms).min(born_ms + lifetime_ms);
            if ending.now_ms + MINUTE >= over_ms {
                return Ok(());
            }
            return hold(!going_on(login) || sent.is_some_and(is_last), "a login is sent", || {
                format!("{last:?}, and {sent:?} is sent")
            });
        }
        if trace.out || trace.login.is_some() {
            return Ok(());
        }
        let there = came.filter(|_| trace.came_alive);
        // A session that expires while its handler works takes no change: it is over when the answer goes.
        let in_time = match there {
            Some(_) => ending.now_there_ms < trace.until_ms,
            None => ending.took_ms(trace).1 < trace.policy.ttl_min * MINUTE,
        };
        let waived = trace.anyway && saw.kept.is_some() && !trace.is_mixed();
        let begins = (!trace.brings_session() && !trace.held_back) || waived;
        let changed = !saw.has_data_of(last) && last.has_data();
        if changed && in_time && (begins || there.is_some()) {
            hold(sent.is_some_and(is_last), "changes are sent", || {
                format!("{last:?}, and {sent:?} is sent")
            })?;
        }
        let asks =
            trace.token_of.is_some() && trace.token_of == last.uid && begins && there.is_none() && in_time;
        hold(
            !asks || sent.is_some_and(|sent| Some(sent.uid) == last.uid),
            "a token is of a session that is sent",
            || format!("{last:?}, and {sent:?} is sent"),
        )?;
        match there {
            Some(came) if in_time => self.check_renewed(trace, ending, came, sent),
            _ => Ok(()),
        }
    }

    /// What came was sealed by a root that was revoked meanwhile, and nothing but that has become of it.
    pub(super) fn is_of_a_revoked_root(&self, trace: &Trace, came: Option<&Token>) -> bool {
        let goes_on = |uid: SessionUid| self.forms.get(&uid).is_some_and(|form| form.born_ms < trace.head_ms);
        let is_login = trace.login.is_some_and(|uid| !goes_on(uid));
        !is_login && came.is_some_and(|came| !self.rings.of(trace.server).opens(came.root))
    }

    /// What is due is renewed by itself, and with whatever else is sent.
    fn check_renewed(
        &self,
        trace: &Trace,
        ending: &Ending<'_>,
        came: &Token,
        sent: Option<&Token>,
    ) -> Checked {
        let due = is_due(trace, came);
        let in_time = ending.took_ms(trace).1 < trace.policy.settings.late_ms();
        // What moves to a device is due at once.
        let moves = self.moves(trace, came).1 == Shows::Surely;
        let expected = (due || moves) && in_time && !trace.public && !trace.did_anything;
        hold(!expected || sent.is_some(), "due renewals are sent", || format!("{came:?} is not renewed"))?;
        let goes_on = |sent: &Token| sent.uid == came.uid || Some(sent.uid) == trace.cycled;
        let Some(sent) = sent.filter(|sent| goes_on(sent) && due && trace.ttl_ms.is_none()) else {
            return Ok(());
        };
        hold(sent.expires_ms > came.expires_ms, "a change renews what is due", || {
            format!("{came:?} goes on as {sent:?}")
        })
    }
}

/// Whether a session is so old that its server extends it, and has so much of its lifetime left.
fn is_due(trace: &Trace, came: &Token) -> bool {
    let (now, ttl_ms) = (trace.head_there_ms, came.expires_ms.saturating_sub(came.renewed_ms));
    let left_ms = came.expires_ms.saturating_sub(now);
    let has_room = came.created_ms + trace.policy.lifetime_min * MINUTE > now + ttl_ms;
    let renewal = trace.policy.settings.renewal;
    let below = match renewal {
        Renewal::Never => 0,
        Renewal::BelowHalf => 49,
        _ => 79,
    };
    let every_ms = if let Renewal::Every(minutes) = renewal { u64::from(minutes) * MINUTE } else { 0 };
    let not_again = now < came.renewed_ms + every_ms;
    left_ms * 100 < below * ttl_ms && !not_again && has_room && ttl_ms <= trace.policy.ttl_min * MINUTE
}
