//! What a registry has of each user, and what its limit ends.
//!
//! A session is on the list from the answer that brings it. For [`SURE_MS`] nothing is known but that; what happens to it
//! on the list later depends on when its uses were written down.

use std::collections::{BTreeMap, BTreeSet};

use sealed_session::SessionUid;

use super::{Checked, Ending, Form, Oracle, Trace, Writer, hold};
use crate::app::EndedListed;
use crate::script::{Client, MINUTE};

/// So long no session expires, by any clock.
const SURE_MS: u64 = 2 * MINUTE;
/// No handler and no backend together take longer.
const LONGEST_REQUEST_MS: u64 = 10 * MINUTE;

#[derive(Default)]
pub struct Rolls {
    lists: BTreeMap<Writer, Vec<Entry>>,
    /// Users of whom something may be put on the list at any time, which ends what is there by then.
    unclear: BTreeSet<Writer>,
    /// What is on a list that nobody has begun.
    phantoms: BTreeSet<SessionUid>,
}

struct Entry {
    uid: SessionUid,
    since_ms: u64,
}

impl Rolls {
    /// The backend is another one: who is on a list is not known any more.
    pub fn lose(&mut self) {
        self.lists.values_mut().flatten().for_each(|entry| entry.since_ms = 0);
    }
}

impl Oracle {
    /// A registry has answered.
    pub(super) fn listed(
        &self,
        trace: &Trace,
        now_ms: u64,
        user: Option<&str>,
        sessions: &[SessionUid],
    ) -> Checked {
        hold(user.is_some() || sessions.is_empty(), "a list is of its user", || {
            format!("{sessions:?} are nobody's")
        })?;
        let Some(user) = user else { return Ok(()) };
        for uid in sessions.iter().filter(|uid| !self.rolls.phantoms.contains(*uid)) {
            let form = self.forms.get(uid);
            let own = |form: &Form| form.tenant == trace.tenant && form.user.as_deref() == Some(user);
            hold(form.is_some_and(own), "a list is of its user", || format!("{user} has {uid:?}, {form:?}"))?;
            let ended = form.is_some_and(|form| form.is_known_as_ended(trace.server));
            hold(!ended, "a list has nothing that ended", || format!("{form:?} is on it"))?;
        }
        let there = self.rolls.lists.get(&(trace.tenant, user.to_owned()));
        for uid in sessions {
            let was_sent = there.is_some_and(|list| list.iter().any(|entry| entry.uid == *uid));
            // What an answer brings that waits for the backend is written down already.
            let form = self.forms.get(uid);
            let may_be_sent =
                form.is_some_and(|form| !form.sent && now_ms - form.born_ms < LONGEST_REQUEST_MS);
            hold(was_sent || may_be_sent, "a list has nothing that reached nobody", || {
                format!("{user} has {uid:?}")
            })?;
        }
        there.into_iter().flatten().try_for_each(|entry| {
            let lives = now_ms - entry.since_ms < SURE_MS && self.is_going_on(entry.uid) && !self.wild;
            hold(!lives || sessions.contains(&entry.uid), "a list has all that live", || {
                format!("{:?} of {user} is not on it", entry.uid)
            })
        })
    }

    /// A list has a session that nobody has begun. It takes the place of one that somebody has.
    pub fn lists_a_phantom(&mut self, tenant: u8, user: &str, uid: SessionUid) {
        self.rolls.phantoms.insert(uid);
        let list = self.rolls.lists.entry((tenant, user.to_owned())).or_default();
        list.push(Entry { uid, since_ms: 0 });
    }

    /// Somebody has ended a session by its uid.
    pub(super) fn ended_listed(&mut self, trace: &mut Trace, now_ms: u64, ended: &EndedListed) -> Checked {
        let EndedListed { user, uid, own, answer } = ended;
        let form = self.forms.get(uid);
        let may =
            form.is_some_and(|form| user.is_some() && form.user == *user && form.tenant == trace.tenant);
        let may_be_phantom = self.rolls.phantoms.contains(uid);
        hold(may || may_be_phantom || *answer != Some(true), "nobody ends the sessions of others", || {
            format!("{user:?} has ended {form:?}")
        })?;
        match answer {
            Some(true) => {
                if *own {
                    (trace.out, trace.went_on, trace.ttl_ms) = (true, false, None);
                }
                self.end(*uid, trace.server, now_ms);
            }
            Some(false) => {}
            None if may => self.perhaps(*uid),
            None => {}
        }
        Ok(())
    }

