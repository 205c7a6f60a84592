//! What a server says of itself: whether it can serve sessions, and whether all is well. Load balancers go by the one, and
//! alarms by the other.

use std::collections::BTreeMap;

use sealed_session::{HealthError, SessionUid};

use super::{Checked, Ending, Oracle, Trace, hold};
use crate::backend::Way;
use crate::op::Op;
use crate::records::refuses;
use crate::row::Row;
use crate::script::{Client, MINUTE, Policy, SECOND};
use crate::witness::Token;

/// Within this time a server asks for news, whatever is wrong.
const POLL_MS: u64 = SECOND;
/// And within this one it writes that it is there.
const SHARE_MS: u64 = 5 * SECOND + POLL_MS;
/// After so long without any disturbance all is well again: what somebody asked for in vain counts for 5 s.
const QUIET_MS: u64 = 8 * SECOND;

/// Handlers ask some twenty times at most, and wait for 5 s then.
const LONGEST_WAIT_MS: u64 = 2 * MINUTE;

/// What became of the ways to the backend, and of the backend.
#[derive(Default)]
pub struct Weather {
    ways: BTreeMap<usize, (Way, u64)>,
    disturbed_ms: BTreeMap<usize, u64>,
    all_disturbed_ms: u64,
    /// What cannot be read, and since when.
    rows: Vec<(Row, u64)>,
}

/// What a server says, and what there is of it.
pub struct Says {
    pub can_seal: bool,
    pub has_list: bool,
    pub ready: Result<(), HealthError>,
    pub health: Result<(), HealthError>,
}

impl Weather {
    fn way(&self, server: usize) -> (Way, u64) {
        self.ways.get(&server).copied().unwrap_or_default()
    }

    fn quiet_since_ms(&self, server: usize) -> u64 {
        let own_ms = self.disturbed_ms.get(&server).copied().unwrap_or_default();
        own_ms.max(self.all_disturbed_ms).max(self.way(server).1)
    }

    /// Whether the backend was as it should be for so long, as a server sees it.
    fn is_quiet(&self, server: usize, since_ms: u64) -> bool {
        self.rows.is_empty() && self.way(server).0 == Way::Open && self.quiet_since_ms(server) < since_ms
    }

    fn has(&self, is_it: impl Fn(Row) -> bool, by_ms: u64) -> bool {
        self.rows.iter().any(|(row, since_ms)| is_it(*row) && *since_ms <= by_ms)
    }

    /// Whether a server must have found by now that something is wrong.
    fn must_show(&self, server: usize, now_ms: u64) -> bool {
        let (way, since_ms) = self.way(server);
        let for_ms = now_ms.saturating_sub(since_ms);
        match way {
            Way::Cut => for_ms > POLL_MS,
            Way::ReadOnly | Way::AnswersLost if for_ms > SHARE_MS => true,
            Way::Open | Way::ReadOnly | Way::AnswersLost => {
                let polled = for_ms > POLL_MS;
                polled && self.has(|row| row.stops_news(false), now_ms.saturating_sub(POLL_MS + 1))
            }
            // Its thread waits for the answer, which nobody does here.
            Way::Stalled => false,
        }
    }
}

impl Oracle {
    /// How a server gets through to the backend from now on.
    pub fn leads(&mut self, server: usize, way: Way, now_ms: u64) {
        self.weather.ways.insert(server, (way, now_ms));
    }

    /// Something else happened to the backend; or to what one server asked of it.
    pub fn disturbed(&mut self, server: Option<usize>, now_ms: u64) {
        match server {
            Some(server) => drop(self.weather.disturbed_ms.insert(server, now_ms)),
            None => self.weather.all_disturbed_ms = now_ms,
        }
    }

    /// These rows of the backend cannot be read.
    pub fn cannot_be_read(&mut self, rows: &[Row], now_ms: u64) {
        let before = std::mem::take(&mut self.weather.rows);
        let since = |row: &Row| before.iter().find(|(other, _)| other == row).map_or(now_ms, |(_, at)| *at);
        self.weather.rows = rows.iter().map(|row| (*row, since(row))).collect();
        self.disturbed(None, now_ms);
    }

    /// Whether all of the backend could be read since.
    pub fn was_clean_since(&self, since_ms: u64) -> bool {
        self.weather.rows.is_empty() && self.weather.all_disturbed_ms < since_ms
    }

    /// An operation of a handler fails, which the backend is told of.
    pub(super) fn fails(&mut self, trace: &Trace, op: Op, now_ms: u64) {
        let asks = matches!(op, Op::Everywhere | Op::Others | Op::List | Op::EndListed(_) | Op::EndForeign);
        if asks {
            self.disturbed(Some(trace.server), now_ms);
        }
    }

    /// A login of somebody who was revoked may be refused by what the backend has, which it is blamed for.
    pub(super) fn may_be_refused(&mut self, trace: &Trace, user: Option<&str>, now_ms: u64) {
        if self.lists.was_revoked(user) {
            self.disturbed(Some(trace.server), now_ms);
        }
    }

