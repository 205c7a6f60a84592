//! With revocations, and perhaps a registry.

use super::Settling;
use crate::http::presented::id_of;
use crate::http::session::Session;
use crate::http::state::{Outcome, State};
use crate::revocation::{Ended, Pending, SessionInfo};

/// The session that came with a request, when another takes its place or none.
pub(in crate::http) type Replaced = Ended;

/// Sends off what has to be recorded about a session whose response is decided.
///
/// A change that is not sent (a server error) ends nothing: the client goes on with the cookie it has.
pub(in crate::http) fn settle(session: &Session, state: &mut State, outcome: &Outcome) -> Option<Settling> {
    let config = session.config();
    let ended = state.take_replaced().filter(|_| !outcome.is_nothing());
    let pending = match &config.registry {
        Some(registry) => {
            let began = began(session, state, outcome, ended.is_some());
            if began.is_none() && ended.is_none() {
                note_use(session, state);
            }
            (began.is_some() || ended.is_some()).then(|| registry.settle(ended, began))
        }
        None => ended.filter(|_| config.store.revocations().is_some()).map(|ended| revoke(session, ended)),
    };
    let mut pending: Vec<_> = pending.into_iter().collect();
    if state.is_logged_out() && !state.came() && !outcome.is_nothing() {
        pending.extend(revoke_what_did_not_open(session));
    }
    #[cfg(feature = "dbsc")]
    pending.extend(revoke_forms(session, state, outcome));
    (!pending.is_empty()).then(|| Settling { pending, endings: Vec::new() })
}

/// A logout with a cookie that has expired, or with several of different sessions: copies of them that were touched
/// may be valid.
fn revoke_what_did_not_open(session: &Session) -> Vec<Pending<()>> {
    let store = &session.config().store;
    if store.revocations().is_none() {
        return Vec::new();
    }
    let presented = session.presented();
    let revoke = |token| store.revoke_with(&id_of(token), session.associated_data());
    let pending = presented.tokens().map(revoke);
    #[cfg(feature = "dbsc")]
    let pending =
        pending.chain(session.config().device.iter().flat_map(|device| device.revoke_presented(session)));
    pending.collect()
}

/// A session that has moved to a bound cookie, of which copies of the ordinary one are of no more use; or one that has
/// left its device.
#[cfg(feature = "dbsc")]
fn revoke_forms(session: &Session, state: &State, outcome: &Outcome) -> Vec<Pending<()>> {
    use crate::http::device::{left_form, unbound_form};

    let store = &session.config().store;
    if store.revocations().is_none() || outcome.is_nothing() {
        return Vec::new();
    }
    let moved = state.uid().filter(|_| state.device.is_newly_bound()).map(unbound_form);
    let left = state.device.left().map(|binding| left_form(&binding));
    moved.into_iter().chain(left).map(|form| store.revoke_session(form, store.now_ms())).collect()
}

fn revoke(session: &Session, ended: Ended) -> Pending<()> {
    session.config().store.revoke_session(ended.uid, ended.created_at_ms)
}

/// A user's session that this response begins: at a login, or under a new uid.
fn began(session: &Session, state: &State, outcome: &Outcome, replaces: bool) -> Option<SessionInfo> {
    let Outcome::Set { expires_at_ms, .. } = outcome else { return None };
    if state.came() && !replaces {
        return None;
    }
    Some(SessionInfo {
        user_id: state.user_id()?.to_owned(),
        uid: state.uid()?,
        created_at_ms: state.created_at_ms()?,
        last_seen_at_ms: session.config().store.now_ms(),
        expires_at_ms: *expires_at_ms,
        label: session.label().to_owned(),
    })
}

/// Nobody waits for this, and nothing is lost if it fails.
fn note_use(session: &Session, state: &State) {
    let config = session.config();
    if let (Some(registry), true, Some(user_id), Some(uid)) =
        (&config.registry, state.came(), state.user_id(), state.uid())
    {
        let expires_at_ms = state.expires_at(&config.store).unwrap_or_default();
        drop(registry.seen(user_id, uid, expires_at_ms));
    }
}

impl State {
    /// The first time counts: later ones speak of a session that no client has.
    pub(in crate::http) fn remember_what_is_replaced(&mut self) {
        if let (None, true, Some(uid), Some(created_at_ms)) =
            (self.replaced(), self.came(), self.uid(), self.created_at_ms())
        {
            let user_id = self.user_id().map(str::to_owned);
            self.set_replaced(Ended { user_id, uid, created_at_ms });
        }
    }
}
