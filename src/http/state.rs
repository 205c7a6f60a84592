//! The session of one request: what came, and what the handler makes of it. What the response does about it is decided
//! in [`decide`](super::decide). No headers and no cookies; those are for [`reply`](super::reply).

use super::data::{self, DataError};
use super::decide::{Act, Came, Did, LeftInPlace, Now};
use super::presented::Found;
use super::settings::Rules;
use crate::error::{OpenError, SealError, Standing};
use crate::json;
use crate::key::KeyId;
use crate::policy::{LoginData, login_data};
use crate::record::Times;
use crate::ring::KeyState;
use crate::store::SealedStore;
use crate::store::parts::{Parts, Texts};
use crate::uid::SessionUid;

#[cfg(feature = "revocation")]
mod listed;
mod upkeep;

pub(super) use upkeep::{Brought, Finished, Upkeep};

/// A TTL that a handler asked for.
#[derive(Clone, Copy)]
struct Ttl {
    ttl_ms: u64,
    from_ms: u64,
}

/// A session that came with the request.
#[derive(Clone, Copy)]
struct Origin {
    uid: SessionUid,
    times: Times,
    key_id: KeyId,
    key_state: KeyState,
}

/// The session as it will be sealed.
pub(super) struct State {
    came: Came,
    /// What came, if it is a session.
    origin: Option<Origin>,
    did: Did,
    /// Of a session that there is, or that a CSRF token speaks of; otherwise drawn when it is sealed.
    uid: Option<SessionUid>,
    /// Of a session that there is; one without begins when it is sealed.
    times: Option<Times>,
    texts: Texts,
    /// The TTL that was asked for, and when.
    ttl: Option<Ttl>,
    /// What is stored counts, even if a cookie is left in place.
    anyway: bool,
    /// There is to be a session even if nothing is in it.
    wanted: bool,
    /// A handler asked for a logout.
    #[cfg(feature = "revocation")]
    logged_out: bool,
    /// Nothing counts any more.
    invalidated: bool,
    /// What came has ended all others of its user, and goes on under another uid.
    goes_on: bool,
    /// The session that came, where another takes its place or none.
    #[cfg(feature = "revocation")]
    replaced: Option<crate::revocation::Ended>,
    /// The end of that, where it was asked for before the answer.
    #[cfg(feature = "revocation")]
    asked_to_end: Option<crate::revocation::Pending<()>>,
    /// Logins of this request that are on their way to the backend of revocations.
    #[cfg(feature = "revocation")]
    begins: Vec<crate::revocation::Pending<()>>,
    /// What it has to do with a device.
    #[cfg(feature = "dbsc")]
    pub(super) device: super::device_state::DeviceState,
}

impl State {
    /// Of a request whose cookies turned out so; without any, the browser may have held them back.
    pub(super) fn new(found: Found<Parts>, held_back: bool) -> Self {
        let came = match found {
            Found::Session(Parts { times, uid, texts, key_id, key_state }) => {
                let origin = Some(Origin { uid, times, key_id, key_state });
                let (uid, times) = (Some(uid), Some(times));
                return Self { origin, uid, times, ..Self::without_session(Came::Good, texts) };
            }
            Found::Nothing if held_back => Came::Left(LeftInPlace::HeldBack),
            Found::Nothing => Came::Nothing,
            Found::Refused(error) => refused(error),
            Found::Unclear => Came::Left(LeftInPlace::Ambiguous),
        };
        Self::without_session(came, Texts::new(None, "{}"))
    }

