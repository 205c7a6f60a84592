//! The session uid: what stays the same while a session's id changes.

use std::fmt;

/// Names one session for as long as it lives: kept by update, touch and reseal, replaced by cycle and login.
///
/// 16 random bytes. It is not a credential (whoever has it can do nothing with it), so it may be logged and
/// stored, for example to revoke the session. `Display` writes 32 hexadecimal digits.
///
/// ```
/// use sealed_session::SessionUid;
///
/// let uid = SessionUid::from_bytes([0xAB; 16]);
/// assert_eq!(uid.to_string(), "abababababababababababababababab");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionUid([u8; SessionUid::LEN]);

impl SessionUid {
    /// Octets of a session uid.
    pub const LEN: usize = 16;

    /// A uid with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the uid.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for SessionUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write(f, &self.0)
    }
}

impl fmt::Debug for SessionUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionUid({self})")
    }
}
