//! What lists of revocations and of users' sessions have to do with the session of a request.

use super::{Act, Now, State, Ttl};
use crate::record::Times;
use crate::revocation::{Ended, Pending};
use crate::store::SealedStore;
use crate::uid::SessionUid;

impl State {
    /// The times of a session that there is.
    pub(in crate::http) fn times(&self) -> Option<Times> {
        self.times
    }

    /// The uid that the session came with, and when it was created.
    #[cfg(feature = "dbsc")]
    pub(in crate::http) fn came_as(&self) -> Option<(SessionUid, u64)> {
        self.origin.map(|origin| (origin.uid, origin.times.created))
    }

    /// The uid by which servers know the session: one that is cycled in this request has a uid that nobody knows yet.
    pub(in crate::http) fn known_uid(&self) -> Option<SessionUid> {
        match (self.did.now, self.origin) {
            (Now::Cycled, Some(origin)) => Some(origin.uid),
            _ => self.uid,
        }
    }

    /// The uid of what came, unless something else has taken its place, which no client may have yet.
    pub(in crate::http) fn uid_that_goes_on(&self) -> Option<SessionUid> {
        self.known_uid().filter(|uid| self.origin.is_some_and(|origin| origin.uid == *uid))
    }

    /// Whether the session that came goes on under another uid.
    pub(in crate::http) fn is_cycled(&self) -> bool {
        !self.did.out && self.did.now == Now::Cycled
    }

    /// Whether the session as it stands is known as revoked by now. One that has expired since the request's head arrived
    /// can still end others.
    pub(in crate::http) fn is_revoked(&self, store: &SealedStore) -> bool {
        if self.did.now == Now::LoggedIn && !self.begins.is_empty() {
            return false;
        }
        let session = self.times.zip(self.known_uid());
        session.is_some_and(|(times, uid)| store.is_revoked(times, uid, self.user_id()))
    }

    /// Whether the session that a login of this request began is known as revoked by now. What was revoked before it
    /// began is known only when that was recorded.
    pub(super) fn is_login_revoked(&self, store: &SealedStore) -> bool {
        match (self.did.now, self.times, self.uid) {
            (Now::LoggedIn, Some(times), Some(uid)) if self.begins.iter().all(Pending::is_done) => {
                store.is_revoked(times, uid, self.user_id())
            }
            _ => false,
        }
    }

    /// Whether what came has ended though no handler asked for a logout: with all others of its user, to go on or to let a
    /// login of this request go on.
    pub(super) fn went_on(&self) -> bool {
        self.did.out && !self.is_logged_out()
    }

    /// Whether what came was nobody's, and what is there now is nobody's either.
    pub(super) fn is_nobodys(&self) -> bool {
        let was = self.replaced.as_ref().map_or(self.user_id(), |replaced| replaced.user_id.as_deref());
        self.came() && was.is_none() && self.user_id().is_none()
    }

    /// A login is on its way to the backend of revocations: the answer waits for it.
    pub(in crate::http) fn begins(&mut self, begun: Pending<()>) {
        self.begins.push(begun);
    }

    pub(in crate::http) fn take_begins(&mut self) -> Vec<Pending<()>> {
        std::mem::take(&mut self.begins)
    }

    /// What came has ended, and something else has become of it meanwhile.
    pub(in crate::http) fn end_what_came(&mut self) {
        self.remember_what_is_replaced();
        self.act(Act::Ended);
    }

    /// The session goes on under this uid, and what came has ended with all others of its user. Its absolute lifetime
    /// goes on as well.
    pub(in crate::http) fn go_on_as(&mut self, store: &SealedStore, uid: SessionUid, now_ms: u64) {
        let Some(times) = self.times else { return };
        let ttl_ms = self.ttl.map_or_else(|| times.expires.saturating_sub(times.renewed), |ttl| ttl.ttl_ms);
        let is_what_came = self.goes_on || self.did.now != Now::LoggedIn;
        self.remember_what_is_replaced();
        // A login beside a cookie that was left in place ended nothing that came.
        if self.came() || is_what_came {
            self.act(Act::LoggedOut);
        }
        self.times = Some(store.renew(times, now_ms, ttl_ms).unwrap_or(times));
        (self.uid, self.goes_on) = (Some(uid), is_what_came);
        self.ttl = self.ttl.map(|ttl| Ttl { from_ms: now_ms, ..ttl });
        self.act(Act::LoggedIn);
        #[cfg(feature = "dbsc")]
        self.device.begin_anew();
    }

    /// The first time counts: later ones speak of a session that no client has.
    pub(super) fn remember_what_is_replaced(&mut self) {
        if let (None, Some(origin)) = (&self.replaced, self.origin) {
            self.replaced = Some(Ended {
                user_id: self.user_id().map(str::to_owned),
                uid: origin.uid,
                created_at_ms: origin.times.created,
            });
        }
    }

    /// What came, where that is a user's, and its end is still to be asked for.
    pub(in crate::http) fn to_be_ended(&self) -> Option<Ended> {
        let origin = self.origin.filter(|_| self.replaced.is_none() && self.asked_to_end.is_none())?;
        let user_id = Some(self.user_id()?.to_owned());
        Some(Ended { user_id, uid: origin.uid, created_at_ms: origin.times.created })
    }

    pub(in crate::http) fn asked_to_end(&mut self, asked: Pending<()>) {
        self.asked_to_end = Some(asked);
    }

    pub(in crate::http) fn take_asked_to_end(&mut self) -> Option<Pending<()>> {
        self.asked_to_end.take()
    }

    pub(in crate::http) fn take_replaced(&mut self) -> Option<Ended> {
        self.replaced.take()
    }
}
