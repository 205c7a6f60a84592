//! The session uid: what stays the same while a session's id changes.

use std::fmt;

/// Names one session for as long as it lives: kept by update, touch and reseal, replaced by cycle and login.
///
/// 16 random bytes, or a hash of such where a session has ended all others of its user. It is not a credential (whoever has it can do nothing with it), so it may be logged and
/// stored, for example to revoke the session. `Display` writes 32 hexadecimal digits.
///
/// ```
/// use sealed_session::SessionUid;
///
/// let uid = SessionUid::from_bytes([0xAB; 16]);
/// assert_eq!(uid.to_string(), "abababababababababababababababab");
/// assert_eq!(uid.to_string().parse(), Ok(uid));
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

    /// The uid under which a session goes on that ends all others of its user. It follows from the one that it had, so that
    /// whoever has that one can end what it goes on as, on every server and without a list of who became what. It is no
    /// more of a credential than that one.
    #[cfg(feature = "revocation")]
    pub(crate) fn successor(self) -> Self {
        use sha2::{Digest as _, Sha256};

        const LABEL: &[u8] = b"sealed-session v1 successor";
        let digest = Sha256::new_with_prefix(LABEL).chain_update(self.0).finalize();
        let mut bytes = [0; Self::LEN];
        bytes.iter_mut().zip(digest).for_each(|(byte, of_digest)| *byte = of_digest);
        Self(bytes)
    }
}

impl std::str::FromStr for SessionUid {
    type Err = ParseUidError;

    /// Reads what `Display` writes, in either case.
    fn from_str(text: &str) -> Result<Self, ParseUidError> {
        crate::hex::read(text).map(Self).ok_or(ParseUidError)
    }
}

/// A text is no [`SessionUid`].
///
/// ```
/// use sealed_session::SessionUid;
///
/// let error = "7".parse::<SessionUid>().unwrap_err();
/// assert_eq!(error.to_string(), "a session uid has 32 hexadecimal digits");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseUidError;

impl fmt::Display for ParseUidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session uid has 32 hexadecimal digits")
    }
}

impl std::error::Error for ParseUidError {}

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
