//! What is revoked, in memory: asked at every opening, without a lock and without I/O.

use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::change::outcome;
use super::entry::Target;
use super::{BackendError, Change, Reach, Revocation, Scope, SessionInfo};
use crate::uid::SessionUid;

mod keys;
mod wall;

use keys::{AppRef, UidHasher, User, UserRef};
use wall::Wall;

/// A session, as far as it can be revoked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) app_id: &'a str,
    /// The name of its scope.
    pub(crate) scope: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) uid: SessionUid,
    pub(crate) created_at_ms: u64,
}

/// A time before which sessions must not have been created, which are spared, until when that counts, and since when it
/// is known here.
#[derive(Debug, Clone, Default)]
struct Floor {
    /// As the entry says it.
    created_before_ms: u64,
    except: Box<[SessionUid]>,
    until_ms: u64,
    /// By the monotonic clock.
    since_ms: u64,
}

/// Until when the revocation of a session counts, and since when it is known here.
#[derive(Debug, Clone, Copy)]
struct Ended {
    until_ms: u64,
    /// By the monotonic clock.
    since_ms: u64,
}

/// The set. Lookups take no lock: the maps are those of `papaya`.
#[derive(Default)]
pub(super) struct Known {
    sessions: papaya::HashMap<SessionUid, Ended, BuildHasherDefault<UidHasher>>,
    users: papaya::HashMap<User, Floor>,
    /// Whether there ever were users of one scope, of an application, and of all.
    has_users: [AtomicBool; 3],
    everything: papaya::HashMap<Option<Box<str>>, Floor>,
    /// By how much clocks may differ.
    leeway_ms: AtomicU64,
    wall: Wall,
}

/// By so much entries that follow each other may be later than any clock says.
const LATER_MS: u64 = 1_000;

impl Known {
    /// Since when this server knows that such a session is revoked, by the monotonic clock; nothing for one that is not.
    #[inline]
    pub(super) fn revoked_since(&self, who: &Who<'_>) -> Option<u64> {
        if !self.sessions.is_empty()
            && let Some(ended) = self.sessions.pin().get(&who.uid)
        {
            return Some(ended.since_ms);
        }
        if !self.everything.is_empty()
            && let Some(since_ms) = self.everything_since(who)
        {
            return Some(since_ms);
        }
        if self.users.is_empty() {
            return None;
        }
        self.floors_of(who, |floor| self.since(floor, who)).next()
    }

    /// Since when an entry is known, by the monotonic clock, where it revokes such a session.
    fn since(&self, floor: &Floor, who: &Who<'_>) -> Option<u64> {
        let is_revoked = floor.revokes(who, self.wall.of(floor.since_ms), self.leeway_ms());
        is_revoked.then_some(floor.since_ms)
    }

    /// Until when the revocation of this session counts.
    #[cfg(feature = "dbsc")]
    pub(super) fn revoked_until(&self, uid: SessionUid) -> Option<u64> {
        self.sessions.pin().get(&uid).map(|ended| ended.until_ms)
    }

