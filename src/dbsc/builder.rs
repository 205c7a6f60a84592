//! How long proofs, challenges and devices are good for, and the contradictions between that.

use std::time::Duration;

use super::{DeviceBinding, telemetry, texts};
use crate::clock::millis;
use crate::error::ConfigError;
use crate::policy::{MAX_COOKIE_OCTETS, Policy};
use crate::store::SealedStore;
use crate::{record, token};

const DEFAULT_PROOF_TTL: Duration = Duration::from_secs(10 * 60);
const DEFAULT_REGISTRATION_TTL: Duration = Duration::from_secs(60);
/// Browsers limit how often they sign, and stop refreshing for a while when that is used up.
const SHORTEST_WISE_PROOF_TTL_MS: u64 = 5 * 60 * 1000;

/// What the names of the cookies end in.
const BOUND_COOKIE: &str = "-bound";
/// No longer than that, which the limit of size is counted on.
const PENDING_COOKIE: &str = "-new";
const PROOF_COOKIE: &str = "-proof";
/// What the names end in that keys are derived for. A cookie's name has no `;`, so no store of a cookie has the keys of
/// these: what a handler stores in a session never opens as a proof, whatever the session's cookie is called.
const BOUND: &str = ";dbsc-bound";
const PROOF: &str = ";dbsc-proof";
const IDENTIFIER: &str = ";dbsc-identifier";
const CHALLENGE: &str = ";dbsc-challenge";

/// The prefix by which browsers keep other hosts from setting a cookie. They compare it in any case, but not all have
/// always done so.
const PREFIX: &str = "__Host-";

/// Settings of a [`DeviceBinding`]; each has a safe default. Durations count in whole milliseconds.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::dbsc::DeviceBinding;
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let hour = Duration::from_secs(3_600);
/// assert!(DeviceBinding::builder(&store).proof_ttl(hour).build().is_ok());
/// let error = DeviceBinding::builder(&store).proof_ttl(24 * hour).build().unwrap_err();
/// assert!(error.to_string().starts_with("the proof's TTL (86400000 ms) is not shorter than"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct DeviceBindingBuilder {
    store: SealedStore,
    proof_ttl: Duration,
    challenge_ttl: Option<Duration>,
    registration_ttl: Duration,
    identifier_lifetime: Option<Duration>,
}

/// The settings, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lives {
    proof: u64,
    challenge: u64,
    pub(super) registration: u64,
    pub(super) identifier: u64,
}

/// Characters of a proof: all have one length.
pub(crate) const PROOF_CHARS: usize = token::encoded_len(record::MIN_LEN + texts::PROOF_LEN);

impl DeviceBindingBuilder {
    pub(super) fn new(store: SealedStore) -> Self {
        Self {
            store,
            proof_ttl: DEFAULT_PROOF_TTL,
            challenge_ttl: None,
            registration_ttl: DEFAULT_REGISTRATION_TTL,
            identifier_lifetime: None,
        }
    }

    /// How long a proof is good for, and with it a stolen cookie. Browsers limit how often they sign: less than 5
    /// minutes is unwise. Default 10 minutes.
    pub fn proof_ttl(mut self, ttl: Duration) -> Self {
        self.proof_ttl = ttl;
        self
    }

    /// How long a challenge of a refresh is good for, and with it a captured proof. A browser gets one with each
    /// proof, and signs it when that is over; a challenge that is over by then costs it another round and another
    /// signature. Default two lives of a proof.
    pub fn challenge_ttl(mut self, ttl: Duration) -> Self {
        self.challenge_ttl = Some(ttl);
        self
    }

    /// How long after the login a browser may register its key. Default 60 s.
    pub fn registration_ttl(mut self, ttl: Duration) -> Self {
        self.registration_ttl = ttl;
        self
    }

    /// How long after its registration a device can refresh; then its user logs in again. At most the store's maximum
    /// lifetime and the ring's longest life of a token, and by default the shorter of them.
    pub fn identifier_lifetime(mut self, lifetime: Duration) -> Self {
        self.identifier_lifetime = Some(lifetime);
        self
    }

    /// Derives the keys.
    ///
    /// # Errors
    /// [`ConfigError`] for settings that contradict each other, the store or its ring; and for a cookie's name that is
    /// too long, or does not begin with `__Host-`, exactly so.
    pub fn build(self) -> Result<DeviceBinding, ConfigError> {
        let lives = self.lives()?;
        let of_bound = self.of_bound()?;
        self.check_name()?;
        let named = |suffix: &str| [self.store.cookie_name(), suffix].concat();
        let kin = |key: &str, cookie: &str, policy| self.store.kin(&named(key), named(cookie), policy);
        let binding = DeviceBinding {
            bound: kin(BOUND, BOUND_COOKIE, of_bound)?,
            proofs: kin(PROOF, PROOF_COOKIE, self.of_one_length(lives.proof))?,
            identifiers: kin(IDENTIFIER, IDENTIFIER, self.of_text(lives.identifier))?,
            challenges: kin(CHALLENGE, CHALLENGE, self.of_challenges(&lives))?,
            pending_cookie_name: named(PENDING_COOKIE),
            lives,
        };
        let room = MAX_COOKIE_OCTETS.saturating_sub(binding.proof_cookie_name().len());
        if PROOF_CHARS > room {
            return Err(ConfigError(
                "the cookie's name leaves no room for a device's proof: choose a shorter one".into(),
            ));
        }
        binding.warning().into_iter().for_each(telemetry::unwise);
        Ok(binding)
    }