    /// A session of somebody else, or of the same name with another tenant.
    pub fn session_of_another(&self, who: Client, tenant: u8) -> Option<SessionUid> {
        let other = |form: &&Form| form.user.is_some() && (form.owner != who || form.tenant != tenant);
        self.forms.iter().rev().find(|(_, form)| other(form)).map(|(uid, _)| *uid)
    }

    /// Where there is a limit, sessions of a user that begin at a time are put on the list before their answers go, and
    /// any of them may end another that has gone to nobody yet.
    pub(super) fn competes(&mut self, trace: &Trace, uid: SessionUid, now_ms: u64) {
        if trace.house.registry.is_none_or(|max| max == 0) {
            return;
        }
        let user = self.forms.get(&uid).and_then(|form| form.user.clone());
        let is_rival = |form: &Form| {
            let is_on_its_way = !form.sent && now_ms - form.born_ms < LONGEST_REQUEST_MS;
            is_on_its_way && form.tenant == trace.tenant && form.user == user
        };
        let rivals: Vec<_> =
            self.forms.iter().filter(|(_, form)| is_rival(form)).map(|(uid, _)| *uid).collect();
        if rivals.iter().any(|rival| *rival != uid) {
            rivals.into_iter().chain([uid]).for_each(|uid| self.perhaps(uid));
        }
    }

    fn is_going_on(&self, uid: SessionUid) -> bool {
        self.forms.get(&uid).is_some_and(Form::is_going_on)
    }

    /// A session that an answer brings is put on the list, and may be one too many. So it may be where the server was not
    /// told that it is there.
    pub(super) fn list_what_began(&mut self, trace: &Trace, ending: &Ending<'_>) {
        let Some(max) = trace.house.registry else { return };
        let unclear = !ending.is_recorded || ending.not_recorded;
        // It may expire at any time.
        let is_short = trace.ttl_ms.is_some_and(|ms| ms > 0 && ms <= 2 * SURE_MS);
        if is_short && let Some(uid) = trace.last.as_ref().and_then(|last| last.uid) {
            let entries = self.rolls.lists.values_mut().flatten();
            entries.filter(|entry| entry.uid == uid).for_each(|entry| entry.since_ms = 0);
        }
        let sent = |uid| ending.sets.iter().flatten().map(|(_, token)| token).find(|token| token.uid == uid);
        let soon_ms = ending.now_there_ms + SURE_MS + MINUTE;
        for uid in [trace.login, trace.cycled].into_iter().flatten() {
            let user = self.forms.get(&uid).and_then(|form| form.user.clone());
            let is_short = is_short || sent(uid).is_some_and(|token| trace.policy.until_ms(token) < soon_ms);
            let since_ms = if unclear || is_short { 0 } else { ending.now_ms };
            if let (true, Some(user)) = (unclear || sent(uid).is_some(), user) {
                let user = (trace.tenant, user);
                self.rolls.lists.entry(user.clone()).or_default().push(Entry { uid, since_ms });
                if unclear {
                    self.rolls.unclear.insert(user.clone());
                }
                if max > 0 {
                    // What was not answered in time is perhaps written down later.
                    if self.rolls.unclear.contains(&user) {
                        self.perhaps(uid);
                    }
                    self.end_those_over(&user, max.into(), trace.server, ending);
                }
            }
        }
    }

    /// Those that came first go, as far as it is known which are there.
    fn end_those_over(&mut self, user: &Writer, max: usize, server: usize, ending: &Ending<'_>) {
        let now_ms = ending.now_ms;
        let (mut sure, mut maybe, mut ended, mut perhaps) = (0, 0, Vec::new(), Vec::new());
        for entry in self.rolls.lists.get(user).into_iter().flatten().rev() {
            let there = self.forms.get(&entry.uid).is_none_or(|form| form.ended_ms.is_none());
            let is_sure = now_ms - entry.since_ms < SURE_MS && self.is_going_on(entry.uid) && !self.wild;
            match () {
                () if is_sure && sure >= max && ending.is_recorded => ended.push(entry.uid),
                () if there && maybe >= max => perhaps.push(entry.uid),
                () => {}
            }
            sure += usize::from(is_sure);
            maybe += usize::from(there);
        }
        ended.into_iter().for_each(|uid| self.end(uid, server, now_ms));
        perhaps.into_iter().for_each(|uid| self.perhaps(uid));
    }
}
