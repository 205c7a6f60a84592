//! A backend whose revocations count in memory as soon as it has them: first there, then here.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::backend::News;
use super::known::Who;
use super::shared::Shared;
use super::sharer::Retention;
use super::{Backend, BackendError, Change, Reach, Revocation, Scope, change};
use crate::record::Record;
use crate::uid::SessionUid;

/// A session that ends all others of its user.
#[cfg(feature = "tower")]
pub(crate) struct Others {
    pub(crate) user_id: String,
    pub(crate) uid: SessionUid,
    pub(crate) created_at_ms: u64,
    /// The uid under which it goes on.
    pub(crate) instead: SessionUid,
}

/// What a session that ends goes on as.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GoesOn {
    /// Nothing, neither it nor what it goes on as by another request.
    Nowhere,
    /// What other requests may have recorded.
    AsRecorded,
    /// A session with this uid.
    As(SessionUid),
}

/// A session that has ended.
pub(crate) struct Ended {
    pub(crate) user_id: Option<String>,
    pub(crate) uid: SessionUid,
    pub(crate) created_at_ms: u64,
}

impl Ended {
    pub(crate) fn of(record: &Record<'_>) -> Self {
        Self {
            user_id: record.user_id.map(str::to_owned),
            uid: record.uid,
            created_at_ms: record.times.created,
        }
    }
}

