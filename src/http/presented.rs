//! What a request brings under the session's name: usually one token, sometimes none, several, or one in two
//! halves.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;

use super::cookie::{CookiePolicy, IN_TWO};
use super::few::Few;
use crate::error::OpenError;
use crate::session::SessionId;
use crate::store::{OpenedSession, SealedStore};
use crate::uid::SessionUid;

/// A request that brings more is not looked at: opening costs time, and who sends so many is no browser.
const MOST: usize = 4;
/// A logout ends what is in more cookies than that.
const MOST_TO_END: usize = 64;

/// The tokens that a request brings in cookies of the session's name. By [`CookiePolicy::presented`]; the
/// default is of a request that brings none.
#[derive(Clone, Default)]
pub struct Presented<'h> {
    tokens: Few<Cow<'h, [u8]>>,
    too_many: bool,
    second: bool,
}

/// What has become of the tokens of a request.
///
/// ```
/// use sealed_session::http::{CookiePolicy, Found};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let policy = CookiePolicy::builder(store.cookie_name()).build()?;
/// let found = |header: &'static str| policy.presented([header.as_bytes()]).open(&store, b"");
///
/// assert!(matches!(found("theme=dark"), Found::Nothing));
/// assert!(matches!(found("__Host-session=garbage"), Found::Refused(refusal) if !refusal.keeps_cookie()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T = OpenedSession> {
    /// The request brings no cookie of the session's name.
    Nothing,
    /// A session that is valid now.
    Session(T),
    /// No token opens. Remove the cookie, unless [`OpenError::keeps_cookie`] says otherwise.
    Refused(OpenError),
    /// Tokens of different sessions, or more than four: there is no telling which is meant. Start with an
    /// empty session, and leave the cookies alone.
    Unclear,
}

impl CookiePolicy {
    /// The tokens in the values of a request's headers `Cookie`, of which HTTP/2 may send several.
    pub fn presented<'h>(&self, headers: impl IntoIterator<Item = &'h [u8]>) -> Presented<'h> {
        let mut found = Values { policy: self, first: Few::new(), second: Few::new() };
        for header in headers {
            let mut rest = header;
            while !rest.is_empty() {
                let end = memchr(b';', rest).unwrap_or(rest.len());
                let (pair, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                found.add(pair);
                rest = behind.get(1..).unwrap_or_default();
            }
        }
        found.tokens()
    }
}

impl<'h> Presented<'h> {
    /// Opens what the request brings, and picks the newest of several tokens of one session.
    #[must_use]
    pub fn open(&self, store: &SealedStore, associated_data: &[u8]) -> Found {
        let open = |token: &[u8]| store.open_with(&id_of(token), associated_data);
        self.choose(open, |opened| (opened.uid(), opened.renewed_at_ms())).0
    }

    /// The one that `open` accepts, and which of the tokens it was. `what` tells whose it is, and when it was
    /// renewed.
    pub(super) fn choose<T>(
        &self,
        open: impl Fn(&[u8]) -> Result<T, OpenError>,
        what: impl Fn(&T) -> (SessionUid, u64),
    ) -> (Found<T>, usize) {
        if self.too_many {
            return (Found::Unclear, 0);
        }
        // Most requests bring one, and what it opens to needs no comparing.
        if let [token] = self.tokens.as_slice() {
            return (open(token).map_or_else(Found::Refused, Found::Session), 0);
        }
        let (mut best, mut refused): (Option<(T, usize)>, Option<OpenError>) = (None, None);
        for (at, token) in self.tokens.iter().enumerate() {
            match (open(token), &best) {
                (Err(error), _) => refused = Some(refused.map_or(error, |before| before.or(error))),
                (Ok(opened), None) => best = Some((opened, at)),
                (Ok(opened), Some((before, _))) => {
                    let ((uid, renewed), (uid_before, renewed_before)) = (what(&opened), what(before));
                    if uid != uid_before {
                        return (Found::Unclear, 0);
                    }
                    if renewed > renewed_before {
                        best = Some((opened, at));
                    }
                }
            }
        }
        match (best, refused) {
            (Some((session, at)), _) => (Found::Session(session), at),
            (None, Some(error)) => (Found::Refused(error), 0),
            (None, None) => (Found::Nothing, 0),
        }
    }

