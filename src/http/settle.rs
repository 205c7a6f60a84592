//! What has to be recorded before a response goes: the session that came is revoked where another takes its place or
//! none, and a login is written down.

use std::task::{Context, Poll};

use http::HeaderValue;

#[cfg(not(feature = "revocation"))]
use super::decide::Decision;
#[cfg(not(feature = "revocation"))]
use super::session::Session;
#[cfg(not(feature = "revocation"))]
use super::state::State;

#[cfg(feature = "revocation")]
mod record;

#[cfg(feature = "revocation")]
pub(super) use record::{Replaced, settle};

/// What a backend has still to say.
pub(super) struct Settling {
    /// The last of them first.
    #[cfg(feature = "revocation")]
    pending: Vec<crate::revocation::Pending<()>>,
    /// The values of `Set-Cookie` by which the session ends on the client at least, should it not be recorded. None
    /// where it goes on.
    pub(super) endings: Vec<HeaderValue>,
}

/// It was not recorded.
pub(super) struct NotRecorded;

impl Settling {
    /// With the values of `Set-Cookie` that go instead, should it not be recorded.
    pub(super) fn or_else(mut self, endings: Vec<HeaderValue>) -> Self {
        self.endings = endings;
        self
    }

    #[cfg(feature = "revocation")]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NotRecorded>> {
        use std::future::Future as _;
        use std::pin::Pin;
        use std::task::ready;

        while let Some(pending) = self.pending.last_mut() {
            if let Err(error) = ready!(Pin::new(pending).poll(cx)) {
                crate::telemetry::web::not_recorded(&error);
                return Poll::Ready(Err(NotRecorded));
            }
            self.pending.pop();
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
