//! What can be set of sessions that are bound to devices.

use std::time::Duration;

use super::Device;
use crate::clock::millis;
use crate::dbsc::{DeviceBinding, DeviceBindingBuilder, PROOF_CHARS};
use crate::error::ConfigError;
use crate::http::CookiePolicy;
use crate::store::SealedStore;

/// What becomes of a user's session that no device is bound to: in a browser that knows nothing of it, or one whose
/// registration failed.
///
/// ```
/// use sealed_session::http::Unbound;
///
/// assert_eq!(Unbound::default(), Unbound::Accepted);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unbound {
    /// It is a session like any other.
    #[default]
    Accepted,
    /// It is over so long after the login: the time that a browser has to register. A copy of the login's cookie is
    /// then worth no more than that, and who has another browser cannot stay logged in. A bound session that ends all
    /// others of its user ([`logout_others`](crate::http::Session::logout_others)) has as long from then on, to register
    /// anew. Zero is an error.
    RefusedAfter(Duration),
}

impl Unbound {
    pub(super) fn refuses_at(self, age_ms: u64) -> bool {
        self.limit_ms().is_some_and(|limit_ms| age_ms >= limit_ms)
    }

    pub(super) fn limit_ms(self) -> Option<u64> {
        match self {
            Self::Accepted => None,
            Self::RefusedAfter(limit) => Some(millis(limit)),
        }
    }
}

/// Settings of a [`DeviceBoundLayer`](super::DeviceBoundLayer); each has a safe default. Handed to the closure of
/// [`SessionLayer::device_bound`](crate::http::SessionLayer::device_bound).
#[must_use = "the closure has to return what it was given"]
#[derive(Debug)]
pub struct DeviceSettings {
    binding: DeviceBindingBuilder,
    unbound: Unbound,
    register_path: String,
    refresh_path: String,
}

impl DeviceSettings {
    pub(in crate::http) fn new(store: &SealedStore) -> Self {
        Self {
            binding: DeviceBinding::builder(store),
            unbound: Unbound::default(),
            register_path: "/dbsc/register".to_owned(),
            refresh_path: "/dbsc/refresh".to_owned(),
        }
    }

    /// How long a proof is good for, and with it a stolen cookie. Browsers limit how often they sign, so less than 5
    /// minutes is unwise, and warned of. The cookie's `Max-Age` is less by half a minute, or by the leeway if that is
    /// longer, so that a browser brings another in time. Default 10 minutes.
    pub fn proof_ttl(mut self, ttl: Duration) -> Self {
        self.binding = self.binding.proof_ttl(ttl);
        self
    }

    /// See [`DeviceBindingBuilder::challenge_ttl`].
    pub fn challenge_ttl(mut self, ttl: Duration) -> Self {
        self.binding = self.binding.challenge_ttl(ttl);
        self
    }

    /// How long after it was asked a browser may register its key. Default 60 s.
    pub fn registration_ttl(mut self, ttl: Duration) -> Self {
        self.binding = self.binding.registration_ttl(ttl);
        self
    }

    /// How long after its registration a device can refresh; then its user logs in again. See
    /// [`DeviceBindingBuilder::identifier_lifetime`].
    pub fn identifier_lifetime(mut self, lifetime: Duration) -> Self {
        self.binding = self.binding.identifier_lifetime(lifetime);
        self
    }

    /// What becomes of users' sessions that no device is bound to. Default they are accepted.
    pub fn unbound(mut self, unbound: Unbound) -> Self {
        self.unbound = unbound;
        self
    }

    /// Where browsers register. Default `/dbsc/register`.
    pub fn register_path(mut self, path: impl Into<String>) -> Self {
        self.register_path = path.into();
        self
    }

    /// Where browsers refresh. Default `/dbsc/refresh`.
    pub fn refresh_path(mut self, path: impl Into<String>) -> Self {
        self.refresh_path = path.into();
        self
    }

    pub(in crate::http) fn build(self, cookies: &CookiePolicy) -> Result<Device, ConfigError> {
        check_path(&self.register_path)?;
        check_path(&self.refresh_path)?;
        if self.register_path == self.refresh_path {
            return Err(ConfigError("devices register and refresh at one path: give each its own".into()));
        }
        if self.unbound.refuses_at(0) {
            return Err(ConfigError(
                "a user's session without a device is refused at once: no browser has the time to register"
                    .into(),
            ));
        }
        check_scope(cookies)?;
        let binding = self.binding.build()?;
        let bound_cookies = cookies.renamed(binding.bound_store().cookie_name());
        let pending_cookies = cookies.renamed(binding.pending_cookie_name());
        check_room(binding.bound_store(), &bound_cookies)?;
        let proof_cookies = cookies.renamed(binding.proof_cookie_name()).kept_for_its_time();
        check_room_of_proof(&proof_cookies)?;
        Ok(Device {
            bound_cookies,
            pending_cookies,
            proof_cookies,
            binding,
            register_path: self.register_path,
            refresh_path: self.refresh_path,
            unbound: self.unbound,
        })
    }
}

fn check_scope(cookies: &CookiePolicy) -> Result<(), ConfigError> {
    if cookies.is_for_local_development() {
        return Err(ConfigError(
            "browsers bind sessions over https only: do without insecure_for_local_development".into(),
        ));
    }
    if !cookies.is_of_whole_origin() {
        return Err(ConfigError(
            "sessions are bound for one whole origin: the cookie has to do without Domain and Partitioned, and its \
             Path has to be '/'"
                .into(),
        ));
    }
    Ok(())
}

/// Less than the whole cookie may be set for it, and its bound form has the longer name.
fn check_room(store: &SealedStore, cookies: &CookiePolicy) -> Result<(), ConfigError> {
    let (made, room) = (store.max_token_chars(), cookies.max_token_chars());
    if made <= room {
        return Ok(());
    }
    Err(ConfigError(format!(
        "bound sessions have tokens of up to {made} characters, and the cookie {} has room for {room}: build the store \
         with .max_token_chars({room})",
        cookies.name()
    )))
}

/// Without it no browser could register, and every login would be lost in the attempt.
fn check_room_of_proof(cookies: &CookiePolicy) -> Result<(), ConfigError> {
    let room = cookies.max_token_chars();
    if PROOF_CHARS <= room {
        return Ok(());
    }
    Err(ConfigError(format!(
        "a device's proof has {PROOF_CHARS} characters, and the cookie {} has room for {room}: allow more max_octets",
        cookies.name()
    )))
}

/// It stands between quotes in a header, and is compared with what a request asks for.
fn check_path(path: &str) -> Result<(), ConfigError> {
    let legal = |octet: u8| octet.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&octet);
    // Browsers resolve such segments before they ask.
    let is_resolved = !path.split('/').any(|segment| matches!(segment, "." | ".."));
    if path.starts_with('/') && !path.starts_with("//") && path.bytes().all(legal) && is_resolved {
        return Ok(());
    }
    Err(ConfigError(format!(
        "{path:?} is no path of an endpoint: it begins with one '/', has letters, digits and -._~!$&'()*+,;=:@, and no \
         segment '.' or '..'"
    )))
}
