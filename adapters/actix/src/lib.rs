//! [Sealed sessions](sealed_session) for actix-web, under the middleware and the `Session` of actix-session.
//!
//! ```no_run
//! use actix_session::Session;
//! use actix_web::{App, HttpServer, Result, web};
//! use sealed_session::{KeyRing, SealedStore};
//! use sealed_session_actix::SealedSessionStore;
//!
//! async fn count(session: Session) -> Result<String> {
//!     let visits = session.get::<u32>("visits")?.unwrap_or(0) + 1;
//!     session.insert("visits", visits)?;
//!     Ok(format!("visit {visits}\n"))
//! }
//!
//! #[tokio::main] // or actix_web::main
//! async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//!     let store = SealedStore::builder(KeyRing::load("/etc/shop/ring.json")?).app_id("shop.example");
//!     let sessions = SealedSessionStore::new(store)?;
//!     let app = move || App::new().wrap(sessions.middleware().build()).route("/", web::get().to(count));
//!     Ok(HttpServer::new(app).bind(("127.0.0.1", 8080))?.run().await?)
//! }
//! ```
//!
//! `examples/actix_web.rs` has login and logout besides.
//!
//! # What is sealed
//!
//! The members of actix' session become those of one JSON object, each with the text that it has: `{"visits":1}`. So
//! other layers read the same session. A user that one of them logged in stays through changes; actix-session itself
//! knows no user, and [`Session::renew`](actix_session::Session::renew) begins a session without one.
//!
//! # The cookie
//!
//! The middleware signs or encrypts every cookie. [`SealedSessionStore::middleware`] lets it sign, which costs up to
//! 130 octets: of the 4096 that browsers keep, a cookie named `__Host-session` leaves 2,861 for the data, `{}`
//! included. Encrypted a second time, most sessions over 2,100 would be dropped by the browser, and no limit could
//! say which. The signature adds nothing to the seal, so its key is no secret: it is in this crate, and no server has
//! to keep or rotate one.
//!
//! # Expiry
//!
//! It is sealed, and the TTL is that of the middleware's `session_lifecycle`, up to the store's maximum. A change of
//! the session begins the TTL anew, within the store's maximum lifetime. `renew` begins a lifetime too, as it begins
//! another session.
//!
//! `TtlExtensionPolicy::OnEveryRequest` has the browser keep its cookie for longer, and does no more: it gives a store
//! no way to hand out another token, so an unchanged session expires when it was to. Wrap [`extend_on_every_request`]
//! to extend it in fact. A rotation of keys, too, reaches a session when it is changed or extended.
//!
//! # Which cookie counts
//!
//! The framework decodes and trims the names of cookies: `%5F_Host-session`, or the name behind a no-break space, is
//! `__Host-session` to it, and any neighbour may set a cookie of such a name. So [`SealedSessionStore::middleware`]
//! reads the headers first, by their exact bytes:
//!
//! - A cookie that the framework would take for the session's is taken out, and so is one with bytes that are not
//!   UTF-8, for which the framework would give up all of the header. The others stay for the application;
//!   [`cookies_as_sent`] has the headers as they came.
//! - Of several cookies of the exact name and of one session, the newest counts. Of different sessions, or more than
//!   four, none does: the handler sees an empty session. A change of it holds for this request and sends nothing; a
//!   `renew` or a `purge` decides.
//! - Where none came, and the browser holds it back from a request of another site (`Sec-Fetch-Site`, and the cookie's
//!   `SameSite`), a change is not sent either, as it would replace the session there is. So with `Strict` the first
//!   page after a link from elsewhere begins no session.
//!
//! Wrap the middleware last, so that it sees a request first. The middleware of actix-session alone over this store
//! does none of that; the first such request is an event at warn.
//!
//! # Logins and logouts
//!
//! [`log_in`] renews the session, and begins without data where somebody else was logged in before. `renew` alone
//! keeps all data.
//!
//! `purge` removes the cookie that the request brought, whatever the answer is, and whatever the cookie is worth: an
//! expired session, each of several. With revocations all of these are revoked; where that
//! fails, the answer is a 500 which removes the cookie and says so.
//!
//! With 408 or a server error, nothing but a `purge` counts: no change is sent, and no login.
//!
//! A visitor's data may fill the cookie, so that no login fits any more: leave room for one by
//! [`SealedSessionStore::reserving`].
//!
//! # What is refused
//!
//! - What was tampered with, revoked or has expired is no session: the handler sees an empty one, and its first change
//!   takes the cookie's place. The cookie is not removed before.
//! - Where this server rather than the token may be at fault
//!   ([`OpenError::keeps_cookie`]) the handler sees an empty session too, but a change
//!   of it is a 500 and the cookie stays: trying again may do.
//! - A session too large is a 500 without a cookie, after the handler has run; the `Debug` of the error has both sizes.
//!   [`SealedStore::remaining`] tells beforehand what still fits.
//! - A session that has expired or was revoked while the handler ran is not begun anew: a change of it is a 500. A mere
//!   extension is left out.
//! - `renew` revokes the session before it where the store has revocations, expired or not, and each of several; it is a
//!   500 where that fails. Without revocations a copy of the old cookie is good until it expires.
//! - Data with a member whose name is no Unicode, a lone surrogate, is a 500: actix has no name for it.
//!
//! The `Debug` of [`SessionKey`] is not ours, and prints the token: do not log one.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionExt, SessionInsertError, SessionStatus};
use actix_web::body::MessageBody;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use sealed_session::{
    ConfigError, CreateOptions, OpenError, ResealError, SealError, SealedStore, SealedStoreBuilder, SessionId,
};
use serde_json::value::RawValue;

