//! A browser's jar: what `cookie_store` says of domains and paths, and on top what it lacks: prefixes, SameSite,
//! partitions, and time that is simulated.

use cookie_store::{Cookie, RawCookie};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::request::holds_back;
use crate::script::Site;
use crate::settings::SameSite;

/// How the session's cookie is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Form {
    /// With `__Host-`.
    #[default]
    Host,
    /// Without, as all that follow.
    Plain,
    Domain,
    Path,
    Partitioned,
}

const PREFIX: &str = "__Host-";

impl Form {
    pub fn name(self) -> &'static str {
        self.on_the_wire("__Host-session")
    }

    /// How a name is written that has the prefix here.
    pub fn on_the_wire(self, name: &str) -> &str {
        if self == Self::Host { name } else { name.strip_prefix(PREFIX).unwrap_or(name) }
    }

    /// A name, or what a header sets, as if it had the prefix.
    pub fn as_named_here(self, text: &str) -> String {
        let is_ours = self != Self::Host && text.starts_with(self.name());
        if is_ours { format!("{PREFIX}{text}") } else { text.to_owned() }
    }

    /// What is asked for.
    pub fn path(self) -> &'static str {
        if self == Self::Host { "/" } else { "/app/" }
    }
}

pub fn form() -> impl Strategy<Value = Form> {
    prop_oneof![4 => Just(Form::Host), 2 => Just(Form::Plain), 2 => other_form()]
}

pub fn other_form() -> impl Strategy<Value = Form> {
    prop_oneof![Just(Form::Plain), Just(Form::Domain), Just(Form::Path), Just(Form::Partitioned)]
}

/// Where a request goes, and what causes it.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub host: &'static str,
    pub form: Form,
    pub site: Site,
}

impl Place {
    fn url(self) -> Url {
        Url::parse(&format!("https://{}{}", self.host, self.form.path())).expect("it is a URL")
    }

    /// A page of another site has it in it.
    fn is_embedded(self) -> bool {
        self.site == Site::Frame
    }
}

#[derive(Default)]
pub struct Jar(Vec<Stored>);

/// A cookie that a browser keeps.
#[derive(Clone)]
pub struct Stored {
    cookie: Cookie<'static>,
    /// Only for pages of another site that have ours in them.
    embedded: bool,
    /// When it is over, in the world's time: `cookie_store` asks the machine's clock. Without a time until the browser
    /// closes.
    pub over_ms: Option<u64>,
}

impl Stored {
    pub fn value(&self) -> &str {
        self.cookie.value()
    }

    fn same_site(&self) -> SameSite {
        match self.cookie.same_site() {
            Some(attribute) if attribute.is_strict() => SameSite::Strict,
            Some(attribute) if attribute.is_none() => SameSite::None,
            _ => SameSite::Lax,
        }
    }

    fn is_partitioned(&self) -> bool {
        self.cookie.partitioned() == Some(true)
    }

    /// Whether one takes the place of the other.
    fn is_that_of(&self, other: &Self) -> bool {
        let place = |stored: &Self| (stored.is_partitioned(), stored.embedded);
        self.cookie.name() == other.cookie.name()
            && self.cookie.path == other.cookie.path
            && self.cookie.domain == other.cookie.domain
            && place(self) == place(other)
    }

    /// The same, sent to everybody and for good.
    pub fn as_copied(&self) -> String {
        let text = |name: &str, value: Option<&str>| value.map(|value| format!("; {name}={value}"));
        let [domain, path] = [text("Domain", self.cookie.domain()), text("Path", self.cookie.path())]
            .map(Option::unwrap_or_default);
        let partitioned = if self.is_partitioned() { "; Partitioned" } else { "" };
        let (name, value) = (self.cookie.name(), self.value());
        format!("{name}={value}; Secure; SameSite=None; Max-Age=34560000{domain}{path}{partitioned}")
    }
}

impl Jar {
    /// Takes what an answer sets.
    pub fn take(&mut self, now_ms: u64, place: Place, set_cookie: &str) {
        let Ok(mut raw) = RawCookie::parse(set_cookie.to_owned()) else { return };
        if !is_allowed(&raw) {
            return;
        }
        let max_age = raw.max_age().map(|age| age.whole_seconds());
        raw.unset_expires();
        raw.set_max_age(None);
        let Ok(cookie) = Cookie::try_from_raw_cookie(&raw, &place.url()) else { return };
        let over_ms = max_age.map(|seconds| now_ms + u64::try_from(seconds).unwrap_or(0) * 1000);
        let embedded = place.is_embedded() && raw.partitioned() == Some(true);
        let stored = Stored { cookie, embedded, over_ms };
        let before = self.0.iter().position(|other| other.is_that_of(&stored));
        match (before, max_age.is_some_and(|seconds| seconds <= 0)) {
            (Some(at), true) => drop(self.0.remove(at)),
            (Some(at), false) => self.0[at] = stored,
            (None, true) => {}
            (None, false) => self.0.push(stored),
        }
    }

    /// What it has of this name for a place, in the order in which it is sent.
    pub fn kept<'j>(
        &'j self,
        now_ms: u64,
        place: Place,
        name: &str,
    ) -> impl Iterator<Item = &'j Stored> + use<'j> {
        let (url, name) = (place.url(), place.form.on_the_wire(name));
        let fits = |stored: &&Stored| {
            stored.cookie.name() == name
                && stored.over_ms.is_none_or(|at| at > now_ms)
                && (!stored.is_partitioned() || stored.embedded == place.is_embedded())
                && stored.cookie.matches(&url)
        };
        let mut all: Vec<_> = self.0.iter().filter(fits).collect();
        all.sort_by_key(|stored| std::cmp::Reverse(String::from(&stored.cookie.path).len()));
        all.into_iter()
    }

    /// What of it goes with a request.
    pub fn sent<'j>(
        &'j self,
        now_ms: u64,
        place: Place,
        name: &str,
    ) -> impl Iterator<Item = &'j Stored> + use<'j> {
        self.kept(now_ms, place, name).filter(move |stored| !holds_back(stored.same_site(), place.site))
    }

    pub fn last_until(&mut self, name: &str, over_ms: Option<u64>) {
        let named = self.0.iter_mut().filter(|stored| stored.cookie.name() == name);
        named.for_each(|stored| stored.over_ms = over_ms);
    }

    /// The browser closes, and begins again.
    pub fn restart(&mut self) {
        self.0.retain(|stored| stored.over_ms.is_some());
    }

    /// Its clock is set forward.
    pub fn set_clock(&mut self, by_ms: i64) {
        let times = self.0.iter_mut().filter_map(|stored| stored.over_ms.as_mut());
        times.for_each(|at| *at = at.saturating_add_signed(-by_ms));
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
