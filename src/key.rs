//! Root secrets, and every derivation from them (HKDF-SHA-256, RFC 5869).
//!
//! ```text
//! PRK          = Extract("sealed-session/v1 root secret", root secret)
//! root id      = Expand(PRK, "sealed-session/v1 root id", 8)
//! sealing key  = Expand(PRK, "sealed-session/v1 sealing key" || u64 period_s || u64 epoch
//!                            || u16 len(app) || app || u16 len(name) || name, 32)
//! key id       = Expand(sealing key, "sealed-session/v1 key id", 16)
//! message key  = Expand(sealing key, "sealed-session/v1 message key" || salt, 32)
//! CSRF mac     = Expand(sealing key, "sealed-session/v1 csrf" || salt || session uid, 32)
//! ```
//!
//! Cookie name and application stand in the key, so a token of another cookie has another key id and is
//! refused by the lookup. Every field is of fixed length or carries its length: two fields that run into each
//! other were CVE-2023-35941.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::KeyError;
use crate::hex;
use crate::random::Entropy;
use crate::uid::SessionUid;
use crate::wipe::Wiped;

mod text;

/// Octets of the salt that each message has its key by.
pub(crate) const SALT_LEN: usize = 24;

const ROOT_SECRET_SALT: &[u8] = b"sealed-session/v1 root secret";
const ROOT_ID_LABEL: &[u8] = b"sealed-session/v1 root id";
const SEALING_KEY_LABEL: &[u8] = b"sealed-session/v1 sealing key";
const KEY_ID_LABEL: &[u8] = b"sealed-session/v1 key id";
const MESSAGE_KEY_LABEL: &[u8] = b"sealed-session/v1 message key";
const CSRF_LABEL: &[u8] = b"sealed-session/v1 csrf";

/// 32 to 64 random bytes, from which all keys are derived. Whoever has it can open and make every token of
/// every cookie and epoch under it.
///
/// Wiped when dropped; `Debug` prints no byte of it; it is not `Clone`, `Hash` or `Serialize`.
///
/// ```
/// use sealed_session::RootSecret;
///
/// let secret = RootSecret::generate()?;
/// let text = secret.to_text(); // "ssr1_..." for a file, mode 0600
/// let again: RootSecret = text.parse()?;
/// assert_eq!(again.id(), secret.id());
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
///
/// ```compile_fail
/// let secret = sealed_session::RootSecret::generate().unwrap();
/// let copy = secret.clone(); // a secret is not `Clone`
/// ```
pub struct RootSecret(Zeroizing<Vec<u8>>);

impl RootSecret {
    /// The fewest bytes of a root secret.
    pub const MIN_LEN: usize = 32;
    /// The most bytes of a root secret.
    pub const MAX_LEN: usize = 64;

    /// A new secret of 32 bytes from the operating system's generator.
    ///
    /// # Errors
    /// When the generator fails; there is no fallback.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new(vec![0; Self::MIN_LEN]);
        Entropy::System
            .fill(&mut bytes)
            .map_err(|_| KeyError::new("the operating system's random generator failed"))?;
        Ok(Self(bytes))
    }

    /// A secret of 32 to 64 bytes, all of which count. They must be random: a pass phrase is no root secret.
    ///
    /// # Errors
    /// When there are fewer or more bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&bytes.len()) {
            return Err(KeyError::new(format!(
                "a root secret has {} to {} bytes, and this one has {}",
                Self::MIN_LEN,
                Self::MAX_LEN,
                bytes.len()
            )));
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// The public name of this secret, for commands and logs.
    #[must_use]
    pub fn id(&self) -> RootId {
        self.extract().id
    }

    /// The root key of this secret: HKDF-Extract.
    pub(crate) fn extract(&self) -> RootKey {
        let mut id = [0; RootId::LEN];
        let (mut prk, hkdf) = Hkdf::<Sha256>::extract(Some(ROOT_SECRET_SALT), &self.0);
        prk.as_mut_slice().zeroize();
        expand(&hkdf, &[ROOT_ID_LABEL], &mut id);
        RootKey { expand: Box::new(hkdf), id: RootId(id) }
    }

    /// Whether both are the same secret, in constant time for secrets of one length.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The bytes, for the text form.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret([redacted])")
    }
}

/// What a cookie's keys are bound to, besides a root secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyContext {
    app: String,
    name: String,
}

impl KeyContext {
    /// The context of a cookie that a browser would keep and send back. Which names are good style is for
    /// whoever writes the Set-Cookie header.
    pub(crate) fn of_cookie(app: &str, name: &str) -> Result<Self, KeyError> {
        let forbidden = |c: char| c.is_control() || matches!(c, ';' | '=' | ',');
        if name.is_empty() || name.trim() != name || name.contains(forbidden) {
            return Err(KeyError::new(format!(
                "{name:?} is no cookie name: it must not be empty, begin or end with a space, or hold a \
                 control character, ';', ',' or '='"
            )));
        }
        Self::new(app, name)
    }

    /// Both are carried with a length of 16 bits, so neither may be longer than 65,535 bytes.
    pub(crate) fn new(app: &str, name: &str) -> Result<Self, KeyError> {
        for (what, text) in [("application id", app), ("cookie name", name)] {
            if text.len() > usize::from(u16::MAX) {
                return Err(KeyError::new(format!(
                    "the {what} has {} bytes, and at most 65535 are allowed",
                    text.len()
                )));
            }
        }
        Ok(Self { app: app.to_owned(), name: name.to_owned() })
    }

