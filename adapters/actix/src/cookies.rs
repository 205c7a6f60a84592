//! The headers `Cookie` of a request, before the framework reads them: exact bytes in, what it cannot misread out.

use std::borrow::Cow;

use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use sealed_session::http::{CookiePolicy, Found};
use sealed_session::{ConfigError, SealedStore, SessionId};

use crate::{SIGNING_KEY, may_open_later};

/// How the session's cookie is told from all others.
pub(crate) struct Reader {
    /// What the framework has to read.
    name: String,
    /// What has to stand in the header for it, byte for byte: some characters of a name are escaped.
    sent_name: String,
    key: Key,
    policy: CookiePolicy,
}

/// The cookies of the session's name that a request brings, as they stand in the headers.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    ours: Vec<Vec<u8>>,
    /// They are of different sessions, or too many: none of them counts.
    pub(crate) ambiguous: bool,
    /// How many of them the framework will find: one, or none.
    admitted: usize,
}

impl Brought {
    pub(crate) fn is_empty(&self) -> bool {
        self.ours.is_empty()
    }

    /// Whether the framework is to find a cookie of the session's name so many times.
    pub(crate) fn admits(&self, found: usize) -> bool {
        self.admitted == found
    }
}

impl Reader {
    pub(crate) fn new(name: &str) -> Result<Self, ConfigError> {
        let sent = Cookie::new(name, "").encoded().to_string();
        Ok(Self {
            name: name.to_owned(),
            sent_name: sent.trim_end_matches('=').to_owned(),
            key: Key::from(&SIGNING_KEY),
            policy: CookiePolicy::builder(name).build()?,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What a request brings; and where the framework must not see all of it, the headers that it may see: with at
    /// most one cookie of the session's name, and nothing that it would read as one or stumble over.
    pub(crate) fn read(
        &self,
        headers: &HeaderMap,
        store: &SealedStore,
    ) -> (Brought, Option<Vec<HeaderValue>>) {
        let pairs = || headers.get_all(COOKIE).map(|value| pairs(value.as_bytes()));
        let ours: Vec<&[u8]> = pairs().flatten().filter(|pair| self.is_ours(pair)).collect();
        let (admitted, ambiguous) = self.choose(&ours, store);
        let (mut at, mut rewritten) = (0, false);
        let mut stays = |pair: &&[u8]| {
            let stays = if self.is_ours(pair) {
                at += 1;
                admitted == Some(at - 1)
            } else {
                self.is_harmless(pair)
            };
            rewritten |= !stays;
            stays
        };
        let left = pairs().map(|pairs| pairs.filter(&mut stays).collect::<Vec<_>>().join(&b"; "[..]));
        // What is left of a header's bytes is a header's bytes.
        let left =
            left.filter(|left| !left.is_empty()).filter_map(|left| HeaderValue::from_bytes(&left).ok());
        let left: Vec<HeaderValue> = left.collect();
        let ours = ours.into_iter().map(<[u8]>::to_vec).collect();
        (Brought { ours, ambiguous, admitted: admitted.iter().len() }, rewritten.then_some(left))
    }

    /// Which of the cookies counts, and whether none does because they contradict each other. Of several the same
    /// one as in the layer for tower; of those that do not open, one that may open in a moment.
    fn choose(&self, ours: &[&[u8]], store: &SealedStore) -> (Option<usize>, bool) {
        let readable = |at: &usize| ours.get(*at).is_some_and(|pair| parsed(pair).is_some());
        if let [] | [_] = ours {
            return (Some(0).filter(readable), false);
        }
        let tokens: Vec<String> = ours.iter().map(|pair| self.token(pair).unwrap_or_default()).collect();
        let plain: Vec<String> =
            tokens.iter().map(|token| [self.policy.name(), "=", token].concat()).collect();
        let found = self.policy.presented(plain.iter().map(String::as_bytes)).open(store, b"");
        let opens_later = |token: &String| {
            store.open(&SessionId::new(token.as_str())).is_err_and(|error| may_open_later(&error))
        };
        match found {
            Found::Session(opened) => {
                (tokens.iter().position(|token| token == opened.record().id.as_str()), false)
            }
            Found::Unclear => (None, true),
            _ => (tokens.iter().position(opens_later).or_else(|| (0..ours.len()).find(readable)), false),
        }
    }

    /// The tokens in the cookies that were brought.
    pub(crate) fn tokens(&self, brought: &Brought) -> Vec<SessionId> {
        brought.ours.iter().filter_map(|pair| self.token(pair)).map(SessionId::new).collect()
    }

    /// The token in a cookie, signed or encrypted, as the middleware of actix-session reads it.
    fn token(&self, pair: &[u8]) -> Option<String> {
        let mut jar = CookieJar::new();
        jar.add_original(parsed(pair)?.into_owned());
        let signed = jar.signed(&self.key).get(&self.name);
        let token = signed.or_else(|| jar.private(&self.key).get(&self.name))?;
        Some(token.value().to_owned())
    }

    /// Only what RFC 6265bis calls white space is cut off a name, and nothing is decoded. A browser lets any
    /// neighbour set a cookie of any other name, and keeps no promise of a prefix for it.
    fn is_ours(&self, pair: &[u8]) -> bool {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.len() < pair.len() && without_blanks(name) == self.sent_name.as_bytes()
    }

    /// Whether the framework can read the header with it, and does not take it for the session's cookie.
    fn is_harmless(&self, pair: &[u8]) -> bool {
        let Ok(text) = str::from_utf8(pair) else { return false };
        let raw = Cookie::parse(text).ok().is_some_and(|cookie| cookie.name() == self.name);
        !raw && parsed(pair).is_none_or(|cookie| cookie.name() != self.name)
    }

    /// Takes the session's cookie out of what an answer sets.
    pub(crate) fn withhold(&self, headers: &mut HeaderMap) {
        let all: Vec<HeaderValue> = headers.remove(SET_COOKIE).collect();
        for value in all.into_iter().filter(|value| !self.is_set(value.as_bytes())) {
            headers.append(SET_COOKIE, value);
        }
    }

    /// Whether an answer sets the session's cookie.
    pub(crate) fn is_set_by(&self, headers: &HeaderMap) -> bool {
        headers.get_all(SET_COOKIE).any(|value| self.is_set(value.as_bytes()))
    }

    fn is_set(&self, value: &[u8]) -> bool {
        [&self.name, &self.sent_name]
            .into_iter()
            .any(|name| value.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
    }
}

/// A pair as the framework reads it; `None` where it leaves it out.
fn parsed(pair: &[u8]) -> Option<Cookie<'_>> {
    Cookie::parse_encoded(Cow::Borrowed(str::from_utf8(pair).ok()?.trim())).ok()
}

fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    header.split(|byte| *byte == b';').map(without_blanks).filter(|pair| !pair.is_empty())
}

fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
