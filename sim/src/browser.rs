//! A browser's cookies: `cookie_store`, and on top what it lacks: prefixes, SameSite, and time that is simulated.

use std::collections::BTreeMap;

use cookie_store::{CookieStore, RawCookie};
use url::Url;

use crate::cookies::{Kind, Tokens};
use crate::device::{Held, Key};
use crate::request::{HOSTS, holds_back};
use crate::script::{Client, Site};
use crate::settings::SameSite;

/// One browser, or a thief's tool that obeys the same rules.
#[derive(Default)]
pub struct Browser {
    jar: CookieStore,
    /// When a cookie is over, by its host and name, in the world's time: `cookie_store` asks the machine's clock.
    /// Without a time until it closes.
    expires: BTreeMap<(&'static str, String), Option<u64>>,
    /// What neighbours have planted: it comes before our own.
    planted: Vec<Planted>,
    /// Who plants them again and again, and which.
    pub neighbour: Option<(Client, u8)>,
    /// The sessions of devices that it holds.
    pub held: Vec<Held>,
    /// What it was asked to register for last, and by whom.
    pub offer: Option<(&'static str, String)>,
}

/// What a neighbour has planted.
#[derive(Debug, Clone)]
pub struct Planted {
    /// Which of our cookies it passes for, in a browser that does not know prefixes.
    pub kind: Option<Kind>,
    name: &'static str,
    pub token: String,
}

/// What a request brings.
#[derive(Default)]
pub struct Brought {
    pub header: Option<String>,
    /// Of its own.
    pub tokens: Tokens,
    pub planted: Vec<Planted>,
}

impl Browser {
    /// Takes what an answer sets.
    pub fn take(&mut self, now_ms: u64, host: &'static str, set_cookie: &str) {
        let Ok(mut cookie) = RawCookie::parse(set_cookie.to_owned()) else { return };
        if !is_allowed(&cookie) {
            return;
        }
        let name = cookie.name().to_owned();
        let max_age = cookie.max_age().map(|age| age.whole_seconds());
        if max_age.is_some_and(|seconds| seconds <= 0) {
            self.forget(host, &name);
            return;
        }
        let at_ms = max_age.map(|seconds| now_ms + u64::try_from(seconds).unwrap_or(0) * 1000);
        self.expires.insert((host, name), at_ms);
        cookie.unset_expires();
        cookie.set_max_age(None);
        let _ = self.jar.insert_raw(&cookie, &url(host));
    }

    fn forget(&mut self, host: &'static str, name: &str) {
        self.expires.remove(&(host, name.to_owned()));
        self.jar.remove(host, "/", name);
    }

    /// The tokens that it has for a host.
    pub fn tokens(&self, now_ms: u64, host: &'static str) -> Tokens {
        Tokens::of(|name| self.cookie(now_ms, host, name).map(|cookie| cookie.value().to_owned()))
    }

    fn cookie(&self, now_ms: u64, host: &'static str, name: &str) -> Option<&cookie_store::Cookie<'_>> {
        let over = self.expires.get(&(host, name.to_owned()))?;
        self.jar.get(host, "/", name).filter(|_| over.is_none_or(|at| at > now_ms))
    }

    pub fn has_proof(&self, now_ms: u64, host: &'static str) -> bool {
        self.cookie(now_ms, host, Kind::Proof.names()[0]).is_some()
    }

    /// What a request brings.
    pub fn brings(&self, now_ms: u64, host: &'static str, site: Site) -> Brought {
        // What neighbours plant is sent always.
        let mut pairs: Vec<_> =
            self.planted.iter().map(|planted| format!("{}={}", planted.name, planted.token)).collect();
        let own = |name: &str| {
            let cookie = self.cookie(now_ms, host, name)?;
            (!holds_back(attribute(cookie), site)).then(|| cookie.value().to_owned())
        };
        for name in Kind::ALL.into_iter().flat_map(Kind::names) {
            pairs.extend(own(name).map(|value| format!("{name}={value}")));
        }
        let header = (!pairs.is_empty()).then(|| pairs.join("; "));
        Brought { header, tokens: Tokens::of(own), planted: self.planted.clone() }
    }

    /// It closes, and begins again.
    pub fn restart(&mut self) {
        let gone: Vec<_> =
            self.expires.iter().filter(|(_, at)| at.is_none()).map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|(host, name)| self.forget(host, name));
    }

    /// Its clock is set forward.
    pub fn set_clock(&mut self, by_ms: i64) {
        self.expires.values_mut().flatten().for_each(|at| *at = at.saturating_add_signed(-by_ms));
    }

    /// What another host of the domain sets. A browser refuses the name of the session's cookie, so neighbours try what
    /// may be taken for it; and what is for devices, in browsers that do not know prefixes.
    pub fn plant(&mut self, which: u8, has: &Tokens) {
        let names = [
            "\u{2003}__Host-session",
            "%5F%5FHost-session",
            "session",
            "__Host-session%20",
            "\"__Host-session\"",
            "__Host-session\u{a0}",
        ];
        let planted = |kind: Option<Kind>, name: &'static str, token: Option<&String>| {
            token.map(|token| Planted { kind, name, token: token.clone() })
        };
        let of_device = |kind: Kind| planted(Some(kind), kind.names()[0], has.get(kind));
        let kinds: &[Kind] = match which % 4 {
            0 if has.get(Kind::Proof).is_some() => &[Kind::Proof],
            1 if has.get(Kind::Proof).is_some() => &[Kind::Proof, Kind::Bound],
            _ => &[],
        };
        let name = names[usize::from(which) % names.len()];
        let token = has.get(Kind::Bound).or(has.ordinary());
        self.planted = match kinds {
            [] => planted(None, name, token).into_iter().collect(),
            kinds => kinds.iter().copied().filter_map(of_device).collect(),
        };
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// All that another browser has of the first host where it has anything, to be sent to every host; but no key. A
    /// thief has the proof for good, or drops it when its browser would.
    pub fn copy(&mut self, now_ms: u64, other: &Self, keeps_proof: bool, key: &Key) -> bool {
        let from = |host: &&'static str| {
            Kind::OF_SESSION.iter().any(|kind| other.cookie(now_ms, host, kind.names()[0]).is_some())
        };
        let Some(from) = HOSTS.into_iter().find(|host| from(host)) else { return false };
        self.clear();
        for host in HOSTS {
            for kind in Kind::ALL {
                for name in kind.names() {
                    let Some(cookie) = other.cookie(now_ms, from, name) else { continue };
                    let value = cookie.value();
                    let set = format!("{name}={value}; Secure; Path=/; SameSite=None; Max-Age=34560000");
                    self.take(now_ms, host, &set);
                    if kind == Kind::Proof && !keeps_proof {
                        let at_ms = other.expires.get(&(from, name.to_owned())).copied().flatten();
                        self.expires.insert((host, name.to_owned()), at_ms);
                    }
                }
            }
        }
        self.offer = other.offer.clone();
        let with_own_key = |held: &Held| Held { key: key.clone(), ..held.clone() };
        self.held = other.held.iter().map(with_own_key).collect();
        true
    }
}

fn attribute(cookie: &cookie_store::Cookie<'_>) -> SameSite {
    match cookie.same_site() {
        Some(attribute) if attribute.is_strict() => SameSite::Strict,
        Some(attribute) if attribute.is_none() => SameSite::None,
        _ => SameSite::Lax,
    }
}

/// RFC 6265bis, section 5.7: cookies with a prefix.
fn is_allowed(cookie: &RawCookie<'_>) -> bool {
    let name = cookie.name().to_ascii_lowercase();
    let secure = cookie.secure() == Some(true);
    if name.starts_with("__host-") {
        return secure && cookie.path() == Some("/") && cookie.domain().is_none();
    }
    !name.starts_with("__secure-") || secure
}

fn url(host: &str) -> Url {
    Url::parse(&format!("https://{host}/")).expect("it is a URL")
}
