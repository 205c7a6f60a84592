//! Hazardous materials: fixed salts, session uids and times, threads that stand still, and keys laid open.
//!
//! For test vectors, tests and like-for-like benchmarks. A salt that is used twice under one key repeats the
//! key stream and the Poly1305 key, and gives both messages away. Nothing here belongs into a server.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::csrf;
use crate::error::{KeyError, SealError};
use crate::key::{KeyContext, KeyId, RootId, RootSecret};
use crate::random::Entropy;
use crate::record::{self, Record, Times};
use crate::seal;
use crate::session::SessionId;
use crate::store::SealedStoreBuilder;
use crate::uid::SessionUid;

mod layout;
mod provider;
#[cfg(feature = "revocation")]
mod worker;

pub use layout::{decode_token, encode_token, parse_record};
pub use provider::Provider;
#[cfg(feature = "revocation")]
pub use worker::ManualWorker;

/// A clock that stands still until it is moved. Its clones are the same clock.
///
/// ```
/// use sealed_session::hazmat::ManualClock;
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionError, SessionPlugin};
///
/// let clock = ManualClock::at(1_795_000_000_000);
/// let ring = KeyRing::single(RootSecret::generate()?);
/// let store = SealedStore::builder(ring).clock(clock.clone()).build()?;
/// let id = store.create(CreateOptions { ttl_ms: 1_000, ..Default::default() })?;
/// clock.advance(1_000);
/// assert_eq!(store.read(&id), Err(SessionError::NotFound));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    wall_ms: AtomicU64,
    monotonic_ms: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at a time in milliseconds since 1970.
    #[must_use]
    pub fn at(ms: u64) -> Self {
        Self(Arc::new(Hands { wall_ms: AtomicU64::new(ms), monotonic_ms: AtomicU64::new(0) }))
    }

    /// Sets the clock to a time in milliseconds since 1970; it may go back. No time passes by that.
    pub fn set(&self, ms: u64) {
        self.0.wall_ms.store(ms, Ordering::SeqCst);
    }

    /// Lets so many milliseconds pass.
    pub fn advance(&self, ms: u64) {
        self.0.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.0.monotonic_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.0.wall_ms.load(Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        self.0.monotonic_ms.load(Ordering::SeqCst)
    }
}

/// Lets a store draw its salts and uids from `write`, which overwrites the buffer it is given, or returns
/// `false` for a generator that fails. A new session draws 40 bytes, uid first; every other seal 24.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin, hazmat};
///
/// let ring = KeyRing::single(RootSecret::from_bytes(&[7; 32])?);
/// let broken = hazmat::with_randomness(SealedStore::builder(ring), |_| false).build()?;
/// assert!(!broken.is_healthy());
/// assert!(broken.create(CreateOptions::default()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn with_randomness(
    builder: SealedStoreBuilder,
    write: impl Fn(&mut [u8]) -> bool + Send + Sync + 'static,
) -> SealedStoreBuilder {
    builder.entropy(Entropy::Chosen(Box::new(write)))
}

/// Which sealing key is meant: cookie, application, and epoch.
///
/// ```
/// use sealed_session::hazmat::Context;
///
/// let fixed = Context { cookie_name: "sid", ..Context::default() };
/// assert_eq!((fixed.app_id, fixed.period_s, fixed.epoch), ("", 0, 0));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The application id.
    pub app_id: &'a str,
    /// The cookie's name.
    pub cookie_name: &'a str,
    /// Seconds between two keys; 0 for a fixed root.
    pub period_s: u64,
    /// Which key; 0 for a fixed root.
    pub epoch: u64,
}