    /// Of which users such a session is revoked now, by their entries, and what times these say.
    pub(super) fn revoked_among(&self, who: &Who<'_>) -> Vec<(Reach, u64)> {
        let is_revoked = |user: UserRef<'_>, floor: &Floor| {
            self.since(floor, who).map(|_| (user.reach(), floor.created_before_ms))
        };
        let users = self.users.pin();
        who.users().filter_map(|user| is_revoked(user, users.get(&user)?)).collect()
    }

    /// The least time at which a session of this application may have been created.
    pub(super) fn floor_of_everything(&self, app_id: &str) -> u64 {
        if self.everything.is_empty() {
            return 0;
        }
        let (everything, leeway_ms) = (self.everything.pin(), self.leeway_ms());
        let counts = |floor: &Floor| floor.counts(self.wall.of(floor.since_ms), leeway_ms);
        let of = |key: Option<&str>| everything.get(&AppRef(key)).map_or(0, counts);
        of(Some(app_id)).max(of(None))
    }

    #[cold]
    fn everything_since(&self, who: &Who<'_>) -> Option<u64> {
        let everything = self.everything.pin();
        [Some(who.app_id), None]
            .into_iter()
            .find_map(|app_id| self.since(everything.get(&AppRef(app_id))?, who))
    }

    fn floors_of<T>(&self, who: &Who<'_>, of: impl Fn(&Floor) -> Option<T>) -> impl Iterator<Item = T> {
        let users = self.users.pin();
        let there_are = &self.has_users;
        who.users()
            .zip(there_are)
            .filter(|(_, there_are)| there_are.load(Ordering::Acquire))
            .filter_map(move |(user, _)| of(users.get(&user)?))
    }

    /// What is known of one target.
    pub(super) fn get(&self, target: &Target) -> Option<Revocation> {
        match target {
            Target::Session(uid) => {
                let Ended { until_ms, .. } = *self.sessions.pin().get(uid)?;
                Some(Revocation::Session { uid: *uid, until_ms })
            }
            Target::User(reach, user_id) => {
                let users = self.users.pin();
                Some(users.get(&UserRef::of(reach, user_id))?.of_user(reach.clone(), user_id.clone()))
            }
            Target::Everything(app_id) => {
                let everything = self.everything.pin();
                Some(everything.get(&AppRef(app_id.as_deref()))?.of_everything(app_id.clone()))
            }
        }
    }

    /// Whether this entry ends more than is known of its target.
    pub(super) fn is_less_than(&self, entry: &Revocation) -> bool {
        self.get(&entry.target()).is_none_or(|known| known.floor().0 < entry.floor().0)
    }

    /// What becomes of entries by these changes, as far as is known here.
    ///
    /// # Errors
    /// Where they cannot be made; a backend that has other entries may make them.
    pub(super) fn after(&self, changes: &[Change]) -> Result<Vec<Revocation>, BackendError> {
        outcome(|target| self.get(target), changes)
    }

    /// Whether a clock was ever set, and may have been set again since it was last looked at.
    #[inline]
    pub(super) fn clock_was_set(&self) -> bool {
        self.wall.was_set()
    }

    /// Whether such a session is spared by an entry that would revoke it.
    pub(super) fn spares(&self, who: &Who<'_>) -> bool {
        self.floors_of(who, |floor| floor.except.contains(&who.uid).then_some(())).next().is_some()
    }

    /// By how much clocks may differ.
    pub(super) fn set_leeway(&self, ms: u64) {
        self.leeway_ms.fetch_max(ms, Ordering::Relaxed);
    }

    fn leeway_ms(&self) -> u64 {
        self.leeway_ms.load(Ordering::Relaxed)
    }

    /// Both clocks, as they are now. Where the one on the wall was set since, what is known is known since the same moment as
    /// before, which that clock calls otherwise. Else what became known while it was behind would count for too little.
    pub(super) fn follow_clock(&self, now_ms: u64, monotonic_ms: u64) {
        self.wall.follow(now_ms, monotonic_ms);
    }

    /// Puts down what there is of an entry, as this server learns of it now, by the monotonic clock.
    pub(super) fn put(&self, revocation: &Revocation, monotonic_ms: u64) {
        let floor = |created_before_ms: u64, except: &[SessionUid], until_ms| Floor {
            created_before_ms,
            except: except.into(),
            until_ms,
            since_ms: monotonic_ms,
        };
        match revocation {
            Revocation::Session { uid, until_ms } => {
                let new = Ended { until_ms: *until_ms, since_ms: monotonic_ms };
                let sessions = self.sessions.pin();
                sessions.update_or_insert(
                    *uid,
                    |known| Ended { until_ms: known.until_ms.max(new.until_ms), ..*known },
                    new,
                );
            }
            Revocation::User { reach, user_id, created_before_ms, except, until_ms } => {
                let user = UserRef::of(reach, user_id);
                let new = floor(*created_before_ms, except, *until_ms);
                // Before the entry is there, so that nobody overlooks it.
                let [of_scope, of_application, of_all] = &self.has_users;
                let there_are = match reach {
                    Reach::Scope(_) => of_scope,
                    Reach::Application(_) => of_application,
                    Reach::Backend => of_all,
                };
                there_are.store(true, Ordering::Release);
                let users = self.users.pin();
                users.update_or_insert(user.into(), |known| self.then(known, &new), new.clone());
            }
            Revocation::Everything { app_id, created_before_ms, until_ms } => {
                let new = floor(*created_before_ms, &[], *until_ms);
                let app_id = app_id.as_deref().map(Box::from);
                let everything = self.everything.pin();
                everything.update_or_insert(app_id, |known| self.then(known, &new), new.clone());
            }
        }
    }

    /// What there is of an entry once it says this. One that counts for no later time than before is known for as long as
    /// before.
    fn then(&self, known: &Floor, new: &Floor) -> Floor {
        let counts = |floor: &Floor| floor.counts(self.wall.of(floor.since_ms), self.leeway_ms());
        let until_ms = new.until_ms.max(known.until_ms);
        // What a clock said that was ahead may be gone there, and what is recorded then says an earlier time, which can be
        // right. The same again is no more than before, however often it is read.
        let said_ms = new.created_before_ms;
        let can_be_right = counts(new) == said_ms && said_ms > counts(known);
        if said_ms > known.created_before_ms || can_be_right {
            return Floor { until_ms, ..new.clone() };
        }
        Floor { except: new.except.clone(), until_ms, ..*known }
    }

    /// Of the entries of a backend that has lost something: an exception that was taken back since does not come back,
    /// however often the backend names the entry.
    pub(super) fn narrow(&self, entries: &mut [Revocation]) {
        for entry in entries {
            if let Some(known) = self.get(&entry.target()) {
                *entry = known.and(entry);
            }
        }
    }

    /// The same of entries that are older than what is known. Those that are not spare who began since.
    pub(super) fn narrow_older(&self, entries: &mut [Revocation]) {
        for entry in entries {
            if let Some(known) = self.get(&entry.target()).filter(|known| known.floor().0 > entry.floor().0) {
                *entry = known.and(entry);
            }
        }
    }

    /// Removes what can no longer matter.
    pub(super) fn forget(&self, by_ms: u64) {
        self.sessions.pin().retain(|_, ended| ended.until_ms > by_ms);
        self.users.pin().retain(|_, floor| floor.until_ms > by_ms);
        self.everything.pin().retain(|_, floor| floor.until_ms > by_ms);
    }

    /// All that counts, for a backend that has lost it.
    pub(super) fn all(&self) -> Vec<Revocation> {
        let sessions = self.sessions.pin();
        let sessions =
            sessions.iter().map(|(uid, ended)| Revocation::Session { uid: *uid, until_ms: ended.until_ms });
        let users = self.users.pin();
        let users =
            users.iter().map(|(user, floor)| floor.of_user(user.as_ref().reach(), user.user_id.to_string()));
        let everything = self.everything.pin();
        let everything = everything
            .iter()
            .map(|(app_id, floor)| floor.of_everything(app_id.as_deref().map(str::to_owned)));
        sessions.chain(users).chain(everything).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len() + self.users.len() + self.everything.len()
    }
}

