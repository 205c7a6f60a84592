//! Sessions that take the place of others: under a new uid, and at login.

use std::borrow::Cow;

use super::SealedStore;
use super::moment::Live;
#[cfg(not(feature = "revocation"))]
use super::unrevoked::Replaced;
use crate::error::ResealError;
use crate::json;
use crate::policy::{LoginData, login_data};
use crate::record::Record;
use crate::session::SessionId;
#[cfg(feature = "revocation")]
use crate::{key::KeyId, uid::SessionUid};

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
        self.revoke_now(old)?;
        Ok(new)
    }

    /// Logs a user in: a new session (new uid, created now, default TTL).
    ///
    /// It has the data of the old one if that was anonymous or of the same user; otherwise it begins with `{}`, so that
    /// nothing leaks from one user to another. To keep some of it, use
    /// [`authenticate_keeping`](Self::authenticate_keeping).
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
    ///
    /// let id = store.authenticate(&id, "another user")?;
    /// assert_eq!(store.read(&id)?.data_json, "{}");
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
        self.authenticate_keeping_with(id, user_id, &[], associated_data)
    }

    /// As [`authenticate`](Self::authenticate), but a login as another user keeps these members of the data: for those
    /// that belong to the browser, or when a user switches between accounts. Of several members of one name the last
    /// counts.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let data_json = r#"{"theme":"dark","mfa_ok":true}"#.to_owned();
    /// let ann = CreateOptions { user_id: Some("ann".into()), data_json, ..Default::default() };
    /// let id = store.authenticate_keeping(&store.create(ann)?, "bob", &["theme"])?;
    /// assert_eq!(store.read(&id)?.data_json, r#"{"theme":"dark"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn authenticate_keeping(
        &self,
        id: &SessionId,
        user_id: &str,
        members: &[&str],
    ) -> Result<SessionId, ResealError> {
        self.authenticate_keeping_with(id, user_id, members, b"")
    }

    /// As [`authenticate_keeping`](Self::authenticate_keeping), with associated data.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub fn authenticate_keeping_with(
        &self,
        id: &SessionId,
        user_id: &str,
        members: &[&str],
        associated_data: &[u8],
    ) -> Result<SessionId, ResealError> {
        self.check_may_revoke()?;
        let (new, old) = self.authenticated(id, user_id, members, associated_data)?;
        self.revoke_now(old)?;
        Ok(new)
    }

    /// The same session under a new uid, and the one that it replaces.
    pub(super) fn cycled(
        &self,
        id: &SessionId,
        associated_data: &[u8],
    ) -> Result<(SessionId, Replaced), ResealError> {
        self.moment().open(id.as_bytes(), associated_data, |moment, Live { record, key_id, .. }| {
            let Record { times, user_id, data, .. } = record;
            let (new, uid) = moment.seal_new(times, user_id, data, associated_data)?;
            let keys = [moment.keys.sealing_id(), Some(key_id)];
            Ok((new, Replaced::of(&record, uid, None, keys)))
        })
    }

    /// A user's new session, with the data of an old one that a login keeps, and the old one.
    pub(super) fn authenticated(
        &self,
        id: &SessionId,
        user_id: &str,
        members: &[&str],
        associated_data: &[u8],
    ) -> Result<(SessionId, Replaced), ResealError> {
        self.moment().open(id.as_bytes(), associated_data, |moment, Live { record, .. }| {
            let data = match login_data(record.user_id, user_id) {
                LoginData::Kept => Cow::Borrowed(record.data),
                LoginData::Empty => Cow::Owned(json::only(record.data, members)),
            };
            let times = moment.begin(0)?;
            let (new, uid) = moment.seal_new(times, Some(user_id), &data, associated_data)?;
            let login = Login { user_id: user_id.to_owned(), created_at_ms: times.created };
            Ok((new, Replaced::of(&record, uid, Some(login), [moment.keys.sealing_id(), None])))
        })
    }
}

/// A session that another one has taken the place of.
#[cfg(feature = "revocation")]
pub(super) struct Replaced {
    pub(super) ended: crate::revocation::Ended,
    pub(super) new_uid: SessionUid,
    /// Unless it is the same session.
    pub(super) login: Option<Login>,
    /// What took its place counts as long as these do.
    pub(super) keys: [Option<KeyId>; 2],
}

/// A login that took its place.
pub(super) struct Login {
    pub(super) user_id: String,
    pub(super) created_at_ms: u64,
}

#[cfg(feature = "revocation")]
impl Replaced {
    fn of(record: &Record<'_>, new_uid: SessionUid, login: Option<Login>, keys: [Option<KeyId>; 2]) -> Self {
        Self { ended: crate::revocation::Ended::of(record), new_uid, login, keys }
    }
}
