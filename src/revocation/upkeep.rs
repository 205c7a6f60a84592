//! What a server does for the list beside recording: it tells who shares it, removes what has expired, and writes down
//! again what was lost or would be removed too early.
//!
//! Nobody can say at one moment how long an entry has to be kept, and have it recorded at the same: a server with longer
//! limits may begin to share the list in between. So both look again.
//!
//! | Who | writes | then |
//! |---|---|---|
//! | the one that revokes | the entry, by the limits that it knows | asks who shares the list, and prolongs the entry if they keep sessions for longer |
//! | the one that begins to share the list | its limits | asks for news, and prolongs what it has heard of since it opens sessions |
//! | the one that writes down again who shared a list that was lost | their limits | asks for news, and prolongs what it has heard of since the loss |
//! | the one that writes down again what was lost | the entries | asks who shares the list, and prolongs them if they keep sessions for longer than those it knew of |
//!
//! Whichever writes first, the other sees it.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::entry::Target;
use super::recorder::Recorder;
use super::sharer::Retention;
use super::{BackendError, Change, Revocation, Sharer};

/// So many entries are recorded again at a time.
const AT_ONCE: usize = 1_000;

/// Servers that were seen within this time, by the clock here, go on purging.
const RUNS_MS: u64 = 3 * 60 * 1000;

impl Recorder<'_> {
    /// Asks who shares the list.
    pub(super) fn learn_sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        let there = self.backend.sharers()?;
        self.shared.sharers.learn(&there);
        Ok(there)
    }

    /// Keeps entries for as long as anything can last that there is by now, and that the servers which are known here
    /// open. A login that another server spares at that very moment is not spared by them any more.
    pub(super) fn prolong(&mut self, targets: &BTreeSet<Target>) -> Result<(), BackendError> {
        let (retention, now_ms) = (self.retention(), self.shared.clock.now_ms());
        let known = |target| self.shared.known.get(target);
        let prolonged = |entry: Revocation| entry.prolonged(retention, now_ms);
        let longer: Vec<_> =
            targets.iter().filter_map(known).filter_map(prolonged).map(Change::Restore).collect();
        for part in longer.chunks(AT_ONCE) {
            self.backend.record(part)?;
            self.learn(self.shared.known.after(part));
        }
        Ok(())
    }

    /// What the backend lacks of all that is known here, once it has lost something; less and less, as servers write it
    /// down again.
    pub(super) fn find_missing(&self, lost: bool, there: &[Revocation]) {
        let known = &self.shared.known;
        let mut missing = self.shared.missing();
        if lost {
            *missing = known.all().iter().map(Revocation::target).collect();
        }
        for entry in there {
            let target = entry.target();
            if known.get(&target).as_ref() == Some(entry) {
                missing.remove(&target);
            }
        }
    }

    /// Records again what a backend has lost: a part of it, so that logouts do not wait for all of it, and other servers can
    /// do another part.
    pub(super) fn make_good(&mut self) -> Result<(), BackendError> {
        if !self.shared.has_lost() {
            return Ok(());
        }
        let heard_of_it = self.shared.own.changes();
        let part: Vec<_> = self.shared.missing().iter().take(AT_ONCE).cloned().collect();
        let known = part.iter().filter_map(|target| self.shared.known.get(target));
        let changes: Vec<_> = known.map(Change::Restore).collect();
        if !changes.is_empty() {
            self.backend.record(&changes)?;
        }
        if !self.shared.have_found(&part) {
            return Ok(());
        }
        self.restore_sharers()?;
        self.share()?;
        // Meanwhile others kept what they recorded by the limits of those alone that were there.
        self.prolong_what_was_heard()?;
        self.prolong_what_was_lost()?;
        // It may have lost all of it again meanwhile.
        if self.shared.own.changes() == heard_of_it {
            self.shared.lost.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Those that do not run any more cannot write themselves down again, but sessions of theirs may live. It is enough
    /// to write down those that nobody else stands for: mostly none.
    fn restore_sharers(&mut self) -> Result<(), BackendError> {
        let mut known = self.shared.sharers.all();
        known.sort_by_key(|sharer| std::cmp::Reverse(sharer.until_ms()));
        let mut there = self.learn_sharers()?;
        there.push(self.own_row());
        for sharer in known {
            if !there.iter().any(|other| other.id == sharer.id || other.covers(&sharer)) {
                self.backend.put_sharer(&sharer)?;
                there.push(sharer);
            }
        }
        Ok(())
    }

    /// This server, as it shares the list now.
    fn own_row(&self) -> Sharer {
        Sharer { seen_at_ms: self.shared.clock.now_ms(), ..self.shared.own.sharer() }
    }

    /// Writes down that this server shares the list.
    pub(super) fn share(&mut self) -> Result<(), BackendError> {
        let own = &self.shared.own;
        let changes = own.changes();
        let row = self.own_row();
        self.backend.put_sharer(&row)?;
        if own.is_unwritten() {
            self.prolong_what_was_heard()?;
            own.mark_written(changes);
        }
        Ok(())
    }

    /// What others recorded before they could know the limits of this server, or of those that it knows.
    fn prolong_what_was_heard(&mut self) -> Result<(), BackendError> {
        let own = &self.shared.own;
        if self.others_keep_for_as_long() {
            own.take_heard();
            return Ok(());
        }
        self.refresh()?;
        let heard = own.take_heard();
        let prolonged = self.prolong(&heard);
        if prolonged.is_err() {
            own.hear(heard);
        }
        prolonged
    }

    /// Those who came to share the list after it had lost this could not see it there.
    fn prolong_what_was_lost(&mut self) -> Result<(), BackendError> {
        let retention = self.retention();
        if self.shared.kept_by().covers(retention) {
            return Ok(());
        }
        let all = self.shared.known.all();
        self.prolong(&all.iter().map(Revocation::target).collect())?;
        // Once is enough, however often it is lost before all of it is there again.
        *self.shared.kept_by() = retention;
        Ok(())
    }

    /// Whether everybody kept entries for as long as this server needs, before it came: as at most deployments.
    fn others_keep_for_as_long(&self) -> bool {
        let own = self.shared.own.sharer();
        let all = self.shared.sharers.all();
        let others = Retention::of(all.iter().filter(|sharer| sharer.id != own.id));
        !self.shared.has_lost() && others.covers(Retention::of([&own]))
    }

    /// Removes what has expired, there and here.
    pub(super) fn purge(&mut self, elapsed: Duration) -> Result<(), BackendError> {
        let now_ms = self.shared.clock.now_ms();
        let others = self.learn_sharers()?;
        let own_id = self.shared.own.sharer().id;
        let at_it = |other: &&Sharer| other.id != own_id && other.seen_at_ms.abs_diff(now_ms) < RUNS_MS;
        // All of them together move the time no faster than one alone.
        let servers =
            u32::try_from(others.iter().filter(at_it).count()).unwrap_or(u32::MAX).saturating_add(1);
        let by_ms = self.backend.purge(now_ms, elapsed / servers)?;
        self.shared.known.forget(by_ms);
        self.shared.sharers.forget(by_ms);
        Ok(())
    }
}
