//! The session's cookie: its attributes, how it is set and removed, and one token cut over two of them.

use std::fmt;

use super::Presented;
use super::few::Few;
use crate::session::SessionId;
#[cfg(feature = "tower")]
use crate::token::Sealed;

mod attributes;
mod builder;
mod scope;

pub use builder::CookiePolicyBuilder;
pub use scope::CookieScope;

/// What stands before the first half of a token that is cut in two.
pub(super) const IN_TWO: &str = "2.";
/// What stands behind the attributes of a cookie that is removed. A fixed time: that of a server may be wrong.
const GONE: &str = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
/// Browsers cut a longer `Max-Age` to this (RFC 6265bis, section 5.6.2).
const MAX_AGE_S: u64 = 400 * 24 * 60 * 60;

/// Which requests of other sites carry the session's cookie (RFC 6265bis, section 5.6.7).
///
/// ```
/// use sealed_session::http::SameSite;
///
/// assert_eq!(SameSite::default(), SameSite::Lax);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameSite {
    /// None of them: who follows a link from elsewhere arrives logged out.
    Strict,
    /// Links to a page, but no forms, frames or scripts.
    #[default]
    Lax,
    /// All of them. It takes `Secure`, and a defence against forged requests such as
    #[cfg_attr(feature = "tower", doc = "[`CsrfLayer`](super::CsrfLayer).")]
    #[cfg_attr(not(feature = "tower"), doc = "`CsrfLayer`.")]
    None,
}

/// How the session's cookie is written and read, for any framework: values go in and out as text.
///
/// By default `__Host-session; HttpOnly; SameSite=Lax; Secure; Path=/` with `Max-Age` from the session's expiry.
/// Names are compared as they are, never decoded. RFC 6265bis.
///
/// ```
/// use sealed_session::http::{CookiePolicy, Presented};
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let policy = CookiePolicy::builder(store.cookie_name()).build()?;
///
/// let id = store.create(CreateOptions::default())?;
/// let record = store.read(&id)?;
/// let set = policy.set(&id, record.expires_at_ms, record.created_at_ms, &Presented::default())?;
/// let value = format!("__Host-session={}", id.as_str());
/// assert_eq!(set, [format!("{value}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400")]);
///
/// let presented = policy.presented([value.as_bytes()]); // the headers `Cookie` of the next request
/// assert!(presented.open(&store, b"").session().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookiePolicy {
    name: String,
    second_name: String,
    /// What removes the cookies that were before. It stands before the cookie of today: a program that takes both for
    /// one keeps what comes last.
    former: Vec<String>,
    /// All attributes but `Max-Age`.
    attributes: String,
    browser_session: bool,
    max_octets: usize,
    chunked: bool,
    local_development: bool,
    #[cfg(feature = "tower")]
    same_site: SameSite,
    /// Sent to all of one origin, and to no other.
    #[cfg(feature = "dbsc")]
    of_whole_origin: bool,
}

impl CookiePolicy {
    /// Starts building a policy for a cookie of this name: the one of the store,
    /// [`SealedStore::cookie_name`](crate::SealedStore::cookie_name).
    pub fn builder(name: impl Into<String>) -> CookiePolicyBuilder {
        CookiePolicyBuilder::new(name.into())
    }

    /// The cookie's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Characters of the longest token that there is room for, in one cookie, or in two where that is allowed.
    #[must_use]
    pub fn max_token_chars(&self) -> usize {
        if self.chunked { 2 * self.room_of_a_chunk() } else { self.room() }
    }

    /// Whether [`insecure_for_local_development`](CookiePolicyBuilder::insecure_for_local_development) was
    /// asked for.
    #[must_use]
    pub fn is_for_local_development(&self) -> bool {
        self.local_development
    }

    /// The values of the headers `Set-Cookie`, usually one, that bring a token to the client. Send all of them, in
    /// their order. What the request presented tells whether there is a second cookie to clear.
    ///
    /// Times in milliseconds since 1970. `Max-Age` is rounded up, and at most 400 days.
    ///
    /// # Errors
    /// [`CookieTooLarge`] for a token that does not fit; a store whose tokens may not be longer than
    /// [`max_token_chars`](Self::max_token_chars) makes none.
    pub fn set(
        &self,
        id: &SessionId,
        expires_at_ms: u64,
        now_ms: u64,
        presented: &Presented<'_>,
    ) -> Result<Vec<String>, CookieTooLarge> {
        self.values(id, expires_at_ms, now_ms, presented.has_second())
            .map(|values| values.into_iter().collect())
    }