    /// So may be what an answer waited for; of one that goes to nobody it is not told.
    pub(super) fn may_have_failed(&mut self, trace: &Trace, ending: &Ending<'_>) {
        let begins_late =
            trace.login.is_some() && self.lists.was_revoked(self.user_of(trace.login).as_deref());
        if ending.not_recorded || ending.status.is_none() || trace.unfinished || begins_late {
            self.disturbed(Some(trace.server), ending.now_ms);
        }
    }

    pub fn check_health(&self, server: usize, policy: Policy, now_ms: u64, says: &Says) -> Checked {
        let can_seal = says.can_seal;
        let age_ms = self.lists.age_ms(server, now_ms);
        let (is_too_old, may_be_too_old) = refuses(policy, age_ms);
        let told = || format!("server {server}: {:?}, {:?}, {age_ms} ms", says.ready, says.health);
        let keys = [&says.ready, &says.health].map(|said| *said == Err(HealthError::NoSealingKey));
        hold(keys == [!can_seal; 2], "who can serve sessions says so", told)?;
        if !can_seal {
            return Ok(());
        }
        let may_serve = if is_too_old { says.ready.is_err() } else { may_be_too_old || says.ready.is_ok() };
        hold(may_serve, "who can serve sessions says so", told)?;
        let is_wrong = says.has_list && self.weather.must_show(server, now_ms);
        hold(!is_wrong || says.health.is_err(), "health tells of what is wrong", told)?;
        let is_well = self.weather.is_quiet(server, now_ms.saturating_sub(QUIET_MS));
        hold(!is_well || says.health.is_ok(), "health tells of nothing else", told)?;
        if let Err(HealthError::Revocations { age, .. }) = &says.health {
            let differs_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX).abs_diff(age_ms);
            hold(differs_ms <= POLL_MS, "health says since when", told)?;
        }
        Ok(())
    }

    /// What could not be recorded a moment ago is told of, as far as it is the backend's doing.
    pub fn check_told(&self, trace: &Trace, says: &Says) -> Checked {
        let (way, since_ms) = self.weather.way(trace.server);
        let answers = way != Way::Stalled && since_ms < trace.head_ms;
        let no_limits = self.weather.has(|row| row == Row::Sharer, trace.head_ms);
        let is_its_doing = answers && trace.came_alive && (way != Way::Open || no_limits);
        hold(!is_its_doing || says.health.is_err(), "health tells of what is wrong", || {
            format!("what {:?} asked for was not recorded, and all is well", trace.who)
        })
    }

    /// What can be recorded is: a logout of one session, and a login of a user who was never revoked.
    pub(super) fn check_recorded(&self, trace: &Trace, ending: &Ending<'_>, came: Option<&Token>) -> Checked {
        let weather = &self.weather;
        let (way, since_ms) = weather.way(trace.server);
        let is_open = way == Way::Open && since_ms.max(weather.all_disturbed_ms) < trace.head_ms;
        // For how long an end is kept is not known, or whose place a login takes in a registry.
        let lists = trace.house.registry.is_some() && trace.login.is_some();
        let is_stopped = weather.rows.iter().any(|(row, _)| *row == Row::Sharer || lists);
        let can_be_judged = self.all_brought(trace).all(|token| trace.ring.opens(token.root));
        let knows = trace.brings_nothing() || (trace.came_alive && !trace.is_mixed() && can_be_judged);
        let users = [self.user_of(trace.login), came.and_then(|came| came.user.clone())];
        let plain = trace.cycled.is_none() && !trace.asked_for_more && !self.wild;
        let plain = plain && !users.iter().any(|user| self.lists.was_revoked(user.as_deref()));
        hold(
            !(is_open && !is_stopped && knows && plain && ending.not_recorded),
            "what can be recorded is",
            || format!("{:?} gets {:?}", trace.who, ending.status),
        )
    }

    /// Nobody waits for a backend for longer than it takes where it works, each time that something is asked of it.
    pub fn waits(&self, who: Client, for_ms: u64) -> Checked {
        hold(for_ms < LONGEST_WAIT_MS, "nobody waits for a backend that does not answer", || {
            format!("{who:?} waits for {for_ms} ms")
        })
    }

    pub(super) fn user_of(&self, uid: Option<SessionUid>) -> Option<String> {
        uid.and_then(|uid| self.forms.get(&uid)).and_then(|form| form.user.clone())
    }

    /// One of the sessions that there are may end, and nobody has ended it.
    pub fn perhaps_ends(&mut self, which: u8) -> Option<SessionUid> {
        let at = usize::from(which).checked_rem(self.forms.len())?;
        let (uid, form) = self.forms.iter_mut().nth(at)?;
        form.perhaps = true;
        Some(*uid)
    }
}
