//! One session on the list: asked for, and changed.

use super::{Pending, Registry, SessionInfo, SessionUid};
use crate::revocation::BackendError;
use crate::store::SealedStore;

impl Registry {
    pub(crate) fn store(&self) -> &SealedStore {
        &self.0.store
    }

    /// The session of a user with this uid, if the list has one that has not expired.
    pub(crate) fn find(&self, user_id: &str, uid: SessionUid) -> Pending<Option<SessionInfo>> {
        let (user_id, now_ms) = (user_id.to_owned(), self.0.store.now_ms());
        self.0.revocations.run(move |recorder| {
            Ok(recorder.backend().sessions(&user_id, now_ms)?.into_iter().find(|session| session.uid == uid))
        })
    }

    /// Changes what the list says of that session; an error of `change` leaves it as it is. Whose it is, which, and
    /// when it was created stays in any case. Changes of one server come one after the other.
    pub(crate) fn change<T: Send + 'static, E: Send + 'static>(
        &self,
        user_id: &str,
        uid: SessionUid,
        change: impl FnOnce(&mut SessionInfo) -> Result<T, E> + Send + 'static,
    ) -> Pending<Option<Result<T, E>>> {
        let (user_id, now_ms) = (user_id.to_owned(), self.0.store.now_ms());
        self.0.revocations.run(move |recorder| {
            let all = recorder.backend().sessions(&user_id, now_ms)?;
            let Some(before) = all.into_iter().find(|session| session.uid == uid) else { return Ok(None) };
            let mut after = before.clone();
            let changed = change(&mut after);
            if changed.is_ok() {
                let SessionInfo { user_id, uid, created_at_ms, .. } = before;
                recorder.backend().put_session(&SessionInfo { user_id, uid, created_at_ms, ..after })?;
            }
            Ok::<_, BackendError>(Some(changed))
        })
    }
}
