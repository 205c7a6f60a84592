//! What a login and a logout revoke, where the store has revocations.

use super::SealedSessionStore;
#[cfg(feature = "revocation")]
use crate::error::Reason;
use crate::session::SessionId;

impl SealedSessionStore {
    /// Revokes the session, expired or not.
    pub(super) async fn revoke(&self, id: &SessionId) -> Result<(), anyhow::Error> {
        #[cfg(feature = "revocation")]
        if self.store.revocations().is_some() {
            self.store.revoke(id).await?;
        }
        let _ = id;
        Ok(())
    }

    /// As [`revoke`](Self::revoke), for what came beside the session that a login replaced, or in its place: one that
    /// cannot be judged now may live on.
    pub(super) async fn revoke_beside(&self, id: &SessionId) -> Result<(), anyhow::Error> {
        #[cfg(feature = "revocation")]
        if self.store.revocations().is_some()
            && !self.store.open(id).is_err_and(|error| error.reason() == Reason::Revoked)
            && let Ok(revoked) = self.store.revoke_judged(id, b"")
        {
            revoked.await?;
        }
        let _ = id;
        Ok(())
    }
}
