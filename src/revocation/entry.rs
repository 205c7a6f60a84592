//! What can be revoked.

use std::fmt;

use crate::uid::SessionUid;

/// What is revoked, and for how long that has to be kept. Times in milliseconds since 1970.
///
/// Sessions are revoked by when they were created, not renewed: one touch would escape the latter.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::Revocation;
///
/// let revocation = Revocation::Session { uid: SessionUid::from_bytes([7; 16]), until_ms: 1_795_003_200_000 };
/// assert_eq!(revocation.until_ms(), 1_795_003_200_000);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Revocation {
    /// One session, under all of its ids.
    Session {
        /// Which.
        uid: SessionUid,
        /// When nothing of it can be valid any more.
        until_ms: u64,
    },
    /// Every session of a user that was created before a time.
    User {
        /// Whose.
        user_id: String,
        /// Before which time.
        created_before_ms: u64,
        /// When none of them can be valid any more.
        until_ms: u64,
    },
    /// Every session that was created before a time.
    Everything {
        /// Before which time.
        created_before_ms: u64,
        /// When none of them can be valid any more.
        until_ms: u64,
    },
}

impl Revocation {
    /// When it may be forgotten.
    #[must_use]
    pub fn until_ms(&self) -> u64 {
        match self {
            Self::Session { until_ms, .. }
            | Self::User { until_ms, .. }
            | Self::Everything { until_ms, .. } => *until_ms,
        }
    }
}

/// Without the user.
impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, before) = match self {
            Self::Session { uid, .. } => return f.debug_tuple("Session").field(uid).finish(),
            Self::User { created_before_ms, .. } => ("User", created_before_ms),
            Self::Everything { created_before_ms, .. } => ("Everything", created_before_ms),
        };
        f.debug_struct(kind).field("created_before_ms", before).finish_non_exhaustive()
    }
}

/// A session as a registry has it: never its data. Times in milliseconds since 1970.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::SessionInfo;
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
