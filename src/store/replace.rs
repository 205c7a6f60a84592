//! Sessions that take the place of others: under a new uid, and at login.

use super::SealedStore;
use super::moment::Live;
use crate::error::ResealError;
use crate::record::Record;
use crate::session::SessionId;

impl SealedStore {
    /// Gives the session a new uid and keeps everything else: what to do when its privileges change
    /// (against session fixation).
    ///
    /// # Errors
    /// As [`touch_with`](Self::touch_with).
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let old = store.create(CreateOptions::default())?;
    /// let new = store.cycle(&old)?;
    /// assert_ne!(store.open(&old)?.uid(), store.open(&new)?.uid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cycle(&self, id: &SessionId) -> Result<SessionId, ResealError> {
        self.cycle_with(id, b"")
    }

    /// As [`cycle`](Self::cycle), with associated data.
    ///
    /// # Errors
    /// As [`touch_with`](Self::touch_with).
    pub fn cycle_with(&self, id: &SessionId, associated_data: &[u8]) -> Result<SessionId, ResealError> {
        self.check_may_revoke()?;
        let (new, old) = self.cycled(id, associated_data)?;
        old.revoke_now(self)?;
        Ok(new)
    }

    /// Logs a user in: a new session (new uid, created now, default TTL) with the data of the old one.
    ///
    /// # Errors
    /// As [`touch_with`](Self::touch_with); [`SealError::UserIdTooLong`](crate::SealError::UserIdTooLong) for more than 65,534 bytes.
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let cart = CreateOptions { data_json: r#"{"cart":["A1"]}"#.into(), ..Default::default() };
    /// let id = store.authenticate(&store.create(cart)?, "user-42")?;
    /// let record = store.read(&id)?;
    /// assert_eq!(record.user_id.as_deref(), Some("user-42"));
    /// assert_eq!(record.data_json, r#"{"cart":["A1"]}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn authenticate(&self, id: &SessionId, user_id: &str) -> Result<SessionId, ResealError> {
        self.authenticate_with(id, user_id, b"")
    }

    /// As [`authenticate`](Self::authenticate), with associated data.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub fn authenticate_with(
        &self,
        id: &SessionId,
        user_id: &str,
        associated_data: &[u8],
    ) -> Result<SessionId, ResealError> {
        self.check_may_revoke()?;
        let (new, old) = self.authenticated(id, user_id, associated_data)?;
        old.revoke_now(self)?;
        Ok(new)
    }

    /// The same session under a new uid, and the one that it replaces.
    pub(super) fn cycled(
        &self,
        id: &SessionId,
        associated_data: &[u8],
    ) -> Result<(SessionId, Replaced), ResealError> {
        self.moment().open(id.as_bytes(), associated_data, |moment, Live { record, .. }| {
            let Record { times, user_id, data, .. } = record;
            let new = moment.seal_new(times, user_id, data, associated_data)?;
            Ok((new, Replaced::of(&record)))
        })
    }

    /// A user's new session with the data of an old one, and the old one.
    pub(super) fn authenticated(
        &self,
        id: &SessionId,
        user_id: &str,
        associated_data: &[u8],
    ) -> Result<(SessionId, Replaced), ResealError> {
        self.moment().open(id.as_bytes(), associated_data, |moment, Live { record, .. }| {
            let times = moment.begin(Some(user_id), 0)?;
            let new = moment.seal_new(times, Some(user_id), record.data, associated_data)?;
            Ok((new, Replaced::of(&record)))
        })
    }
}

/// A session that another one has taken the place of.
pub(super) struct Replaced {
    #[cfg(feature = "revocation")]
    pub(super) uid: crate::uid::SessionUid,
    #[cfg(feature = "revocation")]
    pub(super) created_at_ms: u64,
}

impl Replaced {
    fn of(record: &Record<'_>) -> Self {
        let _ = record;
        Self {
            #[cfg(feature = "revocation")]
            uid: record.uid,
            #[cfg(feature = "revocation")]
            created_at_ms: record.times.created,
        }
    }
}

/// A store that knows of no revocations has nothing to revoke, and nothing to wait for.
#[cfg(not(feature = "revocation"))]
impl Replaced {
    fn revoke_now(&self, _: &SealedStore) -> Result<(), crate::error::SealError> {
        Ok(())
    }
}

#[cfg(not(feature = "revocation"))]
impl SealedStore {
    fn check_may_revoke(&self) -> Result<(), crate::error::SealError> {
        Ok(())
    }
}