/// A backend, with what is known of it here.
pub(crate) struct Recorder<'a> {
    pub(super) backend: &'a mut dyn Backend,
    pub(super) shared: &'a Shared,
    /// How long after it was recorded all other servers know of it, where an answer may not go before.
    pub(super) known_after: Duration,
    /// Whether anything was recorded.
    pub(super) wrote: bool,
    /// Whoever asked was told already that it may not be done.
    pub(super) is_late: bool,
    /// What was asked for may not be done, whatever the backend says.
    pub(super) refused: bool,
    /// Whether it is known what there was when something was last recorded.
    read: bool,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(backend: &'a mut dyn Backend, shared: &'a Shared) -> Self {
        Self {
            backend,
            shared,
            known_after: Duration::ZERO,
            wrote: false,
            is_late: false,
            refused: false,
            read: false,
        }
    }

    /// For how long what is revoked now has to be kept, because of all that share the list, as far as is known here.
    pub(crate) fn retention(&self) -> Retention {
        let others = self.shared.sharers.all();
        let own = self.shared.own.sharer();
        Retention::of(others.iter().chain([&own])).as_of(self.shared.sharers.latest_ms())
    }

    /// Records changes, and learns what there is then.
    pub(crate) fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        if changes.is_empty() {
            return Ok(());
        }
        let retention = self.retention();
        // What depends on nothing counts here in any case: another Redis may be asked next, and lack it.
        let known = self.shared.known.after(&change::certain(changes));
        self.backend.record(changes)?;
        self.wrote = true;
        self.learn(known);
        self.read = self.refresh().is_ok();
        if !self.read || self.shared.has_lost() {
            // What there is comes with the next news, or is recorded again. Until then whoever begins is not refused.
            self.learn(self.shared.known.after(&change::spared(changes)));
        }
        self.learn_sharers()?;
        if retention.covers(self.retention()) {
            return Ok(());
        }
        self.prolong(&changes.iter().flat_map(Change::targets).collect())
    }

    pub(super) fn learn(&self, known: Result<Vec<Revocation>, BackendError>) {
        self.shared.follow_clock();
        known.iter().flatten().for_each(|revocation| self.shared.put(revocation));
    }

    /// As [`record`](Self::record), where what the backend made of it has to be known.
    fn record_and_read(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        self.record(changes)?;
        if self.read {
            return Ok(());
        }
        Err(BackendError::new("it was recorded, but the backend does not say what came of it"))
    }

    /// Asks for what is new.
    pub(crate) fn refresh(&mut self) -> Result<(), BackendError> {
        let shared = self.shared;
        // An answer that is late may know nothing of what came since it was asked for.
        let asked_ms = shared.clock.monotonic_ms();
        let news = self.backend.news();
        shared.follow_clock();
        let News { mut revocations, lost } = news?;
        let there = if lost || shared.has_lost() { revocations.clone() } else { Vec::new() };
        match lost {
            true => shared.known.narrow(&mut revocations),
            // Until what is known here is there again, others may write down what they know, of before.
            false if shared.has_lost() => shared.known.narrow_older(&mut revocations),
            false => {}
        }
        if lost {
            // It has no sharers either.
            shared.own.mark_unwritten();
            shared.lost.store(true, Ordering::Release);
        }
        self.put(&revocations);
        self.find_missing(lost, &there);
        if !shared.has_lost() {
            *shared.kept_by() = self.retention();
        }
        shared.contact.answered(asked_ms);
        Ok(())
    }

    /// Puts down what others recorded. Those that did not know the limits of this server, or of one that a backend has lost,
    /// may keep it for too short.
    fn put(&self, revocations: &[Revocation]) {
        let Shared { known, own, .. } = self.shared;
        let is_unheard = || own.is_unwritten() || self.shared.has_lost();
        let may_be_unheard = is_unheard();
        let mut heard = Vec::new();
        for revocation in revocations {
            if may_be_unheard && known.is_less_than(revocation) {
                heard.push(revocation.target());
            }
            self.shared.put(revocation);
        }
        // With a store that was added meanwhile, any of them may have been opened.
        match is_unheard() {
            true if may_be_unheard => own.hear(heard),
            true => own.hear(revocations.iter().map(Revocation::target)),
            false => {}
        }
    }

    /// A user's session begins: what was revoked by now does not speak of it, whatever the clocks of those who revoked
    /// it said; but that everything was is an error. Where the backend does not answer, what was last known counts.
    pub(crate) fn begin(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
        created_at_ms: u64,
    ) -> Result<(), BackendError> {
        self.check_in_time()?;
        // Told where it matters: as age and trouble of the backend.
        let read = if self.shared.contact.cannot_read() { false } else { self.heard() };
        let who =
            Who { app_id: &scope.app_id, scope: &scope.name, user_id: Some(user_id), uid, created_at_ms };
        self.check_not_before_everything(&who)?;
        let reaches = self.shared.known.revoked_among(&who);
        if !read && reaches.is_empty() {
            return self.begin_unheard(scope, &who, user_id);
        }
        if reaches.is_empty() {
            return Ok(());
        }
        let spare = |(reach, created_before_ms)| Change::Spare {
            reach,
            user_id: user_id.to_owned(),
            uid,
            created_before_ms,
        };
        self.record(&reaches.into_iter().map(spare).collect::<Vec<_>>())?;
        self.check_not_before_everything(&who)?;
        // Whoever asked may have been told by now that it takes too long, and may have ended all sessions since.
        if !self.shared.known.revoked_among(&who).is_empty() {
            return Err(
                self.refuse("all sessions of the user were ended while this one began: begin it again")
            );
        }
        self.wait_for_others();
        Ok(())
    }

    /// Sessions are dated behind the time at which everything was revoked, where it is known.
    fn check_not_before_everything(&mut self, who: &Who<'_>) -> Result<(), BackendError> {
        if who.created_at_ms < self.shared.known.floor_of_everything(who.app_id) {
            return Err(self
                .refuse("all sessions were revoked on another server while this one began: begin it again"));
        }
        Ok(())
    }

    /// What spares a session must not come so late that it undoes what was revoked since.
    fn check_in_time(&mut self) -> Result<(), BackendError> {
        if self.is_late {
            return Err(
                self.refuse("the backend took so long that a session cannot begin or go on by it any more")
            );
        }
        Ok(())
    }

    /// It is not the backend that is in trouble.
    fn refuse(&mut self, why: &str) -> BackendError {
        self.refused = true;
        BackendError::new(why)
    }

    /// Whether it is known what was revoked by now; if not, age and trouble of the backend tell.
    fn heard(&mut self) -> bool {
        match self.refresh() {
            Ok(()) => true,
            Err(error) => {
                self.shared.contact.failed(error);
                false
            }
        }
    }

    /// A login where it is not known what was revoked. It is spared by what there may be, whatever time that says, if it
    /// can be written; if not, what was last known counts.
    fn begin_unheard(&mut self, scope: &Scope, who: &Who<'_>, user_id: &str) -> Result<(), BackendError> {
        let (uid, created_before_ms) = (who.uid, u64::MAX);
        let spare = |reach| Change::Spare { reach, user_id: user_id.to_owned(), uid, created_before_ms };
        let is_written = self.backend.record(&scope.reaches().map(spare)).is_ok();
        // It may answer again, and have something to say.
        if is_written && self.heard() { self.check_not_before_everything(who) } else { Ok(()) }
    }

    /// Others know who was revoked, and learn at their next poll who was spared: where the client comes to one of them
    /// before, it would be refused.
    fn wait_for_others(&mut self) {
        let poll_ms = self.retention().poll_ms();
        // A poll takes its time as well.
        let known_after = poll_ms.saturating_add(poll_ms / 2);
        self.known_after = self.known_after.max(Duration::from_millis(known_after));
    }

    /// A session ends; where it goes on under another uid, that one is spared where it was.
    pub(crate) fn end(
        &mut self,
        scope: &Scope,
        ended: &Ended,
        goes_on: GoesOn,
        now_ms: u64,
    ) -> Result<(), BackendError> {
        let until_ms = self.retention().of_session(ended.created_at_ms, now_ms);
        let uid = ended.uid;
        let revoke = |uid| [Change::Revoke(Revocation::Session { uid, until_ms })];
        let instead = match goes_on {
            GoesOn::As(instead) => instead,
            GoesOn::AsRecorded => return self.record(&revoke(uid)),
            GoesOn::Nowhere => {
                self.record(&revoke(uid))?;
                let successor = self.successor_on_its_way(scope, ended);
                return successor.map_or(Ok(()), |uid| self.record(&revoke(uid)));
            }
        };
        let mut changes = vec![Change::Cycle { uid, instead, until_ms }];
        if let Some(user_id) = &ended.user_id {
            let moved = |reach| Change::Move { reach, user_id: user_id.clone(), from: uid, to: instead };
            changes.extend(scope.reaches().map(moved));
        }
        self.record_and_read(&changes)?;
        let (user_id, created_at_ms) = (ended.user_id.as_deref(), ended.created_at_ms);
        let who = Who { app_id: &scope.app_id, scope: &scope.name, user_id, uid: instead, created_at_ms };
        if self.shared.known.revoked_since(&who).is_some() {
            return Err(self.refuse("the session was ended on another server, so it does not go on"));
        }
        if self.shared.known.spares(&who) {
            self.wait_for_others();
        }
        Ok(())
    }

    /// What a session that was ended goes on as by a request whose answer may still be on its way, since it has ended all
    /// others of its user just now.
    fn successor_on_its_way(&self, scope: &Scope, ended: &Ended) -> Option<SessionUid> {
        /// One request may end all others several times.
        const MOST: usize = 8;
        let user_id = Some(ended.user_id.as_deref()?);
        let created_at_ms = ended.created_at_ms;
        let who = |uid| Who { app_id: &scope.app_id, scope: &scope.name, user_id, uid, created_at_ms };
        let known = &self.shared.known;
        let since_ms = known.revoked_since(&who(ended.uid))?;
        if !self.shared.is_just_revoked(since_ms, 0) {
            return None;
        }
        let successors = std::iter::successors(Some(ended.uid.successor()), |uid| Some(uid.successor()));
        successors.take(MOST).find(|uid| known.spares(&who(*uid)))
    }

    /// Before when sessions are revoked that are to end by now, as far as is known. A server whose clock is ahead has
    /// created sessions up to as much later as this one lets clocks differ; and those that began after everything was
    /// revoked are dated ahead for it.
    pub(crate) fn all_until(&self, now_ms: u64, app_id: &str) -> u64 {
        let ahead_ms = now_ms.saturating_add(self.shared.own.sharer().leeway_ms).saturating_add(1);
        ahead_ms.max(self.shared.known.floor_of_everything(app_id).saturating_add(1))
    }

    /// All sessions of a user end.
    pub(crate) fn end_user(&mut self, reach: Reach, user_id: &str, now_ms: u64) -> Result<(), BackendError> {
        let app_id = match &reach {
            Reach::Scope(scope) => &*scope.app_id,
            Reach::Application(app_id) => app_id,
            Reach::Backend => "",
        };
        let retention = self.retention();
        let user = |created_before_ms| {
            let until_ms = retention.of_all_before(created_before_ms, now_ms);
            let (reach, user_id, except) = (reach.clone(), user_id.to_owned(), Vec::new());
            [Change::Revoke(Revocation::User { reach, user_id, created_before_ms, except, until_ms })]
        };
        let before_ms = self.all_until(now_ms, app_id);
        self.record(&user(before_ms))?;
        // What others had revoked by then is known by now. If not, a session may be dated behind a time of theirs, whose clock
        // may be ahead; who begins after this is spared by name.
        let is_known = self.read && !self.shared.has_lost();
        let ahead_ms = if is_known { 0 } else { self.shared.own.sharer().leeway_ms.saturating_add(1) };
        let after_ms = self.all_until(now_ms, app_id).saturating_add(ahead_ms);
        if after_ms > before_ms { self.record(&user(after_ms)) } else { Ok(()) }
    }

    /// All other sessions of a user end, and the one that asks goes on as another; whether it does, for it may have been
    /// revoked itself.
    #[cfg(feature = "tower")]
    pub(crate) fn end_others(
        &mut self,
        scope: &Scope,
        others: Others,
        now_ms: u64,
    ) -> Result<bool, BackendError> {
        self.check_in_time()?;
        let Others { user_id, uid, created_at_ms, instead } = others;
        // Nobody goes on by this where it cannot be heard what was revoked, so nothing is recorded either.
        self.refresh()?;
        let created_before_ms = self.all_until(now_ms, &scope.app_id);
        let until_ms = self.retention().of_all_before(created_before_ms, now_ms);
        let name = Some(&*user_id);
        let who = |uid| Who { app_id: &scope.app_id, scope: &scope.name, user_id: name, uid, created_at_ms };
        let was_spared = self.shared.known.spares(&who(uid));
        let change = Change::RevokeOthers {
            scope: scope.clone(),
            user_id: user_id.clone(),
            created_before_ms,
            uid,
            created_at_ms,
            instead,
            until_ms,
        };
        self.record_and_read(&[change])?;
        let goes_on = who(instead);
        // Nothing spares it where nothing was done.
        if !self.shared.known.spares(&goes_on) || self.shared.known.revoked_since(&goes_on).is_some() {
            return match self.shared.known.revoked_since(&who(uid)) {
                Some(_) => Ok(false),
                None => Err(BackendError::new("the backend has lost what was recorded: try again")),
            };
        }
        if was_spared {
            self.wait_for_others();
        }
        Ok(true)
    }

    pub(crate) fn backend(&mut self) -> &mut dyn Backend {
        self.backend
    }
}
