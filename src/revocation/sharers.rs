//! Who shares the list, as far as this server knows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Sharer;

/// The sharers that a backend has, or had: one that has lost them is told again.
#[derive(Default)]
pub(super) struct Sharers {
    all: Mutex<Vec<Sharer>>,
    latest_ms: AtomicU64,
}

impl Sharers {
    fn lock(&self) -> MutexGuard<'_, Vec<Sharer>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a backend says. Of two rows of one sharer the larger limits count.
    pub(super) fn learn(&self, there: &[Sharer]) {
        let latest_ms = there.iter().map(|sharer| sharer.seen_at_ms).max().unwrap_or_default();
        self.latest_ms.store(latest_ms, Ordering::Relaxed);
        let mut all = self.lock();
        for sharer in there {
            match all.iter_mut().find(|known| known.id == sharer.id) {
                Some(known) => *known = larger(known, sharer),
                None => all.push(*sharer),
            }
        }
    }

    /// When one of them last wrote, by its own clock.
    pub(super) fn latest_ms(&self) -> u64 {
        self.latest_ms.load(Ordering::Relaxed)
    }

    pub(super) fn all(&self) -> Vec<Sharer> {
        self.lock().clone()
    }

    /// Removes those of which no session can live any more.
    pub(super) fn forget(&self, by_ms: u64) {
        self.lock().retain(|sharer| sharer.until_ms() > by_ms);
    }
}

fn larger(one: &Sharer, other: &Sharer) -> Sharer {
    Sharer {
        max_ttl_ms: one.max_ttl_ms.max(other.max_ttl_ms),
        max_lifetime_ms: one.max_lifetime_ms.max(other.max_lifetime_ms),
        leeway_ms: one.leeway_ms.max(other.leeway_ms),
        seen_at_ms: one.seen_at_ms.max(other.seen_at_ms),
        ..*other
    }
}
