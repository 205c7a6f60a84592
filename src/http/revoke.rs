//! Ending sessions of a user, here and elsewhere.

use super::data::DataError;
use super::session::Session;
use super::state::State;
use crate::revocation::{BackendError, Registry, SessionInfo};
use crate::uid::SessionUid;

/// These take a store that was built with revocations. They wait for its backend, not for other servers.
impl Session {
    /// Ends all sessions of the user who is logged in, on every device, this one included. Without a user it is
    /// [`logout`](Self::logout).
    ///
    /// # Errors
    /// [`DataError::Revocation`] when the backend cannot record it, and nothing is then ended;
    /// [`DataError::TooLate`].
    pub async fn logout_everywhere(&self) -> Result<(), DataError> {
        if let Some(user_id) = self.user_id() {
            self.revoke_all_of(&user_id).await?;
        }
        self.logout()
    }

    /// Ends all other sessions of the user who is logged in. This one gets a new uid and begins anew, as at a login, with
    /// the TTL that it has. Without a user it does nothing.
    ///
    /// # Errors
    /// As [`logout_everywhere`](Self::logout_everywhere) and [`authenticate`](Self::authenticate).
    pub async fn logout_others(&self) -> Result<(), DataError> {
        match self.user_id() {
            Some(user_id) => {
                self.revoke_all_of(&user_id).await?;
                self.change(|config, state| {
                    if let Some(ttl_ms) = state.ttl_ms() {
                        state.set_ttl(ttl_ms, config.store.now_ms());
                    }
                    Ok(())
                })?;
                self.authenticate(&user_id)
            }
            None => Ok(()),
        }
    }

    /// The sessions of the user who is logged in, the one seen last first; of nobody none. Takes a registry.
    ///
    /// # Errors
    /// [`DataError::Revocation`] when there is no registry, or its backend does not answer.
    pub async fn list_my_sessions(&self) -> Result<Vec<SessionInfo>, DataError> {
        match self.user_id() {
            Some(user_id) => Ok(self.registry()?.list_by_user(&user_id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Ends one session of the user who is logged in; false if they have no such session, as for another user's.
    /// Takes a registry.
    ///
    /// # Errors
    /// As [`list_my_sessions`](Self::list_my_sessions); [`DataError::TooLate`] for this session itself.
    pub async fn revoke(&self, uid: SessionUid) -> Result<bool, DataError> {
        let Some(user_id) = self.user_id() else { return Ok(false) };
        let revoked = self.registry()?.revoke(&user_id, uid).await?;
        if revoked && self.uid() == Some(uid) {
            self.logout()?;
        }
        Ok(revoked)
    }

    async fn revoke_all_of(&self, user_id: &str) -> Result<(), DataError> {
        // What this response could not tell the client must not be done to it.
        self.change(|_, _: &mut State| Ok(()))?;
        match &self.config().registry {
            Some(registry) => registry.revoke_user(user_id).await.map(drop)?,
            None => self.config().store.revoke_user(user_id).await?,
        }
        Ok(())
    }

    fn registry(&self) -> Result<&Registry, DataError> {
        self.config().registry.as_ref().ok_or_else(|| {
            DataError::Revocation(BackendError::new(
                "the session layer has no registry of sessions: give its builder one",
            ))
        })
    }
}

impl From<BackendError> for DataError {
    fn from(error: BackendError) -> Self {
        Self::Revocation(error)
    }
}
