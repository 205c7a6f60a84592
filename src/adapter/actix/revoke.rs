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
        if self.store.open(id).map_or_else(|refused| is_to_be_revoked(refused.reason()), |_| true) {
            self.revoke(id).await?;
        }
        let _ = id;
        Ok(())
    }
}

/// Whether a token that was refused may be of a session that lives on, and one that this server can name.
#[cfg(feature = "revocation")]
fn is_to_be_revoked(reason: Reason) -> bool {
    !matches!(reason, Reason::Revoked | Reason::UnknownKey | Reason::Future)
}
