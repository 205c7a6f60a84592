//! Where the session of a request is opened from, and where a change of it goes.
//!
//! [`Plain`] is a cookie. Another carrier has more cookies of its own beside that one, and says what they come to: the
//! one of `device` binds sessions to devices.

use std::any::Any;
use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

use super::cookie::CookiePolicy;
use super::decide::{Beside, Decision};
#[cfg(feature = "dbsc")]
use super::device_state::Brought;
use super::request::RequestContext;
use super::state::State;
#[cfg(feature = "revocation")]
use crate::revocation::{BackendError, GoesOn, Pending};
use crate::store::SealedStore;

/// The session, once the cookies have been read.
pub(super) struct Opened {
    pub(super) state: State,
    /// Which of the presented tokens it came in.
    pub(super) at: usize,
    /// Whether the browser has a second cookie of it, or may have held one back.
    pub(super) has_second: bool,
    /// What else the request brings of sessions that are bound to a device.
    #[cfg(feature = "dbsc")]
    pub(super) brought: Brought,
}

impl Opened {
    /// Whether the request has a second cookie of the session that the response sets or removes.
    pub(super) fn has_second_of_jar(&self) -> bool {
        #[cfg(feature = "dbsc")]
        if self.state.device.binding().is_some() {
            return self.brought.has_second_of(&self.state.device);
        }
        self.has_second
    }
}

/// Where a session is sealed: what it takes to make its cookie.
pub(super) struct Jar<'s> {
    pub(super) store: &'s SealedStore,
    pub(super) cookies: &'s CookiePolicy,
    pub(super) associated_data: Cow<'s, [u8]>,
}

impl<'r> Jar<'r> {
    /// The ordinary cookie.
    pub(super) fn of(request: &'r RequestContext) -> Self {
        Self {
            store: request.sealed_store(),
            cookies: &request.config.cookies,
            associated_data: Cow::Borrowed(request.associated_data()),
        }
    }
}

/// What a layer asks about the cookies of its sessions. What it does not say of one is said of a plain cookie.
pub(super) trait Carrier: Any + Send + Sync {
    /// Whether another layer has the same.
    fn is_same(&self, other: &dyn Carrier) -> bool;

    /// The session, judged as of when the request's head arrived.
    fn open(&self, request: &RequestContext) -> Opened;

    /// Where a session like this one is sealed.
    fn jar<'r>(&'r self, state: &State, request: &'r RequestContext) -> Jar<'r> {
        let _ = state;
        Jar::of(request)
    }

    /// The store that knows how much a session may hold, if it is not the layer's: where sessions may get another cookie,
    /// the one with less room.
    fn bound_store(&self) -> Option<&SealedStore> {
        None
    }

    /// The cookies besides the ordinary one, that of sessions first.
    fn cookies(&self) -> [Option<&CookiePolicy>; 3] {
        [None; 3]
    }

    /// What there is beside the session that counts.
    fn beside(&self, opened: &Opened) -> Beside {
        let _ = opened;
        Beside::Nothing
    }

    /// The cookies that are removed beside the session's own.
    fn removals_beside(
        &self,
        request: &RequestContext,
        opened: &Opened,
        decision: &Decision,
    ) -> Vec<HeaderValue> {
        let _ = (request, opened, decision);
        Vec::new()
    }

    /// What else goes with a response that is decided.
    fn offer_to(&self, opened: &Opened, decision: &Decision, headers: &mut HeaderMap) {
        let _ = (opened, decision, headers);
    }

    /// Whether a request beside this one has moved the session to another cookie meanwhile.
    fn has_moved(&self, request: &RequestContext, state: &State) -> bool {
        let _ = (request, state);
        false
    }

    /// Revokes what else came that a logout or a login ends.
    #[cfg(feature = "revocation")]
    fn revoke_presented(&self, request: &RequestContext, unjudged: Unjudged) -> Vec<Pending<()>> {
        let _ = (request, unjudged);
        Vec::new()
    }

    /// Writes down what the session has left behind, besides its uid.
    #[cfg(feature = "revocation")]
    fn revoke_left(
        &self,
        request: &RequestContext,
        state: &State,
        decision: &Decision,
    ) -> Option<Pending<()>> {
        let _ = (request, state, decision);
        None
    }

    /// Ends the ordinary cookie of a session that has moved to another: copies of it are of no more use.
    #[cfg(feature = "revocation")]
    fn end_ordinary_form(&self, request: &RequestContext, state: &State) -> Option<Pending<()>> {
        let _ = (request, state);
        None
    }
}

/// One cookie, or two for one session.
pub(super) struct Plain;

impl Carrier for Plain {
    fn is_same(&self, other: &dyn Carrier) -> bool {
        (other as &dyn Any).is::<Self>()
    }

    fn open(&self, request: &RequestContext) -> Opened {
        let presented = request.presented();
        let open = |token: &[u8]| {
            request.sealed_store().open_parts(request.arrived(), token, request.associated_data())
        };
        let (found, at) = presented.choose(open, |parts| (parts.uid, parts.times.renewed));
        Opened {
            state: State::new(found, request.head.held_back),
            at,
            has_second: presented.has_second() || request.may_hold_back_second(),
            #[cfg(feature = "dbsc")]
            brought: Brought::default(),
        }
    }
}

/// What becomes of a cookie that cannot be judged now, whose session may live on.
#[cfg(feature = "revocation")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unjudged {
    /// At a logout: it fails.
    Fails,
    /// At a login, and where all others of a user end: what begins takes the place of those that can.
    Passes,
}

#[cfg(feature = "revocation")]
impl Unjudged {
    pub(super) fn of(self, revoked: Result<Pending<()>, BackendError>) -> Option<Pending<()>> {
        match revoked {
            Ok(pending) => Some(pending),
            Err(error) => (self == Self::Fails).then(|| Pending::done(Err(error))),
        }
    }

    /// Whoever logs out means what a session goes on as by the answer to another request, too.
    pub(super) fn goes_on(self) -> GoesOn {
        match self {
            Self::Fails => GoesOn::Nowhere,
            Self::Passes => GoesOn::AsRecorded,
        }
    }

    /// More cookies of one name came than are looked at.
    pub(super) fn too_many(self) -> Option<Pending<()>> {
        self.of(Err(BackendError::new("more cookies of the session came than a logout ends")))
    }
}
