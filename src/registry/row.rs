//! One session on the list: asked for, and changed.

use super::{Pending, Registry, SessionInfo, SessionUid};
use crate::store::SealedStore;

impl Registry {
    /// The store that the registry was built over, in the scope that it had then.
    #[must_use]
    pub fn store(&self) -> &SealedStore {
        &self.0.store
    }

    /// The session of a user with this uid, if the list has one that has not expired; it may have been revoked.
    ///
    /// The list is asked each time. To learn whether a token's session is good, open it: that asks nobody.
    pub fn find(&self, user_id: &str, uid: SessionUid) -> Pending<Option<SessionInfo>> {
        let user_id = user_id.to_owned();
        self.run(move |users| Ok(users.all(&user_id)?.into_iter().find(|session| session.uid == uid)))
    }

    /// Changes what the list says of that session, and answers what `change` does: for adapters to interfaces that give
    /// out one id for good, and so have to keep elsewhere what changes of a session. `None` if the list has no such
    /// session, or it was revoked. An error of `change` leaves the list as it is.
    ///
    /// Whose session it is, which, and when it was created stays in any case, and so does its token: that ends when it
    /// was to, whatever the list says. Changes of one server come one after the other; of two servers the last one
    /// counts.
    ///
    /// ```
    /// use sealed_session::registry::{Registry, SessionInfo};
    /// use sealed_session::revocation::Revocations;
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let ring = KeyRing::single(RootSecret::generate()?);
    /// let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build()?;
    /// let registry = Registry::builder(store).build()?;
    ///
    /// let id = registry.store().create(CreateOptions { user_id: Some("user-42".into()), ..Default::default() })?;
    /// let session = registry.store().open(&id)?;
    /// registry.began(SessionInfo {
    ///     user_id: "user-42".into(),
    ///     uid: session.uid(),
    ///     created_at_ms: session.record().created_at_ms,
    ///     last_seen_at_ms: session.record().created_at_ms,
    ///     expires_at_ms: session.record().expires_at_ms,
    ///     label: "Firefox on Linux".into(),
    /// }).wait()?;
    ///
    /// let rename = |row: &mut SessionInfo| {
    ///     row.label = "my laptop".into();
    ///     Ok::<(), std::convert::Infallible>(())
    /// };
    /// assert_eq!(registry.change("user-42", session.uid(), rename).wait()?, Some(Ok(())));
    /// let row = registry.find("user-42", session.uid()).wait()?;
    /// assert_eq!(row.map(|row| row.label).as_deref(), Some("my laptop"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn change<T: Send + 'static, E: Send + 'static>(
        &self,
        user_id: &str,
        uid: SessionUid,
        change: impl FnOnce(&mut SessionInfo) -> Result<T, E> + Send + 'static,
    ) -> Pending<Option<Result<T, E>>> {
        let user_id = user_id.to_owned();
        self.run(move |users| {
            let all = users.all(&user_id)?;
            let is_it = |session: &SessionInfo| session.uid == uid && !users.is_revoked(session);
            let Some(before) = all.into_iter().find(is_it) else { return Ok(None) };
            let mut after = before.clone();
            let changed = change(&mut after);
            if changed.is_ok() {
                let SessionInfo { user_id, uid, created_at_ms, .. } = before;
                let after = SessionInfo { user_id, uid, created_at_ms, ..after };
                users.recorder.backend().put_session(users.scope, &after)?;
            }
            Ok(Some(changed))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revocation::Revocations;
    use crate::{KeyRing, RootSecret};

    const UID: SessionUid = SessionUid::from_bytes([7; 16]);

    fn ann() -> SessionInfo {
        SessionInfo {
            user_id: "ann".into(),
            uid: UID,
            created_at_ms: 1,
            last_seen_at_ms: 2,
            expires_at_ms: u64::MAX,
            label: "phone".into(),
        }
    }

    /// With one session on its list.
    fn registry() -> Registry {
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build().unwrap();
        let registry = Registry::builder(store).build().unwrap();
        registry.began(ann()).wait().unwrap();
        registry
    }

    #[test]
    fn a_change_keeps_whose_it_is_and_which_and_since_when() {
        let registry = registry();
        let change = |session: &mut SessionInfo| {
            *session = SessionInfo {
                user_id: "bob".into(),
                uid: SessionUid::from_bytes([8; 16]),
                created_at_ms: 9,
                last_seen_at_ms: 10,
                expires_at_ms: u64::MAX - 1,
                label: "laptop".into(),
            };
            Ok::<_, ()>(5)
        };
        assert_eq!(registry.change("ann", UID, change).wait().unwrap(), Some(Ok(5)));
        let last_seen_at_ms = 10;
        let changed =
            SessionInfo { last_seen_at_ms, expires_at_ms: u64::MAX - 1, label: "laptop".into(), ..ann() };
        assert_eq!(registry.list_by_user("ann").wait().unwrap(), [changed]);
        assert_eq!(registry.list_by_user("bob").wait().unwrap(), []);
    }

    #[test]
    fn a_change_that_fails_changes_nothing() {
        let registry = registry();
        let change = |session: &mut SessionInfo| {
            session.label = "laptop".into();
            Err::<(), _>("no")
        };
        assert_eq!(registry.change("ann", UID, change).wait().unwrap(), Some(Err("no")));
        assert_eq!(registry.find("ann", UID).wait().unwrap(), Some(ann()));
    }

    #[test]
    fn another_users_session_is_neither_found_nor_changed() {
        let registry = registry();
        assert_eq!(registry.find("bob", UID).wait().unwrap(), None);
        assert_eq!(registry.change("bob", UID, |_| Ok::<_, ()>(())).wait().unwrap(), None);
        assert_eq!(registry.find("ann", SessionUid::from_bytes([8; 16])).wait().unwrap(), None);
    }
}
