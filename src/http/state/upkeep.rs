//! What a layer does on its own to a session: extending it, sealing it by a newer key. And sealing whatever is sent.

use super::{Act, State, Ttl};
use crate::error::SealError;
use crate::http::decide::{Beside, Caches, Came, Did, Facts, Now, Timing};
use crate::http::settings::{Creation, Rules};
use crate::key::KeyId;
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
    pub(in crate::http) key_id: KeyId,
    pub(in crate::http) expires_at_ms: u64,
}

/// A session that a response brings.
pub(in crate::http) struct Brought {
    pub(in crate::http) store: SealedStore,
    pub(in crate::http) times: Times,
    pub(in crate::http) uid: SessionUid,
    pub(in crate::http) user_id: Option<String>,
}

impl Brought {
    pub(in crate::http) fn has_ended(&self) -> bool {
        self.store.has_ended(self.store.now_ms(), self.times, self.uid, self.user_id.as_deref())
    }
}

impl State {
    /// What is known before anybody has looked at the clock again or at the headers of the answer: as if everything
    /// were in time, and nothing had happened meanwhile.
    pub(in crate::http) fn facts(&self, rules: &Rules, upkeep: Upkeep, counts: bool) -> Facts {
        Facts {
            due: upkeep.due.is_some() || upkeep.reseals || upkeep.moves,
            counts,
            ..self.facts_of(self.deed(), rules)
        }
    }

    /// The same, had the handler stored something now; where nothing counts any more that is nothing.
    pub(in crate::http) fn facts_of_a_change(&self, rules: &Rules) -> Facts {
        let did = if self.invalidated { self.deed() } else { self.deed().then(Act::Changed) };
        self.facts_of(did, rules)
    }

    fn facts_of(&self, did: Did, rules: &Rules) -> Facts {
        Facts {
            came: self.came_at_last(did),
            did,
            nobodys: self.is_nobodys(),
            begins_always: rules.creation == Creation::Always,
            counts: true,
            ended: false,
            went_on: self.went_on(),
            moved: false,
            is_answered: self.is_answered(),
            beside: Beside::Nothing,
            due: false,
            timing: Timing::InTime,
            caches: Caches::Silent,
            sealed: true,
            recorded: true,
        }
    }

    #[cfg(not(feature = "revocation"))]
    fn went_on(&self) -> bool {
        false
    }

    #[cfg(not(feature = "revocation"))]
    fn is_nobodys(&self) -> bool {
        false
    }

    #[cfg(not(feature = "revocation"))]
    fn is_login_revoked(&self, _: &SealedStore) -> bool {
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

    /// Whether what would be sent is over by now: it has run out, or it is a login that was revoked since. Of what came
    /// [`has_ended`](Self::has_ended) tells.
    pub(in crate::http) fn is_over_when_sent(
        &self,
        store: &SealedStore,
        upkeep: Upkeep,
        head_ms: u64,
        now_ms: u64,
    ) -> bool {
        let times = self.times_when_sealed(store, head_ms, upkeep.due);
        times.is_ok_and(|times| store.expires_at(times) <= now_ms) || self.is_login_revoked(store)
    }

    /// The session that the response brings, if its uid is known to anybody.
    pub(in crate::http) fn brought(&self, store: &SealedStore) -> Option<Brought> {
        let user_id = self.user_id().map(str::to_owned);
        Some(Brought { store: store.clone(), times: self.times?, uid: self.uid?, user_id })
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
        let key_id = token.key_id();
        Ok(Finished { token, key_id, expires_at_ms: store.expires_at(times) })
    }

    /// What begins and what is due is counted from when the request arrived, and what was asked for from when it was: so
    /// that a handler reads what is sent, however long it takes.
    pub(super) fn times_when_sealed(
        &self,
        store: &SealedStore,
        head_ms: u64,
        due: Option<Times>,
    ) -> Result<Times, SealError> {
        match (self.times, self.ttl) {
            (None, Some(Ttl { ttl_ms, from_ms })) => store.begin(from_ms, ttl_ms),
            (None, None) => store.begin(head_ms, 0),
            // What had run out by then stays over.
            (Some(times), Some(Ttl { ttl_ms, from_ms })) if from_ms < store.expires_at(times) => {
                Ok(store.renew(times, from_ms, ttl_ms).unwrap_or(times))
            }
            (Some(times), Some(_)) => Ok(times),
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

    /// Whether the answer is about this session alone.
    fn is_answered(&self) -> bool {
        #[cfg(feature = "dbsc")]
        return self.device.newly;
        #[cfg(not(feature = "dbsc"))]
        false
    }

    fn moves(&self) -> bool {
        #[cfg(feature = "dbsc")]
        return self.device.moves();
        #[cfg(not(feature = "dbsc"))]
        false
    }
}