mod cookies;
mod middleware;
mod revoke;
mod telemetry;
mod visit;

use cookies::Reader;
use visit::{Outcome, decided, find, found, give_up_renewal, only_renews};

pub use middleware::{
    SealedMiddlewareBuilder, SealedSessionMiddleware, SealedSessionService, cookies_as_sent,
};

/// Not a secret: what it signs is authentic by its seal.
const SIGNING_KEY: [u8; 64] = *b"sealed-session: a public key, over what is sealed and authentic.";

/// The longest text of a signature, in front of a token: SHA-256 in base64, all of it characters that are escaped.
const LONGEST_SIGNATURE: &str = "//////////////////////////////////////////8=";

/// What browsers keep of a cookie's name and value, together.
const MAX_COOKIE_BYTES: usize = 4096;

/// The example of README.md is compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A [`SealedStore`] as a store of actix-session. The [crate](self) says what it does.
///
/// ```
/// use actix_session::config::PersistentSession;
/// use actix_web::cookie::time::Duration;
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
/// use sealed_session_actix::SealedSessionStore;
///
/// let ring = KeyRing::single(RootSecret::generate()?);
/// let sessions = SealedSessionStore::new(SealedStore::builder(ring))?;
/// assert_eq!(sessions.store().remaining(None, "{}")?, 2859);
///
/// let week = PersistentSession::default().session_ttl(Duration::days(7));
/// let middleware = sessions.middleware().session_lifecycle(week).build();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SealedSessionStore {
    store: SealedStore,
    reader: Arc<Reader>,
    reserved: Option<Arc<Reserved>>,
}

/// Room that sessions without this member have to leave for it.
struct Reserved {
    member: String,
    bytes: usize,
}

impl SealedSessionStore {
    /// Builds the store, with room for the signature in its cookie.
    ///
    /// # Errors
    /// As [`SealedStoreBuilder::build`].
    pub fn new(store: SealedStoreBuilder) -> Result<Self, ConfigError> {
        let store = store.cap_token_chars(beside_the_signature).build()?;
        let reader = Arc::new(Reader::new(store.cookie_name())?);
        Ok(Self { store, reader, reserved: None })
    }