    /// Whether there is any cookie of the session's name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// A token of those that were brought.
    #[cfg(feature = "tower")]
    pub(super) fn token(&self, at: usize) -> Option<&str> {
        self.tokens.get(at).and_then(|token| str::from_utf8(token).ok())
    }

    /// All that were brought; none where they were too many.
    #[cfg(feature = "tower")]
    pub(super) fn tokens(&self) -> impl Iterator<Item = &[u8]> {
        let looked_at = if self.too_many { &[] } else { self.tokens.as_slice() };
        looked_at.iter().map(AsRef::as_ref)
    }

    /// All that are to be ended by a logout; nothing where they are too many even for that.
    #[cfg(all(feature = "revocation", feature = "tower"))]
    pub(super) fn tokens_to_end(&self) -> Option<impl Iterator<Item = &[u8]>> {
        (self.tokens.len() <= MOST_TO_END).then(|| self.tokens.iter().map(AsRef::as_ref))
    }

    /// Whether there is one token and no other.
    #[cfg(all(feature = "revocation", feature = "tower"))]
    pub(super) fn is_one(&self) -> bool {
        self.tokens.len() == 1
    }

    /// Whether there are more than are looked at.
    #[cfg(feature = "dbsc")]
    pub(super) fn is_too_many(&self) -> bool {
        self.too_many
    }

    pub(super) fn has_second(&self) -> bool {
        self.second
    }
}

impl<T> Found<T> {
    /// The session, if there is one.
    pub fn session(self) -> Option<T> {
        match self {
            Self::Session(session) => Some(session),
            _ => None,
        }
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

/// The values of the session's cookies, as they stand in the headers.
struct Values<'p, 'h> {
    policy: &'p CookiePolicy,
    first: Few<Cow<'h, [u8]>>,
    second: Few<&'h [u8]>,
}

impl<'h> Values<'_, 'h> {
    /// Only what RFC 6265bis calls blanks is cut off. A browser sends other white space as part of a name, and
    /// lets any neighbour set a cookie so named: without it, it would be a cookie with a `__Host-` that no browser
    /// has kept the promise of.
    fn add(&mut self, pair: &'h [u8]) {
        let Some((name, value)) = memchr(b'=', pair).and_then(|at| pair.split_at_checked(at)) else { return };
        let name = without_blanks(name);
        let value = || without_blanks(value.get(1..).unwrap_or_default());
        if name == self.policy.name().as_bytes() {
            self.first.push(Cow::Borrowed(value()));
        } else if self.policy.second_name().is_some_and(|second| name == second.as_bytes()) {
            self.second.push(value());
        }
    }

    fn tokens(self) -> Presented<'h> {
        let second = !self.second.is_empty();
        let tokens = if self.policy.second_name().is_some() { self.joined() } else { self.first };
        let too_many = tokens.len() > MOST;
        Presented { tokens, too_many, second }
    }

    /// Every first half with every second: whether two belong together is for the AEAD to say. No more than it takes
    /// to see that there are too many.
    fn joined(self) -> Few<Cow<'h, [u8]>> {
        let mut tokens = Few::new();
        for value in self.first {
            match value.strip_prefix(IN_TWO.as_bytes()) {
                None => tokens.push(value),
                // Half a token is refused like any other damage.
                Some(first) if self.second.is_empty() => tokens.push(Cow::Owned(first.to_owned())),
                Some(first) => {
                    let seconds = self.second.iter().take(MOST_TO_END + 1);
                    tokens.extend(seconds.map(|second| Cow::Owned([first, second].concat())));
                }
            }
            if tokens.len() > MOST_TO_END {
                break;
            }
        }
        tokens
    }
}

/// What is no text is no token either, with what stands in for it.
pub(super) fn id_of(token: &[u8]) -> SessionId {
    SessionId::new(String::from_utf8_lossy(token))
}

fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
