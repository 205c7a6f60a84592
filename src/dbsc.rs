//! Device Bound Session Credentials: a browser proves, again and again, that it still has the key that it made at
//! login and that never leaves its device. A stolen cookie is worth minutes.
//!
//! Nothing is stored here either: what a server would remember is sealed into what the browser sends back. There are
//! four such texts, all of them tokens of the one format, each under keys of its own name, so that none can stand in
//! for another:
//!
//! | text | its keys are derived for | its cookie | lives |
//! |---|---|---|---|
//! | bound session | `NAME;dbsc-bound` | `NAME-bound`, and `NAME-new` while its browser is not known to have it | as sessions do; opens only together with a proof of the same device, and in `NAME-new` also only beside the ordinary one |
//! | proof | `NAME;dbsc-proof` | `NAME-proof` | some minutes; the browser asks for another when its cookie is gone |
//! | session identifier | `NAME;dbsc-identifier` | none | as long as the session may; never changes |
//! | challenge | `NAME;dbsc-challenge` | none | what the browser signs; some minutes |
//!
//! No cookie's name has a `;`: what an application seals in a session of any name opens as none of the four.
//!
//! [`DeviceBinding`] makes and checks them. It knows no HTTP: text comes in and text goes out.
//!
//! # Where to read
//!
//! `jwt` has what the browser signs, `es256` the signature, `texts` what is sealed in the four, `error` every refusal.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::session::SessionId;
use crate::store::{SealedStore, join_associated_data};
use crate::uid::SessionUid;

mod builder;
mod error;
pub(crate) mod es256;
mod jwt;
mod protocol;
pub(crate) mod telemetry;
mod texts;

pub use builder::DeviceBindingBuilder;
#[cfg(feature = "tower")]
pub(crate) use builder::PROOF_CHARS;
pub use error::{DbscError, DbscReason};

/// What binds the sessions of a store to devices.
///
/// Cheap to clone. Its keys are the store's: they rotate with its ring.
///
/// ```
/// use sealed_session::dbsc::DeviceBinding;
/// use sealed_session::{KeyRing, RootSecret, SealedStore, SessionUid};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let devices = DeviceBinding::builder(&store).build()?;
/// assert_eq!(devices.bound_store().cookie_name(), "__Host-session-bound");
/// assert_eq!(devices.proof_cookie_name(), "__Host-session-proof");
///
/// let login = SessionUid::from_bytes([7; 16]); // of the session that has logged in
/// let challenge = devices.offer(login)?; // for the header `Secure-Session-Registration`
/// assert!(devices.register("no.signed.challenge", login, Some("user-42")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeviceBinding {
    bound: SealedStore,
    proofs: SealedStore,
    identifiers: SealedStore,
    challenges: SealedStore,
    pending_cookie_name: String,
    lives: builder::Lives,
}

impl DeviceBinding {
    /// Starts binding the sessions of a store to devices.
    pub fn builder(store: &SealedStore) -> DeviceBindingBuilder {
        DeviceBindingBuilder::new(store.clone())
    }

    /// The store of bound sessions: as the one that it was made for, but for another cookie and with other keys. Its
    /// tokens are made and opened with [`Binding::associated_data`]. Make and check the CSRF tokens of its sessions with
    /// the store that it was made for: a session keeps its tokens when it moves to a device.
    #[must_use]
    pub fn bound_store(&self) -> &SealedStore {
        &self.bound
    }

    /// The name of the cookie in which a registration gives a bound session, one that is pending: an answer that comes
    /// late then takes the place of no session that has moved to its device since.
    ///
    /// ```
    /// use sealed_session::dbsc::DeviceBinding;
    /// use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let devices = DeviceBinding::builder(&store).build()?;
    /// assert_eq!(devices.pending_cookie_name(), "__Host-session-new");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pending_cookie_name(&self) -> &str {
        &self.pending_cookie_name
    }

    /// The name of the cookie that browsers refresh.
    #[must_use]
    pub fn proof_cookie_name(&self) -> &str {
        self.proofs.cookie_name()
    }

    /// This binding for the users of one scope: a refresh goes by what is revoked of them. See
    /// [`SealedStore::in_scope`].
    ///
    /// ```
    /// use sealed_session::dbsc::DeviceBinding;
    /// use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let devices = DeviceBinding::builder(&store).build()?.in_scope("tenant-a");
    /// assert_eq!(devices.bound_store().scope_name(), "tenant-a");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "revocation")]
    #[must_use]
    pub fn in_scope(&self, name: &str) -> Self {
        let scoped = |store: &SealedStore| store.in_scope(name);
        Self {
            bound: scoped(&self.bound),
            proofs: scoped(&self.proofs),
            identifiers: scoped(&self.identifiers),
            challenges: scoped(&self.challenges),
            pending_cookie_name: self.pending_cookie_name.clone(),
            lives: self.lives,
        }
    }

    /// Whether another over the same store is set likewise.
    pub(crate) fn is_set_as(&self, other: &Self) -> bool {
        self.lives == other.lives
    }

    pub(crate) fn identifier_lifetime_ms(&self) -> u64 {
        self.lives.identifier
    }

    /// What is unwise about the settings, if anything is.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        builder::warning(self.proofs.policy().default_ttl_ms)
    }
}