    /// Has sessions without this member leave room for it, with a text of so many bytes: a visitor whose data fill the
    /// cookie can then still log in. A session that leaves less is too large; so is every one where more is reserved
    /// than a cookie has room for. Default: none leaves any, as
    /// actix-session does not know which member is the user; 64 bytes do for most user ids.
    ///
    /// ```
    /// # use sealed_session::{KeyRing, RootSecret, SealedStore};
    /// # use sealed_session_actix::SealedSessionStore;
    /// # let ring = KeyRing::single(RootSecret::generate()?);
    /// let sessions = SealedSessionStore::new(SealedStore::builder(ring))?.reserving("user", 64);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reserving(self, member: impl Into<String>, bytes: usize) -> Self {
        Self { reserved: Some(Arc::new(Reserved { member: member.into(), bytes })), ..self }
    }

    /// The store beneath: to replace its ring, to follow a ring file, to ask what still fits.
    #[must_use]
    pub fn store(&self) -> &SealedStore {
        &self.store
    }

    /// The middleware for this store, to be built and wrapped: that of actix-session, behind one that reads the cookies
    /// by their exact bytes. The cookie has the name that the store is bound to, and is signed only.
    pub fn middleware(&self) -> SealedMiddlewareBuilder {
        SealedMiddlewareBuilder::new(self.clone())
    }

    /// The data of a state, if it leaves the room that is reserved.
    fn data(&self, state: &HashMap<String, String>) -> anyhow::Result<Result<String, SealError>> {
        let data = object(state)?;
        if let Some(reserved) =
            self.reserved.as_ref().filter(|reserved| !state.contains_key(&reserved.member))
        {
            // Text that no cookie has room for is as good as any longer one.
            let text = serde_json::to_string(&"x".repeat(reserved.bytes.min(MAX_COOKIE_BYTES)))?;
            let with_user = state.clone().into_iter().chain([(reserved.member.clone(), text)]).collect();
            if let Err(error) = self.store.remaining(None, &object(&with_user)?) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(data))
    }
}

impl fmt::Debug for SealedSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealedSessionStore").field(&self.store).finish()
    }
}

impl SessionStore for SealedSessionStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        if decided().is_none() {
            telemetry::stock_middleware();
        }
        match self.store.open(&id(key)) {
            Ok(session) => {
                find(id(key), &session);
                members(&session.record().data_json).map(Some).map_err(|error| LoadError::Other(error.into()))
            }
            // The one error that is no 500 and leaves the cookie alone.
            Err(refused) if may_open_later(&refused) => Err(LoadError::Deserialization(refused.into())),
            Err(_) => Ok(None),
        }
    }

    async fn save(&self, state: HashMap<String, String>, ttl: &Duration) -> Result<SessionKey, SaveError> {
        if decided() == Some(Outcome::Withheld) {
            return nothing().map_err(SaveError::Other);
        }
        if found().is_some_and(|found| self.has_lost_its_key(&found)) {
            return Err(SaveError::Other(anyhow::Error::msg(
                "the root secret of the session was revoked while its request was under way, so it does not go on",
            )));
        }
        let data = self.data(&state).map_err(SaveError::Serialization)?;
        let created = data.and_then(|data_json| {
            let ttl_ms = ttl_ms(ttl)?;
            self.store.create_with(CreateOptions { user_id: None, data_json, ttl_ms }, b"")
        });
        key(created).map_err(SaveError::Other)
    }

    async fn update(
        &self,
        old: SessionKey,
        state: HashMap<String, String>,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        if decided() == Some(Outcome::Withheld) {
            return nothing().map_err(UpdateError::Other);
        }
        let data = self.data(&state).map_err(UpdateError::Serialization)?;
        let updated = data.map_err(ResealError::from).and_then(|data| {
            let ttl_ms = ttl_ms(ttl)?;
            self.store.update_and_touch(&id(&old), &data, ttl_ms)
        });
        // The session has ended meanwhile, and nobody has changed it: nothing is lost, and nothing comes back.
        if matches!(updated, Err(ResealError::Open(_))) && give_up_renewal() {
            return nothing().map_err(UpdateError::Other);
        }
        key(updated).map_err(UpdateError::Other)
    }

    /// Does nothing: the expiry is in the token, and no other can be handed out here.
    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        match decided() {
            // A login that does not count ends nothing; what a logout ends, the middleware around revokes.
            Some(Outcome::Withheld | Outcome::Ended) => Ok(()),
            Some(Outcome::AsStored | Outcome::Replaced) | None => self.revoke(&id(key)).await,
        }
    }
}