impl Floor {
    fn revokes(&self, who: &Who<'_>, since_ms: u64, leeway_ms: u64) -> bool {
        who.created_at_ms < self.counts(since_ms, leeway_ms) && !self.except.contains(&who.uid)
    }

    /// The time that counts where it is known since then, by the clock on the wall: not one that no right clock can have
    /// said, as far as clocks may differ. It would keep users from logging in until then.
    fn counts(&self, since_ms: u64, leeway_ms: u64) -> u64 {
        let latest_ms = since_ms.saturating_add(leeway_ms.saturating_mul(2));
        // What ends what is dated ahead for another is later than that one.
        self.created_before_ms.min(latest_ms.saturating_add(LATER_MS))
    }

    fn of_user(&self, reach: Reach, user_id: String) -> Revocation {
        let Self { created_before_ms, until_ms, .. } = *self;
        Revocation::User { reach, user_id, created_before_ms, except: self.except.to_vec(), until_ms }
    }

    fn of_everything(&self, app_id: Option<String>) -> Revocation {
        let Self { created_before_ms, until_ms, .. } = *self;
        Revocation::Everything { app_id, created_before_ms, until_ms }
    }
}

impl<'a> Who<'a> {
    pub(crate) fn of(scope: &'a Scope, session: &'a SessionInfo) -> Self {
        Self {
            app_id: &scope.app_id,
            scope: &scope.name,
            user_id: Some(&session.user_id),
            uid: session.uid,
            created_at_ms: session.created_at_ms,
        }
    }

