//! What a layer does on its own to a session: extending it, sealing it by a newer key. And sealing whatever is sent.

use super::{Act, Rules, State, Ttl};
use crate::error::SealError;
use crate::http::decide::{Beside, Caches, Came, Did, Facts, Now, Send, Timing, decide};
use crate::http::session::Persistence;
use crate::http::settings::Creation;
use crate::http::settle::Brought;
use crate::record::Times;
use crate::store::SealedStore;
use crate::telemetry;
use crate::token::Sealed;
use crate::uid::SessionUid;

/// What is due for a session, whoever changed it.
#[derive(Clone, Copy, Default)]
pub(in crate::http) struct Upkeep {
    /// The times that extend it.
    due: Option<Times>,
    /// Another key seals it.
    reseals: bool,
    /// It moves to a cookie that is bound to a device.
    moves: bool,
}

/// A session that is sealed: what goes into its cookie.
pub(in crate::http) struct Finished {
    pub(in crate::http) token: Sealed,
    pub(in crate::http) expires_at_ms: u64,
}

impl State {
    /// What is known before anybody has looked at the clock again or at the headers of the answer: as if everything
    /// were in time, and nothing had happened meanwhile.
    pub(in crate::http) fn facts(&self, rules: &Rules, upkeep: Upkeep, counts: bool) -> Facts {
        let did = self.deed();
        Facts {
            came: self.came_at_last(did),
            did,
            nobodys: self.is_nobodys(),
            begins_always: rules.creation == Creation::Always,
            counts,
            ended: false,
            moved: false,
            beside: Beside::Nothing,
            due: upkeep.due.is_some() || upkeep.reseals || upkeep.moves,
            timing: Timing::InTime,
            caches: Caches::Silent,
            sealed: true,
            recorded: true,
        }
    }

    /// Whether what a handler stores is sent, as far as is known now: what the response would do about a change.
    pub(in crate::http) fn persistence(
        &self,
        store: &SealedStore,
        rules: &Rules,
        head_ms: u64,
        now_ms: u64,
    ) -> Persistence {
        let did = self.deed().then(Act::Changed);
        let (came, ended) = (self.came_at_last(did), self.has_ended(store, now_ms));
        let is_over = self.has_login_ended(store, now_ms)
            || self.comes_too_late(store, Upkeep::default(), head_ms, now_ms);
        let facts = Facts { came, did, ended, ..self.facts(rules, Upkeep::default(), !is_over) };
        match (decide(&facts).send, came) {
            (Send::Session, _) => Persistence::Sent,
            (_, Came::Left(why)) => Persistence::RequestOnly(why),
            _ => Persistence::Ended,
        }
    }

    #[cfg(not(feature = "revocation"))]
    fn is_nobodys(&self) -> bool {
        false
    }

    /// How the cookie turned out, where the handler has not waived it for what it stores.
    fn came_at_last(&self, did: Did) -> Came {
        match (self.came, did) {
            (Came::Left(_), Did { out: false, now: Now::Changed }) if self.anyway => Came::Nothing,
            (came, _) => came,
        }
    }

    /// What the handler did, where a session without anything in it is none.
    fn deed(&self) -> Did {
        match self.did {
            Did { out: true, now: Now::Changed } if !self.exists() => Did { out: true, now: Now::Nothing },
            Did { out: false, now: Now::Changed } if !self.exists() => Did::default(),
            did => did,
        }
    }

    /// Why the session is to be sealed, apart from what has changed. As of when the request's head arrived.
    pub(in crate::http) fn upkeep(
        &self,
        store: &SealedStore,
        rules: &Rules,
        may_renew: bool,
        head_ms: u64,
    ) -> Upkeep {
        let changed = self.did.now != Now::AsItCame;
        let due = self.renewed(store, rules, head_ms).filter(|_| may_renew || changed);
        Upkeep { due, reseals: may_renew && self.reseals(rules, head_ms), moves: self.moves() }
    }

    /// Whether what came is known as ended by now.
    pub(in crate::http) fn has_ended(&self, store: &SealedStore, now_ms: u64) -> bool {
        self.origin.is_some_and(|origin| store.has_ended(now_ms, origin.times, origin.uid, self.user_id()))
    }

