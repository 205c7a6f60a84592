//! What shared caches may do with a response, and what is said to them for the sake of a cookie (RFC 9111, RFC 9213).

use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::fmt::rfc2822;

use super::decide::{Caches, Say};
use super::telemetry;

/// Fields by which a host speaks to one cache or one kind of them, past `Cache-Control`.
const TARGETED: [&str; 3] = ["surrogate-control", "edge-control", ACCEL];
/// nginx's: a number of seconds, or a time.
const ACCEL: &str = "x-accel-expires";
/// How the names of the others end: `CDN-Cache-Control` of RFC 9213, and what vendors put in front of it.
const TARGETED_END: &str = "-cache-control";

/// What the headers of a response let shared caches do.
pub(super) fn of(headers: &HeaderMap, now_ms: u64) -> Caches {
    if targeted(headers).any(|name| lets_one_cache_store(name, headers)) {
        return Caches::Reuse;
    }
    let said = Said::of(headers.get_all(CACHE_CONTROL));
    let expires = headers.get(EXPIRES);
    if !said.anything && expires.is_none() {
        return Caches::Silent;
    }
    said.caches(expires.is_some_and(|expires| is_future(expires, now_ms)))
}

/// Says it.
pub(super) fn say(what: Say, headers: &mut HeaderMap) {
    match what {
        Say::Nothing => {}
        Say::NoStore => keep_out(headers),
        Say::Private => add_private(headers),
        Say::Instead => {
            telemetry::kept_out_of_caches();
            take_out_targeted(headers);
            headers.remove(EXPIRES);
            headers.remove(PRAGMA);
            headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("private, no-store") });
        }
    }
}

/// No cache stores the response.
pub(super) fn keep_out(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("no-store") });
}

/// Beside what the handler says, but for `public`, which would say the contrary.
fn add_private(headers: &mut HeaderMap) {
    let mut all: Vec<u8> = Vec::new();
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in directives(value.as_bytes()).filter(|directive| !directive.is("public")) {
            all.extend_from_slice(directive.text);
            all.extend_from_slice(b", ");
        }
    }
    all.extend_from_slice(b"private");
    // Pieces of legal values, joined by what stands between them anyway, are one.
    if let Ok(value) = HeaderValue::from_bytes(&all) {
        headers.insert(CACHE_CONTROL, value);
    }
}

fn take_out_targeted(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> = targeted(headers).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn targeted(headers: &HeaderMap) -> impl Iterator<Item = &HeaderName> {
    headers.keys().filter(|name| name.as_str().ends_with(TARGETED_END) || TARGETED.contains(&name.as_str()))
}

/// Whether such a field lets its cache store the response, whatever `Cache-Control` says.
fn lets_one_cache_store(name: &HeaderName, headers: &HeaderMap) -> bool {
    let values = headers.get_all(name);
    if name == ACCEL {
        return values.iter().any(|value| value != "0");
    }
    Said::of(values).caches(false) != Caches::KeptOut
}

/// The directives that count. A qualified `private="set-cookie"` or `no-cache="set-cookie"` lets the rest be stored, and
/// caches differ in what they take it for: it does not count.
#[derive(Default)]
struct Said {
    anything: bool,
    no_store: bool,
    /// Caches that know it ignore `no-store` beside it (RFC 9111, section 5.2.2.3).
    must_understand: bool,
    private: bool,
    no_cache: bool,
    public: bool,
    /// Seconds; a number that is none lets some caches reuse the response for as long as they like.
    s_maxage: Option<u64>,
    max_age: Option<u64>,
    /// It may be given out after its time, or for ever.
    stale: bool,
}

impl Said {
    fn of<'h>(values: impl IntoIterator<Item = &'h HeaderValue>) -> Self {
        let mut said = Self::default();
        for directive in values.into_iter().flat_map(|value| directives(value.as_bytes())) {
            said.anything = true;
            said.add(&directive);
        }
        said
    }

    fn add(&mut self, directive: &Directive<'_>) {
        let is = |name| directive.is(name);
        let longest = |before: Option<u64>| Some(directive.seconds().max(before.unwrap_or_default()));
        match () {
            () if is("no-store") => self.no_store |= directive.value.is_none(),
            () if is("must-understand") => self.must_understand = true,
            () if is("private") => self.private |= directive.value.is_none(),
            () if is("no-cache") => self.no_cache |= directive.value.is_none(),
            () if is("public") => self.public = true,
            () if is("s-maxage") => self.s_maxage = longest(self.s_maxage),
            () if is("max-age") => self.max_age = longest(self.max_age),
            () if is("stale-while-revalidate") || is("stale-if-error") => {
                self.stale |= directive.seconds() > 0;
            }
            () if is("immutable") => self.stale = true,
            () => {}
        }
    }

    /// The first that fits counts.
    fn caches(&self, expires_later: bool) -> Caches {
        let life = self.s_maxage.or(self.max_age);
        match () {
            () if self.private || (self.no_store && !self.must_understand) => Caches::KeptOut,
            () if self.no_cache => Caches::Ask,
            () if self.stale => Caches::Reuse,
            () if life == Some(0) => Caches::Ask,
            () if life.is_some() || self.public || expires_later => Caches::Reuse,
            () => Caches::Ask,
        }
    }
}