    /// Without the prefix any neighbour on a parent domain could plant a bound session and a proof of his own device,
    /// and the browser would act as him.
    fn check_name(&self) -> Result<(), ConfigError> {
        let name = self.store.cookie_name();
        if name.starts_with(PREFIX) {
            return Ok(());
        }
        Err(ConfigError(format!(
            "the cookie {name:?} could be set by another host of its domain, and device-bound sessions are only made \
             for cookies that cannot: give the store a cookie_name that begins with {PREFIX}, for example \
             {PREFIX}session"
        )))
    }

    fn lives(&self) -> Result<Lives, ConfigError> {
        let longest = self.store.policy().max_lifetime_ms.min(self.store.ring_max_ttl_ms());
        let proof = positive("proof's TTL", self.proof_ttl)?;
        let identifier = match self.identifier_lifetime {
            Some(lifetime) => positive("identifier's lifetime", lifetime)?,
            None => longest,
        };
        let challenge = match self.challenge_ttl {
            Some(ttl) => positive("challenge's TTL", ttl)?,
            None => proof.saturating_mul(2).min(identifier),
        };
        let registration = positive("registration's TTL", self.registration_ttl)?;
        let session = self.store.policy().default_ttl_ms;
        at_most(
            "identifier's lifetime",
            identifier,
            "store's maximum lifetime",
            self.store.policy().max_lifetime_ms,
        )?;
        at_most(
            "identifier's lifetime",
            identifier,
            "ring's longest life of a token",
            self.store.ring_max_ttl_ms(),
        )?;
        shorter("proof's TTL", proof, "sessions' default TTL", session)?;
        shorter("proof's TTL", proof, "identifier's lifetime", identifier)?;
        at_most("challenge's TTL", challenge, "identifier's lifetime", identifier)?;
        at_most("registration's TTL", registration, "identifier's lifetime", identifier)?;
        Ok(Lives { proof, challenge, registration, identifier })
    }

    /// The rules of the store, with what the longer name leaves of a cookie, or of two.
    fn of_bound(&self) -> Result<Policy, ConfigError> {
        let policy = self.store.policy();
        let room = MAX_COOKIE_OCTETS.saturating_sub(self.store.cookie_name().len());
        let max_token_chars = match policy.max_token_chars {
            chars if chars <= room => chars.min(room.saturating_sub(BOUND_COOKIE.len())),
            chars => chars.saturating_sub(2 * BOUND_COOKIE.len()),
        };
        if max_token_chars < token::MIN_CHARS {
            return Err(ConfigError(
                "the cookie's name leaves no room for a bound session: choose a shorter one".into(),
            ));
        }
        Ok(Policy { max_token_chars, ..policy.clone() })
    }

    /// The ones for a registration may live longer than those for refreshes.
    fn of_challenges(&self, lives: &Lives) -> Policy {
        let max_ttl_ms = lives.challenge.max(lives.registration);
        Policy { max_ttl_ms, ..self.of_one_length(lives.challenge) }
    }

    /// The rules of a text whose length tells nothing: padded, it would only grow too long for its cookie, or for what
    /// is signed.
    fn of_one_length(&self, ttl_ms: u64) -> Policy {
        Policy { padding: 1, ..self.of_text(ttl_ms) }
    }

    /// The rules of a text that is no session.
    fn of_text(&self, ttl_ms: u64) -> Policy {
        let max_token_chars = token::MAX_CHARS;
        Policy { default_ttl_ms: ttl_ms, max_ttl_ms: ttl_ms, max_token_chars, ..self.store.policy().clone() }
    }
}

pub(super) fn warning(proof_ttl_ms: u64) -> Option<&'static str> {
    (proof_ttl_ms < SHORTEST_WISE_PROOF_TTL_MS).then_some(
        "a device's proof is good for less than 5 minutes: browsers limit how often they sign, and refuse to go on for \
         a while",
    )
}

fn positive(what: &str, set: Duration) -> Result<u64, ConfigError> {
    match millis(set) {
        0 => Err(ConfigError(format!("the {what} must be a millisecond or more"))),
        ms => Ok(ms),
    }
}

fn at_most(what: &str, ms: u64, whose: &str, limit: u64) -> Result<(), ConfigError> {
    if ms <= limit {
        return Ok(());
    }
    Err(ConfigError(format!("the {what} ({ms} ms) is longer than the {whose} ({limit} ms)")))
}

fn shorter(what: &str, ms: u64, whose: &str, limit: u64) -> Result<(), ConfigError> {
    if ms < limit {
        return Ok(());
    }
    Err(ConfigError(format!("the {what} ({ms} ms) is not shorter than the {whose} ({limit} ms)")))
}