    fn without_session(came: Came, texts: Texts) -> Self {
        Self {
            came,
            origin: None,
            did: Did::default(),
            uid: None,
            times: None,
            texts,
            ttl: None,
            anyway: false,
            wanted: false,
            #[cfg(feature = "revocation")]
            logged_out: false,
            invalidated: false,
            goes_on: false,
            #[cfg(feature = "revocation")]
            replaced: None,
            #[cfg(feature = "revocation")]
            asked_to_end: None,
            #[cfg(feature = "revocation")]
            begins: Vec::new(),
            #[cfg(feature = "dbsc")]
            device: super::device_state::DeviceState::default(),
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

    pub(super) fn is_invalidated(&self) -> bool {
        self.invalidated
    }

    /// The key that what came was sealed by.
    pub(super) fn key_id(&self) -> Option<KeyId> {
        self.origin.map(|origin| origin.key_id)
    }

    /// Whether what came goes on as another session, and no login began that.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Whether what there is comes from what came: no login began it, and no logout came before it.
    pub(super) fn is_of_what_came(&self) -> bool {
        self.goes_on || !(self.did.out || self.did.now == Now::LoggedIn)
    }

    /// Whether a handler ended what came, by a logout or with all others of its user.
    pub(super) fn is_out(&self) -> bool {
        self.did.out
    }

    /// Whether a handler asked for a logout: its user relies on the end of all that came.
    #[cfg(feature = "revocation")]
    pub(super) fn is_logged_out(&self) -> bool {
        self.logged_out
    }

    /// Whether what came has ended, by a logout or a login.
    #[cfg(any(feature = "dbsc", feature = "revocation"))]
    pub(super) fn is_ended(&self) -> bool {
        self.did.out || self.did.now == Now::LoggedIn
    }

    /// The session is to be sealed, whatever else changes.
    #[cfg(feature = "dbsc")]
    pub(super) fn require_sealing(&mut self) {
        self.act(Act::Changed);
    }

    /// Whether it is sealed for nothing but to live on.
    #[cfg(feature = "dbsc")]
    pub(super) fn is_unchanged(&self) -> bool {
        self.did.now == Now::AsItCame
    }

    /// Whether what is stored overwrites a cookie that is left in place, because the handler has said so.
    #[cfg(feature = "dbsc")]
    pub(super) fn waives(&self) -> bool {
        matches!(self.came, Came::Left(_)) && self.anyway && self.did == Did { out: false, now: Now::Changed }
    }

    /// Whether the session came with the request.
    pub(super) fn came(&self) -> bool {
        self.came == Came::Good
    }

    /// The uid that it came with.
    #[cfg(feature = "revocation")]
    pub(super) fn came_uid(&self) -> Option<SessionUid> {
        self.origin.map(|origin| origin.uid)
    }

    /// Whether there is a session, or will be one.
    pub(super) fn exists(&self) -> bool {
        self.times.is_some() || self.wanted || self.user_id().is_some() || !data::has_no_members(self.data())
    }

    /// Why no change is sent, where none is.
    pub(super) fn left_in_place(&self) -> Option<LeftInPlace> {
        match self.came {
            Came::Left(why) if !self.anyway && !self.did.out && self.did.now != Now::LoggedIn => Some(why),
            _ => None,
        }
    }

    /// What is stored begins a new session, even if a cookie is left in place.
    pub(super) fn begin_anyway(&mut self) {
        self.anyway = true;
        // A token was given out for it while the cookie was left in place.
        if self.uid.is_some() && self.times.is_none() && !self.invalidated {
            self.wanted = true;
            self.act(Act::Changed);
        }
    }

    /// Replaces the data, if it still fits. Those of an anonymous session leave room for a user to log in. Less data
    /// always fits: what was sealed under other limits can be reduced.
    pub(super) fn set_data(
        &mut self,
        store: &SealedStore,
        rules: &Rules,
        data: String,
    ) -> Result<(), DataError> {
        if self.invalidated || data == self.data() {
            return Ok(());
        }
        if data.len() > self.data().len() {
            let room = if self.user_id().is_none() { rules.user_id_room } else { 0 };
            store.check_room(self.user_id(), &data, room)?;
        }
        self.texts.set_data(data);
        self.act(Act::Changed);
        Ok(())
    }

    /// A new session of a user. The data stay where they are nobody's or the user's own; of another user's, these members.
    pub(super) fn authenticate_keeping(
        &mut self,
        store: &SealedStore,
        user_id: &str,
        members: &[&str],
    ) -> Result<(), DataError> {
        match login_data(self.user_id(), user_id) {
            LoginData::Kept => self.log_in(store, user_id, None),
            LoginData::Empty => self.log_in(store, user_id, Some(json::only(self.data(), members))),
        }
    }

    fn log_in(&mut self, store: &SealedStore, user_id: &str, data: Option<String>) -> Result<(), DataError> {
        if self.invalidated {
            return Ok(());
        }
        let data = data.as_deref().unwrap_or(self.data());
        store.remaining(Some(user_id), data)?;
        let texts = Texts::new(Some(user_id), data);
        let uid = store.fresh_uid()?;
        let ttl_ms = self.ttl.map(|ttl| ttl.ttl_ms).unwrap_or_default();
        let from_ms = store.now_ms();
        let times = store.begin(from_ms, ttl_ms)?;
        self.remember_what_is_replaced();
        (self.uid, self.texts, self.times, self.goes_on) = (Some(uid), texts, Some(times), false);
        // It holds for another login of this request as well.
        self.ttl = self.ttl.map(|ttl| Ttl { from_ms, ..ttl });
        self.act(Act::LoggedIn);
        #[cfg(feature = "dbsc")]
        self.device.begin_anew();
        Ok(())
    }

    /// The same session under a new uid. One that a user begins in this request has such a uid, and by that one it is spared
    /// where its user was revoked.
    pub(super) fn cycle(&mut self, store: &SealedStore) -> Result<(), SealError> {
        let begins = self.did.out || self.did.now == Now::LoggedIn;
        if self.invalidated || self.uid.is_none() || begins {
            return Ok(());
        }
        let uid = store.fresh_uid()?;
        self.remember_what_is_replaced();
        self.uid = Some(uid);
        if self.came() {
            self.act(Act::Cycled);
            #[cfg(feature = "dbsc")]
            self.device.rename();
        }
        Ok(())
    }

    /// An empty session, of which the client learns when something is stored in it again.
    pub(super) fn log_out(&mut self) {
        self.remember_what_is_replaced();
        #[cfg(feature = "dbsc")]
        self.device.begin_anew();
        *self = Self {
            origin: self.origin,
            did: self.did.then(Act::LoggedOut),
            #[cfg(feature = "revocation")]
            logged_out: true,
            invalidated: self.invalidated,
            #[cfg(feature = "revocation")]
            replaced: self.replaced.take(),
            #[cfg(feature = "revocation")]
            asked_to_end: self.asked_to_end.take(),
            #[cfg(feature = "revocation")]
            begins: std::mem::take(&mut self.begins),
            #[cfg(feature = "dbsc")]
            device: std::mem::take(&mut self.device),
            ..Self::without_session(self.came, Texts::new(None, "{}"))
        };
    }

    pub(super) fn invalidate(&mut self) {
        self.log_out();
        self.invalidated = true;
    }

    /// The TTL of the session from now on, and of one that begins with this request.
    pub(super) fn set_ttl(&mut self, store: &SealedStore, ttl_ms: u64, now_ms: u64) {
        if self.invalidated {
            return;
        }
        self.ttl = Some(Ttl { ttl_ms, from_ms: now_ms });
        // No client has a login of this request yet: that it was prolonged in time counts for the next step, too.
        if let (Now::LoggedIn, Ok(times)) = (self.did.now, self.times_when_sealed(store, now_ms, None)) {
            self.times = Some(times);
        }
        self.act(Act::Changed);
    }

    /// A cookie is left in place, and there is no session to speak of.
    pub(super) fn only_keeps_what_came(&self) -> bool {
        self.uid.is_none() && self.left_in_place().is_some()
    }

    /// A token speaks of a session of this uid, which there will be. Where a cookie is left in place, a token alone is no
    /// reason to overwrite it: it then speaks of a session that nobody has.
    pub(super) fn speak_of(&mut self, uid: SessionUid) {
        if self.invalidated {
            return;
        }
        self.uid = Some(uid);
        if self.left_in_place().is_none() {
            self.wanted = true;
            self.act(Act::Changed);
        }
    }

    fn act(&mut self, act: Act) {
        self.did = self.did.then(act);
    }

    #[cfg(not(feature = "revocation"))]
    fn remember_what_is_replaced(&self) {}
}

/// How a cookie that no session came of turned out.
fn refused(error: OpenError) -> Came {
    match error.standing() {
        Standing::Transient => Came::Left(LeftInPlace::Transient),
        #[cfg(feature = "revocation")]
        Standing::JustRevoked => Came::Left(LeftInPlace::JustRevoked),
        Standing::StricterLimits => Came::Left(LeftInPlace::StricterLimits),
        Standing::Final if error.is_not_found() => Came::Expired,
        Standing::Final => Came::Refused,
    }
}
