//! What the middleware around actix-session's, and the store behind it, know of one request.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use actix_session::SessionStatus;
use actix_web::http::StatusCode;
use sealed_session::{OpenedSession, SessionId, SessionUid};

tokio::task_local! {
    static VISIT: Rc<Visit>;
}

/// What an answer does about the session's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What the middleware of actix-session does.
    AsStored,
    /// The same, and in place of every session that came: all of these are revoked.
    Replaced,
    /// Nothing is stored, revoked or sent.
    Withheld,
    /// The session is revoked, and the cookie removed.
    Ended,
}

/// What becomes of the session. A session is ended whatever the answer says; a login or a change that was answered
/// with an error does not count; and a mere change neither decides between two sessions that came, nor replaces one
/// that the browser held back.
///
/// | The handler | Answered with | Sessions that came or were held back | Outcome |
/// |---|---|---|---|
/// | purged | anything | any | ended |
/// | renewed, changed or read | 408 or 5xx | any | withheld |
/// | renewed | anything else | any | as stored, and what came is revoked |
/// | changed or read | anything else | different ones, or one held back | withheld |
/// | changed or read | anything else | one or none | as stored |
fn outcome(status: &SessionStatus, answer: StatusCode, untold: bool) -> Outcome {
    let failed = answer.is_server_error() || answer == StatusCode::REQUEST_TIMEOUT;
    match (status, failed, untold) {
        (SessionStatus::Purged, ..) => Outcome::Ended,
        (_, true, _) => Outcome::Withheld,
        (SessionStatus::Renewed, false, _) => Outcome::Replaced,
        (_, false, true) => Outcome::Withheld,
        (_, false, false) => Outcome::AsStored,
    }
}

/// A request on its way through the middleware.
#[derive(Debug)]
pub(crate) struct Visit {
    untold: bool,
    /// The handler has changed nothing, and the session is only to be extended.
    renewal: Cell<bool>,
    outcome: Cell<Outcome>,
    /// The session that was found, if any was.
    found: RefCell<Option<FoundSession>>,
}

/// A session that has been opened for the request, and what is known of it even if its key opens nothing any more.
#[derive(Debug, Clone)]
pub(crate) struct FoundSession {
    pub(crate) id: SessionId,
    pub(crate) uid: SessionUid,
    pub(crate) created_at_ms: u64,
}

impl Visit {
    /// A request whose sessions cannot be told: of several none may be chosen, or the browser held one back.
    pub(crate) fn new(untold: bool) -> Rc<Self> {
        Rc::new(Self {
            untold,
            renewal: Cell::new(false),
            outcome: Cell::new(Outcome::AsStored),
            found: RefCell::default(),
        })
    }

    /// Runs what the request goes through next, with this visit at hand.
    pub(crate) fn around<F: Future>(self: Rc<Self>, next: F) -> impl Future<Output = F::Output> {
        VISIT.scope(self, next)
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome.get()
    }

    pub(crate) fn found(&self) -> Option<FoundSession> {
        self.found.borrow().clone()
    }
}

/// Notes which session was found.
pub(crate) fn find(id: SessionId, session: &OpenedSession) {
    let (uid, created_at_ms) = (session.uid(), session.record().created_at_ms);
    let found = FoundSession { id, uid, created_at_ms };
    let _ = VISIT.try_with(|visit| visit.found.replace(Some(found)));
}

/// The session that was found for the request that is being answered.
pub(crate) fn found() -> Option<FoundSession> {
    VISIT.try_with(|visit| visit.found()).ok().flatten()
}

/// Decides, when the handler is done.
pub(crate) fn decide(status: &SessionStatus, answer: StatusCode) {
    // Outside a visit there is nothing to decide for.
    let _ = VISIT.try_with(|visit| visit.outcome.set(outcome(status, answer, visit.untold)));
}

/// Notes that what is stored next only extends the session.
pub(crate) fn only_renews() {
    let _ = VISIT.try_with(|visit| visit.renewal.set(true));
}

/// Gives up a mere extension: nothing is sent. Whether it was one.
pub(crate) fn give_up_renewal() -> bool {
    let give_up = |visit: &Rc<Visit>| {
        if visit.renewal.get() {
            visit.outcome.set(Outcome::Withheld);
        }
        visit.renewal.get()
    };
    VISIT.try_with(give_up).unwrap_or(false)
}

/// What was decided for the request that is being answered; nothing outside of our own middleware.
pub(crate) fn decided() -> Option<Outcome> {
    VISIT.try_with(|visit| visit.outcome.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUSES: [SessionStatus; 4] =
        [SessionStatus::Unchanged, SessionStatus::Changed, SessionStatus::Renewed, SessionStatus::Purged];

    #[test]
    fn a_purge_always_ends_sessions_and_a_login_replaces_them_where_it_counts() {
        for status in STATUSES {
            for (answer, untold) in
                [200, 303, 403, 408, 500, 503].into_iter().flat_map(|a| [(a, false), (a, true)])
            {
                let outcome = outcome(&status, StatusCode::from_u16(answer).unwrap(), untold);
                let purged = status == SessionStatus::Purged;
                assert_eq!(outcome == Outcome::Ended, purged, "{status:?} {answer} {untold}");
                let failed = answer == 408 || answer >= 500;
                let login = status == SessionStatus::Renewed;
                let replaces = login && !failed;
                assert_eq!(outcome == Outcome::Replaced, replaces, "{status:?} {answer} {untold}");
                let as_stored = !(purged || login || failed || untold);
                assert_eq!(outcome == Outcome::AsStored, as_stored, "{status:?} {answer} {untold}");
            }
        }
    }
}
