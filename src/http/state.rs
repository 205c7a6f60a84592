//! The session of one request: what it was, and what the handler makes of it. What the response does about it is in
//! `outcome`. No headers and no cookies; those are for [`reply`](super::reply).

use super::data::{self, DataError};
use super::presented::Found;
use super::settings::{Creation, Renewal};
use crate::error::{Reason, SealError};
use crate::policy::ResealPolicy;
use crate::record::Times;
use crate::ring::KeyState;
use crate::store::SealedStore;
use crate::store::parts::{Parts, Texts};
use crate::uid::SessionUid;

mod outcome;

pub(super) use outcome::{Lost, Outcome};

/// What a layer is set to do on its own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rules {
    pub(super) renewal: Renewal,
    pub(super) reseal: ResealPolicy,
    pub(super) creation: Creation,
    pub(super) save_on_server_error: bool,
    pub(super) open_unread: bool,
}

/// How the request's cookies turned out.
#[derive(Clone, Copy)]
enum Came {
    Nothing,
    Session(KeyState),
    Refused { keep: bool, revoked: bool },
    Unclear,
}

/// The session as it will be sealed.
pub(super) struct State {
    came: Came,
    /// Of a session that there is, or that a CSRF token speaks of; otherwise drawn when it is sealed.
    uid: Option<SessionUid>,
    /// Of a session that there is; one without begins when it is sealed.
    times: Option<Times>,
    /// When the session that there is was opened.
    opened_ms: Option<u64>,
    texts: Texts,
    /// The TTL that was asked for.
    ttl_ms: Option<u64>,
    changed: bool,
    /// There is to be a session even if nothing is in it.
    wanted: bool,
    /// Nothing counts any more.
    invalidated: bool,
    /// The handler ended the session that came.
    ended: bool,
    /// The session that came, where another takes its place or none.
    #[cfg(feature = "revocation")]
    replaced: Option<super::settle::Replaced>,
    /// What it has to do with a device.
    #[cfg(feature = "dbsc")]
    pub(super) device: super::device::DeviceState,
}

impl State {
    pub(super) fn new(found: Found<Parts>) -> Self {
        let came = match found {
            Found::Session(Parts { times, uid, texts, key_state, opened_ms }) => {
                let (uid, times, opened_ms) = (Some(uid), Some(times), Some(opened_ms));
                return Self {
                    uid,
                    times,
                    opened_ms,
                    ..Self::without_session(Came::Session(key_state), texts)
                };
            }
            Found::Nothing => Came::Nothing,
            Found::Refused(error) => {
                Came::Refused { keep: error.keeps_cookie(), revoked: error.reason() == Reason::Revoked }
            }
            Found::Unclear => Came::Unclear,
        };
        Self::without_session(came, Texts::new(None, "{}"))
    }

    fn without_session(came: Came, texts: Texts) -> Self {
        Self {
            came,
            uid: None,
            times: None,
            opened_ms: None,
            texts,
            ttl_ms: None,
            changed: false,
            wanted: false,
            invalidated: false,
            ended: false,
            #[cfg(feature = "revocation")]
            replaced: None,
            #[cfg(feature = "dbsc")]
            device: super::device::DeviceState::default(),
        }
    }

    pub(super) fn data(&self) -> &str {
        self.texts.data()
    }

    pub(super) fn user_id(&self) -> Option<&str> {
        self.texts.user_id()
    }

    pub(super) fn uid(&self) -> Option<SessionUid> {
        self.uid
    }

    /// When the session began, if it has.
    #[cfg(feature = "revocation")]
    pub(super) fn created_at_ms(&self) -> Option<u64> {
        self.times.map(|times| times.created)
    }

    /// Whether the handler ended what came, and logged nobody in.
    #[cfg(feature = "revocation")]
    pub(super) fn is_logged_out(&self) -> bool {
        self.ended && self.user_id().is_none()
    }

    #[cfg(feature = "revocation")]
    pub(super) fn replaced(&self) -> Option<&super::settle::Replaced> {
        self.replaced.as_ref()
    }

    #[cfg(feature = "revocation")]
    pub(super) fn set_replaced(&mut self, replaced: super::settle::Replaced) {
        self.replaced = Some(replaced);
    }

    #[cfg(feature = "revocation")]
    pub(super) fn take_replaced(&mut self) -> Option<super::settle::Replaced> {
        self.replaced.take()
    }

    pub(super) fn is_invalidated(&self) -> bool {
        self.invalidated
    }

    /// The session is to be sealed, whatever else changes.
    #[cfg(feature = "dbsc")]
    pub(super) fn require_sealing(&mut self) {
        self.changed = true;
    }

