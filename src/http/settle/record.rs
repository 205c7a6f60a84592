//! With revocations, and perhaps a registry.

use super::{Settling, Waiting};
use crate::http::carrier::Unjudged;
use crate::http::decide::{Decision, Revoke, Send};
use crate::http::handle::Session;
use crate::http::presented::id_of;
use crate::http::state::State;
use crate::registry::{Registry, SessionInfo};
use crate::revocation::{GoesOn, Pending};
use crate::uid::SessionUid;

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
    let replaces = ended.is_some();
    let asked = state.take_asked_to_end().filter(|_| replaces);
    let ended = ended.filter(|_| asked.is_none());
    let goes_on = match state.uid() {
        Some(uid) if state.is_cycled() => GoesOn::As(uid),
        _ if state.is_logged_out() => GoesOn::Nowhere,
        // The answer to another request may bring a session that goes on, and then the last of them counts.
        _ => GoesOn::AsRecorded,
    };
    let pending = match session.listed_in() {
        Some(registry) => {
            let began = began(session, state, expires_at_ms, replaces);
            if began.is_none() && !replaces {
                note_use(session, registry, state);
            }
            (began.is_some() || ended.is_some()).then(|| registry.settle(ended, goes_on, began))
        }
        None => ended
            .filter(|_| session.sealed_store().revocations().is_some())
            .map(|ended| session.sealed_store().end(ended, goes_on)),
    };
    let mut begins = state.take_begins();
    begins.retain(|_| decision.send == Send::Session);
    let mut pending: Vec<_> = asked.into_iter().chain(pending).collect();
    // What a visitor's own session ends is written down nowhere; that of a user in another cookie is.
    if on_list || (decision.revoke == Revoke::OnClient && state.is_ended()) {
        let unjudged = if state.is_logged_out() { Unjudged::Fails } else { Unjudged::Passes };
        pending.extend(revoke_others_that_came(session, state, unjudged));
    }
    let (request, carrier) = (session.request(), session.carrier());
    pending.extend(carrier.revoke_left(request, state, decision));
    // What ends needs no form to end. It does not where the answer does not count.
    let ends = on_list && state.is_ended();
    let unasked = if ends { None } else { carrier.end_ordinary_form(request, state) };
    let is_settled = pending.is_empty() && unasked.is_none() && begins.is_empty();
    (!is_settled).then(|| Settling { pending, unasked, begins, waiting: Waiting::default() })
}

/// What the response takes away besides the session that came: what other cookies bring, or all of them where none came,
/// as with one that has expired or with several of different sessions. Copies of them that were touched may be valid.
fn revoke_others_that_came(session: &Session, state: &State, unjudged: Unjudged) -> Vec<Pending<()>> {
    if session.sealed_store().revocations().is_none() {
        return Vec::new();
    }
    let mut pending = Vec::new();
    let is_alone = state.came() && !came_bound(state) && session.presented().is_one();
    if !is_alone {
        pending.extend(revoke_ordinary(session, state.came_uid(), unjudged));
    }
    if state.is_ended() && !came_bound(state) {
        pending.extend(session.carrier().revoke_presented(session.request(), unjudged));
    }
    pending
}

/// Every session in a cookie of the session's name, but for the spared one.
fn revoke_ordinary(session: &Session, spared: Option<SessionUid>, unjudged: Unjudged) -> Vec<Pending<()>> {
    let presented = session.presented();
    let Some(tokens) = presented.tokens_to_end() else { return Vec::from_iter(unjudged.too_many()) };
    let revoke = |token| {
        let store = session.sealed_store();
        unjudged.of(store.revoke_of_user(
            &id_of(token),
            session.associated_data(),
            spared,
            unjudged.goes_on(),
        ))
    };
    tokens.filter_map(revoke).collect()
}

/// Whether the session came in a cookie that is bound to a device.
fn came_bound(state: &State) -> bool {
    #[cfg(feature = "dbsc")]
    return state.device.came_bound();
    #[cfg(not(feature = "dbsc"))]
    {
        let _ = state;
        false
    }
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
