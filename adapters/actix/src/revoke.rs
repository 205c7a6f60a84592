//! What a login and a logout revoke, where the store has revocations.

use sealed_session::{OpenError, Reason, SessionId};

use crate::SealedSessionStore;
use crate::visit::FoundSession;

impl SealedSessionStore {
    /// Revokes the session, expired or not.
    pub(crate) async fn revoke(&self, id: &SessionId) -> Result<(), anyhow::Error> {
        if self.store.revocations().is_some() {
            self.store.revoke(id).await?;
        }
        Ok(())
    }

    /// Whether an operator has revoked the root of a session that was found, or taken it out of the ring.
    pub(crate) fn has_lost_its_key(&self, found: &FoundSession) -> bool {
        let of_a_key = |reason| matches!(reason, Reason::KeyRevoked | Reason::KeyGone | Reason::UnknownKey);
        // A key may be known again in a moment.
        let is_lost = |refused: OpenError| of_a_key(refused.reason()) && !refused.keeps_cookie();
        self.store.open(&found.id).is_err_and(is_lost)
    }

    /// Revokes a session that opened before, and that no key here opens any more: other servers may.
    pub(crate) async fn revoke_found(&self, found: &FoundSession) -> Result<(), anyhow::Error> {
        if self.store.revocations().is_some() && self.has_lost_its_key(found) {
            self.store.revoke_session(found.uid, found.created_at_ms).await?;
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
