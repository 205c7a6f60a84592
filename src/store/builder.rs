//! The settings of a store, and the contradictions between them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::kin::Kin;
use super::{Inner, SealedStore};
use crate::clock::{Clock, SystemClock, millis};
use crate::error::ConfigError;
use crate::key::KeyContext;
use crate::policy::{MAX_COOKIE_OCTETS, Policy};
use crate::random::Entropy;
use crate::ring::live::LiveRing;
use crate::ring::{DEFAULT_LEEWAY_MS, DEFAULT_MAX_TTL_S, KeyRing};
use crate::token;

const DEFAULT_COOKIE_NAME: &str = "__Host-session";
const DEFAULT_TTL_MS: u64 = 24 * 60 * 60 * 1000;

/// Settings of a [`SealedStore`]; each has a safe default. Durations count in whole milliseconds.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?))
///     .cookie_name("sid")
///     .app_id("shop.example")
///     .default_ttl(Duration::from_secs(30 * 60))
///     .max_ttl(Duration::from_secs(60 * 60))
///     .max_lifetime(Duration::from_secs(12 * 60 * 60))
///     .padding(128)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct SealedStoreBuilder {
    ring: KeyRing,
    cookie_name: String,
    app_id: String,
    default_ttl: Option<Duration>,
    max_ttl: Option<Duration>,
    max_lifetime: Option<Duration>,
    leeway: Option<Duration>,
    clock: Arc<dyn Clock>,
    padding: usize,
    max_token_chars: Option<usize>,
    entropy: Entropy,
    #[cfg(feature = "revocation")]
    revocations: Option<crate::revocation::Revocations>,
}

impl SealedStoreBuilder {
    pub(super) fn new(ring: KeyRing) -> Self {
        Self {
            ring,
            cookie_name: DEFAULT_COOKIE_NAME.to_owned(),
            app_id: String::new(),
            default_ttl: None,
            max_ttl: None,
            max_lifetime: None,
            leeway: None,
            clock: Arc::new(SystemClock),
            padding: 1,
            max_token_chars: None,
            entropy: Entropy::System,
            #[cfg(feature = "revocation")]
            revocations: None,
        }
    }