    /// Of whom an entry that revokes it may speak.
    fn users(self) -> impl Iterator<Item = UserRef<'a>> {
        let Self { app_id, scope, user_id, .. } = self;
        let all = [(Some(app_id), Some(scope)), (Some(app_id), None), (None, None)];
        let of = move |(app_id, scope)| user_id.map(|user_id| UserRef { app_id, scope, user_id });
        all.into_iter().filter_map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const NOON_MS: u64 = 1_795_003_200_000;

    /// A thread may have looked at the clock before another has noticed that it was put right.
    #[test]
    fn what_is_known_counts_alike_whether_the_clock_was_put_right_before_or_after() {
        let revoked = Revocation::User {
            reach: Reach::Backend,
            user_id: "ann".into(),
            created_before_ms: NOON_MS,
            except: Vec::new(),
            until_ms: u64::MAX,
        };
        let uid = SessionUid::from_bytes([7; 16]);
        let who = Who { app_id: "", scope: "", user_id: Some("ann"), uid, created_at_ms: NOON_MS - 1_000 };
        for put_right_first in [false, true] {
            let known = Known::default();
            // An hour behind, and put right ten milliseconds later.
            known.follow_clock(NOON_MS - HOUR_MS, 500);
            let put_right = || known.follow_clock(NOON_MS + 10, 510);
            if put_right_first {
                put_right();
            }
            known.put(&revoked, 505);
            if !put_right_first {
                assert_eq!(known.revoked_since(&who), None, "as far as that clock says");
                put_right();
            }
            assert_eq!(known.revoked_since(&who), Some(505), "{put_right_first}");
        }
    }

    /// The entry that it wrote is gone there, so that what is recorded next says an earlier time.
    #[test]
    fn what_a_clock_said_that_was_ahead_does_not_outlast_what_is_revoked_later() {
        let revoked = |created_before_ms| Revocation::Everything {
            app_id: None,
            created_before_ms,
            until_ms: u64::MAX,
        };
        let known = Known::default();
        known.follow_clock(NOON_MS, 0);
        known.put(&revoked(NOON_MS + 72 * HOUR_MS), 0);
        assert_eq!(known.floor_of_everything(""), NOON_MS + LATER_MS);
        for days in [3, 2] {
            known.put(&revoked(NOON_MS + days * 24 * HOUR_MS), HOUR_MS / 2);
            assert_eq!(known.floor_of_everything(""), NOON_MS + LATER_MS, "it is read again");
        }
        for hours in 1..=3 {
            known.put(&revoked(NOON_MS + hours * HOUR_MS), hours * HOUR_MS);
            assert_eq!(known.floor_of_everything(""), NOON_MS + hours * HOUR_MS);
        }
        known.put(&revoked(NOON_MS + HOUR_MS), 4 * HOUR_MS);
        assert_eq!(
            known.floor_of_everything(""),
            NOON_MS + 3 * HOUR_MS,
            "what says an earlier time takes nothing back"
        );
    }
}
