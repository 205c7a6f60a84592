//! Taking sessions back.

use super::SealedStore;
use super::moment::Steps;
use super::replace::Replaced;
use crate::error::{OpenError, ResealError, SealError};
use crate::revocation::{BackendError, Pending, Revocation, Revocations};
use crate::session::SessionId;
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
        let found = self.moment().open_by(Steps::Authentic, id.as_bytes(), associated_data, |_, live| {
            Ok::<_, OpenError>((live.record.uid, live.record.times.created))
        });
        match found {
            Ok((uid, created_at_ms)) => self.revoke_session(uid, created_at_ms),
            // It may be one that another server can open: its session would live on.
            Err(error) if error.keeps_cookie() => {
                Pending::done(Err(BackendError::new("the token cannot be opened at the moment: try again")))
            }
            Err(_) => Pending::done(Ok(())),
        }
    }

    /// Revokes the session with this uid, which was created at this time, in milliseconds since 1970; a later time
    /// than it was does no harm.
    pub fn revoke_session(&self, uid: SessionUid, created_at_ms: u64) -> Pending<()> {
        let until_ms = self.kept_until(created_at_ms);
        self.revoke_by(|revocations| revocations.revoke(Revocation::Session { uid, until_ms }))
    }

    /// Revokes all sessions of a user that there are now. Sessions that begin afterwards are good; so are those of
    /// users who only have the same name to another application.
    pub fn revoke_user(&self, user_id: &str) -> Pending<()> {
        let (created_before_ms, until_ms) = self.all_until_now();
        let user_id = user_id.to_owned();
        self.revoke_by(|revocations| {
            revocations.revoke(Revocation::User { user_id, created_before_ms, until_ms })
        })
    }

    /// Revokes all sessions that there are now, of all stores with these revocations.
    pub fn revoke_everything(&self) -> Pending<()> {
        let (created_before_ms, until_ms) = self.all_until_now();
        self.revoke_by(|revocations| {
            revocations.revoke(Revocation::Everything { created_before_ms, until_ms })
        })
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
        old.revoke(self).await.map_err(not_revoked)?;
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
        old.revoke(self).await.map_err(not_revoked)?;
        Ok(new)
    }

    /// Before anything is done that a thread has to wait for: it must be one that may.
    pub(super) fn check_may_revoke(&self) -> Result<(), SealError> {
        let may = self.0.revocations.as_ref().map_or(Ok(()), Revocations::check_may_wait);
        may.map_err(|error| SealError::NotRevoked { message: error.to_string() })
    }

    fn revoke_by(&self, revoke: impl FnOnce(&Revocations) -> Pending<()>) -> Pending<()> {
        match &self.0.revocations {
            Some(revocations) => revoke(revocations),
            None => Pending::done(Err(BackendError::new(
                "the store was built without revocations: give its builder some",
            ))),
        }
    }

    /// Until when a session that was created then has to be known as revoked. Whoever has a copy may have touched
    /// it, so its own expiry says nothing; but nobody touches it any more once all servers know.
    pub(crate) fn kept_until(&self, created_at_ms: u64) -> u64 {
        let policy = &self.0.policy;
        let by_lifetime = created_at_ms.saturating_add(policy.max_lifetime_ms);
        let by_ttl = self.0.clock.now_ms().saturating_add(self.0.longest_ttl_ms());
        by_lifetime.min(by_ttl).saturating_add(self.slack())
    }

    /// Before when sessions are revoked from now on, and until when that counts. A server whose clock is ahead by as
    /// much as clocks may differ has created sessions up to then.
    pub(crate) fn all_until_now(&self) -> (u64, u64) {
        let now = self.0.clock.now_ms();
        let until = now.saturating_add(self.0.longest_ttl_ms()).saturating_add(self.slack());
        (now.saturating_add(self.0.policy.leeway_ms), until)
    }

    /// For clocks that differ, and for servers that learn of it late.
    fn slack(&self) -> u64 {
        let poll_ms = self.0.revocations.as_ref().map_or(0, Revocations::poll_ms);
        self.0.policy.leeway_ms.saturating_add(poll_ms)
    }
}

impl Replaced {
    fn revoke(&self, store: &SealedStore) -> Pending<()> {
        match store.0.revocations {
            Some(_) => store.revoke_session(self.uid, self.created_at_ms),
            None => Pending::done(Ok(())),
        }
    }

    /// Revokes it, and waits until that is done.
    pub(super) fn revoke_now(&self, store: &SealedStore) -> Result<(), SealError> {
        self.revoke(store).wait().map_err(|error| SealError::NotRevoked { message: error.to_string() })
    }
}

fn not_revoked(error: BackendError) -> ResealError {
    ResealError::Seal(SealError::NotRevoked { message: error.to_string() })
}