    /// Whether what would be sent has expired by now.
    pub(in crate::http) fn comes_too_late(
        &self,
        store: &SealedStore,
        upkeep: Upkeep,
        head_ms: u64,
        now_ms: u64,
    ) -> bool {
        let times = self.times_when_sealed(store, head_ms, upkeep.due);
        times.is_ok_and(|times| store.expires_at(times) <= now_ms)
    }

    /// The session that the response brings, if its uid is known to anybody.
    pub(in crate::http) fn brought(&self, store: &SealedStore) -> Option<Brought> {
        Some(self.of(store, self.times?, self.uid?))
    }

    /// The session that came.
    pub(in crate::http) fn brought_before(&self, store: &SealedStore) -> Option<Brought> {
        self.origin.map(|origin| self.of(store, origin.times, origin.uid))
    }

    fn of(&self, store: &SealedStore, times: Times, uid: SessionUid) -> Brought {
        Brought { store: store.clone(), times, uid, user_id: self.user_id().map(str::to_owned) }
    }

    /// Whether that is known of the session which a login of this request began.
    pub(in crate::http) fn has_login_ended(&self, store: &SealedStore, now_ms: u64) -> bool {
        #[cfg(feature = "revocation")]
        if !self.begins.is_empty() {
            // What was revoked before it began is known only when that was recorded.
            return false;
        }
        match (self.did.now, self.times, self.uid) {
            (Now::LoggedIn, Some(times), Some(uid)) => store.has_ended(now_ms, times, uid, self.user_id()),
            _ => false,
        }
    }

    /// When the session expires, once the answer has arrived; nothing where there is none.
    pub(in crate::http) fn expires_at(
        &self,
        store: &SealedStore,
        rules: &Rules,
        may_renew: bool,
        head_ms: u64,
    ) -> Option<u64> {
        let begins = rules.creation == Creation::Always && !self.did.out && !self.invalidated;
        if self.left_in_place().is_some() || !(self.exists() || begins) {
            return None;
        }
        let Upkeep { due, .. } = self.upkeep(store, rules, may_renew, head_ms);
        let times = self.times_when_sealed(store, head_ms, due).ok()?;
        Some(store.expires_at(times))
    }

    /// Seals the session as it is now.
    pub(in crate::http) fn seal(
        &mut self,
        store: &SealedStore,
        upkeep: Upkeep,
        head_ms: u64,
        now_ms: u64,
        associated_data: &[u8],
    ) -> Result<Finished, SealError> {
        let times = self.times_when_sealed(store, head_ms, upkeep.due)?;
        let token =
            store.seal_parts(now_ms, times, self.uid, self.user_id(), self.data(), associated_data)?;
        self.times = Some(times);
        if upkeep.reseals {
            telemetry::resealed();
        }
        Ok(Finished { token, expires_at_ms: store.expires_at(times) })
    }

    /// What begins and what is due is counted from when the request arrived, and what was asked for from when it was: so
    /// that a handler reads what is sent, however long it takes.
    fn times_when_sealed(
        &self,
        store: &SealedStore,
        head_ms: u64,
        due: Option<Times>,
    ) -> Result<Times, SealError> {
        match (self.times, self.ttl) {
            (None, Some(Ttl { ttl_ms, from_ms })) => store.begin(from_ms, ttl_ms),
            (None, None) => store.begin(head_ms, 0),
            (Some(times), Some(Ttl { ttl_ms, from_ms })) => {
                Ok(store.renew(times, from_ms, ttl_ms).unwrap_or(times))
            }
            (Some(times), None) => Ok(due.unwrap_or(times)),
        }
    }

    /// The times of a session that is due to be extended, if that is worth a cookie.
    fn renewed(&self, store: &SealedStore, rules: &Rules, now: u64) -> Option<Times> {
        let times = self.times?;
        let expires_at = store.expires_at(times);
        if !rules.renewal.is_due(times, expires_at, now) {
            return None;
        }
        let ttl = times.expires.saturating_sub(times.renewed);
        store.renew(times, now, ttl).filter(|renewed| store.expires_at(*renewed) > expires_at)
    }

    fn reseals(&self, rules: &Rules, now: u64) -> bool {
        match (self.origin, self.times) {
            (Some(origin), Some(times)) => {
                rules.reseal.reseals(origin.key_state, times.renewed, times.expires, now)
            }
            _ => false,
        }
    }

    fn moves(&self) -> bool {
        #[cfg(feature = "dbsc")]
        return self.device.moves();
        #[cfg(not(feature = "dbsc"))]
        false
    }
}
