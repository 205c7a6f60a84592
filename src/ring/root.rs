//! A root secret with its life in a ring, and the states that it goes through.

use std::fmt;
use std::time::Duration;

use crate::error::KeyError;
use crate::key::{RootId, RootKey, RootSecret};

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
    pub(super) secret: RootSecret,
    pub(super) key: RootKey,
    pub(super) period_s: u64,
    pub(super) created_at_ms: Option<u64>,
    pub(super) activate_at_ms: u64,
    pub(super) retire_at_ms: Option<u64>,
    pub(super) revoked: bool,
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

    pub(super) fn is_gone(&self, now_ms: u64) -> bool {
        self.retire_at_ms.is_some_and(|retire| retire <= now_ms)
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
