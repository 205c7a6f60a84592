//! What a response carries of a session: `Set-Cookie`, and what keeps caches from giving it to others.

use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::session::{Phase, Session};
use super::settle::{Settling, settle};
use super::state::{Lost, Outcome};

/// The response to a request whose session could not be saved must not say that all is well.
pub(super) struct NotSaved;

/// Decides what the response carries, once, and ends all changes. What is still to be recorded is on its way.
pub(super) fn finish(
    session: &Session,
    status: StatusCode,
    headers: &mut HeaderMap,
) -> Result<Option<Settling>, NotSaved> {
    let mut phase = session.phase();
    let rules = &session.config().rules;
    let eager = rules.open_unread || rules.creation == super::Creation::Always;
    if matches!(*phase, Phase::Unread) && !eager {
        *phase = Phase::SentUnread;
        return Ok(None);
    }
    let (state, at) = session.opened(&mut phase);
    let at = *at;
    let outcome = state.finish(
        &session.config().store,
        rules,
        status.is_server_error(),
        session.may_renew(),
        session.associated_data(),
    );
    let settling = outcome.as_ref().ok().map(|outcome| settle(session, state, outcome));
    if let Phase::Open(state, _) = std::mem::replace(&mut *phase, Phase::Unread) {
        *phase = Phase::Sent(state, at);
    }
    drop(phase);
    answers_depend_on_the_cookie(headers);
    send(session, outcome, headers)?;
    Ok(settling)
}

fn send(session: &Session, outcome: Result<Outcome, Lost>, headers: &mut HeaderMap) -> Result<(), NotSaved> {
    let (cookies, presented) = (&session.config().cookies, session.presented());
    let values = match outcome {
        Ok(Outcome::Nothing) => return Ok(()),
        Ok(Outcome::Remove) => cookies.remove(&presented),
        Ok(Outcome::Set { id, expires_at_ms }) => {
            let now_ms = session.config().store.now_ms();
            cookies.set(&id, expires_at_ms, now_ms, &presented).map_err(|error| not_saved(&error))?
        }
        Err(Lost { error, change: true }) => return Err(not_saved(&error)),
        Err(Lost { error, change: false }) => {
            not_renewed(&error);
            return Ok(());
        }
    };
    for value in values {
        let mut value = HeaderValue::try_from(value).map_err(|error| not_saved(&error))?;
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
    keep_out_of_caches(headers);
    Ok(())
}

/// A cache must not answer others with what it was told for this session.
fn answers_depend_on_the_cookie(headers: &mut HeaderMap) {
    let named = |value: &HeaderValue| {
        value.as_bytes().split(|&octet| octet == b',').any(|name| {
            let name = name.trim_ascii();
            name == b"*" || name.eq_ignore_ascii_case(b"cookie")
        })
    };
    if !headers.get_all(VARY).iter().any(named) {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// What the handler says of caches counts; if it lets shared ones store a cookie, operators hear of it.
fn keep_out_of_caches(headers: &mut HeaderMap) {
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return;
    }
    let said = |directives: &[&str]| {
        headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).any(|value| {
            value
                .split(',')
                .map(|directive| directive.split('=').next().unwrap_or_default().trim())
                .any(|name| directives.iter().any(|directive| name.eq_ignore_ascii_case(directive)))
        })
    };
    if said(&["public", "s-maxage"]) && !said(&["no-store", "private"]) {
        #[cfg(feature = "tracing")]
        tracing::warn!(
            target: "sealed_session",
            "a response with a session's cookie lets shared caches store it, by its own Cache-Control"
        );
    }
}

/// A handler, or the body of a response, changed a session whose response had begun.
pub(super) fn too_late() {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: "sealed_session",
        "a session was changed after the headers of its response had been sent; the change is lost"
    );
}

fn not_saved(error: &dyn std::error::Error) -> NotSaved {
    #[cfg(feature = "tracing")]
    tracing::error!(target: "sealed_session", error = %error, "a session was not saved; the response is a 500");
    let _ = error;
    NotSaved
}

fn not_renewed(error: &dyn std::error::Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", error = %error, "a session was not extended");
    let _ = error;
}

/// The old session may live on, so the new one is not given out.
#[cfg(feature = "revocation")]
pub(super) fn not_recorded(error: &dyn std::error::Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: "sealed_session",
        error = %error,
        "a session was not revoked, or a login not written down; the response is a 500"
    );
    let _ = error;
}
