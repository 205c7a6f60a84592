//! What a response does about its session.

use super::{Came, Rules, State};
use crate::error::SealError;
use crate::http::settings::Creation;
use crate::record::Times;
use crate::store::SealedStore;
use crate::telemetry;
use crate::token::Sealed;

/// What a response carries.
pub(in crate::http) enum Outcome {
    Nothing,
    Set { token: Sealed, expires_at_ms: u64, now_ms: u64 },
    Remove,
}

#[cfg(feature = "revocation")]
impl Outcome {
    pub(in crate::http) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// A session that cannot be sealed.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct Lost {
    pub(in crate::http) error: SealError,
    /// A change that the handler made, not only a renewal.
    pub(in crate::http) change: bool,
}

/// What a layer does on its own to a session that it seals.
struct Upkeep {
    /// The times that extend it.
    due: Option<Times>,
    /// Another key seals it.
    reseals: bool,
}

impl State {
    /// What the response carries, and the end of all changes.
    pub(in crate::http) fn finish(
        &mut self,
        store: &SealedStore,
        rules: &Rules,
        is_server_error: bool,
        may_renew: bool,
        associated_data: &[u8],
    ) -> Result<Outcome, Lost> {
        if rules.creation == Creation::Always && !self.ended && !self.exists() && !self.keeps_what_came() {
            (self.wanted, self.changed) = (true, true);
        }
        if self.invalidated || !self.exists() {
            return Ok(self.removal());
        }
        if is_server_error && !rules.save_on_server_error {
            return Ok(Outcome::Nothing);
        }
        // What is changed now, the browser would keep beside the session that has moved.
        #[cfg(feature = "dbsc")]
        if self.device.has_moved() {
            if self.changed {
                telemetry::dbsc::changed_after_moving();
            }
            return Ok(Outcome::Nothing);
        }
        let now = self.time(store);
        let Some(Upkeep { due, reseals }) = self.upkeep(store, rules, may_renew, now) else {
            return Ok(Outcome::Nothing);
        };
        let sealed = self.times_when_sealed(store, now, due).and_then(|times| {
            let seal_at =
                |at| store.seal_parts(at, times, self.uid, self.user_id(), self.data(), associated_data);
            let token = match seal_at(now) {
                // A ring that was put in place meanwhile need not have a key for the time of opening.
                Err(SealError::NoSealingKey) => seal_at(store.now_ms()),
                sealed => sealed,
            }?;
            self.times = Some(times);
            Ok(Outcome::Set { token, expires_at_ms: store.expires_at(times), now_ms: now })
        });
        if reseals && sealed.is_ok() {
            telemetry::resealed();
        }
        sealed.map_err(|error| Lost { error, change: self.changed })
    }

    /// The time that counts for the response. One look at the clock is enough for a session that was opened, unless its
    /// life is counted from when the handler said so.
    fn time(&self, store: &SealedStore) -> u64 {
        match (self.opened_ms, self.times, self.ttl_ms) {
            (Some(opened_ms), Some(_), None) => opened_ms,
            _ => store.now_ms(),
        }
    }

    /// There is none, or none any more: what came is removed, unless it may be good for another server.
    fn removal(&self) -> Outcome {
        match self.came {
            Came::Nothing => Outcome::Nothing,
            // A login or a new uid revokes what it replaces, and its response may bring the client another cookie
            // before this one does: to remove that would log the user out.
            Came::Refused { revoked: true, .. } if !self.ended => Outcome::Nothing,
            _ if self.keeps_what_came() && !self.ended => Outcome::Nothing,
            _ => Outcome::Remove,
        }
    }

    /// Why the session is to be sealed, apart from what has changed; nothing for an unchanged one that is as new as
    /// it has to be.
    fn upkeep(&self, store: &SealedStore, rules: &Rules, may_renew: bool, now: u64) -> Option<Upkeep> {
        let due = self.renewed(store, rules, now).filter(|_| may_renew || self.changed);
        let reseals = may_renew && self.reseals(rules, now);
        (self.changed || due.is_some() || reseals).then_some(Upkeep { due, reseals })
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
        match (self.came, self.times) {
            (Came::Session(state), Some(times)) => {
                rules.reseal.reseals(state, times.renewed, times.expires, now)
            }
            _ => false,
        }
    }
}