/// Logs in: renews the session, against session fixation, and stores the user in a member of it. Where somebody else
/// was logged in, the session begins without data; a visitor's data stay, and so do those of the same user.
///
/// Marks such as "second factor passed" are data: what was set before the login survives it. Remove them here.
///
/// ```
/// use actix_session::Session;
///
/// async fn log_in(session: Session) -> actix_web::Result<&'static str> {
///     sealed_session_actix::log_in(&session, "user", "user-42")?;
///     Ok("welcome")
/// }
/// ```
///
/// # Errors
/// None that is known: the text of a string is JSON.
pub fn log_in(session: &Session, member: &str, user: &str) -> Result<(), SessionInsertError> {
    match session.get::<String>(member) {
        Ok(None) => {}
        Ok(Some(before)) if before == user => {}
        // Somebody else, or nobody that can be read.
        Ok(Some(_)) | Err(_) => session.clear(),
    }
    session.renew();
    session.insert(member, user)
}

/// A middleware that extends the session on every request that it came with, changed or not: each answer then carries
/// a new cookie. Wrap it first, so that the sessions stand around it.
///
/// As with every change, of two answers at the same time the browser keeps the session of one. Wrap only pages in it
/// where scripts change the session in the background. A session without members is not extended.
///
/// ```
/// use actix_web::{App, middleware::from_fn};
/// # use sealed_session::{KeyRing, RootSecret, SealedStore};
/// use sealed_session_actix::{SealedSessionStore, extend_on_every_request};
/// # let ring = KeyRing::single(RootSecret::generate()?);
/// # let sessions = SealedSessionStore::new(SealedStore::builder(ring))?;
///
/// App::new().wrap(from_fn(extend_on_every_request)).wrap(sessions.middleware().build());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of the handler.
pub async fn extend_on_every_request<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let session = request.get_session();
    let response = next.call(request).await?;
    // An empty one may be one that could not be opened: extended, it would be lost.
    if !session.entries().is_empty() {
        if session.status() == SessionStatus::Unchanged {
            only_renews();
        }
        // Removing a member that is not there marks an unchanged session as changed, and does no more.
        let longer_than_any: String = session.entries().keys().map(String::as_str).chain(["."]).collect();
        session.remove(&longer_than_any);
    }
    Ok(response)
}

/// What name and signature leave of a cookie, in bytes.
fn beside_the_signature(name: &str) -> usize {
    let signature = Cookie::new(name, LONGEST_SIGNATURE).encoded().to_string();
    // Between name and value stands `=`, which browsers do not count.
    MAX_COOKIE_BYTES.saturating_sub(signature.len() - 1)
}

fn id(key: &SessionKey) -> SessionId {
    SessionId::new(key.as_ref())
}

/// A key of no session, for a cookie that is not sent.
fn nothing() -> Result<SessionKey, anyhow::Error> {
    Ok(SessionKey::try_from(String::new())?)
}

fn key<E: Error + Send + Sync + 'static>(sealed: Result<SessionId, E>) -> Result<SessionKey, anyhow::Error> {
    Ok(SessionKey::try_from(sealed?.0)?)
}

/// Whether the token may be opened in a moment, or by another server: its session is not known to be over.
fn may_open_later(refused: &OpenError) -> bool {
    refused.keeps_cookie() && !refused.is_not_found()
}

/// A TTL in milliseconds; none at all is not the store's default.
fn ttl_ms(ttl: &Duration) -> Result<u64, SealError> {
    match ttl.whole_milliseconds() {
        ..=0 => Err(SealError::ExpiredAtOnce),
        ms => Ok(u64::try_from(ms).unwrap_or(u64::MAX)),
    }
}

/// The object of members whose values are the text of JSON.
fn object(state: &HashMap<String, String>) -> serde_json::Result<String> {
    let members: BTreeMap<&str, &RawValue> = state
        .iter()
        .map(|(name, text)| Ok((name.as_str(), serde_json::from_str(text)?)))
        .collect::<serde_json::Result<_>>()?;
    serde_json::to_string(&members)
}

/// The members of an object, each value the text that stands there.
fn members(object: &str) -> serde_json::Result<HashMap<String, String>> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(object)?;
    Ok(members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect())
}
