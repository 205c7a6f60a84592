//! What is revoked, in memory: asked at every opening, without a lock and without I/O.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Revocation;
use crate::uid::SessionUid;

/// After so many additions what has expired is removed, where no thread does so.
const FORGET_EVERY: usize = 1024;

/// A session's time before which it must not have been created, until when that counts, and since when it is known
/// here.
#[derive(Debug, Clone, Copy, Default)]
struct Floor {
    created_before_ms: u64,
    until_ms: u64,
    since_ms: u64,
}

/// Until when the revocation of a session counts, and since when it is known here.
#[derive(Debug, Clone, Copy)]
struct Ended {
    until_ms: u64,
    since_ms: u64,
}

/// The set. Lookups take no lock: the maps are those of `papaya`, and the rest is one atomic number.
#[derive(Default)]
pub(super) struct Known {
    sessions: papaya::HashMap<SessionUid, Ended, BuildHasherDefault<UidHasher>>,
    users: papaya::HashMap<Box<str>, Floor>,
    everything_before_ms: AtomicU64,
    everything_until_ms: AtomicU64,
    everything_since_ms: AtomicU64,
    added: AtomicUsize,
}

impl Known {
    /// Since when this server knows that such a session is revoked; nothing for one that is not.
    #[inline]
    pub(super) fn revoked_since(
        &self,
        uid: SessionUid,
        user_id: Option<&str>,
        created_at_ms: u64,
    ) -> Option<u64> {
        if created_at_ms < self.everything_before_ms.load(Ordering::Acquire) {
            return Some(self.everything_since_ms.load(Ordering::Acquire));
        }
        if !self.sessions.is_empty()
            && let Some(ended) = self.sessions.pin().get(&uid)
        {
            return Some(ended.since_ms);
        }
        let floor = self.user_floor(user_id);
        (created_at_ms < floor.created_before_ms).then_some(floor.since_ms)
    }

    /// The least time at which a session of this user may have been created.
    pub(super) fn floor(&self, user_id: Option<&str>) -> u64 {
        self.everything_before_ms.load(Ordering::Acquire).max(self.user_floor(user_id).created_before_ms)
    }

    fn user_floor(&self, user_id: Option<&str>) -> Floor {
        match user_id {
            Some(user) if !self.users.is_empty() => self.users.pin().get(user).copied().unwrap_or_default(),
            _ => Floor::default(),
        }
    }

    /// Adds what was revoked, as this server learns of it now. Of two for one thing the later time counts, in whatever
    /// order they come.
    pub(super) fn add(&self, revocation: &Revocation, now_ms: u64) {
        match revocation {
            Revocation::Session { uid, until_ms } => {
                let new = Ended { until_ms: *until_ms, since_ms: now_ms };
                self.sessions.pin().update_or_insert(
                    *uid,
                    |known| Ended { until_ms: known.until_ms.max(new.until_ms), ..*known },
                    new,
                );
            }
            Revocation::User { user_id, created_before_ms, until_ms } => {
                let new =
                    Floor { created_before_ms: *created_before_ms, until_ms: *until_ms, since_ms: now_ms };
                self.users.pin().update_or_insert(user_id.as_str().into(), |known| known.and(new), new);
            }
            Revocation::Everything { created_before_ms, until_ms } => {
                if *created_before_ms > self.everything_before_ms.load(Ordering::Acquire) {
                    self.everything_since_ms.store(now_ms, Ordering::Release);
                }
                self.everything_until_ms.fetch_max(*until_ms, Ordering::AcqRel);
                self.everything_before_ms.fetch_max(*created_before_ms, Ordering::AcqRel);
            }
        }
        self.added.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes what can no longer matter.
    pub(super) fn forget(&self, now_ms: u64) {
        self.sessions.pin().retain(|_, ended| ended.until_ms > now_ms);
        self.users.pin().retain(|_, floor| floor.until_ms > now_ms);
    }

    pub(super) fn forget_now_and_then(&self, now_ms: u64) {
        if self.added.load(Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            self.forget(now_ms);
        }
    }

    /// All that counts, for a backend that has lost it.
    pub(super) fn all(&self) -> Vec<Revocation> {
        let sessions = self.sessions.pin();
        let sessions =
            sessions.iter().map(|(uid, ended)| Revocation::Session { uid: *uid, until_ms: ended.until_ms });
        let users = self.users.pin();
        let users = users.iter().map(|(user_id, floor)| Revocation::User {
            user_id: user_id.to_string(),
            created_before_ms: floor.created_before_ms,
            until_ms: floor.until_ms,
        });
        let everything = Some(Revocation::Everything {
            created_before_ms: self.everything_before_ms.load(Ordering::Acquire),
            until_ms: self.everything_until_ms.load(Ordering::Acquire),
        });
        let everything = everything.filter(|revocation| revocation.until_ms() > 0);
        sessions.chain(users).chain(everything).collect()
    }

    pub(super) fn len(&self) -> usize {
        let everything = usize::from(self.everything_before_ms.load(Ordering::Acquire) > 0);
        self.sessions.len() + self.users.len() + everything
    }
}

impl Floor {
    /// Both; what says nothing new is known as long as before.
    fn and(self, new: Self) -> Self {
        let latest = if new.created_before_ms > self.created_before_ms { new } else { self };
        Self { until_ms: self.until_ms.max(new.until_ms), ..latest }
    }
}

/// A uid is random already.
#[derive(Default)]
struct UidHasher(u64);

impl Hasher for UidHasher {
    fn write(&mut self, bytes: &[u8]) {
        // The length that arrays of bytes write first comes by `write_usize`.
        if let Some(start) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*start);
        }
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