    /// The cookie's name, which the keys are bound to: a token of one cookie is refused in another. Default
    /// `__Host-session`.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = name.into();
        self
    }

    /// Names the application, which the keys are bound to as well: two applications may share a ring without
    /// accepting each other's tokens. Default empty.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = app_id.into();
        self
    }

    /// How long a session lives when nothing else is asked for. Default 24 h.
    pub fn default_ttl(mut self, ttl: Duration) -> Self {
        self.default_ttl = Some(ttl);
        self
    }

    /// The longest TTL that create and touch give; more is cut to it. A shorter one counts at once for sessions that
    /// exist: each ends so long after its last renewal at the latest. At most the ring's longest life of a token, and
    /// by default that or 30 days, whichever is shorter.
    pub fn max_ttl(mut self, ttl: Duration) -> Self {
        self.max_ttl = Some(ttl);
        self
    }

    /// How long a session can live in all, however often it is touched. A shorter one counts at once for sessions that
    /// exist. Default 30 days.
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = Some(lifetime);
        self
    }

    /// How far the clocks of servers may differ: a session renewed so far in this server's future is
    /// accepted, and a rotating key opens so long before its epoch begins. Default 60 s.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// The source of time. Default the operating system's clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Pads every record with zero bytes to a multiple of so many, which hides its length from those who see
    /// the cookie. Padding stops at the size limit. 0 and 1, the default, stand for none.
    pub fn padding(mut self, multiple: usize) -> Self {
        self.padding = multiple.max(1);
        self
    }

    /// The longest token that is made, in characters: 138 to 8192. By default what the cookie's name leaves
    /// of the 4096 octets that browsers keep; set it only where tokens travel otherwise.
    pub fn max_token_chars(mut self, chars: usize) -> Self {
        self.max_token_chars = Some(chars);
        self
    }

    /// Lowers [`max_token_chars`](Self::max_token_chars), set or not, to what `room` answers for the cookie's name, if
    /// that is less: for adapters to frameworks that put more into a cookie than its token. Call it after
    /// [`cookie_name`](Self::cookie_name).
    ///
    /// ```
    /// use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// // A framework that signs its cookies with 44 characters, in front of the token.
    /// let room = |name: &str| 4096 - name.len() - 44;
    /// let ring = KeyRing::single(RootSecret::generate()?);
    /// let store = SealedStore::builder(ring).cookie_name("sid").cap_token_chars(room).build()?;
    /// assert_eq!(store.max_token_chars(), 4049);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cap_token_chars(mut self, room: impl FnOnce(&str) -> usize) -> Self {
        self.max_token_chars = Some(self.wanted_token_chars().min(room(&self.cookie_name)));
        self
    }

    /// What is revoked, asked at every opening. Deleting, cycling and logging in then revoke what they replace.
    /// Default nothing: a token is good until it expires.
    #[cfg(feature = "revocation")]
    pub fn revocations(mut self, revocations: crate::revocation::Revocations) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// Another source of salts and uids than the operating system; reached through `hazmat` only.
    #[cfg(feature = "hazmat")]
    pub(crate) fn entropy(mut self, entropy: Entropy) -> Self {
        self.entropy = entropy;
        self
    }

    /// Builds the store and derives its keys.
    ///
    /// # Errors
    /// [`ConfigError`] for settings that contradict each other or the ring, and for a cookie name that no
    /// browser would send back.
    pub fn build(self) -> Result<SealedStore, ConfigError> {
        let context =
            KeyContext::of_cookie(&self.app_id, &self.cookie_name).map_err(|e| ConfigError(e.to_string()))?;
        let policy = self.policy()?;
        check_ring(&self.ring, &policy)?;
        let now = self.clock.now_ms();
        let ring = LiveRing::new(&Arc::new(self.ring), context, policy.leeway_ms, now)
            .map_err(|e| ConfigError(e.to_string()))?;
        let store = SealedStore::first(Inner {
            ring,
            kin: Kin::of(None),
            policy,
            clock: self.clock,
            entropy: Arc::new(self.entropy),
            cookie_name: self.cookie_name,
            #[cfg(feature = "revocation")]
            app_id: self.app_id,
            #[cfg(feature = "revocation")]
            revocations: self.revocations,
            #[cfg(feature = "watch")]
            followed: super::follow::Followed::default(),
        });
        #[cfg(feature = "revocation")]
        store.share_revocations();
        Ok(store)
    }

    fn policy(&self) -> Result<Policy, ConfigError> {
        let longest = self.ring.max_ttl_s().min(DEFAULT_MAX_TTL_S).saturating_mul(1000);
        let policy = Policy {
            default_ttl_ms: positive("default TTL", self.default_ttl, DEFAULT_TTL_MS)?,
            max_ttl_ms: positive("maximum TTL", self.max_ttl, longest)?,
            max_lifetime_ms: positive("maximum lifetime", self.max_lifetime, DEFAULT_MAX_TTL_S * 1000)?,
            leeway_ms: self.leeway.map_or(DEFAULT_LEEWAY_MS, millis),
            padding: self.padding,
            max_token_chars: self.token_chars()?,
        };
        if policy.default_ttl_ms > policy.max_ttl_ms {
            return Err(ConfigError(format!(
                "the default TTL ({} ms) is longer than the maximum TTL ({} ms)",
                policy.default_ttl_ms, policy.max_ttl_ms
            )));
        }
        Ok(policy)
    }

    fn wanted_token_chars(&self) -> usize {
        self.max_token_chars.unwrap_or(MAX_COOKIE_OCTETS.saturating_sub(self.cookie_name.len()))
    }

    fn token_chars(&self) -> Result<usize, ConfigError> {
        let chars = self.wanted_token_chars();
        if (token::MIN_CHARS..=token::MAX_CHARS).contains(&chars) {
            return Ok(chars);
        }
        Err(ConfigError(format!(
            "a token may have {chars} characters, and {} to {} are allowed: choose a shorter cookie name or \
             another max_token_chars",
            token::MIN_CHARS,
            token::MAX_CHARS
        )))
    }
}

impl fmt::Debug for SealedStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedStoreBuilder")
            .field("ring", &self.ring)
            .field("cookie_name", &self.cookie_name)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

/// What a store demands of a ring, also of one that replaces its first.
pub(super) fn check_ring(ring: &KeyRing, policy: &Policy) -> Result<(), ConfigError> {
    let longest = ring.max_ttl_s().saturating_mul(1000);
    if policy.max_ttl_ms > longest {
        return Err(ConfigError(format!(
            "the maximum TTL ({} ms) is longer than the ring's longest life of a token ({longest} ms): its \
             keys would be gone before its tokens; shorten the one or lengthen max_ttl_s",
            policy.max_ttl_ms
        )));
    }
    ring.check_windows(policy.leeway_ms).map_err(|fault| ConfigError(fault.into_error().to_string()))
}

fn positive(what: &str, set: Option<Duration>, default: u64) -> Result<u64, ConfigError> {
    match set.map_or(default, millis) {
        0 => Err(ConfigError(format!("the {what} must be a millisecond or more"))),
        ms => Ok(ms),
    }
}