    /// The values of the headers `Set-Cookie` that remove what the request presented: the same attributes, no
    /// value, and an expiry in the past. So with what was [`formerly`](CookiePolicyBuilder::formerly) there.
    #[must_use]
    pub fn remove(&self, presented: &Presented<'_>) -> Vec<String> {
        self.removals(presented.has_second()).into_iter().collect()
    }

    /// As [`set`](Self::set), for a request that has a second cookie or none.
    pub(super) fn values(
        &self,
        id: &SessionId,
        expires_at_ms: u64,
        now_ms: u64,
        has_second: bool,
    ) -> Result<Values, CookieTooLarge> {
        let token = id.as_str();
        let seconds = seconds(expires_at_ms, now_ms);
        let mut values = Values::from_iter(self.former.iter().cloned());
        if token.len() <= self.room() {
            values.push(self.cookie(&self.name, "", token, seconds));
            values.extend(self.leftover(has_second));
            return Ok(values);
        }
        match token.split_at_checked(self.room_of_a_chunk()) {
            Some((first, second)) if self.chunked && second.len() <= first.len() => {
                values.push(self.cookie(&self.name, IN_TWO, first, seconds));
                values.push(self.cookie(&self.second_name, "", second, seconds));
                Ok(values)
            }
            _ => Err(CookieTooLarge { needed: token.len(), allowed: self.max_token_chars() }),
        }
    }

    /// As [`values`](Self::values), of a token that is written where it goes.
    #[cfg(feature = "tower")]
    pub(super) fn values_of(
        &self,
        token: Sealed,
        expires_at_ms: u64,
        now_ms: u64,
        has_second: bool,
    ) -> Result<Values<Vec<u8>>, CookieTooLarge> {
        if token.chars() > self.room() {
            return self.values(&token.into(), expires_at_ms, now_ms, has_second).map(as_bytes);
        }
        let mut digits = itoa::Buffer::new();
        let [max_age, digits] = self.max_age(&mut digits, seconds(expires_at_ms, now_ms));
        let len = self.name.len() + 1 + token.chars() + self.attributes.len() + max_age.len() + digits.len();
        let mut value = Vec::with_capacity(len);
        value.extend_from_slice(self.name.as_bytes());
        value.push(b'=');
        token.write_to(&mut value);
        for text in [&self.attributes, max_age, digits] {
            value.extend_from_slice(text.as_bytes());
        }
        let mut values: Values<Vec<u8>> = self.former.iter().map(|gone| gone.clone().into_bytes()).collect();
        values.push(value);
        values.extend(self.leftover(has_second).map(String::into_bytes));
        Ok(values)
    }

    /// As [`remove`](Self::remove), for a request that has a second cookie or none.
    pub(super) fn removals(&self, has_second: bool) -> Values {
        let mut values = Values::from_iter(self.former.iter().cloned());
        values.push(self.removal(&self.name));
        values.extend(self.leftover(has_second));
        values
    }

    /// Characters of the longest token that needs no second cookie, where two are allowed.
    #[cfg(feature = "tower")]
    pub(super) fn fits_one(&self) -> Option<usize> {
        self.chunked.then(|| self.room())
    }

    /// The same cookie under another name, under which there was none before.
    #[cfg(feature = "dbsc")]
    pub(super) fn renamed(&self, name: &str) -> Self {
        let second_name = builder::second_name(name);
        Self { name: name.to_owned(), second_name, former: Vec::new(), ..self.clone() }
    }

    /// The same cookie, kept in one piece until its `Max-Age` is over.
    #[cfg(feature = "dbsc")]
    pub(super) fn kept_for_its_time(self) -> Self {
        Self { browser_session: false, chunked: false, ..self }
    }

    /// Which requests of other sites carry the cookie.
    #[cfg(feature = "tower")]
    pub(super) fn same_site(&self) -> SameSite {
        self.same_site
    }

    #[cfg(feature = "dbsc")]
    pub(super) fn is_of_whole_origin(&self) -> bool {
        self.of_whole_origin
    }

    /// All attributes but `Max-Age`, as a browser is told of them elsewhere.
    #[cfg(feature = "dbsc")]
    pub(super) fn attributes(&self) -> &str {
        self.attributes.trim_start_matches("; ")
    }

    pub(super) fn second_name(&self) -> Option<&str> {
        self.chunked.then_some(&self.second_name)
    }

