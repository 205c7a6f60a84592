//! This server as one of those that share a list.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Sharer;

/// This server as one that shares the list: the largest limits of its stores.
pub(super) struct Own {
    sharer: Mutex<Sharer>,
    changed: AtomicBool,
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
        Self { sharer: Mutex::new(sharer), changed: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Sharer> {
        self.sharer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sharer(&self) -> Sharer {
        *self.lock()
    }

    /// A store goes by this list as well.
    pub(super) fn add(&self, limits: Limits) {
        let mut sharer = self.lock();
        let before = *sharer;
        sharer.max_ttl_ms = sharer.max_ttl_ms.max(limits.max_ttl_ms);
        sharer.max_lifetime_ms = sharer.max_lifetime_ms.max(limits.max_lifetime_ms);
        sharer.leeway_ms = sharer.leeway_ms.max(limits.leeway_ms);
        if *sharer != before {
            self.changed.store(true, Ordering::Release);
        }
    }

    /// Whether the backend does not know of it yet.
    pub(super) fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// The backend is about to be told; whether it did not know.
    pub(super) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }

    /// It could not be told.
    pub(super) fn keep_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }
}
