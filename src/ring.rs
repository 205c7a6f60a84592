//! The key ring: root secrets and their lives.
//!
//! At any time exactly one root secret seals, named by its state and never by its place in a list; the
//! others are kept so that the tokens they sealed go on opening until they expire.

use std::fmt;
use std::time::Duration;

use crate::error::KeyError;
use crate::key::{KeyId, RootId, RootKey, RootSecret};

mod edit;
pub(crate) mod epoch;
mod file;
pub(crate) mod live;

pub use edit::{Kept, Pruned, Revoked};

/// The longest life of a token under a ring that does not say otherwise: 30 days, in seconds.
pub(crate) const DEFAULT_MAX_TTL_S: u64 = 30 * 24 * 60 * 60;
/// The leeway that a ring counts with before a store tells its own.
pub(crate) const DEFAULT_LEEWAY_MS: u64 = 60 * 1000;

/// What a key may do at a time.
///
/// ```
/// use sealed_session::{KeyRing, KeyState, Root, RootSecret};
///
/// let old = Root::new(RootSecret::generate()?);
/// let new = Root::new(RootSecret::generate()?).activating_at(5_000);
/// let ring = KeyRing::new(vec![old, new])?;
/// assert_eq!(ring.states_at(4_999), [KeyState::Sealing, KeyState::Staged]);
/// assert_eq!(ring.states_at(5_000), [KeyState::Accepted, KeyState::Sealing]);
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyState {
    /// Not sealing yet, so that every server has it before any server uses it; opens already.
    Staged,
    /// Seals new tokens, and opens.
    Sealing,
    /// Seals no more; opens what it sealed.
    Accepted,
    /// Withdrawn: opens nothing.
    Revoked,
    /// Its time is over: opens nothing.
    Gone,
}

impl KeyState {
    /// Whether tokens under a key of this state are opened.
    #[must_use]
    pub const fn opens(self) -> bool {
        matches!(self, Self::Staged | Self::Sealing | Self::Accepted)
    }

    /// The state's name, as commands print it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Sealing => "sealing",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A root secret and its life in a ring. Times are milliseconds since 1970.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::{Root, RootSecret};
///
/// let root = Root::new(RootSecret::generate()?).rotating_every(Duration::from_secs(7 * 86_400))?;
/// assert_eq!(root.period_s(), 604_800);
/// assert_eq!(root.activate_at_ms(), 0);
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
pub struct Root {
    secret: RootSecret,
    key: RootKey,
    period_s: u64,
    created_at_ms: Option<u64>,
    activate_at_ms: u64,
    retire_at_ms: Option<u64>,
    revoked: bool,
}

impl Root {
    /// A fixed root secret that has been active since 1970, so that a server whose clock is behind can seal,
    /// and that never retires.
    #[must_use]
    pub fn new(secret: RootSecret) -> Self {
        Self {
            key: secret.extract(),
            secret,
            period_s: 0,
            created_at_ms: None,
            activate_at_ms: 0,
            retire_at_ms: None,
            revoked: false,
        }
    }

    /// Derives a new sealing key every `period`, on every server alike and without coordination; 0 for a
    /// fixed key. It is not forward secrecy: the root secret yields every past and future key.
    ///
    /// # Errors
    /// When the period is not a whole number of seconds.
    pub fn rotating_every(mut self, period: Duration) -> Result<Self, KeyError> {
        if period.subsec_nanos() != 0 {
            return Err(KeyError::new("a rotation period is a whole number of seconds"));
        }
        self.period_s = period.as_secs();
        Ok(self)
    }

    /// When the secret was made; for people, no decision depends on it.
    #[must_use]
    pub fn created_at(mut self, ms: u64) -> Self {
        self.created_at_ms = Some(ms);
        self
    }

    /// When it starts sealing. Before, it is staged.
    #[must_use]
    pub fn activating_at(mut self, ms: u64) -> Self {
        self.activate_at_ms = ms;
        self
    }

    /// When its tokens are no longer opened.
    #[must_use]
    pub fn retiring_at(mut self, ms: u64) -> Self {
        self.retire_at_ms = Some(ms);
        self
    }

    /// Withdraws it: none of its tokens opens any more.
    #[must_use]
    pub fn revoked(mut self) -> Self {
        self.revoked = true;
        self
    }