/// One directive, as it stands there.
struct Directive<'h> {
    text: &'h [u8],
    name: &'h [u8],
    value: Option<&'h [u8]>,
}

impl Directive<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    fn seconds(&self) -> u64 {
        let value = self.value.unwrap_or_default();
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        str::from_utf8(value).ok().and_then(|value| value.parse().ok()).unwrap_or(u64::MAX)
    }
}

/// The directives of a value, between its commas; one within quotation marks is none.
fn directives(value: &[u8]) -> impl Iterator<Item = Directive<'_>> {
    let mut quoted = false;
    let mut escaped = false;
    let parts = value.split(move |&byte| {
        let was_escaped = std::mem::take(&mut escaped);
        match byte {
            b'"' if !was_escaped => quoted = !quoted,
            b'\\' if quoted && !was_escaped => escaped = true,
            _ => {}
        }
        byte == b',' && !quoted
    });
    parts.map(<[u8]>::trim_ascii).filter(|text| !text.is_empty()).map(|text| {
        let equals = text.iter().position(|&byte| byte == b'=');
        let (name, value) = equals.and_then(|at| text.split_at_checked(at)).unwrap_or((text, b""));
        let value = equals.map(|_| value.get(1..).unwrap_or_default().trim_ascii());
        Directive { text, name: name.trim_ascii(), value }
    })
}

