//! A session as it was opened, with what the contract's record does not tell.

use crate::key::KeyId;
use crate::policy::ResealPolicy;
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

    /// Whether to seal it anew, with [`SealedStore::reseal`](crate::SealedStore::reseal), and send the new value
    /// back; `now_ms` is the time in milliseconds since 1970. Once that is done the answer is no, until the next
    /// rotation.
    ///
    /// ```
    /// use sealed_session::{Clock, ResealError, ResealPolicy, SealedStore, SessionId, SystemClock};
    ///
    /// /// The value to send back, if there is a new one.
    /// fn renewed(store: &SealedStore, id: &SessionId) -> Result<Option<SessionId>, ResealError> {
    ///     match store.open(id)?.should_reseal(ResealPolicy::Always, SystemClock.now_ms()) {
    ///         true => store.reseal(id).map(Some),
    ///         false => Ok(None),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn should_reseal(&self, policy: ResealPolicy, now_ms: u64) -> bool {
        policy.reseals(self.key_state, self.renewed_at_ms, self.record.expires_at_ms, now_ms)
    }

    /// What that key may do now. [`KeyState::Accepted`] means that a newer key seals: re-sealing such
    /// sessions as they are used is how a rotation reaches every active user.
    #[must_use]
    pub fn key_state(&self) -> KeyState {
        self.key_state
    }
}