    /// Whether a handler ended the session that came.
    #[cfg(feature = "dbsc")]
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether it is sealed for nothing but to live on.
    #[cfg(feature = "dbsc")]
    pub(super) fn is_unchanged(&self) -> bool {
        !self.changed
    }

    /// Whether the session came with the request.
    pub(super) fn came(&self) -> bool {
        matches!(self.came, Came::Session(_))
    }

    /// Whether there is a session, or will be one.
    pub(super) fn exists(&self) -> bool {
        self.times.is_some() || self.wanted || self.user_id().is_some() || !data::has_no_members(self.data())
    }

    /// Replaces the data, if it still fits. Less data always does: what was sealed under other limits can be reduced.
    pub(super) fn set_data(&mut self, store: &SealedStore, data: String) -> Result<(), DataError> {
        if self.invalidated || data == self.data() {
            return Ok(());
        }
        if data.len() > self.data().len() {
            store.remaining(self.user_id(), &data)?;
        }
        self.texts.set_data(data);
        self.changed = true;
        Ok(())
    }

    /// A new session with the data of this one.
    pub(super) fn authenticate(&mut self, store: &SealedStore, user_id: &str) -> Result<(), SealError> {
        if self.invalidated {
            return Ok(());
        }
        store.remaining(Some(user_id), self.data())?;
        let uid = store.fresh_uid()?;
        self.remember_what_is_replaced();
        self.uid = Some(uid);
        self.texts = Texts::new(Some(user_id), self.data());
        (self.times, self.ttl_ms) = (None, None);
        (self.changed, self.ended) = (true, true);
        #[cfg(feature = "dbsc")]
        self.device.begin_anew();
        Ok(())
    }

    /// The same session under a new uid.
    pub(super) fn cycle(&mut self, store: &SealedStore) -> Result<(), SealError> {
        if self.invalidated || self.uid.is_none() {
            return Ok(());
        }
        let uid = store.fresh_uid()?;
        self.remember_what_is_replaced();
        self.uid = Some(uid);
        self.changed = true;
        #[cfg(feature = "dbsc")]
        self.device.rename();
        Ok(())
    }

    /// An empty session, of which the client learns when something is stored in it again.
    pub(super) fn log_out(&mut self) {
        self.remember_what_is_replaced();
        #[cfg(feature = "dbsc")]
        self.device.begin_anew();
        *self = Self {
            came: self.came,
            ended: true,
            invalidated: self.invalidated,
            #[cfg(feature = "revocation")]
            replaced: self.replaced.take(),
            #[cfg(feature = "dbsc")]
            device: std::mem::take(&mut self.device),
            ..Self::new(Found::Nothing)
        };
    }

    pub(super) fn invalidate(&mut self) {
        self.log_out();
        self.invalidated = true;
    }

    pub(super) fn set_ttl(&mut self, ttl_ms: u64) {
        if !self.invalidated {
            self.ttl_ms = Some(ttl_ms);
            self.changed = true;
        }
    }

    /// The uid of a session that there will be. Where the client may have one that this server cannot open at the
    /// moment, a token alone is no reason to take that away: it then speaks of a session that nobody has.
    pub(super) fn require_uid(&mut self, store: &SealedStore) -> Result<SessionUid, SealError> {
        let uid = match self.uid {
            Some(uid) => uid,
            None => store.fresh_uid()?,
        };
        if self.uid.is_none() && !self.invalidated {
            self.uid = Some(uid);
            let begins = !self.keeps_what_came();
            (self.wanted, self.changed) = (begins, self.changed || begins);
        }
        Ok(uid)
    }

    /// When the session expires as it stands, if there is one.
    pub(super) fn expires_at(&self, store: &SealedStore) -> Option<u64> {
        let times = match (self.times, self.ttl_ms) {
            (Some(times), None) => Some(times),
            _ if self.exists() => self.times_when_sealed(store, store.now_ms(), None).ok(),
            _ => None,
        };
        times.map(|times| store.expires_at(times))
    }

    #[cfg(not(feature = "revocation"))]
    fn remember_what_is_replaced(&self) {}

    /// The client may have a session that cannot be opened here and now.
    fn keeps_what_came(&self) -> bool {
        matches!(self.came, Came::Refused { keep: true, .. } | Came::Unclear)
    }

    fn times_when_sealed(
        &self,
        store: &SealedStore,
        now: u64,
        due: Option<Times>,
    ) -> Result<Times, SealError> {
        match (self.times, self.ttl_ms) {
            (None, ttl) => store.begin(self.user_id(), ttl.unwrap_or_default()),
            (Some(times), Some(ttl)) => Ok(store.renew(times, now, ttl).unwrap_or(times)),
            (Some(times), None) => Ok(due.unwrap_or(times)),
        }
    }
}
