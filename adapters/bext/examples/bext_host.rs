//! A host that knows the session trait of `bext-plugin-api` only, with sealed sessions behind it.
//!
//! ```sh
//! cargo run --example bext_host
//! ```
//!
//! It logs a user in, changes the session, extends it, tampers with it and ends it, and says what came of each step.
//! After every change the host writes the id that it was given back to the cookie: it is another one each time.
//!
//! **`Debug` of bext's `SessionId` prints the token**, which is as good as a password until it expires, and `Debug` of
//! its records prints the user and the data. So no step below prints an id with `{:?}`; [`redacted`] does it safely.

#![forbid(unsafe_code)]

use std::error::Error;

use bext_plugin_api::session::{CreateOptions, SessionError, SessionId, SessionPlugin, SessionRecord};
use sealed_session::{KeyRing, RootSecret, SealedStore};
use sealed_session_bext::{Convert as _, ToBext};

const MINUTE_MS: u64 = 60_000;

fn main() -> Result<(), Box<dyn Error>> {
    let ring = KeyRing::single(RootSecret::generate()?); // a server: KeyRing::load("/etc/shop/ring.json")?
    let store = SealedStore::builder(ring).app_id("shop.example").build()?;
    let mut host = Host { sessions: Box::new(ToBext(store)), cookie: None };
    println!("backend: {}, healthy: {}", host.sessions.name(), host.sessions.is_healthy());

    host.log_in("user-42")?;
    println!("logged in: {}", told(host.visit()?));
    host.put(r#"{"cart":["A1"]}"#)?;
    println!("cart filled: {}", told(host.visit()?));
    let before = host.visit()?.map(|session| session.expires_at_ms);
    host.extend(7 * 24 * 60 * MINUTE_MS)?;
    let after = host.visit()?.map(|session| session.expires_at_ms);
    println!("extended: {}", if after > before { "it lives longer" } else { "it does not live longer" });
    println!("for the log: {}", host.cookie.clone().map(redacted).unwrap_or_default());

    tamper(&host)?;
    host.log_out()?;
    println!("logged out: {}", told(host.visit()?));
    Ok(())
}

/// A host and its only visitor.
struct Host {
    sessions: Box<dyn SessionPlugin>,
    /// What the visitor's browser sends.
    cookie: Option<SessionId>,
}

impl Host {
    fn log_in(&mut self, user: &str) -> Result<(), SessionError> {
        let options = CreateOptions { user_id: Some(user.to_owned()), ..Default::default() };
        self.cookie = Some(self.sessions.create(options)?);
        Ok(())
    }

    /// The session of a request, if its cookie is one. An error is the backend's.
    fn visit(&self) -> Result<Option<SessionRecord>, SessionError> {
        match self.cookie.as_ref().map(|id| self.sessions.read(id)).transpose() {
            Err(SessionError::NotFound | SessionError::Invalid(_)) => Ok(None),
            result => result,
        }
    }

    fn put(&mut self, data_json: &str) -> Result<(), SessionError> {
        self.change(|sessions, id| sessions.update(id, data_json))
    }

    fn extend(&mut self, ttl_ms: u64) -> Result<(), SessionError> {
        self.change(|sessions, id| sessions.touch(id, ttl_ms))
    }

    /// Writes the new id back. A host that kept the old one would go on with the old session.
    fn change(
        &mut self,
        change: impl FnOnce(&dyn SessionPlugin, &SessionId) -> Result<SessionId, SessionError>,
    ) -> Result<(), SessionError> {
        let id = self.cookie.as_ref().ok_or(SessionError::NotFound)?;
        self.cookie = Some(change(self.sessions.as_ref(), id)?);
        Ok(())
    }

    /// The cookie goes too: without revocations a copy of it opens until it expires.
    fn log_out(&mut self) -> Result<(), SessionError> {
        self.cookie.take().map_or(Ok(()), |id| self.sessions.delete(&id))
    }
}

/// Changes each of some characters of the cookie; all must be refused.
fn tamper(host: &Host) -> Result<(), Box<dyn Error>> {
    let token = host.cookie.as_ref().ok_or("nobody is logged in")?.as_str();
    for at in [0, token.len() / 2, token.len() - 1] {
        let (head, tail) = token.split_at(at);
        let other = if tail.starts_with('A') { "B" } else { "A" };
        let changed = SessionId::new([head, other, &tail[1..]].concat());
        match host.sessions.read(&changed) {
            Err(error @ SessionError::Invalid(_)) => println!("tampered with: {error}"),
            _ => return Err("a session that was tampered with was not refused".into()),
        }
    }
    Ok(())
}

/// What a log may have of an id: the type of sealed-session prints no token.
fn redacted(id: SessionId) -> String {
    format!("{:?}", id.convert())
}

fn told(session: Option<SessionRecord>) -> String {
    match session {
        Some(SessionRecord { user_id: Some(user), data_json, .. }) => format!("{user} with {data_json}"),
        Some(_) => "nobody, with a session".to_owned(),
        None => "no session".to_owned(),
    }
}