/// What marks a bound session whose browser is not known to have it.
const PENDING: &[u8] = b"pending";

/// Names a device and the session on it: the SHA-256 of the session identifier.
///
/// ```
/// use sealed_session::dbsc::Binding;
///
/// let binding = Binding::of("the session identifier");
/// assert_ne!(binding.associated_data(b"tenant-7"), binding.associated_data(b"tenant-8"));
/// assert_ne!(binding.associated_data(b""), binding.pending_associated_data(b""));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binding([u8; Binding::LEN]);

impl Binding {
    /// Octets of a binding.
    pub const LEN: usize = 32;

    /// The binding of a session identifier. A digest, and no derivation of a key: who has the identifier can make it,
    /// and it is authenticated wherever it counts. It needs no label: identifiers begin with `A`, and no label does.
    #[must_use]
    pub fn of(identifier: &str) -> Self {
        Self(Sha256::digest(identifier).into())
    }

    /// The bytes of the binding.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// What a bound session is sealed with, beside the application's own associated data: it opens only for whoever
    /// has a proof of the same binding.
    #[must_use]
    pub fn associated_data(&self, of_application: &[u8]) -> Vec<u8> {
        join_associated_data(&[of_application, &self.0])
    }

    /// What a bound session is sealed with at the registration of its device, while nobody knows whether the answer
    /// reaches the browser. Accept it only together with the ordinary session of the same uid, whose user and data then
    /// count, and answer with one that is sealed with [`associated_data`](Self::associated_data): so a logout that comes
    /// before the registration's answer wins, and no change is lost that was made meanwhile.
    #[must_use]
    pub fn pending_associated_data(&self, of_application: &[u8]) -> Vec<u8> {
        join_associated_data(&[of_application, &self.0, PENDING])
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Binding(..)")
    }
}

/// A device that has registered. `Debug` shows none of the texts.
#[non_exhaustive]
pub struct Registration {
    /// The session identifier, for the JSON answer; the browser sends it with every refresh.
    pub identifier: String,
    /// Until when the device can refresh, in milliseconds since 1970, as all times here.
    pub identifier_expires_at_ms: u64,
    /// What the bound session is to be sealed with.
    pub binding: Binding,
    /// The uid of the device, which no session has: whoever revokes it ends its refreshes.
    pub uid: SessionUid,
    /// The value of the proof's cookie.
    pub proof: SessionId,
    /// When that cookie is over.
    pub proof_expires_at_ms: u64,
    /// What the browser is to sign at its first refresh.
    pub challenge: String,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// The answer to a refresh that does not end the session. `Debug` shows none of the texts.
pub enum Refresh {
    /// The browser is to sign this (status 403).
    Challenge(String),
    /// The device has proved itself.
    Proven(Proven),
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(_) => f.write_str("Challenge(..)"),
            Self::Proven(proven) => f.debug_tuple("Proven").field(proven).finish(),
        }
    }
}

/// A device that has proved itself. `Debug` shows none of the texts.
#[non_exhaustive]
pub struct Proven {
    /// What its session is sealed with.
    pub binding: Binding,
    /// The uid of the device.
    pub uid: SessionUid,
    /// The user who had logged in by then.
    pub user_id: Option<String>,
    /// When the device registered, in milliseconds since 1970, as all times here.
    pub registered_at_ms: u64,
    /// The value of the proof's cookie.
    pub proof: SessionId,
    /// When that cookie is over.
    pub proof_expires_at_ms: u64,
    /// What the browser is to sign next time.
    pub challenge: String,
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proven").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A header's value as the text that it stands for: drafts of the protocol quote it, browsers do not.
///
/// ```
/// use sealed_session::dbsc::unquoted;
///
/// assert_eq!(unquoted(r#""text""#), "text");
/// assert_eq!(unquoted("text"), "text");
/// ```
#[must_use]
pub fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}
