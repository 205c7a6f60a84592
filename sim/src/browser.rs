//! A browser's cookies: `cookie_store`, and on top what it lacks: prefixes, SameSite, and time that is simulated.

use std::collections::BTreeMap;

use cookie_store::{CookieStore, RawCookie};
use url::Url;

use crate::request::HOSTS;
use crate::script::Site;

pub const NAME: &str = "__Host-session";

/// One browser, or a thief's tool that obeys the same rules.
#[derive(Default)]
pub struct Browser {
    jar: CookieStore,
    /// When a cookie is over, by its host and name, in the world's time: `cookie_store` asks the machine's clock.
    expires: BTreeMap<(&'static str, String), u64>,
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
        let age_ms = max_age.map_or(u64::MAX, |seconds| u64::try_from(seconds).unwrap_or(0) * 1000);
        self.expires.insert((host, name), now_ms.saturating_add(age_ms));
        cookie.unset_expires();
        cookie.set_max_age(None);
        let _ = self.jar.insert_raw(&cookie, &url(host));
    }

    fn forget(&mut self, host: &'static str, name: &str) {
        self.expires.remove(&(host, name.to_owned()));
        self.jar.remove(host, "/", name);
    }

    /// The value of the session's cookie.
    pub fn session(&self, now_ms: u64, host: &'static str) -> Option<String> {
        if self.expires.get(&(host, NAME.to_owned())).is_none_or(|at| *at <= now_ms) {
            return None;
        }
        self.jar.get(host, "/", NAME).map(|cookie| cookie.value().to_owned())
    }

    /// That of any host.
    pub fn any_session(&self, now_ms: u64) -> Option<String> {
        HOSTS.iter().find_map(|host| self.session(now_ms, host))
    }

    /// The header `Cookie` of a request, and the session's value in it.
    pub fn header(&self, now_ms: u64, host: &'static str, site: Site) -> (Option<String>, Option<String>) {
        // The session's cookie is `SameSite=Lax`; what neighbours plant is `None`.
        let own = self.session(now_ms, host).filter(|_| site != Site::Post);
        let mut pairs = self.planted.clone();
        pairs.extend(own.iter().map(|value| format!("{NAME}={value}")));
        ((!pairs.is_empty()).then(|| pairs.join("; ")), own)
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
        for host in HOSTS {
            self.take(now_ms, host, &format!("{NAME}={token}; Secure; Path=/; Max-Age=34560000"));
        }
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