/// Everything that is derived on the way to one message. Wiped when dropped; `Debug` shows the ids only.
///
/// ```
/// use sealed_session::RootSecret;
/// use sealed_session::hazmat::{Context, derive};
///
/// let root = RootSecret::from_bytes(&[0x5A; 64])?;
/// let context = Context { cookie_name: "sid", ..Context::default() };
/// assert_eq!(derive(&root, &context, &[0; 24])?.root_id, root.id());
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
pub struct Derived {
    /// The root secret's public name.
    pub root_id: RootId,
    /// The sealing key.
    pub sealing_key: Zeroizing<[u8; 32]>,
    /// The sealing key's public name.
    pub key_id: KeyId,
    /// The key of the message with the given salt.
    pub message_key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived")
            .field("root_id", &self.root_id)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Derives the keys of one message, as sealing and opening do.
///
/// # Errors
/// When the cookie name or the application id has more than 65,535 bytes.
pub fn derive(root: &RootSecret, context: &Context<'_>, salt: &[u8; 24]) -> Result<Derived, KeyError> {
    let bound = KeyContext::new(context.app_id, context.cookie_name)?;
    let root_key = root.extract();
    let key = root_key.sealing_key(&bound, context.period_s, context.epoch);
    Ok(Derived {
        root_id: root_key.id(),
        sealing_key: root_key.sealing_key_bytes(&bound, context.period_s, context.epoch),
        key_id: key.id(),
        message_key: Zeroizing::new(*key.message_key(salt).as_bytes()),
    })
}

/// The fields of a record, to be encoded without any check.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::hazmat::Fields;
///
/// let fields = Fields {
///     created_at_ms: 1,
///     renewed_at_ms: 2,
///     expires_at_ms: 3,
///     uid: SessionUid::from_bytes([0; 16]),
///     user_id: None,
///     data: "{}",
/// };
/// assert_eq!(fields.encode(0).len(), 48);
/// assert_eq!(fields.encode(13).len(), 61);
/// ```
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    /// When the session began, in milliseconds since 1970, like the next two.
    pub created_at_ms: u64,
    /// When its expiry was last set.
    pub renewed_at_ms: u64,
    /// When it expires.
    pub expires_at_ms: u64,
    /// The session's uid.
    pub uid: SessionUid,
    /// The user, at most 65,534 bytes.
    pub user_id: Option<&'a str>,
    /// The data; it need not be JSON here.
    pub data: &'a str,
}

impl Fields<'_> {
    /// The record's octets, followed by so many octets of padding.
    #[must_use]
    pub fn encode(&self, padding: usize) -> Vec<u8> {
        let times =
            Times { created: self.created_at_ms, renewed: self.renewed_at_ms, expires: self.expires_at_ms };
        let record = Record { times, uid: self.uid, user_id: self.user_id, data: self.data };
        let mut bytes = Vec::new();
        record.encode(record::unpadded_len(self.user_id, self.data) + padding, &mut bytes);
        bytes
    }
}

/// Seals any bytes under a given salt, without checking that they are a record or that the token is not too
/// long.
///
/// # Errors
/// When the cookie name or the application id has more than 65,535 bytes.
///
/// ```
/// use sealed_session::RootSecret;
/// use sealed_session::hazmat::{Context, seal_plaintext};
///
/// let root = RootSecret::from_bytes(&[7; 32])?;
/// let context = Context { cookie_name: "sid", ..Context::default() };
/// let token = seal_plaintext(&root, &context, &[0; 24], b"", b"not a record")?;
/// assert_eq!(token.len(), 92);
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
pub fn seal_plaintext(
    root: &RootSecret,
    context: &Context<'_>,
    salt: &[u8; 24],
    associated_data: &[u8],
    plaintext: &[u8],
) -> Result<String, KeyError> {
    let bound = KeyContext::new(context.app_id, context.cookie_name)?;
    let key = root.extract().sealing_key(&bound, context.period_s, context.epoch);
    seal::seal(&key, salt, associated_data, plaintext.len(), |out| out.extend_from_slice(plaintext))
        .map(|sealed| SessionId::from(sealed).0)
        .map_err(|e: SealError| KeyError::new(e.to_string()))
}

/// A CSRF token under a given salt.
///
/// # Errors
/// When the cookie name or the application id has more than 65,535 bytes.
pub fn csrf_token(
    root: &RootSecret,
    context: &Context<'_>,
    salt: &[u8; 24],
    uid: SessionUid,
) -> Result<String, KeyError> {
    let bound = KeyContext::new(context.app_id, context.cookie_name)?;
    let key = root.extract().sealing_key(&bound, context.period_s, context.epoch);
    Ok(csrf::make(&key, salt, uid))
}
