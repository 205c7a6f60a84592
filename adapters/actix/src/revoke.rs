//! What a login and a logout revoke, where the store has revocations.

use sealed_session::{Reason, SessionId};

use crate::SealedSessionStore;

impl SealedSessionStore {
    /// Revokes the session, expired or not.
    pub(crate) async fn revoke(&self, id: &SessionId) -> Result<(), anyhow::Error> {
        if self.store.revocations().is_some() {
            self.store.revoke(id).await?;
        }
        Ok(())
    }

    /// As [`revoke`](Self::revoke), for what came beside the session that a login replaced, or in its place: one that
    /// cannot be judged now may live on.
    pub(crate) async fn revoke_beside(&self, id: &SessionId) -> Result<(), anyhow::Error> {
        if self.store.revocations().is_none() {
            return Ok(());
        }
        match self.store.open(id) {
            Err(refused) if is_over_or_unjudged(refused.reason()) => Ok(()),
            Ok(_) | Err(_) => self.revoke(id).await,
        }
    }
}

/// Whether there is nothing to revoke behind a refused token, or another server alone could tell what.
fn is_over_or_unjudged(reason: Reason) -> bool {
    matches!(reason, Reason::Revoked | Reason::UnknownKey | Reason::Future)
}
