//! A session as it was opened, with what the contract's record does not tell.

use crate::key::KeyId;
use crate::ring::KeyState;
use crate::session::SessionRecord;
use crate::uid::SessionUid;

/// A session that was opened, with what the contract's record does not tell.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, KeyState, RootSecret, SealedStore, SessionPlugin};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let session = store.open(&store.create(CreateOptions::default())?)?;
/// assert_eq!(session.key_state(), KeyState::Sealing);
/// assert_eq!(session.renewed_at_ms(), session.record().created_at_ms);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    pub(super) record: SessionRecord,
    pub(super) uid: SessionUid,
    pub(super) renewed_at_ms: u64,
    pub(super) key_id: KeyId,
    pub(super) key_state: KeyState,
}

impl OpenedSession {
    /// The record, as [`SessionPlugin::read`](crate::SessionPlugin::read) returns it.
    #[must_use]
    pub fn record(&self) -> &SessionRecord {
        &self.record
    }

    /// The record, owned.
    #[must_use]
    pub fn into_record(self) -> SessionRecord {
        self.record
    }

    /// What stays the same while the id changes; replaced by cycle and login.
    #[must_use]
    pub fn uid(&self) -> SessionUid {
        self.uid
    }

    /// When the expiry was last set, by create, login or touch, in milliseconds since 1970.
    #[must_use]
    pub fn renewed_at_ms(&self) -> u64 {
        self.renewed_at_ms
    }

    /// The key that opened the token.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// What that key may do now. [`KeyState::Accepted`] means that a newer key seals: re-sealing such
    /// sessions as they are used is how a rotation reaches every active user.
    #[must_use]
    pub fn key_state(&self) -> KeyState {
        self.key_state
    }
}
