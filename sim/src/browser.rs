//! A browser's cookies: `cookie_store`, and on top what it lacks: prefixes, SameSite, and time that is simulated.

use std::collections::BTreeMap;

use cookie_store::{CookieStore, RawCookie};
use url::Url;

use crate::request::{HOSTS, holds_back};
use crate::script::Site;
use crate::settings::SameSite;

pub const NAME: &str = "__Host-session";
const SECOND_NAME: &str = "__Host-session.1";

/// One browser, or a thief's tool that obeys the same rules.
#[derive(Default)]
pub struct Browser {
    jar: CookieStore,
    /// When a cookie is over, by its host and name, in the world's time: `cookie_store` asks the machine's clock.
    /// Without a time until it closes.
    expires: BTreeMap<(&'static str, String), Option<u64>>,
    /// What neighbours have planted: it comes before our own.
    planted: Vec<String>,
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

    /// The token of the session, in one cookie or in two.
    pub fn session(&self, now_ms: u64, host: &'static str) -> Option<String> {
        let mut pairs = self.pairs(now_ms, host);
        token(|name| pairs.find(|(is, _)| *is == name).map(|(_, cookie)| cookie.value().to_owned()))
    }

    /// The session's cookies that there are.
    fn pairs(
        &self,
        now_ms: u64,
        host: &'static str,
    ) -> impl Iterator<Item = (&'static str, &cookie_store::Cookie<'_>)> {
        let there = move |name: &'static str| {
            let over = self.expires.get(&(host, name.to_owned()))?;
            let cookie = self.jar.get(host, "/", name)?;
            over.is_none_or(|at| at > now_ms).then_some((name, cookie))
        };
        [NAME, SECOND_NAME].into_iter().filter_map(there)
    }

    /// That of any host.
    pub fn any_session(&self, now_ms: u64) -> Option<String> {
        HOSTS.iter().find_map(|host| self.session(now_ms, host))
    }

    /// The header `Cookie` of a request, and the session's token in it.
    pub fn header(&self, now_ms: u64, host: &'static str, site: Site) -> (Option<String>, Option<String>) {
        // What neighbours plant is sent always.
        let own = self.pairs(now_ms, host).filter(|(_, cookie)| !holds_back(attribute(cookie), site));
        let own: BTreeMap<_, _> = own.map(|(name, cookie)| (name, cookie.value().to_owned())).collect();
        let mut pairs = self.planted.clone();
        pairs.extend(own.iter().map(|(name, value)| format!("{name}={value}")));
        ((!pairs.is_empty()).then(|| pairs.join("; ")), token(|name| own.get(name).cloned()))
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
    /// may be taken for it.
    pub fn plant(&mut self, which: u8, token: &str) {
        let names = [
            "\u{2003}__Host-session",
            "%5F%5FHost-session",
            "session",
            "__Host-session%20",
            "\"__Host-session\"",
            "__Host-session\u{a0}",
        ];
        let name = names[usize::from(which) % names.len()];
        self.planted = vec![format!("{name}={token}")];
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A copy of what another browser has, to be sent to every host.
    pub fn copy(&mut self, now_ms: u64, token: &str) {
        self.clear();
        let (first, second) = match token.len() > 4082 {
            true => token.split_at(4000),
            false => (token, ""),
        };
        for host in HOSTS {
            let mut take = |name: &str, value: &str| {
                self.take(
                    now_ms,
                    host,
                    &format!("{name}={value}; Secure; Path=/; SameSite=None; Max-Age=34560000"),
                );
            };
            if second.is_empty() {
                take(NAME, first);
            } else {
                take(NAME, &format!("2.{first}"));
                take(SECOND_NAME, second);
            }
        }
    }
}

/// What stands in one cookie, or in two.
fn token(mut value: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let first = value(NAME)?;
    match first.strip_prefix("2.") {
        Some(half) => Some(half.to_owned() + &value(SECOND_NAME).unwrap_or_default()),
        None => Some(first),
    }
}

/// The token that an answer sets, and whether it removes one.
pub fn sent(sets: &[String]) -> (Vec<String>, bool) {
    let named = |name: &str| {
        let of_name = |set: &&String| set.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        let values = sets.iter().filter(of_name).filter(|set| !set.contains("; Max-Age=0"));
        let value = |set: &String| set.split(';').next()?.split_once('=').map(|(_, value)| value.to_owned());
        values.filter_map(value).collect::<Vec<_>>()
    };
    let (firsts, seconds) = (named(NAME), named(SECOND_NAME));
    let removes = firsts.is_empty() && sets.iter().any(|set| set.starts_with(&format!("{NAME}=;")));
    let tokens = firsts.into_iter().map(|first| match first.strip_prefix("2.") {
        Some(half) => half.to_owned() + &seconds.concat(),
        None => first,
    });
    (tokens.collect(), removes)
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
