//! This server as one of those that share a list.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Sharer;
use super::entry::Target;

/// This server as one that shares the list: the largest limits of its stores, and whether others go by them.
pub(super) struct Own {
    sharer: Mutex<Sharer>,
    /// How often its limits changed.
    changes: AtomicU64,
    /// How many of these changes the backend has.
    written: AtomicU64,
    /// What was heard of while others may not have gone by its limits, or by those that it has still to write down again.
    heard: Mutex<BTreeSet<Target>>,
}

/// The limits of a store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_ttl_ms: u64,
    pub(crate) max_lifetime_ms: u64,
    pub(crate) leeway_ms: u64,
}

impl Own {
    pub(super) fn new(id: [u8; 16], poll_ms: u64, refuse_after_ms: Option<u64>) -> Self {
        let sharer = Sharer {
            id,
            max_ttl_ms: 0,
            max_lifetime_ms: 0,
            leeway_ms: 0,
            poll_ms,
            refuse_after_ms,
            seen_at_ms: 0,
        };
        Self {
            sharer: Mutex::new(sharer),
            changes: AtomicU64::new(0),
            written: AtomicU64::new(0),
            heard: Mutex::default(),
        }
    }

    pub(super) fn sharer(&self) -> Sharer {
        *lock(&self.sharer)
    }

    /// A store goes by this list as well.
    pub(super) fn add(&self, limits: Limits) {
        let mut sharer = lock(&self.sharer);
        let before = *sharer;
        sharer.max_ttl_ms = sharer.max_ttl_ms.max(limits.max_ttl_ms);
        sharer.max_lifetime_ms = sharer.max_lifetime_ms.max(limits.max_lifetime_ms);
        sharer.leeway_ms = sharer.leeway_ms.max(limits.leeway_ms);
        if *sharer != before {
            self.mark_unwritten();
        }
    }

    /// The backend does not have its limits, or not any more.
    pub(super) fn mark_unwritten(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// How often its limits changed, to be given to [`mark_written`](Self::mark_written).
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Whether others may not go by its limits yet.
    pub(super) fn is_unwritten(&self) -> bool {
        self.changes() != self.written.load(Ordering::Acquire)
    }

    /// Others go by its limits as of then.
    pub(super) fn mark_written(&self, changes: u64) {
        self.written.store(changes, Ordering::Release);
    }

    /// These entries were heard of meanwhile.
    pub(super) fn hear(&self, targets: impl IntoIterator<Item = Target>) {
        lock(&self.heard).extend(targets);
    }

    pub(super) fn take_heard(&self) -> BTreeSet<Target> {
        std::mem::take(&mut *lock(&self.heard))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
