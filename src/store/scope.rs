//! Whose users a store is about: those of its application, and of one part of it.

use std::fmt;
use std::sync::Arc;

use super::{Inner, SealedStore};
use crate::error::SealError;
use crate::record::Times;
use crate::revocation::{BackendError, Limits, Pending, Scope, Who};
use crate::uid::SessionUid;

/// The name of a scope; of the one without a name nothing is allocated. A pointer and no more, for stores are cloned.
#[derive(Clone, Default)]
pub(super) struct ScopeName(Option<Arc<String>>);

impl SealedStore {
    pub(super) fn first(inner: Inner) -> Self {
        Self::whole(Arc::new(inner))
    }

    /// In the scope that there is without any.
    pub(super) fn whole(inner: Arc<Inner>) -> Self {
        Self(inner, ScopeName::default())
    }

    #[cfg(feature = "dbsc")]
    pub(super) fn of_same_scope(&self, inner: Arc<Inner>) -> Self {
        Self(inner, self.1.clone())
    }

    /// This store for the users of one scope: a tenant, a realm. User `1` of one is not user `1` of another, in what is
    /// revoked and in registries. It says nothing about which tokens open; for that there is associated data.
    ///
    /// ```
    /// use sealed_session::revocation::Revocations;
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let ring = KeyRing::single(RootSecret::generate()?);
    /// let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build()?;
    /// let (one, other) = (store.in_scope("tenant-a"), store.in_scope("tenant-b"));
    /// let id = one.create(CreateOptions { user_id: Some("1".into()), ..Default::default() })?;
    ///
    /// other.revoke_user("1").wait()?;
    /// assert!(one.read(&id).is_ok());
    /// one.revoke_user("1").wait()?;
    /// assert!(one.read(&id).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn in_scope(&self, name: &str) -> Self {
        let name = Some(name).filter(|name| !name.is_empty());
        Self(Arc::clone(&self.0), ScopeName(name.map(|name| Arc::new(name.to_owned()))))
    }

    /// The name of its scope; empty unless it is [of one](Self::in_scope).
    #[must_use]
    pub fn scope_name(&self) -> &str {
        self.1.0.as_deref().map(String::as_str).unwrap_or_default()
    }

    /// A session in it, as far as it can be revoked.
    pub(crate) fn who<'s>(
        &'s self,
        user_id: Option<&'s str>,
        uid: SessionUid,
        created_at_ms: u64,
    ) -> Who<'s> {
        Who { app_id: &self.0.app_id, scope: self.scope_name(), user_id, uid, created_at_ms }
    }

    pub(crate) fn scope(&self) -> Scope {
        self.scope_of(self.scope_name())
    }

    pub(crate) fn scope_of(&self, name: &str) -> Scope {
        Scope { app_id: self.0.app_id.clone(), name: name.to_owned() }
    }

    /// What is revoked has to be kept for as long as this store could open it.
    pub(super) fn share_revocations(&self) {
        let policy = &self.0.policy;
        if let Some(revocations) = &self.0.revocations {
            revocations.share(Limits {
                max_ttl_ms: policy.max_ttl_ms,
                max_lifetime_ms: policy.max_lifetime_ms,
                leeway_ms: policy.leeway_ms,
            });
        }
    }

    /// Lets a user's new session begin after what any server revoked before.
    pub(super) fn wait_for_begin(
        &self,
        user_id: Option<&str>,
        uid: SessionUid,
        times: Times,
    ) -> Result<(), SealError> {
        let Some(user_id) = user_id else { return Ok(()) };
        self.check_may_revoke()?;
        let begun = self.begin_user(user_id, uid, times.created).map_or(Ok(()), Pending::wait);
        self.or_as_last_known(begun, user_id, uid, times)
    }

    /// The same, for those who await.
    pub(super) async fn begun(
        &self,
        user_id: Option<&str>,
        uid: SessionUid,
        times: Times,
    ) -> Result<(), SealError> {
        let Some(user_id) = user_id else { return Ok(()) };
        let begun = match self.begin_user(user_id, uid, times.created) {
            Some(begun) => begun.await,
            None => Ok(()),
        };
        self.or_as_last_known(begun, user_id, uid, times)
    }

    /// If the backend does not answer, what was last known counts.
    fn or_as_last_known(
        &self,
        begun: Result<(), BackendError>,
        user_id: &str,
        uid: SessionUid,
        times: Times,
    ) -> Result<(), SealError> {
        begun.or_else(|error| match &self.0.revocations {
            Some(known) if known.revoked_since(&self.who(Some(user_id), uid, times.created)).is_some() => {
                Err(SealError::NotRevoked { message: error.to_string() })
            }
            _ => Ok(()),
        })
    }
}

impl fmt::Debug for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().map(String::as_str).unwrap_or_default())
    }
}
