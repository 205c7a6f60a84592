//! A store without revocations: one scope, nothing to revoke, and nothing to wait for.

use std::sync::Arc;

use super::replace::Login;
use super::{Inner, SealedStore};
use crate::error::SealError;
use crate::key::KeyId;
use crate::record::{Record, Times};
use crate::uid::SessionUid;

impl SealedStore {
    pub(super) fn first(inner: Inner) -> Self {
        Self::whole(Arc::new(inner))
    }

    pub(super) fn whole(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    #[cfg(feature = "dbsc")]
    pub(super) fn of_same_scope(&self, inner: Arc<Inner>) -> Self {
        let _ = self;
        Self(inner)
    }

    pub(super) fn wait_for_begin(&self, _: Option<&str>, _: SessionUid, _: Times) -> Result<(), SealError> {
        let _ = self;
        Ok(())
    }

    pub(super) fn check_may_revoke(&self) -> Result<(), SealError> {
        let _ = self;
        Ok(())
    }

    pub(super) fn revoke_now(&self, _: Replaced) -> Result<(), SealError> {
        let _ = self;
        Ok(())
    }
}

/// A session that another one has taken the place of.
pub(super) struct Replaced;

impl Replaced {
    pub(super) fn of(_: &Record<'_>, _: SessionUid, login: Option<Login>, _: [Option<KeyId>; 2]) -> Self {
        if let Some(Login { user_id, created_at_ms }) = login {
            let _ = (user_id, created_at_ms);
        }
        Self
    }
}
