//! What the threads of a server have in common: what is revoked, who shares the list, and how the backend is.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Revocation;
use super::contact::Contact;
use super::entry::Target;
use super::known::Known;
use super::own::Own;
use super::sharer::Retention;
use super::sharers::Sharers;
use crate::clock::Clock;

/// What all threads of a server know of its revocations.
pub(super) struct Shared {
    pub(super) known: Known,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) own: Own,
    pub(super) sharers: Sharers,
    pub(super) contact: Contact,
    /// The backend has lost what it had, and does not have it again yet.
    pub(super) lost: AtomicBool,
    /// What it may lack of that, as far as nobody has written it down again.
    pub(super) missing: Mutex<BTreeSet<Target>>,
    /// Who kept entries how long, as known when the backend last had all that is known here. Whoever came to share the list
    /// by then has seen to it that they are kept for as long as that server needs.
    pub(super) kept_by: Mutex<Retention>,
    /// For so long the answer that puts another session in the place of one that was revoked may be on its way.
    pub(super) just_revoked_ms: u64,
}

impl Shared {
    /// Looks at the clocks: since when things are known is told by the one on the wall.
    pub(super) fn follow_clock(&self) {
        self.known.follow_clock(self.clock.now_ms(), self.clock.monotonic_ms());
    }

    /// Puts down an entry that is known from now on.
    pub(super) fn put(&self, revocation: &Revocation) {
        self.known.put(revocation, self.clock.monotonic_ms());
    }

    /// Whether what is known since then became known so lately that the response which put another session in its
    /// place may still be on its way; as of so long ago. A store may have another clock.
    pub(super) fn is_just_revoked(&self, since_ms: u64, ago_ms: u64) -> bool {
        let at_ms = self.clock.monotonic_ms().saturating_sub(ago_ms);
        at_ms.saturating_sub(since_ms) < self.just_revoked_ms
    }

    pub(super) fn missing(&self) -> MutexGuard<'_, BTreeSet<Target>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These are not missing any more; whether nothing is.
    pub(super) fn have_found(&self, found: &[Target]) -> bool {
        let mut missing = self.missing();
        for target in found {
            missing.remove(target);
        }
        missing.is_empty()
    }

    pub(super) fn kept_by(&self) -> MutexGuard<'_, Retention> {
        self.kept_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to be recorded again, and nothing in its way.
    pub(super) fn is_restoring(&self) -> bool {
        let is_hindered = self.contact.cannot_read() || self.contact.cannot_write();
        self.has_lost() && !is_hindered && !self.missing().is_empty()
    }

    /// Whether the backend lacks what is known here, so that others do not learn of it there.
    pub(super) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}
