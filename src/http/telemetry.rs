//! What operators see of sessions in a web server.

use std::error::Error;

use crate::http::decide::{Decision, Facts};

/// What a response does about its session, and the facts that this was decided by.
pub(crate) fn decided(facts: &Facts, decision: &Decision) {
    #[cfg(feature = "tracing")]
    tracing::trace!(
        target: "sealed_session",
        came = ?facts.came,
        logged_out = facts.did.out,
        left_behind = ?facts.did.now,
        nobodys = facts.nobodys,
        begins_always = facts.begins_always,
        counts = facts.counts,
        ended = facts.ended,
        went_on = facts.went_on,
        moved = facts.moved,
        is_answered = facts.is_answered,
        of_device = ?facts.beside,
        due = facts.due,
        timing = ?facts.timing,
        caches = ?facts.caches,
        sealed = facts.sealed,
        recorded = facts.recorded,
        sends = ?decision.send,
        revokes = ?decision.revoke,
        removes_of_device = ?decision.clear,
        says = ?decision.say,
        fails = decision.fail,
        "a response was decided"
    );
    let _ = (facts, decision);
}

/// A session was not saved.
pub(crate) fn not_saved(error: &dyn Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: "sealed_session", error = %error, "a session was not saved; the response is a 500");
    let _ = error;
}

/// An unchanged session was neither extended nor sealed anew.
pub(crate) fn not_extended(error: &dyn Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", error = %error, "a session was not extended");
    let _ = error;
}

/// The old session may live on, so the new one was not given out.
#[cfg(feature = "revocation")]
pub(crate) fn not_recorded(error: &dyn Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: "sealed_session",
        error = %error,
        "a session was not revoked, or a login not written down; the response is a 500"
    );
    let _ = error;
}

/// A session's data is not what a handler takes it for, or cannot be changed as it wants.
#[cfg(feature = "axum")]
pub(crate) fn data_unusable(error: &dyn Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: "sealed_session", error = %error, "a session's data could not be used");
    let _ = error;
}

/// A handler, or the body of a response, changed a session whose response had begun.
pub(crate) fn changed_too_late() {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: "sealed_session",
        "a session was changed after the headers of its response had been sent; the change is lost"
    );
}

/// A handler let caches keep what they must not.
pub(crate) fn kept_out_of_caches() {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "sealed_session",
        "a response changes a session, and its handler let shared caches store it: it goes with private, no-store instead"
    );
}

/// A handler changed a session whose cookie is left in place: the change holds for its request alone.
pub(crate) fn cookie_left_in_place() {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "sealed_session", "a session was changed whose cookie is left in place; nothing is sent");
}

/// A handler changed a session that ended meanwhile.
pub(crate) fn changed_after_end() {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "sealed_session",
        "a session was changed that ended before its response went; the change is lost"
    );
}

/// A layer without `Secure` was built. On stderr too: who runs a server without a subscriber must hear of it.
pub(crate) fn built_for_development() {
    const WARNING: &str = "session cookies are sent without Secure (insecure_for_local_development): requests \
                           for hosts other than this machine will be refused";
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", "{WARNING}");
    eprintln!("sealed-session: {WARNING}");
}

/// Such a layer was asked for another host.
pub(crate) fn refused_in_development() {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: "sealed_session",
        "insecure_for_local_development is on, and a request for another host than this machine, or by way of a \
         proxy, was refused"
    );
}

/// A request lacks what a layer binds sessions to.
pub(crate) fn refused_unbound() {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "sealed_session",
        "a request was refused with 400: bind_to found nothing in it to bind a session to"
    );
}

/// A request lacks what tells whose users it is about.
#[cfg(feature = "revocation")]
pub(crate) fn refused_without_scope() {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", "a request was refused with 400: scope_by found no scope in it");
}

/// A request may be forged.
pub(crate) fn request_refused(reason: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "sealed_session", reason, "request refused");
    let _ = reason;
}

/// A layer is not where it has to be.
pub(crate) fn misplaced(what: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: "sealed_session", "{what}");
    let _ = what;
}