/// What is no date lies in the past (RFC 9111, section 5.3), where it looks like no date to anybody.
fn is_future(expires: &HeaderValue, now_ms: u64) -> bool {
    let text = expires.to_str().unwrap_or_default().trim();
    match rfc2822::parse(text) {
        Ok(at) => u64::try_from(at.timestamp().as_millisecond()).is_ok_and(|at_ms| at_ms > now_ms),
        Err(_) => text.parse::<i64>().is_err(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const THEN_MS: u64 = 784_111_777_000;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_shared_caches_may_do_follows_from_the_directives() {
        use Caches::{Ask, KeptOut, Reuse, Silent};

        let cases: [(&[(&str, &str)], Caches); 47] = [
            (&[], Silent),
            (&[("cache-control", "")], Silent),
            (&[("cache-control", "no-store")], KeptOut),
            (&[("cache-control", "Private")], KeptOut),
            (&[("cache-control", "private, max-age=600")], KeptOut),
            (&[("cache-control", "public, max-age=600, no-store")], KeptOut),
            (&[("cache-control", "public"), ("cache-control", "no-store")], KeptOut),
            (&[("cache-control", "no-cache")], Ask),
            (&[("cache-control", "public, no-cache")], Ask),
            (&[("cache-control", "no-cache, max-age=600")], Ask),
            (&[("cache-control", "max-age=0")], Ask),
            (&[("cache-control", "max-age=0, must-revalidate")], Ask),
            (&[("cache-control", "s-maxage=0, max-age=600")], Ask),
            (&[("cache-control", "must-revalidate")], Ask),
            (&[("cache-control", "public")], Reuse),
            (&[("cache-control", "PUBLIC,max-age=31536000")], Reuse),
            (&[("cache-control", "max-age=600")], Reuse),
            (&[("cache-control", "max-age=\"600\"")], Reuse),
            (&[("cache-control", "max-age = 600")], Reuse),
            (&[("cache-control", "max-age=soon")], Reuse),
            (&[("cache-control", "max-age")], Reuse),
            (&[("cache-control", "max-age=99999999999999999999")], Reuse),
            (&[("cache-control", "max-age=0"), ("cache-control", "max-age=600")], Reuse),
            (&[("cache-control", "s-maxage=1, max-age=0")], Reuse),
            (&[("cache-control", "max-age=0, stale-while-revalidate=60")], Reuse),
            (&[("cache-control", "immutable")], Reuse),
            (&[("cache-control", "no-store=x, public")], Reuse),
            (&[("cache-control", "private=\"set-cookie\", max-age=600")], Reuse),
            (&[("cache-control", "no-cache=\"set-cookie\", max-age=600")], Reuse),
            (&[("cache-control", "ext=\"a, no-store\", max-age=600")], Reuse),
            (&[("cache-control", "ext=\"a\\\", no-store\", max-age=600")], Reuse),
            (&[("expires", "Sun, 06 Nov 1994 08:49:38 GMT")], Reuse),
            (&[("expires", "Sun, 06 Nov 1994 08:49:37 GMT")], Ask),
            (&[("expires", "0")], Ask),
            (&[("expires", "-1")], Ask),
            (&[("expires", "Sunday, 06-Nov-94 08:49:38 GMT")], Reuse),
            (&[("cache-control", "max-age=0"), ("expires", "Sun, 06 Nov 2094 08:49:37 GMT")], Ask),
            (&[("cache-control", "must-understand, no-store, max-age=60")], Reuse),
            (&[("cache-control", "no-store, public"), ("cache-control", "Must-Understand")], Reuse),
            (&[("cache-control", "no-store, must-understand, no-cache")], Ask),
            (&[("cache-control", "must-understand, no-store")], Ask),
            (&[("cache-control", "must-understand, no-store, private, max-age=60")], KeptOut),
            (&[("cache-control", "private"), ("cdn-cache-control", "must-understand, no-store")], Reuse),
            (&[("cache-control", "private"), ("cdn-cache-control", "max-age=60")], Reuse),
            (&[("cache-control", "no-store"), ("cloudflare-cdn-cache-control", "no-cache")], Reuse),
            (&[("cdn-cache-control", "no-store"), ("surrogate-control", "no-store")], Silent),
            (&[("cache-control", "no-store"), ("x-accel-expires", "60")], Reuse),
        ];
        for (lines, expected) in cases {
            assert_eq!(of(&headers(lines), THEN_MS), expected, "{lines:?}");
        }
    }

    #[test]
    fn private_is_added_and_public_taken_out() {
        for (lines, expected) in [
            (&[("cache-control", "no-cache")][..], "no-cache, private"),
            (
                &[("cache-control", "public, no-cache"), ("cache-control", "max-age=0")],
                "no-cache, max-age=0, private",
            ),
            (&[("expires", "0")], "private"),
        ] {
            let mut headers = headers(lines);
            say(Say::Private, &mut headers);
            assert_eq!(headers.get_all(CACHE_CONTROL).iter().collect::<Vec<_>>(), [expected]);
        }
    }

    #[test]
    fn a_change_takes_the_place_of_whatever_let_it_be_stored() {
        let mut headers = headers(&[
            ("cache-control", "public"),
            ("cache-control", "max-age=600"),
            ("expires", "Sun, 06 Nov 2094 08:49:37 GMT"),
            ("cdn-cache-control", "max-age=60"),
            ("vercel-cdn-cache-control", "max-age=60"),
            ("surrogate-control", "max-age=60"),
            ("x-accel-expires", "60"),
            ("etag", "\"1\""),
        ]);
        say(Say::Instead, &mut headers);
        let left: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(left, [("cache-control", "private, no-store"), ("etag", "\"1\"")]);
    }
}
