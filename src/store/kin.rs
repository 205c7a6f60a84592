//! Stores of further names over one ring: what belongs to a session and is sealed beside it.
//!
//! Kin have one clock, one generator, one list of revocations, one follower, and always the ring of the first of
//! them, whichever of them it is given to. Their keys are derived for their own names, so that a token of one opens
//! in no other. The first one lives for as long as any.

#[cfg(feature = "revocation")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Inner, builder};
use crate::error::{ConfigError, KeyError};
use crate::key::KeyId;
use crate::policy::Policy;
use crate::ring::KeyRing;
use crate::ring::live::Table;

/// Where a store stands among its kin.
pub(super) struct Kin {
    /// Nothing for the first itself.
    pub(super) first: Option<Arc<Inner>>,
    /// Of the first: all others. Held while the ring changes, and while another one is added; never by readers.
    others: Mutex<Vec<Weak<Inner>>>,
    /// Of the first: the longest TTL that any of them has given.
    #[cfg(feature = "revocation")]
    pub(super) longest_ttl_ms: AtomicU64,
}

impl Kin {
    /// A store that has no kin yet.
    pub(super) fn first(policy: &Policy) -> Self {
        Self::new(None, policy)
    }

    pub(super) fn new(first: Option<Arc<Inner>>, policy: &Policy) -> Self {
        let _ = policy;
        Self {
            first,
            others: Mutex::default(),
            #[cfg(feature = "revocation")]
            longest_ttl_ms: AtomicU64::new(policy.max_ttl_ms),
        }
    }

    /// A thread that panicked while it held the lock left nothing half-changed.
    pub(super) fn others(&self) -> MutexGuard<'_, Vec<Weak<Inner>>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The first of the kin, which follows the ring file.
    pub(super) fn first(&self) -> &Self {
        self.kin.first.as_deref().unwrap_or(self)
    }

    /// The longest TTL of all kin: how long what is revoked has to be known.
    #[cfg(feature = "revocation")]
    pub(super) fn longest_ttl_ms(&self) -> u64 {
        self.first().kin.longest_ttl_ms.load(Ordering::Relaxed)
    }

    /// Gives all kin another ring, or none of them; the key that seals for the first.
    ///
    /// All keys are derived before any is put into place. Once this returns, nobody meets the old ring.
    pub(super) fn replace_ring(&self, ring: &Arc<KeyRing>) -> Result<Option<KeyId>, ConfigError> {
        let first = self.first();
        let mut known = first.kin.others();
        known.retain(|other| other.strong_count() > 0);
        let others: Vec<Arc<Self>> = known.iter().filter_map(Weak::upgrade).collect();
        let all = || std::iter::once(first).chain(others.iter().map(AsRef::as_ref));
        let now = self.clock.now_ms();
        let derived: Vec<_> = all().map(|store| store.derive(ring, now)).collect::<Result<_, _>>()?;
        let sealing = derived.first().and_then(|keys| keys.sealing_id());
        all().zip(derived).for_each(|(store, keys)| store.ring.put(keys));
        Ok(sealing)
    }

    fn derive(&self, ring: &Arc<KeyRing>, now: u64) -> Result<Arc<Table>, ConfigError> {
        builder::check_ring(ring, &self.policy)?;
        self.ring.derive(ring, now).map_err(unusable)
    }
}

pub(super) fn unusable(error: KeyError) -> ConfigError {
    ConfigError(error.to_string())
}
