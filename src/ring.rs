//! The key ring: root secrets and their lives.
//!
//! At any time exactly one root secret seals, named by its state and never by its place in a list; the
//! others are kept so that the tokens they sealed go on opening until they expire.

use std::time::Duration;

use crate::error::KeyError;
use crate::key::{KeyId, RootId, RootSecret};

mod edit;
pub(crate) mod epoch;
mod file;
pub(crate) mod live;
mod parse;
mod root;
#[cfg(feature = "watch")]
pub(crate) mod watch;

pub use edit::{Kept, Pruned, Revoked};
pub use root::{KeyState, Root};

/// The longest life of a token under a ring that does not say otherwise: 30 days, in seconds.
pub(crate) const DEFAULT_MAX_TTL_S: u64 = 30 * 24 * 60 * 60;
/// The leeway that a ring counts with before a store tells its own.
pub(crate) const DEFAULT_LEEWAY_MS: u64 = 60 * 1000;

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

    /// As [`new`](Self::new), with another longest life of a token than 30 days. A store whose maximum TTL is longer refuses to be
    /// built; commands compute from it when an old secret may go.
    ///
    /// # Errors
    /// When it is not a whole number of seconds, is 0, or makes more than 1,024 epochs accepted at a time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sealed_session::{KeyRing, Root, RootSecret};
    ///
    /// // Within 30 days there would be too many epochs of half an hour.
    /// let often = Root::new(RootSecret::generate()?).rotating_every(Duration::from_secs(30 * 60))?;
    /// let ring = KeyRing::new_with_max_ttl(vec![often], Duration::from_secs(86_400))?;
    /// assert_eq!(ring.max_ttl_s(), 86_400);
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn new_with_max_ttl(roots: Vec<Root>, max_ttl: Duration) -> Result<Self, KeyError> {
        if max_ttl.subsec_nanos() != 0 || max_ttl.is_zero() {
            return Err(KeyError::new("the longest life of a token is a whole number of seconds, 1 or more"));
        }
        Self::build(roots, max_ttl.as_secs()).map_err(Fault::into_error)
    }

    /// The same ring with another longest life of a token.
    ///
    /// # Errors
    /// As [`new_with_max_ttl`](Self::new_with_max_ttl).
    ///
    /// ```
    /// use std::time::Duration;
    /// use sealed_session::{KeyRing, RootSecret};
    ///
    /// let ring = KeyRing::single(RootSecret::generate()?).with_max_ttl(Duration::from_secs(3_600))?;
    /// assert_eq!(ring.max_ttl_s(), 3_600);
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn with_max_ttl(self, max_ttl: Duration) -> Result<Self, KeyError> {
        Self::new_with_max_ttl(self.roots, max_ttl)
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
    /// rotating root, those of the accepted epochs. `leeway_ms` is the store's. What is sealed for a device has keys of
    /// a name of its own (docs/device-bound-spec.md), for example `__Host-session;dbsc-bound`.
    ///
    /// # Errors
    /// When the name is no cookie's, or name or application id are longer than 65,535 bytes.
    pub fn keys_at(
        &self,
        app_id: &str,
        cookie_name: &str,
        now_ms: u64,
        leeway_ms: u64,
    ) -> Result<Vec<KeyInfo>, KeyError> {
        let cookie = cookie_name.split_once(";dbsc-").map_or(cookie_name, |(cookie, _)| cookie);
        crate::key::KeyContext::of_cookie(app_id, cookie)?;
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
            if let Some((other, _)) = earlier().find(|(_, other)| other.secret.same_as(&root.secret)) {
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
