//! What has to be recorded before a response goes: the session that came is revoked where another takes its place or
//! none, and a login is written down.

use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue};

#[cfg(not(feature = "revocation"))]
use super::decide::Decision;
use super::decide::{Facts, decide};
#[cfg(not(feature = "revocation"))]
use super::handle::Session;
use super::state::Brought;
#[cfg(not(feature = "revocation"))]
use super::state::State;
use super::telemetry;
use crate::key::KeyId;
use crate::store::SealedStore;
use crate::store::withdrawn::have_withdrawn;

#[cfg(feature = "revocation")]
mod record;

#[cfg(feature = "revocation")]
pub(super) use record::settle;

/// What a backend has still to say, and what waits for it.
pub(super) struct Settling {
    /// The last of them first.
    #[cfg(feature = "revocation")]
    pending: Vec<crate::revocation::Pending<()>>,
    /// What no handler asked for: the answer waits for it, and goes whatever comes of it.
    #[cfg(feature = "revocation")]
    unasked: Option<crate::revocation::Pending<()>>,
    /// Logins. If the backend does not answer, what was last known counts.
    #[cfg(feature = "revocation")]
    begins: Vec<crate::revocation::Pending<()>>,
    waiting: Waiting,
}

/// The values of `Set-Cookie` that go once it is known whether it was recorded.
#[derive(Default)]
pub(super) struct Waiting {
    /// If so.
    pub(super) cookies: Vec<HeaderValue>,
    /// What else goes with them.
    pub(super) beside: HeaderMap,
    /// The session that they bring, which may have ended meanwhile.
    pub(super) session: Option<Brought>,
    /// The keys that have to open still.
    pub(super) keys: Keys,
    /// If it has: what the handler has logged out is removed all the same.
    pub(super) without: Vec<HeaderValue>,
    /// And the answer is none then.
    pub(super) fails_without: bool,
    /// If not: the session ends on the client at least. None where it goes on.
    pub(super) endings: Vec<HeaderValue>,
    /// What counts then.
    pub(super) unrecorded: Option<Facts>,
}

/// Those that a session came by and was sealed by, and the stores that have them: it counts only as long as they do.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) ids: [Option<KeyId>; 2],
    pub(super) stores: [Option<SealedStore>; 2],
}

impl Keys {
    fn are_withdrawn(&self) -> bool {
        let stores = || self.stores.iter().flatten();
        stores().next().is_some_and(|store| {
            let now_ms = store.now_ms();
            self.ids.iter().flatten().any(|id| have_withdrawn(stores(), *id, now_ms))
        })
    }
}

/// What goes with an answer that has waited.
pub(super) struct Goes {
    pub(super) cookies: Vec<HeaderValue>,
    /// Other headers.
    pub(super) beside: HeaderMap,
    /// Whether the answer itself goes, or an error in its place.
    pub(super) is_answer: bool,
}

/// It was not recorded.
pub(super) struct NotRecorded;

impl Settling {
    /// With what waits for it.
    pub(super) fn then(mut self, waiting: Waiting) -> Self {
        self.waiting = waiting;
        self
    }

    /// What goes by now, once that is known.
    pub(super) fn goes(&mut self, recorded: bool) -> Goes {
        let waiting = std::mem::take(&mut self.waiting);
        let Waiting { cookies, beside, session, keys, without, endings, unrecorded, .. } = waiting;
        if let (Some(facts), false) = (unrecorded, recorded) {
            telemetry::decided(&facts, &decide(&facts));
        }
        let has_ended = session.as_ref().is_some_and(Brought::has_ended) || keys.are_withdrawn();
        let instead = match recorded {
            true if has_ended => {
                telemetry::changed_after_end();
                without
            }
            true => return Goes { cookies, beside, is_answer: true },
            false => endings,
        };
        Goes { cookies: instead, beside: HeaderMap::new(), is_answer: recorded && !waiting.fails_without }
    }

    #[cfg(feature = "revocation")]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NotRecorded>> {
        use std::future::Future as _;
        use std::pin::Pin;
        use std::task::ready;

        while let Some(pending) = self.pending.last_mut() {
            if let Err(error) = ready!(Pin::new(pending).poll(cx)) {
                telemetry::not_recorded(&error);
                return Poll::Ready(Err(NotRecorded));
            }
            self.pending.pop();
        }
        if let Some(unasked) = &mut self.unasked {
            if let Err(error) = ready!(Pin::new(unasked).poll(cx)) {
                #[cfg(feature = "dbsc")]
                crate::dbsc::telemetry::not_ended(&error);
                let _ = error;
            }
            self.unasked = None;
        }
        while let Some(begun) = self.begins.last_mut() {
            if let Err(error) = ready!(Pin::new(begun).poll(cx))
                && self.waiting.session.as_ref().is_some_and(Brought::has_ended)
            {
                telemetry::not_recorded(&error);
                return Poll::Ready(Err(NotRecorded));
            }
            self.begins.pop();
        }
        Poll::Ready(Ok(()))
    }

    /// Without revocations there is nothing to wait for.
    #[cfg(not(feature = "revocation"))]
    pub(super) fn poll(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotRecorded>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(not(feature = "revocation"))]
pub(super) fn settle(_: &Session, _: &mut State, _: &Decision, _: Option<u64>) -> Option<Settling> {
    None
}