    /// Removes the second cookie of a token that fits one by now.
    fn leftover(&self, has_second: bool) -> Option<String> {
        has_second.then(|| self.removal(&self.second_name))
    }

    fn cookie(&self, name: &str, mark: &str, value: &str, max_age_s: u64) -> String {
        let mut digits = itoa::Buffer::new();
        let [max_age, seconds] = self.max_age(&mut digits, max_age_s);
        [name, "=", mark, value, &self.attributes, max_age, seconds].concat()
    }

    fn max_age<'d>(&self, digits: &'d mut itoa::Buffer, seconds: u64) -> [&'d str; 2] {
        match self.browser_session {
            true => ["", ""],
            false => ["; Max-Age=", digits.format(seconds)],
        }
    }

    fn removal(&self, name: &str) -> String {
        [name, "=", &self.attributes, GONE].concat()
    }

    /// Characters of a token in one cookie.
    fn room(&self) -> usize {
        self.max_octets.saturating_sub(self.name.len())
    }

    /// Characters of half a token: either name is two characters from the room, by the mark or by its end.
    fn room_of_a_chunk(&self) -> usize {
        self.room().saturating_sub(IN_TWO.len())
    }
}

/// A `Max-Age` for a cookie that expires then.
fn seconds(expires_at_ms: u64, now_ms: u64) -> u64 {
    expires_at_ms.saturating_sub(now_ms).div_ceil(1000).clamp(1, MAX_AGE_S)
}

/// The values of the headers `Set-Cookie`, in the order in which they are sent. Usually one.
pub(super) type Values<T = String> = Few<T>;

#[cfg(feature = "tower")]
pub(super) fn as_bytes(values: Values) -> Values<Vec<u8>> {
    values.into_iter().map(String::into_bytes).collect()
}

/// A token is longer than its cookie, or both of them, may be.
///
/// ```
/// use sealed_session::SessionId;
/// use sealed_session::http::{CookiePolicy, Presented};
///
/// let policy = CookiePolicy::builder("__Host-session").build()?;
/// let error = policy.set(&SessionId::new("x".repeat(4083)), 1000, 0, &Presented::default()).unwrap_err();
/// assert_eq!(error.to_string(), "the token has 4083 characters, and its cookie has room for 4082");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CookieTooLarge {
    /// Characters of the token.
    pub needed: usize,
    /// Characters that there is room for.
    pub allowed: usize,
}

impl fmt::Display for CookieTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, allowed } = self;
        write!(f, "the token has {needed} characters, and its cookie has room for {allowed}")
    }
}

impl std::error::Error for CookieTooLarge {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy, and what stands behind name and value of its cookie, but for its time.
    type Line = (CookiePolicyBuilder, &'static str);

    /// Known answers: every attribute, and each that can be without another.
    fn lines() -> [Line; 9] {
        let plain = || CookiePolicy::builder("s");
        let embedded = || plain().same_site(SameSite::None);
        [
            (plain(), "; HttpOnly; SameSite=Lax; Secure; Path=/"),
            (plain().same_site(SameSite::Strict), "; HttpOnly; SameSite=Strict; Secure; Path=/"),
            (embedded(), "; HttpOnly; SameSite=None; Secure; Path=/"),
            (embedded().partitioned(true), "; HttpOnly; SameSite=None; Partitioned; Secure; Path=/"),
            (plain().path("/app"), "; HttpOnly; SameSite=Lax; Secure; Path=/app"),
            (
                plain().domain(".Shop.Example"),
                "; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=shop.example",
            ),
            (plain().insecure_for_local_development(true), "; HttpOnly; SameSite=Lax; Path=/"),
            (
                plain().insecure_for_local_development(true).domain("shop.localhost").path("/a%20b"),
                "; HttpOnly; SameSite=Lax; Path=/a%20b; Domain=shop.localhost",
            ),
            (
                embedded().partitioned(true).path("/app/").domain("a.shop.example"),
                "; HttpOnly; SameSite=None; Partitioned; Secure; Path=/app/; Domain=a.shop.example",
            ),
        ]
    }

    #[test]
    fn a_cookie_is_written_byte_for_byte_as_it_always_was() {
        for (builder, attributes) in lines() {
            let policy = builder.build().unwrap();
            let set = policy.set(&SessionId::new("token"), 60_000, 0, &Presented::default()).unwrap();
            assert_eq!(set, [format!("s=token{attributes}; Max-Age=60")]);
            let gone = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
            assert_eq!(policy.remove(&Presented::default()), [format!("s={attributes}{gone}")]);
        }
    }
}
