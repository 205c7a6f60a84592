//! Who can know what was ended: the servers that have heard of it, and the backend, which may lose it again.
//!
//! A server knows that a session has ended if it ended it itself, or if it asked the backend while the entry was there. A
//! backend that was flushed or restored has the entry again when a server that knows of it has written it down anew. If
//! every server that knew of it ends before that, the entry is lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::View;
use crate::op::Op;
use crate::oracle::{Ending, Oracle, Trace};
use crate::script::Policy;

/// A server that has asked within this time knows all that was recorded before.
pub const FRESH_MS: u64 = 1_500;
/// By how much what begins after everything was revoked may be ahead of the clock.
const AHEAD_MS: u64 = 150_000;
/// By how much what a server knows may be older than its answer.
pub const MARGIN_MS: u64 = 8_000;

/// Where it is known that something has ended.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Since when, by server.
    pub by: BTreeMap<usize, u64>,
    in_backend: bool,
    saved: bool,
}

impl Record {
    pub fn made(&mut self, server: usize, now_ms: u64) {
        self.by.entry(server).or_insert(now_ms);
        self.in_backend = true;
    }
}

/// What is known of the lists of all servers.
#[derive(Default)]
pub struct Lists {
    /// When each server last heard of all that there is.
    heard_ms: BTreeMap<usize, u64>,
    /// Users of whom all sessions were revoked at some time.
    users: BTreeSet<String>,
    /// When everything was revoked last, and by which server.
    everything: Option<(u64, usize)>,
    /// That was asked for, and may be done at any time.
    unclear: bool,
    unclear_users: BTreeSet<String>,
}

impl Lists {
    pub fn age_ms(&self, server: usize, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.heard_ms.get(&server).copied().unwrap_or_default())
    }

    pub fn revoked_user(&mut self, user: &str) {
        self.users.insert(user.to_owned());
    }

    pub fn revoked_everything(&mut self, server: usize, now_ms: u64) {
        self.everything = Some((now_ms, server));
    }

    pub fn revoked_everything_since(&self, since_ms: u64) -> bool {
        self.everything.is_some_and(|(at_ms, _)| at_ms >= since_ms)
    }

    /// Whether a session that begins on this server may be revoked already, or be so without its server's doing.
    pub fn may_begin_revoked(&self, server: usize, user: Option<&str>) -> bool {
        if self.unclear || user.is_some_and(|user| self.unclear_users.contains(user)) {
            return true;
        }
        let heard_ms = self.heard_ms.get(&server).copied().unwrap_or_default();
        self.everything.is_some_and(|(at_ms, by)| by != server && heard_ms <= at_ms)
    }

    /// How far ahead of the clock something may begin: behind the time up to which everything was revoked.
    pub fn ahead_ms(&self) -> u64 {
        if self.everything.is_some() { AHEAD_MS } else { 0 }
    }

    pub fn was_revoked(&self, user: Option<&str>) -> bool {
        self.everything.is_some() || user.is_some_and(|user| self.users.contains(user))
    }
}

/// Whether a server refuses everything because its list is too old; and whether it may.
pub fn refuses(policy: Policy, age_ms: u64) -> (bool, bool) {
    let limit_ms = policy.refuse_after_s * 1000;
    (limit_ms > 0 && age_ms > limit_ms, limit_ms > 0 && age_ms + FRESH_MS > limit_ms)
}

impl Oracle {
    /// A server has read all that there is.
    pub fn heard(&mut self, server: usize, now_ms: u64) {
        self.lists.heard_ms.insert(server, now_ms);
        for record in self.records().filter(|record| record.in_backend) {
            record.by.entry(server).or_insert(now_ms);
        }
    }

    /// A server has written again what it knew. It need not know who was spared since, so they may have to log in again.
    pub fn restored(&mut self, server: usize) {
        self.records().for_each(|record| record.in_backend |= record.by.contains_key(&server));
        self.seems_to_be_another();
    }

    /// What it knew it has to read again.
    pub fn restarted(&mut self, server: usize) {
        self.lists.heard_ms.remove(&server);
        self.records().for_each(|record| {
            record.by.remove(&server);
        });
    }

    /// There is no list: nobody knows what has ended.
    pub(crate) fn nobody_knows(&mut self) {
        self.records().for_each(|record| *record = Record::default());
    }

    /// All that was written down.
    fn records(&mut self) -> impl Iterator<Item = &mut Record> {
        let devices = self.devices.known.values_mut().map(|device| &mut device.left);
        self.forms.values_mut().flat_map(|form| [&mut form.record, &mut form.moved]).chain(devices)
    }

    /// Who was spared may have to log in again.
    fn devices_perhaps_end(&mut self) {
        for device in self.devices.known.values_mut() {
            device.is_over |= self.lists.was_revoked(device.user.as_deref());
        }
    }

    pub fn saved(&mut self) {
        self.records().for_each(|record| record.saved = record.in_backend);
    }

    /// The backend is another one. Who was spared may have to log in again.
    pub fn lost(&mut self, all: bool) {
        self.rolls.lose();
        self.records().for_each(|record| record.in_backend = record.saved && !all);
        self.seems_to_be_another();
    }

    /// The backend is taken for another, and has lost nothing.
    pub fn seems_to_be_another(&mut self) {
        self.devices_perhaps_end();
        let lists = &self.lists;
        for form in self.forms.values_mut() {
            form.perhaps |= lists.was_revoked(form.user.as_deref());
        }
    }

    /// Perhaps all sessions of a user have ended.
    pub fn perhaps_user(&mut self, user: &str) {
        self.lists.revoked_user(user);
        self.lists.unclear_users.insert(user.to_owned());
        for form in self.forms.values_mut().filter(|form| form.user.as_deref() == Some(user)) {
            form.perhaps = true;
        }
        self.devices_perhaps_end();
    }

    /// Or all that there are.
    pub fn perhaps_everything(&mut self, server: usize, now_ms: u64) {
        self.lists.revoked_everything(server, now_ms);
        self.lists.unclear = true;
        self.forms.values_mut().for_each(|form| form.perhaps = true);
        self.devices_perhaps_end();
    }

    /// A handler begins with what may end sessions, and may take its time with it.
    pub fn does(&mut self, trace: &mut Trace, op: Op, before: &View) {
        let of_user = |user: &Option<String>| user.is_some() && *user == before.user;
        let all = matches!(op, Op::Everywhere | Op::Others | Op::EndListed(_) | Op::EndForeign);
        trace.unfinished = all;
        trace.asked_for_more |= all;
        let one = all || matches!(op, Op::Logout | Op::Invalidate | Op::Login(_) | Op::Switch(_) | Op::Cycle);
        let came: Vec<_> = self.all_brought(trace).map(|token| token.uid).collect();
        for (uid, form) in &mut self.forms {
            if (one && came.contains(uid)) || (all && of_user(&form.user)) {
                form.doubts.insert(trace.id);
            }
        }
    }

    /// The answer of a request goes, or nothing does. What it had begun may have been recorded all the same.
    pub fn doubt_no_longer(&mut self, trace: &Trace, ending: &Ending<'_>) {
        let unclear = !ending.is_recorded || ending.not_recorded || trace.unfinished;
        for form in self.forms.values_mut() {
            let doubted = form.doubts.remove(&trace.id);
            form.perhaps |= doubted && unclear;
        }
        if unclear && let Some(form) = trace.login.and_then(|uid| self.forms.get_mut(&uid)) {
            form.perhaps |= self.lists.was_revoked(form.user.as_deref());
        }
    }
}
