//! What a registry knows of a session.

use std::fmt;

use crate::uid::SessionUid;

/// A session as a registry has it: never its data. Times in milliseconds since 1970.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::registry::SessionInfo;
///
/// let session = SessionInfo {
///     user_id: "user-42".into(),
///     uid: SessionUid::from_bytes([7; 16]),
///     created_at_ms: 1_795_003_200_000,
///     last_seen_at_ms: 1_795_003_260_000,
///     expires_at_ms: 1_795_089_600_000,
///     label: "Firefox on Linux".into(),
/// };
/// assert!(!format!("{session:?}").contains("user-42"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// Whose it is.
    pub user_id: String,
    /// Which.
    pub uid: SessionUid,
    /// When it began.
    pub created_at_ms: u64,
    /// When it was last used, as far as that was written down.
    pub last_seen_at_ms: u64,
    /// When it expires, as far as that was written down.
    pub expires_at_ms: u64,
    /// What the application calls it: a device, an address.
    pub label: String,
}

/// Without user and label.
impl fmt::Debug for SessionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo").field("uid", &self.uid).finish_non_exhaustive()
    }
}
