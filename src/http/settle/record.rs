//! With revocations, and perhaps a registry.

use super::{Settling, Waiting};
use crate::http::decide::{Decision, Revoke, Send};
use crate::http::presented::id_of;
use crate::http::session::Session;
use crate::http::state::State;
use crate::revocation::{BackendError, Ended, Pending, Registry, SessionInfo};

/// The session that came with a request, when another takes its place or none.
pub(in crate::http) type Replaced = Ended;

/// Sends off what has to be recorded about a session whose response is decided, and sends a session that expires then
/// or none.
pub(in crate::http) fn settle(
    session: &Session,
    state: &mut State,
    decision: &Decision,
    expires_at_ms: Option<u64>,
) -> Option<Settling> {
    let on_list = decision.revoke == Revoke::OnList;
    let ended = state.take_replaced().filter(|_| on_list);
    let goes_on_as = state.uid().filter(|_| state.is_cycled());
    let pending = match session.listed_in() {
        Some(registry) => {
            let began = began(session, state, expires_at_ms, ended.is_some());
            if began.is_none() && ended.is_none() {
                note_use(session, registry, state);
            }
            (began.is_some() || ended.is_some()).then(|| registry.settle(ended, goes_on_as, began))
        }
        None => ended
            .filter(|_| session.sealed_store().revocations().is_some())
            .map(|ended| session.sealed_store().end(ended, goes_on_as)),
    };
    let mut begins = state.take_begins();
    begins.retain(|_| decision.send == Send::Session);
    let mut pending: Vec<_> = pending.into_iter().collect();
    if on_list && !state.came() {
        let unjudged = if state.is_logged_out() { Unjudged::Fails } else { Unjudged::Passes };
        pending.extend(revoke_what_did_not_open(session, unjudged));
    }
    #[cfg(feature = "dbsc")]
    pending.extend(revoke_left(session, state, decision));
    let unasked = end_ordinary_form(session, state);
    let is_settled = pending.is_empty() && unasked.is_none() && begins.is_empty();
    (!is_settled).then(|| Settling { pending, unasked, begins, waiting: Waiting::default() })
}

/// What becomes of a cookie that cannot be judged now, whose session may live on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Unjudged {
    /// At a logout: it fails.
    Fails,
    /// At a login: it takes the place of those that can.
    Passes,
}

impl Unjudged {
    pub(in crate::http) fn of(self, revoked: Result<Pending<()>, BackendError>) -> Option<Pending<()>> {
        match revoked {
            Ok(pending) => Some(pending),
            Err(error) => (self == Self::Fails).then(|| Pending::done(Err(error))),
        }
    }
}

/// A logout or a login with a cookie that has expired, or with several of different sessions: copies of them that were
/// touched may be valid.
fn revoke_what_did_not_open(session: &Session, unjudged: Unjudged) -> Vec<Pending<()>> {
    let store = session.sealed_store();
    if store.revocations().is_none() {
        return Vec::new();
    }
    let presented = session.presented();
    let Some(tokens) = presented.tokens_to_end() else {
        let error = "more cookies of the session's name came than a logout ends";
        return Vec::from_iter(unjudged.of(Err(BackendError::new(error))));
    };
    let revoke = |token| unjudged.of(store.revoke_of_user(&id_of(token), session.associated_data()));
    let pending = tokens.filter_map(revoke);
    #[cfg(feature = "dbsc")]
    let pending = pending
        .chain(session.config().device.iter().flat_map(|device| device.revoke_presented(session, unjudged)));
    pending.collect()
}

/// The device that a session has left: a user's, as all that are bound.
#[cfg(feature = "dbsc")]
fn revoke_left(session: &Session, state: &State, decision: &Decision) -> Option<Pending<()>> {
    use crate::http::device::{left_form, revoke_forms};

    let left = state.device.left().filter(|_| decision.revoke != Revoke::No)?;
    let store = session.sealed_store();
    store.revocations().map(|_| revoke_forms(store, vec![left_form(&left)]))
}

/// A session that has moved to its bound cookie: copies of the ordinary one are of no more use.
fn end_ordinary_form(session: &Session, state: &State) -> Option<Pending<()>> {
    #[cfg(feature = "dbsc")]
    if let Some(device) = &session.config().device {
        return device.end_ordinary_form(session, state);
    }
    let _ = (session, state);
    None
}

/// A user's session that this response begins: at a login, or under a new uid.
fn began(
    session: &Session,
    state: &State,
    expires_at_ms: Option<u64>,
    replaces: bool,
) -> Option<SessionInfo> {
    let expires_at_ms = expires_at_ms?;
    if state.came() && !replaces {
        return None;
    }
    Some(SessionInfo {
        user_id: state.user_id()?.to_owned(),
        uid: state.uid()?,
        created_at_ms: state.times()?.created,
        last_seen_at_ms: session.sealed_store().now_ms(),
        expires_at_ms,
        label: session.label().to_owned(),
    })
}

/// Nobody waits for this, and nothing is lost if it fails. What an answer does not bring, such as a login that goes with a
/// server error, is on no list.
fn note_use(session: &Session, registry: &Registry, state: &State) {
    let (Some(user_id), Some(uid), Some(times)) = (state.user_id(), state.uid_that_goes_on(), state.times())
    else {
        return;
    };
    registry.seen(SessionInfo {
        user_id: user_id.to_owned(),
        uid,
        created_at_ms: times.created,
        last_seen_at_ms: session.head_ms(),
        expires_at_ms: session.expires_at_ms(state).unwrap_or_default(),
        label: session.label().to_owned(),
    });
}
