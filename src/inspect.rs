//! What anybody can see in a token, without a key.

use crate::error::{OpenError, Reason};
use crate::key::{KeyId, SALT_LEN};
use crate::token::{self, Parts, TAG_LEN};

/// The visible parts of a token: everything but its record. Nothing of it is authenticated.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin, TokenInfo};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let id = store.create(CreateOptions::default())?;
/// let info = TokenInfo::of(id.as_str())?;
/// assert_eq!((info.version, info.chars, info.record_len), (1, 140, 48));
/// assert_eq!(info.key_id, store.open(&id)?.key_id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// The format's version.
    pub version: u8,
    /// The key that it claims to be under.
    pub key_id: KeyId,
    /// Its salt.
    pub salt: [u8; SALT_LEN],
    /// Its authentication tag.
    pub tag: [u8; TAG_LEN],
    /// Characters of the text.
    pub chars: usize,
    /// Octets of the encrypted record, padding included.
    pub record_len: usize,
}

impl TokenInfo {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`OpenError`] for a text of a wrong length, that is not canonical base64url, or of another version.
    pub fn of(text: &str) -> Result<Self, OpenError> {
        Self::read(text).map_err(OpenError::new)
    }

    fn read(text: &str) -> Result<Self, Reason> {
        let mut buffer = [0; token::MAX_LEN];
        let Parts { key_id, salt, ciphertext, tag, .. } =
            Parts::split(token::decode(text.as_bytes(), &mut buffer)?)?;
        Ok(Self {
            version: token::VERSION,
            key_id,
            salt,
            tag: *tag,
            chars: text.len(),
            record_len: ciphertext.len(),
        })
    }
}