    /// The public name of the root secret.
    #[must_use]
    pub fn id(&self) -> RootId {
        self.key.id()
    }

    /// Seconds between two sealing keys; 0 for a fixed one.
    #[must_use]
    pub fn period_s(&self) -> u64 {
        self.period_s
    }

    /// When the secret was made, if the ring says.
    #[must_use]
    pub fn created_at_ms(&self) -> Option<u64> {
        self.created_at_ms
    }

    /// When it starts sealing.
    #[must_use]
    pub fn activate_at_ms(&self) -> u64 {
        self.activate_at_ms
    }

    /// When its tokens are no longer opened, if that is decided.
    #[must_use]
    pub fn retire_at_ms(&self) -> Option<u64> {
        self.retire_at_ms
    }

    /// Whether it was withdrawn.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.revoked
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root")
            .field("id", &self.id())
            .field("period_s", &self.period_s)
            .field("activate_at_ms", &self.activate_at_ms)
            .field("retire_at_ms", &self.retire_at_ms)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

/// Root secrets with their lives, and the longest life of a token under them.
///
/// ```
/// use sealed_session::{KeyRing, RootSecret};
///
/// let ring = KeyRing::single(RootSecret::generate()?);
/// assert_eq!(ring.roots().len(), 1);
/// assert_eq!(ring.max_ttl_s(), 30 * 86_400);
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
#[derive(Debug)]
pub struct KeyRing {
    roots: Vec<Root>,
    max_ttl_s: u64,
}

impl KeyRing {
    /// The ring of one fixed secret, sealing since 1970.
    #[must_use]
    pub fn single(secret: RootSecret) -> Self {
        Self { roots: vec![Root::new(secret)], max_ttl_s: DEFAULT_MAX_TTL_S }
    }

    /// A ring of any number of root secrets. It may be without a sealing one: then it opens, and sealing
    /// with it is a clear error.
    ///
    /// # Errors
    /// When a secret stands in it twice; when two roots that are not revoked have the same activation time,
    /// so that nothing says which of them seals; when a root retires before it activates; when a period is
    /// so short that more than 1,024 epochs would be accepted at a time.
    pub fn new(roots: Vec<Root>) -> Result<Self, KeyError> {
        Self::build(roots, DEFAULT_MAX_TTL_S).map_err(Fault::into_error)
    }

    /// The same ring with another longest life of a token. A store whose maximum TTL is longer refuses to be
    /// built; commands compute from it when an old secret may go.
    ///
    /// # Errors
    /// When it is not a whole number of seconds, is 0, or makes more than 1,024 epochs accepted at a time.
    pub fn with_max_ttl(self, max_ttl: Duration) -> Result<Self, KeyError> {
        if max_ttl.subsec_nanos() != 0 || max_ttl.is_zero() {
            return Err(KeyError::new("the longest life of a token is a whole number of seconds, 1 or more"));
        }
        Self::build(self.roots, max_ttl.as_secs()).map_err(Fault::into_error)
    }

    /// The root secrets, in the order in which they were given.
    #[must_use]
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The longest life of a token under this ring, in seconds.
    #[must_use]
    pub fn max_ttl_s(&self) -> u64 {
        self.max_ttl_s
    }

    /// The state of each root, in the order of [`roots`](Self::roots), at a time in milliseconds since 1970.
    #[must_use]
    pub fn states_at(&self, now_ms: u64) -> Vec<KeyState> {
        let sealing = self.sealing_index(now_ms);
        let state = |(index, root): (usize, &Root)| match root {
            root if root.revoked => KeyState::Revoked,
            root if root.is_gone(now_ms) => KeyState::Gone,
            root if now_ms < root.activate_at_ms => KeyState::Staged,
            _ if Some(index) == sealing => KeyState::Sealing,
            _ => KeyState::Accepted,
        };
        self.roots.iter().enumerate().map(state).collect()
    }

    /// The root that seals at a time in milliseconds since 1970: the one activated last.
    #[must_use]
    pub fn sealing_root_at(&self, now_ms: u64) -> Option<&Root> {
        self.sealing_index(now_ms).and_then(|index| self.roots.get(index))
    }

