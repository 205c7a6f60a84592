//! Taking sessions back.

use super::SealedStore;
use super::moment::Steps;
use super::replace::{Login, Replaced};
use crate::error::{OpenError, ResealError, SealError};
use crate::key::KeyId;
#[cfg(feature = "tower")]
use crate::revocation::Others;
use crate::revocation::{
    BackendError, Change, Ended, GoesOn, Pending, Reach, Recorder, Revocation, Revocations,
};
use crate::session::{CreateOptions, SessionId};
use crate::uid::SessionUid;

impl SealedStore {
    /// What this store knows of revocations, if it was built with them.
    #[must_use]
    pub fn revocations(&self) -> Option<&Revocations> {
        self.0.revocations.as_ref()
    }

    /// Revokes the session behind an id, expired or not: [`delete`](crate::SessionPlugin::delete) for those who
    /// await. There is nothing to revoke behind an id that no server made, and that is no error.
    ///
    /// ```
    /// use sealed_session::revocation::Revocations;
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionError, SessionPlugin};
    ///
    /// let ring = KeyRing::single(RootSecret::generate()?);
    /// let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build()?;
    /// let id = store.create(CreateOptions::default())?;
    /// let copy = store.touch(&id, 0)?;
    /// store.revoke(&id).wait()?; // or .await
    /// assert_eq!(store.read(&copy), Err(SessionError::NotFound));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revoke(&self, id: &SessionId) -> Pending<()> {
        self.revoke_with(id, b"")
    }

    /// As [`revoke`](Self::revoke), for a session made with associated data.
    pub fn revoke_with(&self, id: &SessionId, associated_data: &[u8]) -> Pending<()> {
        let revoked = self.revoke_where(id, associated_data, GoesOn::Nowhere, |_| true);
        revoked.unwrap_or_else(|error| Pending::done(Err(error)))
    }

    /// Revokes the session behind an id, if it is a user's and not the spared one.
    #[cfg(feature = "tower")]
    pub(crate) fn revoke_of_user(
        &self,
        id: &SessionId,
        associated_data: &[u8],
        spared: Option<SessionUid>,
        goes_on: GoesOn,
    ) -> Result<Pending<()>, BackendError> {
        let is_meant = |session: &Ended| session.user_id.is_some() && Some(session.uid) != spared;
        self.revoke_where(id, associated_data, goes_on, is_meant)
    }

    fn revoke_where(
        &self,
        id: &SessionId,
        associated_data: &[u8],
        goes_on: GoesOn,
        is_meant: impl FnOnce(&Ended) -> bool,
    ) -> Result<Pending<()>, BackendError> {
        Ok(match self.authentic(id, associated_data)?.filter(is_meant) {
            Some(session) => self.end(session, goes_on),
            None => Pending::done(Ok(())),
        })
    }

    /// The session behind an id that a server made, valid or not.
    fn authentic(&self, id: &SessionId, associated_data: &[u8]) -> Result<Option<Ended>, BackendError> {
        let found = self.moment().open_by(Steps::Authentic, id.as_bytes(), associated_data, |_, live| {
            Ok::<_, OpenError>(Ended::of(&live.record))
        });
        match found {
            Ok(session) => Ok(Some(session)),
            // It may be one that another server can open: its session would live on.
            Err(error) if error.keeps_cookie() => {
                Err(BackendError::new("the token cannot be opened at the moment: try again"))
            }
            Err(_) => Ok(None),
        }
    }

    /// Revokes the session with this uid, which was created at this time, in milliseconds since 1970; a later time
    /// than it was does no harm.
    pub fn revoke_session(&self, uid: SessionUid, created_at_ms: u64) -> Pending<()> {
        let now_ms = self.now_ms();
        self.record(move |recorder| {
            let until_ms = recorder.retention().of_session(created_at_ms, now_ms);
            recorder.record(&[Change::Revoke(Revocation::Session { uid, until_ms })])
        })
    }

    /// Revokes all sessions of a user that there are now, in this store's [scope](Self::in_scope). Sessions that begin
    /// afterwards are good.
    pub fn revoke_user(&self, user_id: &str) -> Pending<()> {
        self.revoke_users(Reach::Scope(self.scope()), user_id)
    }

    /// Revokes all sessions that there are now of the users with this id, in all scopes of the application.
    pub fn revoke_user_in_all_scopes(&self, user_id: &str) -> Pending<()> {
        self.revoke_users(Reach::Application(self.scope().app_id), user_id)
    }

    fn revoke_users(&self, reach: Reach, user_id: &str) -> Pending<()> {
        let (user_id, now_ms) = (user_id.to_owned(), self.now_ms());
        self.record(move |recorder| recorder.end_user(reach, &user_id, now_ms))
    }

    /// Revokes all sessions of the application that there are now, in all scopes, of all of its servers and cookies.
    pub fn revoke_everything(&self) -> Pending<()> {
        let (now_ms, app_id) = (self.now_ms(), Some(self.scope().app_id));
        self.record(move |recorder| {
            let created_before_ms = recorder.all_until(now_ms, app_id.as_deref().unwrap_or_default());
            let until_ms = recorder.retention().of_all_before(created_before_ms, now_ms);
            recorder.record(&[Change::Revoke(Revocation::Everything { app_id, created_before_ms, until_ms })])
        })
    }

    /// As [`create_with`](Self::create_with), for those who await: a user's session begins after what any server revoked
    /// before.
    ///
    /// # Errors
    /// As [`create_with`](Self::create_with), but that no thread waits.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sealed_session::revocation::{MemoryBackend, Revocations};
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore};
    ///
    /// let revocations = Revocations::builder().with_backend(MemoryBackend::default())?;
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).revocations(revocations).build()?;
    /// let id = store.create_async(CreateOptions { user_id: Some("ann".into()), ..Default::default() }, b"").await?;
    /// assert!(store.open(&id).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_async(
        &self,
        options: CreateOptions,
        associated_data: &[u8],
    ) -> Result<SessionId, SealError> {
        let (id, uid, times) = self.created(&options, associated_data)?;
        self.begun(options.user_id.as_deref(), uid, times).await?;
        Ok(id)
    }

    /// As [`cycle`](Self::cycle), for those who await: the old uid is revoked before the new id is given out.
    ///
    /// # Errors
    /// As [`cycle`](Self::cycle).
    pub async fn cycle_async(
        &self,
        id: &SessionId,
        associated_data: &[u8],
    ) -> Result<SessionId, ResealError> {
        let (new, old) = self.cycled(id, associated_data)?;
        self.revoke_replaced(old).await?;
        Ok(new)
    }

    /// As [`authenticate`](Self::authenticate), for those who await: the old uid is revoked before the new id is
    /// given out.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn authenticate_async(
        &self,
        id: &SessionId,
        user_id: &str,
        associated_data: &[u8],
    ) -> Result<SessionId, ResealError> {
        self.authenticate_keeping_async(id, user_id, &[], associated_data).await
    }

    /// As [`authenticate_keeping`](Self::authenticate_keeping), for those who await: the old uid is revoked before the
    /// new id is given out.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn authenticate_keeping_async(
        &self,
        id: &SessionId,
        user_id: &str,
        members: &[&str],
        associated_data: &[u8],
    ) -> Result<SessionId, ResealError> {
        let (new, old) = self.authenticated(id, user_id, members, associated_data)?;
        self.revoke_replaced(old).await?;
        Ok(new)
    }

    /// Revokes what another session has taken the place of, and lets that one begin.
    async fn revoke_replaced(&self, old: Replaced) -> Result<(), ResealError> {
        let keys = old.keys;
        old.revoke(self).await.map_err(not_revoked)?;
        self.check_keys(keys)
    }

    /// The same on this thread, which waits until that is done.
    pub(super) fn revoke_now(&self, old: Replaced) -> Result<(), ResealError> {
        let keys = old.keys;
        old.revoke(self).wait().map_err(not_revoked)?;
        self.check_keys(keys)
    }

    /// While a backend was waited for, an operator may have revoked the root that sealed a session.
    fn check_keys(&self, keys: [Option<KeyId>; 2]) -> Result<(), ResealError> {
        let now_ms = self.now_ms();
        match keys.into_iter().flatten().find_map(|key_id| self.withdrawn(now_ms, key_id)) {
            Some(reason) => Err(OpenError::new(reason).into()),
            None => Ok(()),
        }
    }

    /// Before anything is done that a thread has to wait for: it must be one that may.
    pub(super) fn check_may_revoke(&self) -> Result<(), SealError> {
        let may = self.0.revocations.as_ref().map_or(Ok(()), Revocations::check_may_wait);
        may.map_err(|error| SealError::NotRevoked { message: error.to_string() })
    }

    /// Lets a user's session begin after what any server revoked before; nothing if there is nothing to wait for.
    pub(crate) fn begin_user(
        &self,
        user_id: &str,
        uid: SessionUid,
        created_at_ms: u64,
    ) -> Option<Pending<()>> {
        let begun = self.revocations()?.begin(self.scope(), user_id, uid, created_at_ms);
        (!begun.is_done()).then_some(begun)
    }

    /// All other sessions of a user end, and that one goes on as another; whether it does.
    #[cfg(feature = "tower")]
    pub(crate) fn others_end(
        &self,
        user_id: &str,
        uid: SessionUid,
        created_at_ms: u64,
        instead: SessionUid,
    ) -> Pending<bool> {
        let (scope, now_ms) = (self.scope(), self.now_ms());
        let others = Others { user_id: user_id.to_owned(), uid, created_at_ms, instead };
        self.record(move |recorder| recorder.end_others(&scope, others, now_ms))
    }

    /// A session ends, and may go on as another.
    pub(crate) fn end(&self, ended: Ended, goes_on: GoesOn) -> Pending<()> {
        let (scope, now_ms) = (self.scope(), self.now_ms());
        self.record(move |recorder| recorder.end(&scope, &ended, goes_on, now_ms))
    }

    /// Does something with the backend of the revocations, if there is one.
    pub(crate) fn record<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Recorder<'_>) -> Result<T, BackendError> + Send + 'static,
    ) -> Pending<T> {
        match &self.0.revocations {
            Some(revocations) => revocations.run(job),
            None => Pending::done(Err(BackendError::new(
                "the store was built without revocations: give its builder some",
            ))),
        }
    }
}

impl Replaced {
    /// Revokes it, and lets the one in its place begin.
    fn revoke(self, store: &SealedStore) -> Pending<()> {
        if store.0.revocations.is_none() {
            return Pending::done(Ok(()));
        }
        let (scope, now_ms) = (store.scope(), store.now_ms());
        store.record(move |recorder| {
            if let Some(Login { user_id, created_at_ms }) = &self.login {
                recorder.begin(&scope, user_id, self.new_uid, *created_at_ms)?;
            }
            let goes_on = if self.login.is_none() { GoesOn::As(self.new_uid) } else { GoesOn::AsRecorded };
            recorder.end(&scope, &self.ended, goes_on, now_ms)
        })
    }
}

fn not_revoked(error: BackendError) -> ResealError {
    ResealError::Seal(SealError::NotRevoked { message: error.to_string() })
}