    /// The same application's context for another name, which need not be a cookie's.
    #[cfg(feature = "dbsc")]
    pub(crate) fn renamed(&self, name: &str) -> Result<Self, KeyError> {
        Self::new(&self.app, name)
    }
}

/// A root secret after HKDF-Extract: what sealing keys are derived from.
///
/// The states of a keyed HMAC stand in a box of their own, so that they stay where they are until they are
/// wiped: a key that lay in a growing list itself would be left behind in the old one.
pub(crate) struct RootKey {
    expand: Box<Hkdf<Sha256>>,
    id: RootId,
}

impl RootKey {
    pub(crate) fn id(&self) -> RootId {
        self.id
    }

    /// The key of one cookie, application and epoch.
    pub(crate) fn sealing_key(&self, context: &KeyContext, period_s: u64, epoch: u64) -> SealingKey {
        SealingKey::new(&self.sealing_key_bytes(context, period_s, epoch))
    }

    /// The bytes of that key, for `hazmat`; wiped when dropped.
    pub(crate) fn sealing_key_bytes(
        &self,
        context: &KeyContext,
        period_s: u64,
        epoch: u64,
    ) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let info = [
            SEALING_KEY_LABEL,
            &period_s.to_be_bytes(),
            &epoch.to_be_bytes(),
            &length(&context.app),
            context.app.as_bytes(),
            &length(&context.name),
            context.name.as_bytes(),
        ];
        expand(&self.expand, &info, key.as_mut_slice());
        key
    }
}

/// The key of one cookie, application and epoch. It encrypts nothing itself.
///
/// Held as the two SHA-256 states of a keyed HMAC, so that deriving a message key costs two compressions; in a
/// box, as in [`RootKey`].
pub(crate) struct SealingKey {
    expand: Box<Hkdf<Sha256>>,
    id: KeyId,
}

impl SealingKey {
    #[expect(clippy::expect_used, reason = "32 bytes are a SHA-256 output, the least that from_prk takes")]
    fn new(key: &[u8; 32]) -> Self {
        let hkdf = Hkdf::<Sha256>::from_prk(key).expect("32 bytes are enough for a PRK");
        let mut id = [0; KeyId::LEN];
        expand(&hkdf, &[KEY_ID_LABEL], &mut id);
        Self { expand: Box::new(hkdf), id: KeyId(id) }
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    /// The key of the one message that has this salt.
    pub(crate) fn message_key(&self, salt: &[u8; SALT_LEN]) -> MessageKey {
        let mut key = MessageKey(Wiped([0; 32]));
        expand(&self.expand, &[MESSAGE_KEY_LABEL, salt], &mut key.0.0);
        key
    }

    /// The part of a CSRF token that only a holder of the key can make.
    pub(crate) fn csrf_mac(&self, salt: &[u8; SALT_LEN], uid: SessionUid) -> Zeroizing<[u8; 32]> {
        let mut mac = Zeroizing::new([0; 32]);
        expand(&self.expand, &[CSRF_LABEL, salt, uid.as_bytes()], mac.as_mut_slice());
        mac
    }
}

/// The AEAD key of one token.
pub(crate) struct MessageKey(Wiped<32>);

impl MessageKey {
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

/// Names exactly one sealing key and commits to it: a token is tried under this key and no other.
///
/// Public: it stands at the front of every token. `Display` writes 32 hexadecimal digits.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let session = store.open(&store.create(CreateOptions::default())?)?;
/// assert_eq!(session.key_id().to_string().len(), 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; KeyId::LEN]);

impl KeyId {
    /// Octets of a key id.
    pub const LEN: usize = 16;

    /// A key id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Names a root secret in commands and logs. Public, and of no use in deriving anything.
///
/// ```
/// use sealed_session::{RootId, RootSecret};
///
/// let id = RootSecret::from_bytes(&[0x5A; 64])?.id();
/// assert_eq!(id.to_string(), "70d3a6c1f941741e");
/// assert_eq!("70d3a6c1f941741e".parse::<RootId>()?, id);
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RootId([u8; RootId::LEN]);

impl RootId {
    /// Octets of a root id.
    pub const LEN: usize = 8;
}

impl fmt::Display for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootId({self})")
    }
}

impl std::str::FromStr for RootId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        hex::read(text).map(Self).ok_or_else(|| {
            KeyError::new("a root id has 16 hexadecimal digits; `sealed-session ring list FILE` shows them")
        })
    }
}

/// One HKDF-Expand of at most one block: a single HMAC over `info || 0x01`.
#[expect(clippy::expect_used, reason = "HKDF-Expand fails only beyond 255 blocks, and this is one")]
fn expand(key: &Hkdf<Sha256>, info: &[&[u8]], out: &mut [u8]) {
    debug_assert!(out.len() <= 32, "one block of SHA-256");
    key.expand_multi_info(info, out).expect("one block is not too long");
}

/// The length of a field of the key context, which [`KeyContext::new`] has bounded.
fn length(text: &str) -> [u8; 2] {
    u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes()
}
