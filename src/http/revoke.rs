//! Ending sessions of a user, here and elsewhere.

use super::data::DataError;
use super::session::Session;
use super::state::State;
use crate::registry::{Registry, SessionInfo};
use crate::revocation::{BackendError, GoesOn};
use crate::uid::SessionUid;

/// These take a store that was built with revocations. They wait for its backend; where other servers would refuse the uid
/// that a session gets, until those know of it.
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

    /// Ends all other sessions of the user who is logged in. This one goes on under a new uid, with the absolute lifetime
    /// and the TTL that it has, so that copies of it end as well. Without a user it does nothing, nor where this session
    /// has been ended meanwhile, by another request or by another task of this one, or its root secret was revoked.
    ///
    /// From then on the session that came is over, whatever the handler does: an answer that carries no change, such as a
    /// server error, logs the user out here as well (its cookie is removed if the answer goes within a minute,
    /// `late_after`), and so does a handler that gives up waiting.
    ///
    /// # Errors
    /// [`DataError::Revocation`] when the backend cannot record it, or does not say what came of it: what has ended is then
    /// not known, this session or others. [`DataError::Unavailable`]; [`DataError::TooLate`].
    pub async fn logout_others(&self) -> Result<(), DataError> {
        let asks = self.look(|state| {
            Some(Asks {
                user_id: state.user_id()?.to_owned(),
                known_uid: state.known_uid()?,
                created_at_ms: state.times()?.created,
            })
        });
        let Some(asks) = asks else { return Ok(()) };
        if self.is_revoked() {
            return Ok(());
        }
        let given_up = LoggedOutOnDrop(Some(self));
        let ended = self.end_others(&asks).await;
        given_up.disarm();
        let instead = ended?;
        self.change(|state| {
            match instead {
                Some(instead) if asks.is_of(state) => {
                    state.go_on_as(self.limits(), instead, self.config().store.now_ms());
                }
                // It was revoked itself, and what ended it may have put another in its place.
                None => {}
                // Another task of the request logged out or in meanwhile. What it made stays; what came is over.
                Some(_) => state.end_what_came(),
            }
            Ok(())
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
    /// As [`list_my_sessions`](Self::list_my_sessions); [`DataError::TooLate`] for this session itself, which is revoked all
    /// the same.
    pub async fn revoke(&self, uid: SessionUid) -> Result<bool, DataError> {
        let Some(user_id) = self.user_id() else { return Ok(false) };
        let revoked = self.registry()?.revoke(&user_id, uid).await?;
        if revoked && self.uid() == Some(uid) {
            self.logout()?;
        }
        Ok(revoked)
    }

    /// What was revoked by now does not speak of a login, and what will be does.
    pub(super) fn begin_user(&self, state: &mut State) {
        let (Some(user_id), Some(uid), Some(times)) = (state.user_id(), state.uid(), state.times()) else {
            return;
        };
        if let Some(begun) = self.sealed_store().begin_user(user_id, uid, times.created) {
            state.begins(begun);
        }
    }

    async fn revoke_all_of(&self, user_id: &str) -> Result<(), DataError> {
        // What this response could not tell the client must not be done to it.
        self.change(|state: &mut State| {
            // At once with the others: a backend that stalls then costs one time limit.
            let has_list = self.sealed_store().revocations().is_some();
            if let Some(ended) = state.to_be_ended().filter(|_| has_list) {
                state.asked_to_end(match self.listed_in() {
                    Some(registry) => registry.settle(Some(ended), GoesOn::Nowhere, None),
                    None => self.sealed_store().end(ended, GoesOn::Nowhere),
                });
            }
            Ok(())
        })?;
        match self.listed_in() {
            Some(registry) => registry.revoke_user(user_id).await.map(drop)?,
            None => self.sealed_store().revoke_user(user_id).await?,
        }
        Ok(())
    }

    /// The uid under which the session goes on; nothing if it was revoked already, and then nothing has ended by this.
    async fn end_others(&self, asks: &Asks) -> Result<Option<SessionUid>, DataError> {
        // What this response could not tell the client must not be done to it.
        self.change(|_: &mut State| Ok(()))?;
        let Asks { user_id, known_uid: uid, created_at_ms, .. } = asks;
        let instead = uid.successor();
        let goes_on = match self.listed_in() {
            Some(registry) => registry.others_end(user_id, *uid, *created_at_ms, instead).await?,
            None => self.sealed_store().others_end(user_id, *uid, *created_at_ms, instead).await?,
        };
        Ok(goes_on.then_some(instead))
    }

    /// Whether the session is known as revoked by now, or what sealed it.
    fn is_revoked(&self) -> bool {
        let store = self.sealed_store();
        self.look(|state| {
            state.is_revoked(store)
                || (state.is_of_what_came() && self.has_withdrawn_key(state, store.now_ms()))
        })
    }

    fn registry(&self) -> Result<&Registry, DataError> {
        self.listed_in().ok_or_else(|| {
            DataError::Revocation(BackendError::new(
                "the session layer has no registry of sessions: give its builder one",
            ))
        })
    }
}

/// The session that ends all others.
struct Asks {
    user_id: String,
    /// By which servers know it, whether it is cycled with this request or not.
    known_uid: SessionUid,
    created_at_ms: u64,
}

impl Asks {
    /// Whether the session is still that one.
    fn is_of(&self, state: &State) -> bool {
        state.user_id() == Some(&*self.user_id) && state.known_uid() == Some(self.known_uid)
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
