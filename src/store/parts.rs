//! What a web layer needs of a store: one opening for a whole request, and sealing what has become of it.

use super::SealedStore;
use super::moment::Live;
use crate::clock::Reading;
use crate::error::{OpenError, SealError};
use crate::key::KeyId;
use crate::record::{Record, Times};
use crate::ring::KeyState;
use crate::token::Sealed;
use crate::uid::SessionUid;

/// A session taken apart. Only a token that opened, or this server's own doing, makes one.
pub(crate) struct Parts {
    pub(crate) times: Times,
    pub(crate) uid: SessionUid,
    pub(crate) texts: Texts,
    pub(crate) key_id: KeyId,
    pub(crate) key_state: KeyState,
}

/// A session's user id and data. What was opened is one allocation, as most requests change neither.
pub(crate) struct Texts {
    /// The user id, if there is one, and the data behind it.
    both: Box<str>,
    data_at: usize,
    has_user: bool,
    /// What takes the place of the data.
    changed: Option<Box<str>>,
}

impl Texts {
    pub(crate) fn new(user_id: Option<&str>, data: &str) -> Self {
        let has_user = user_id.is_some();
        let user_id = user_id.unwrap_or_default();
        let mut both = String::with_capacity(user_id.len() + data.len());
        both.push_str(user_id);
        both.push_str(data);
        Self { both: both.into(), data_at: user_id.len(), has_user, changed: None }
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        self.both.get(..self.data_at).filter(|_| self.has_user)
    }

    pub(crate) fn data(&self) -> &str {
        let opened = || self.both.get(self.data_at..).unwrap_or_default();
        self.changed.as_deref().unwrap_or_else(opened)
    }

    pub(crate) fn set_data(&mut self, data: String) {
        self.changed = Some(data.into());
    }
}

impl SealedStore {
    /// Opens a session as of when the head of its request arrived.
    pub(crate) fn open_parts(
        &self,
        at: Reading,
        token: &[u8],
        associated_data: &[u8],
    ) -> Result<Parts, OpenError> {
        self.moment_of(at).open(token, associated_data, |_, Live { record, key_id, key_state }| {
            Ok(Parts {
                times: record.times,
                uid: record.uid,
                texts: Texts::new(record.user_id, record.data),
                key_id,
                key_state,
            })
        })
    }

    /// Seals a session whose data is known to be an object; under a new uid if it has none.
    pub(crate) fn seal_parts(
        &self,
        now_ms: u64,
        times: Times,
        uid: Option<SessionUid>,
        user_id: Option<&str>,
        data: &str,
        associated_data: &[u8],
    ) -> Result<Sealed, SealError> {
        let moment = self.moment_at(now_ms);
        match uid {
            Some(uid) => moment.seal(&Record { times, uid, user_id, data }, associated_data),
            None => moment.seal_new(times, user_id, data, associated_data).map(|(token, _)| token),
        }
    }

    /// Whether a session is known to be over at this time, by its times or because it was revoked.
    pub(crate) fn has_ended(
        &self,
        now_ms: u64,
        times: Times,
        uid: SessionUid,
        user_id: Option<&str>,
    ) -> bool {
        #[cfg(feature = "revocation")]
        if self.is_revoked(times, uid, user_id) {
            return true;
        }
        let _ = (uid, user_id);
        now_ms >= self.expires_at(times)
    }

    /// Whether a session is known to be revoked.
    #[cfg(feature = "revocation")]
    pub(crate) fn is_revoked(&self, times: Times, uid: SessionUid, user_id: Option<&str>) -> bool {
        let who = self.who(user_id, uid, times.created);
        self.0.revocations.as_ref().is_some_and(|revocations| revocations.revoked_since(&who).is_some())
    }

    /// Whether what other servers revoked is known up to now.
    pub(crate) fn knows_revocations(&self) -> bool {
        #[cfg(feature = "revocation")]
        if let Some(revocations) = &self.0.revocations {
            return revocations.is_fresh();
        }
        false
    }

    /// Whether no session can be opened now, because what is revoked has not been heard of for too long.
    #[cfg(feature = "revocation")]
    pub(crate) fn refuses_all(&self) -> bool {
        self.0.revocations.as_ref().is_some_and(crate::revocation::Revocations::is_too_old)
    }

    /// How long a session lives at most without being extended, in milliseconds.
    pub(crate) fn longest_ms(&self) -> u64 {
        self.0.policy.max_ttl_ms.min(self.0.policy.max_lifetime_ms)
    }

    /// Refuses data that leave less than so many octets.
    pub(crate) fn check_room(&self, user_id: Option<&str>, data: &str, room: usize) -> Result<(), SealError> {
        self.0.policy.check_room(user_id, data, room)
    }

    /// Whether they are clones of one store.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn fresh_uid(&self) -> Result<SessionUid, SealError> {
        self.moment().fresh().map(SessionUid::from_bytes)
    }

    /// The times of a session that begins at this time, in milliseconds since 1970.
    pub(crate) fn begin(&self, now_ms: u64, ttl_ms: u64) -> Result<Times, SealError> {
        self.moment_at(now_ms).begin(ttl_ms)
    }

    /// The times of a session that is renewed now; `None` when its absolute lifetime is used up.
    pub(crate) fn renew(&self, times: Times, now_ms: u64, ttl_ms: u64) -> Option<Times> {
        self.0.policy.renew(times, now_ms, ttl_ms).ok()
    }

    pub(crate) fn expires_at(&self, times: Times) -> u64 {
        self.0.policy.expires_at(times)
    }
}
