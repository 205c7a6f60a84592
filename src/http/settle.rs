//! What has to be recorded before a response goes: the session that came is revoked where another takes its place, and
//! a login is written down.

use std::task::{Context, Poll};

#[cfg(not(feature = "revocation"))]
use super::session::Session;
#[cfg(not(feature = "revocation"))]
use super::state::{Outcome, State};

#[cfg(feature = "revocation")]
mod record;

#[cfg(feature = "revocation")]
pub(super) use record::{Replaced, settle};

/// What a backend has still to say.
pub(super) struct Settling {
    #[cfg(feature = "revocation")]
    pending: Option<crate::revocation::Pending<()>>,
}

/// It was not recorded.
pub(super) struct NotRecorded;

impl Settling {
    #[cfg(feature = "revocation")]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NotRecorded>> {
        use std::future::Future as _;
        use std::pin::Pin;

        let Some(pending) = &mut self.pending else { return Poll::Ready(Ok(())) };
        Pin::new(pending).poll(cx).map_err(|error| {
            super::reply::not_recorded(&error);
            NotRecorded
        })
    }

    /// Without revocations there is nothing to wait for.
    #[cfg(not(feature = "revocation"))]
    pub(super) fn poll(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotRecorded>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(not(feature = "revocation"))]
pub(super) fn settle(_: &Session, _: &mut State, _: &Outcome) -> Settling {
    Settling {}
}
