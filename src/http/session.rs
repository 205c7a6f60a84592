//! What handlers do with a [`Session`].

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::data::{self, DataError};
use super::decide::LeftInPlace;
pub use super::handle::Session;
use super::reply;
use super::state::State;
use crate::clock::millis;
use crate::session::SessionId;
use crate::uid::SessionUid;

impl Session {
    /// The value of a member of the session's data, if there is one. It is read out of the sealed text; nothing
    /// else is parsed. The `Deserialize` of the value must not use the session, which is locked meanwhile; so with
    /// [`load`](Self::load) and [`take`](Self::take).
    ///
    /// # Errors
    /// [`DataError::Type`] for a value of another type, and [`DataError::Reserved`] for the name `_flash`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DataError> {
        data::check_name(name)?;
        self.look(|state| data::get(state.data(), name))
    }

    /// Sets a member of the session's data. Setting what is there already changes nothing. The JSON value that is
    /// put in is the one that [`get`](Self::get) reads, floats to the last bit. An integer of more than 64 bits has to
    /// be read as an `i128` or `u128`: other readers make it a float.
    ///
    /// ```
    /// # use sealed_session::http::{DataError, Session};
    /// fn rate(session: &Session, sum: f64, count: f64) -> Result<(), DataError> {
    ///     match session.insert("average", &(sum / count)) {
    ///         Err(DataError::Unserializable { .. }) => session.remove("average").map(drop), // 0.0 / 0.0
    ///         inserted => inserted,
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`DataError::Unserializable`] for a value that would not come back; [`DataError::Seal`] when the session would
    /// be too large for its cookie, or have more than 64 objects and arrays in each other, its data included;
    /// [`DataError::Reserved`] for the name `_flash`; [`DataError::TooLate`] when the response has begun. The session
    /// is then as it was.
    pub fn insert<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), DataError> {
        data::check_name(name)?;
        let value = data::written(value)?;
        self.change(|state| match data::with(state.data(), name, &value)? {
            Some(text) => state.set_data(self.limits(), &self.config().rules, text),
            None => Ok(()),
        })
    }

    /// Removes a member of the session's data; whether there was one.
    ///
    /// # Errors
    /// [`DataError::Reserved`] for the name `_flash`; [`DataError::TooLate`].
    pub fn remove(&self, name: &str) -> Result<bool, DataError> {
        data::check_name(name)?;
        self.change(|state| match data::without(state.data(), name)? {
            Some(text) => state.set_data(self.limits(), &self.config().rules, text).map(|()| true),
            None => Ok(false),
        })
    }

    /// Removes a member and returns its value.
    ///
    /// # Errors
    /// As [`get`](Self::get), which leaves the member where it is, and [`remove`](Self::remove).
    pub fn take<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DataError> {
        data::check_name(name)?;
        self.change(|state| {
            let value = data::get(state.data(), name)?;
            if let Some(text) = data::without(state.data(), name)? {
                state.set_data(self.limits(), &self.config().rules, text)?;
            }
            Ok(value)
        })
    }

    /// Removes all data. User, uid and expiry stay, and so do flash messages that wait.
    ///
    /// # Errors
    /// [`DataError::TooLate`].
    pub fn clear(&self) -> Result<(), DataError> {
        self.change(|state| {
            let text = data::replaced(state.data(), "{}".to_owned())?;
            state.set_data(self.limits(), &self.config().rules, text)
        })
    }

    /// Whether the session has no data. Flash messages that wait are not data.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.look(|state| data::is_empty(state.data()))
    }

    /// The session's data as a whole; that of an empty session is `{}`. Flash messages that wait are not in it.
    ///
    /// ```
    /// # use sealed_session::http::{DataError, Session};
    /// #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// #[serde(default)]
    /// struct Visit { pages: u32, theme: String }
    ///
    /// fn count(session: &Session) -> Result<u32, DataError> {
    ///     let mut visit: Visit = session.load()?;
    ///     visit.pages += 1;
    ///     session.store(&visit)?;
    ///     Ok(visit.pages)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`DataError::Type`] when it is no such thing.
    pub fn load<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        self.look(|state| data::whole(state.data()))
    }

    /// Replaces the session's data as a whole. Flash messages that wait are kept, and go on taking room.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and [`DataError::Seal`] when the value is no JSON object.
    pub fn store<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), DataError> {
        let text = data::written_whole(value)?;
        self.change(|state| {
            let text = data::replaced(state.data(), text)?;
            state.set_data(self.limits(), &self.config().rules, text)
        })
    }

    /// Who is logged in.
    #[must_use]
    pub fn user_id(&self) -> Option<String> {
        self.look(|state| state.user_id().map(str::to_owned))
    }

    /// Logs a user in: a new session with a new uid, that begins now. It has the default TTL, unless
    /// [`set_ttl`](Self::set_ttl) asked for another before. Whoever knew the old cookie is not logged in with the new.
    ///
    /// The data of an anonymous session stay, a cart for example, and so do the user's own. A session of another user
    /// leaves nothing behind; [`authenticate_keeping`](Self::authenticate_keeping) keeps what an account switcher needs.
    /// What a visitor could set before is therefore there after the login: do not keep under one name what only a user
    /// may have, such as "second factor passed".
    ///
    /// # Errors
    /// [`DataError::Seal`] for a user id that is too long or that the cookie has no room for, and without
    /// randomness; [`DataError::Unavailable`] while no session can be opened; [`DataError::TooLate`].
    pub fn authenticate(&self, user_id: &str) -> Result<(), DataError> {
        self.authenticate_keeping(user_id, &[])
    }

    /// As [`authenticate`](Self::authenticate), but these members of the data stay even if another user was logged in.
    ///
    /// ```
    /// use sealed_session::http::{DataError, Session};
    ///
    /// fn switch_to(session: &Session, user: &str) -> Result<(), DataError> {
    ///     session.authenticate_keeping(user, &["language"])
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate), and [`DataError::Reserved`] for the name `_flash`.
    pub fn authenticate_keeping(&self, user_id: &str, members: &[&str]) -> Result<(), DataError> {
        members.iter().try_for_each(|name| data::check_name(name))?;
        self.change(|state| {
            #[cfg(feature = "revocation")]
            if self.config().store.refuses_all() {
                return Err(DataError::Unavailable);
            }
            state.authenticate_keeping(self.limits(), user_id, members)?;
            #[cfg(feature = "revocation")]
            self.begin_user(state);
            Ok(())
        })
    }

    /// Ends the session: no user, no data. What is stored afterwards, for example a message, begins a new one; otherwise
    /// the cookie is removed. A logout counts whatever the handler stores or answers, and even if no answer goes.
    ///
    /// # Errors
    /// [`DataError::TooLate`].
    pub fn logout(&self) -> Result<(), DataError> {
        self.change(|state| {
            state.log_out();
            Ok(())
        })
    }

    /// Gives the session a new uid and keeps everything else: for when its rights change. One that begins with this
    /// request, by a login or by `logout_others`, has such a uid already.
    ///
    /// # Errors
    /// [`DataError::Seal`] without randomness; [`DataError::TooLate`].
    pub fn cycle(&self) -> Result<(), DataError> {
        self.change(|state| Ok(state.cycle(&self.config().store)?))
    }

    /// Ends the session for good: the cookie is removed, and whatever this request does with the session
    /// afterwards has no effect.
    ///
    /// # Errors
    /// [`DataError::TooLate`].
    pub fn invalidate(&self) -> Result<(), DataError> {
        self.change(|state| {
            state.invalidate();
            Ok(())
        })
    }

    /// Whether [`invalidate`](Self::invalidate) was called.
    #[must_use]
    pub fn is_invalidated(&self) -> bool {
        self.look(State::is_invalidated)
    }

    /// When the session expires: for one that this response extends, what it will be then, unless the response is one
    /// that shared caches may reuse, or comes too late. `None` where there is none, where none is sent
    /// ([`persistence`](Self::persistence)), and where it is over by now, also after the response.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        let ms = self.look(|state| {
            let is_sent = reply::persistence(self, state) == Persistence::Sent;
            is_sent.then(|| self.expires_at_ms(state)).flatten()
        })?;
        UNIX_EPOCH.checked_add(Duration::from_millis(ms))
    }

    /// Whether what the handler stores reaches the client, were it answered now: by what is known at this moment, which
    /// may be another at the next.
    ///
    /// ```
    /// use sealed_session::http::{DataError, Persistence, Session};
    ///
    /// fn remember(session: &Session, page: &str) -> Result<bool, DataError> {
    ///     session.insert("return_to", page)?; // holds for this request in any case
    ///     Ok(session.persistence() == Persistence::Sent)
    /// }
    /// ```
    #[must_use]
    pub fn persistence(&self) -> Persistence {
        let mut progress = self.progress();
        if progress.sent {
            return Persistence::TooLate;
        }
        reply::persistence(self, &self.opened(&mut progress).state)
    }

    /// Lets what is stored begin a new session even where a cookie is left in place
    /// ([`persistence`](Self::persistence)), and overwrite it. Whoever had that session has lost it then.
    ///
    /// # Errors
    /// [`DataError::TooLate`].
    pub fn begin_anyway(&self) -> Result<(), DataError> {
        self.change(|state| {
            state.begin_anyway();
            Ok(())
        })
    }

    /// Lets the session live so long from now on, within the store's maximum TTL and its absolute lifetime;
    /// zero stands for the store's default. It keeps this TTL when it is extended, and one that begins with a login in
    /// this request has it too. What has run out by now stays over.
    ///
    /// # Errors
    /// [`DataError::TooLate`].
    pub fn set_ttl(&self, ttl: Duration) -> Result<(), DataError> {
        let ttl_ms = millis(ttl);
        self.change(|state| {
            state.set_ttl(self.limits(), ttl_ms, self.config().store.now_ms());
            Ok(())
        })
    }

    /// What stays the same while the cookie changes; `None` where there is no session yet.
    #[must_use]
    pub fn uid(&self) -> Option<SessionUid> {
        self.look(State::uid)
    }

    /// The id that the request presented, if it is valid. Every change makes another.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        let mut progress = self.progress();
        let opened = self.opened(&mut progress);
        let presented = match () {
            #[cfg(feature = "dbsc")]
            () if opened.brought.came_bound => self.bound_presented()?,
            () => self.presented(),
        };
        let token = opened.state.came().then(|| presented.token(opened.at));
        token.flatten().map(SessionId::new)
    }

    /// A new token to put into a form or a header of this session, for [`CsrfLayer`](super::CsrfLayer) or
    /// [`check_csrf`](Self::check_csrf). A client without a session gets one, because the token speaks of it. Where
    /// the client's cookies open no session but stay in place, two of different sessions for example, it speaks of
    /// the cookies.
    ///
    /// # Errors
    /// [`DataError::Seal`] without a sealing key or randomness; [`DataError::TooLate`].
    pub fn csrf_token(&self) -> Result<String, DataError> {
        self.change(|state| {
            let store = &self.config().store;
            let of_cookies = if state.only_keeps_what_came() { self.uid_of_cookies() } else { None };
            if let Some(uid) = of_cookies.or(state.uid()) {
                return Ok(store.csrf_token(uid)?);
            }
            let uid = store.fresh_uid()?;
            let token = store.csrf_token(uid)?;
            state.speak_of(uid);
            Ok(token)
        })
    }

    /// Whether this is a token of this session, or of the cookies that the request brings, compared in constant
    /// time.
    #[must_use]
    pub fn check_csrf(&self, token: &str) -> bool {
        let mut uids = self.uid().into_iter().chain(self.uid_of_cookies());
        uids.any(|uid| self.config().store.check_csrf_token(uid, token).is_ok())
    }
}

/// Whether what a handler stores in a session reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Persistence {
    /// It is sent with the response, unless that is a server error: the handler's own, or the one that it gets where the
    /// session cannot be sealed or its login not be recorded.
    Sent,
    /// It holds for this request, and nothing is sent: the client has a cookie that must not be overwritten. A login and
    /// a logout overwrite it all the same, and so does what is stored after
    /// [`begin_anyway`](Session::begin_anyway).
    RequestOnly(LeftInPlace),
    /// It holds for this request, and nothing is sent: the session has ended since the request began, because it ran out or
    /// was ended elsewhere. So with one that began with this request, by a login for example, and with one that has moved
    /// to its device meanwhile, whose browser has it in another cookie. After [`invalidate`](Session::invalidate) nothing
    /// is stored either.
    Ended,
    /// The response has begun, and every change is [`DataError::TooLate`].
    TooLate,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session([redacted])")
    }
}