    /// Every sealing key of one cookie and application that the ring knows at a time, with its state; of a
    /// rotating root, those of the accepted epochs. `leeway_ms` is the store's.
    ///
    /// # Errors
    /// When the cookie name or the application id is longer than 65,535 bytes.
    pub fn keys_at(
        &self,
        app_id: &str,
        cookie_name: &str,
        now_ms: u64,
        leeway_ms: u64,
    ) -> Result<Vec<KeyInfo>, KeyError> {
        let context = crate::key::KeyContext::new(app_id, cookie_name)?;
        let keys = live::keys_at(self, now_ms, leeway_ms).map(|slot| {
            let key = slot.root.key.sealing_key(&context, slot.root.period_s, slot.epoch);
            KeyInfo { root_id: slot.root.id(), key_id: key.id(), epoch: slot.epoch, state: slot.state }
        });
        Ok(keys.collect())
    }

    fn build(roots: Vec<Root>, max_ttl_s: u64) -> Result<Self, Fault> {
        let ring = Self { roots, max_ttl_s };
        ring.check_windows(DEFAULT_LEEWAY_MS)?;
        ring.check_lives()?;
        Ok(ring)
    }

    /// A window of very many epochs is a mistake in the period, and would cost memory and start-up time.
    pub(crate) fn check_windows(&self, leeway_ms: u64) -> Result<(), Fault> {
        for (index, root) in self.roots.iter().enumerate() {
            let epochs = epoch::most_accepted(root.period_s, self.max_ttl_s, leeway_ms);
            if epochs > epoch::MAX_ACCEPTED {
                let message = format!(
                    "a new key every {} s makes up to {epochs} epochs accepted at a time, and at most {} are \
                     allowed: rotate less often or shorten max_ttl_s",
                    root.period_s,
                    epoch::MAX_ACCEPTED
                );
                return Err(Fault { index, field: "period_s", root: root.id(), message });
            }
        }
        Ok(())
    }

    fn check_lives(&self) -> Result<(), Fault> {
        for (index, root) in self.roots.iter().enumerate() {
            let fault = |field, message| Err(Fault { index, field, root: root.id(), message });
            if root.retire_at_ms.is_some_and(|retire| retire <= root.activate_at_ms) {
                return fault("retire_at", "it retires before it activates, so it would never seal".into());
            }
            let earlier = || self.roots.iter().take(index).enumerate();
            if let Some((other, _)) = earlier().find(|(_, other)| other.id() == root.id()) {
                return fault("secret", format!("the same secret stands in keys[{other}]: remove one"));
            }
            let same_start = |other: &Root| !other.revoked && other.activate_at_ms == root.activate_at_ms;
            if let Some((other, _)) = earlier().find(|(_, other)| !root.revoked && same_start(other)) {
                let message = format!(
                    "it activates at the same time as keys[{other}], so nothing says which of them seals: \
                     change one of the times"
                );
                return fault("activate_at", message);
            }
        }
        Ok(())
    }

    fn sealing_index(&self, now_ms: u64) -> Option<usize> {
        let able = |root: &Root| !root.revoked && !root.is_gone(now_ms) && root.activate_at_ms <= now_ms;
        let candidates = self.roots.iter().enumerate().filter(|(_, root)| able(root));
        candidates.max_by_key(|(_, root)| root.activate_at_ms).map(|(index, _)| index)
    }
}

impl Root {
    fn is_gone(&self, now_ms: u64) -> bool {
        self.retire_at_ms.is_some_and(|retire| retire <= now_ms)
    }
}

/// A sealing key of a ring, as [`KeyRing::keys_at`] lists it.
///
/// ```
/// use sealed_session::{KeyRing, KeyState, RootSecret};
///
/// let ring = KeyRing::single(RootSecret::from_bytes(&[0x5A; 64])?);
/// let keys = ring.keys_at("", "__Host-session", 0, 60_000)?;
/// assert_eq!(keys[0].state, KeyState::Sealing);
/// # Ok::<(), sealed_session::KeyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// The root secret that it is derived from.
    pub root_id: RootId,
    /// What stands in the tokens under it.
    pub key_id: KeyId,
    /// Its epoch; 0 for a fixed root.
    pub epoch: u64,
    /// What it may do at the time that was asked for.
    pub state: KeyState,
}

/// A mistake in a ring, with the place of it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) index: usize,
    pub(crate) field: &'static str,
    pub(crate) root: RootId,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn into_error(self) -> KeyError {
        KeyError::new(self.message).at(format_args!("root {}, {}", self.root, self.field))
    }
}
