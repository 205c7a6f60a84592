//! Keys that open nothing any more: an operator has revoked their root, or the ring lacks it. A session that such a key
//! opened before must not go on under another one, and one that it sealed is not given out.

use super::SealedStore;
use crate::error::Reason;
use crate::key::KeyId;

impl SealedStore {
    /// Why this key opens nothing any more. Not the key of an epoch that has only not begun by this clock.
    pub(super) fn withdrawn(&self, now_ms: u64, key_id: KeyId) -> Option<Reason> {
        let keys = self.0.ring.at(now_ms);
        keys.opening(key_id).err().filter(|_| !keys.is_of_next_epoch(key_id))
    }
}

/// Whether none of these stores, one of which had this key, opens anything by it any more.
#[cfg(feature = "tower")]
pub(crate) fn have_withdrawn<'s>(
    stores: impl IntoIterator<Item = &'s SealedStore>,
    key_id: KeyId,
    now_ms: u64,
) -> bool {
    stores.into_iter().all(|store| store.withdrawn(now_ms, key_id).is_some())
}
