//! Ending sessions of a user, here and elsewhere.

use super::data::DataError;
use super::session::Session;
use super::state::State;
use crate::revocation::{BackendError, Registry, SessionInfo};
use crate::uid::SessionUid;

/// These take a store that was built with revocations. They wait for its backend, not for other servers.
impl Session {
    /// Ends all sessions of the user who is logged in, on every device, this one included. Without a user it is
    /// [`logout`](Self::logout). This one is logged out in any case.
    ///
    /// # Errors
    /// [`DataError::Revocation`] when the backend cannot record it: the response then removes the cookie, and what else
    /// has ended is not known. [`DataError::TooLate`].
    pub async fn logout_everywhere(&self) -> Result<(), DataError> {
        let Some(user_id) = self.user_id() else { return self.logout() };
        let given_up = LoggedOutOnDrop(Some(self));
        let revoked = self.revoke_all_of(&user_id).await;
        given_up.disarm();
        self.logout()?;
        revoked
    }

    /// Ends all other sessions of the user who is logged in. This one gets a new uid and begins anew, as at a login, with
    /// the TTL that it has. Without a user it does nothing, nor where this session has been ended meanwhile, by another
    /// request or by another task of this one.
    ///
    /// From then on the session that came is over, whatever the handler does: an answer that carries no change, such as a
    /// server error, logs the user out here as well, and so does a handler that gives up waiting.
    ///
    /// # Errors
    /// [`DataError::Revocation`] when the backend cannot record it, and nothing is then ended;
    /// [`DataError::Unavailable`]; [`DataError::TooLate`].
    pub async fn logout_others(&self) -> Result<(), DataError> {
        let Some((user_id, uid)) = self.look(|state| Some((state.user_id()?.to_owned(), state.uid()))) else {
            return Ok(());
        };
        if self.is_over() {
            return Ok(());
        }
        let given_up = LoggedOutOnDrop(Some(self));
        let revoked = self.revoke_all_of(&user_id).await;
        given_up.disarm();
        revoked?;
        self.change(|config, state| match state.user_id() == Some(&*user_id) && state.uid() == uid {
            true => state.begin_again(config.limits(), &user_id, config.store.now_ms()),
            // Another task of the request logged out, in, or cycled meanwhile. What it made stays; what came is over.
            false => {
                state.end_what_came();
                Ok(())
            }
        })
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

    /// Whether the session is known as ended by now.
    fn is_over(&self) -> bool {
        let store = &self.config().store;
        self.look(|state| state.is_over(store, store.now_ms()))
    }

    fn registry(&self) -> Result<&Registry, DataError> {
        self.config().registry.as_ref().ok_or_else(|| {
            DataError::Revocation(BackendError::new(
                "the session layer has no registry of sessions: give its builder one",
            ))
        })
    }
}

/// A handler that gives up waiting does not know whether its session has ended with the others: it is logged out.
struct LoggedOutOnDrop<'s>(Option<&'s Session>);

impl LoggedOutOnDrop<'_> {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for LoggedOutOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            // After the response there is no session any more that could be logged out.
            let _ = session.logout();
        }
    }
}

impl From<BackendError> for DataError {
    fn from(error: BackendError) -> Self {
        Self::Revocation(error)
    }
}
