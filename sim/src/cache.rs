//! What handlers say to caches, and shared caches that obey it (RFC 9111, RFC 9213).

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::script::SECOND;

/// What a handler says to caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Words {
    #[default]
    Nothing,
    Public,
    SMaxAge,
    MaxAge,
    Expires,
    /// For a time after it is over.
    Stale,
    /// Kept from shared caches, but not from one kind.
    Cdn,
    Surrogate,
    NoCache,
    MaxAgeZero,
    Private,
    NoStore,
}

impl Words {
    /// Whether a shared cache may hand the answer to others without asking.
    pub fn let_others_reuse(self) -> bool {
        match self {
            Self::Public | Self::SMaxAge | Self::MaxAge | Self::Expires => true,
            Self::Stale | Self::Cdn | Self::Surrogate => true,
            Self::Nothing | Self::NoCache | Self::MaxAgeZero | Self::Private | Self::NoStore => false,
        }
    }

    pub fn say(self, headers: &mut HeaderMap) {
        let said: &[(HeaderName, &'static str)] = match self {
            Self::Nothing => &[],
            Self::Public => &[(header::CACHE_CONTROL, "public, max-age=60")],
            Self::SMaxAge => &[(header::CACHE_CONTROL, "max-age=0, s-maxage=600")],
            Self::MaxAge => &[(header::CACHE_CONTROL, "Max-Age=\"300\"")],
            Self::Expires => &[(header::EXPIRES, "Thu, 01 Jan 2060 00:00:00 GMT")],
            Self::Stale => &[(header::CACHE_CONTROL, "max-age=0, stale-while-revalidate=600")],
            Self::Cdn => &[(header::CACHE_CONTROL, "private"), (CDN, "max-age=600")],
            Self::Surrogate => &[(header::CACHE_CONTROL, "no-store"), (SURROGATE, "max-age=600")],
            Self::NoCache => &[(header::CACHE_CONTROL, "no-cache")],
            Self::MaxAgeZero => &[(header::CACHE_CONTROL, "max-age=0, must-revalidate")],
            Self::Private => &[(header::CACHE_CONTROL, "private, max-age=60")],
            Self::NoStore => &[(header::CACHE_CONTROL, "no-store")],
        };
        for (name, value) in said {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// What caches ask by whether they may hand out again what they have.
pub const ETAG: HeaderValue = HeaderValue::from_static("\"page\"");

pub fn words() -> impl Strategy<Value = Words> {
    let all = [
        Words::Public,
        Words::SMaxAge,
        Words::MaxAge,
        Words::Expires,
        Words::Stale,
        Words::Cdn,
        Words::Surrogate,
        Words::NoCache,
        Words::MaxAgeZero,
        Words::Private,
        Words::NoStore,
    ];
    prop_oneof![6 => Just(Words::Nothing), 1 => prop::sample::select(all.to_vec())]
}

const CDN: HeaderName = HeaderName::from_static("cdn-cache-control");
const SURROGATE: HeaderName = HeaderName::from_static("surrogate-control");

/// One shared cache of each kind, by the field that it obeys before others.
pub const TARGETED: [HeaderName; 2] = [CDN, SURROGATE];

/// A shared cache.
pub struct Cache {
    targeted: HeaderName,
    stored: BTreeMap<Key, Stored>,
}

/// The host that was asked, and the cookies that were sent, where the answer depends on them.
type Key = (&'static str, Option<Option<String>>);

/// What it keeps of an answer.
pub struct Stored {
    until_ms: u64,
    pub sets: Vec<String>,
    /// The cookies of the request that it answered, if these had a session.
    pub of_session: Option<String>,
}

/// The answer of a server, and the request that it is for.
pub struct Answered<'a> {
    pub host: &'static str,
    pub cookies: Option<&'a str>,
    pub of_session: bool,
    pub headers: &'a HeaderMap,
}

impl Cache {
    pub fn new(targeted: HeaderName) -> Self {
        Self { targeted, stored: BTreeMap::new() }
    }

    /// Keeps the answer to a GET, if it may: for a time, or until it is asked for.
    pub fn store(&mut self, now_ms: u64, answered: &Answered<'_>) {
        let Answered { host, cookies, of_session, headers } = *answered;
        let Some(fresh_s) = self.fresh_s(headers) else { return };
        let depends = headers.get_all(header::VARY).iter().any(|vary| {
            vary.to_str()
                .is_ok_and(|vary| vary.split(',').any(|name| name.trim().eq_ignore_ascii_case("cookie")))
        });
        let stored = Stored {
            until_ms: now_ms + fresh_s * SECOND,
            sets: sets(headers),
            of_session: cookies.filter(|_| of_session).map(str::to_owned),
        };
        self.stored.insert((host, depends.then(|| cookies.map(str::to_owned))), stored);
    }

    /// What it has for a request, and whether it may hand that out without asking.
    pub fn find(&self, now_ms: u64, host: &'static str, cookies: Option<&str>) -> Option<(&Stored, bool)> {
        let key = self.key(host, cookies)?;
        self.stored.get(&key).map(|stored| (stored, now_ms < stored.until_ms))
    }

    /// What it has is still good, says the server (RFC 9111, section 4.3.4). From what must not be stored nothing is
    /// taken over, and what there was goes.
    pub fn freshen(&mut self, now_ms: u64, answered: &Answered<'_>) {
        let fresh_s = self.fresh_s(answered.headers);
        let Some(key) = self.key(answered.host, answered.cookies) else { return };
        match (fresh_s, self.stored.get_mut(&key)) {
            (Some(fresh_s), Some(stored)) => {
                stored.until_ms = now_ms + fresh_s * SECOND;
                let new = sets(answered.headers);
                if !new.is_empty() {
                    stored.sets = new;
                }
            }
            _ => drop(self.stored.remove(&key)),
        }
    }

    fn key(&self, host: &'static str, cookies: Option<&str>) -> Option<Key> {
        let keys = [(host, None), (host, Some(cookies.map(str::to_owned)))];
        keys.into_iter().find(|key| self.stored.contains_key(key))
    }

    /// For how long it may hand an answer out without asking, if it may keep it.
    fn fresh_s(&self, headers: &HeaderMap) -> Option<u64> {
        let targeted = headers.contains_key(&self.targeted);
        let field = if targeted { &self.targeted } else { &header::CACHE_CONTROL };
        let all = headers.get_all(field).iter().filter_map(|value| value.to_str().ok());
        let all: Vec<_> =
            all.flat_map(|value| value.split(',')).map(|said| said.trim().to_lowercase()).collect();
        let has = |name: &str| all.iter().any(|said| said == name);
        let seconds = |name: &str| {
            let value = all.iter().find_map(|said| said.strip_prefix(name)?.strip_prefix('='))?;
            value.trim_matches('"').parse::<u64>().ok()
        };
        if has("no-store") || has("private") {
            return None;
        }
        if has("no-cache") {
            return Some(0);
        }
        let expires = headers.contains_key(header::EXPIRES) && !targeted;
        let life = seconds("s-maxage").or(seconds("max-age")).or(expires.then_some(3600));
        Some(life.unwrap_or_default() + seconds("stale-while-revalidate").unwrap_or(0))
    }
}

fn sets(headers: &HeaderMap) -> Vec<String> {
    let sets = headers.get_all(header::SET_COOKIE).iter().filter_map(|set| set.to_str().ok());
    sets.map(str::to_owned).collect()
}
