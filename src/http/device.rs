//! Sessions that are bound to a device (DBSC): what requests bring of them, and what responses do about it.
//!
//! Four cookies take part. Who has logged in has the ordinary one. When the browser has registered its key, the
//! session moves to the *bound* one, which opens only together with a valid *proof*; and the proof, which the browser
//! brings anew every few minutes, is the one whose absence makes it sign.
//!
//! It moves in two steps, because an answer may be lost. The registration's answer brings a *pending* cookie, which
//! opens only beside the ordinary one of the same session, which stays what it was. The first request that brings both
//! and a proof shows that the browser has them. Its answer brings the bound cookie, with what the ordinary one has by
//! then, and removes the two; and with revocations copies of the ordinary one end. The pending cookie has a name of its
//! own because an answer may also be late: that of another registration, after the session has moved.
//!
//! `layer` has the way of a request, `opening` which of the cookies count, `stage` how bound ones are sealed, `beside`
//! what goes with a response, `moving` what ends when a session has moved, `ending` what a logout revokes of a session
//! that did not open, `endpoints` registering and refreshing, `form` what is revoked beside sessions, `settings` what
//! can be set.

use super::cookie::CookiePolicy;
use super::presented::Presented;
use super::session::{Jar, Session};
use crate::dbsc::{Binding, DeviceBinding};
use crate::error::OpenError;
use crate::store::SealedStore;

mod beside;
#[cfg(feature = "revocation")]
mod ending;
mod endpoints;
#[cfg(feature = "revocation")]
mod form;
mod layer;
#[cfg(feature = "revocation")]
mod moving;
mod opening;
mod settings;
mod stage;

#[cfg(feature = "revocation")]
pub(super) use form::leave_device;
pub use layer::{DeviceBoundFuture, DeviceBoundLayer, DeviceBoundService};
pub use settings::{DeviceSettings, Unbound};
use stage::Stage;

/// The value of a bound cookie whose session has ended. The browser's next refresh brings it, and ends there too.
const ENDED: &str = "ended";

/// What binds the sessions of a layer.
pub(super) struct Device {
    binding: DeviceBinding,
    bound_cookies: CookiePolicy,
    pending_cookies: CookiePolicy,
    proof_cookies: CookiePolicy,
    register_path: String,
    refresh_path: String,
    unbound: Unbound,
}

/// What a session has to do with a device.
#[derive(Default)]
pub(super) struct DeviceState {
    binding: Option<Binding>,
    /// Since this request, and pending.
    newly: bool,
    /// The ordinary cookie of the session came as well: the answer brings the bound one in its place.
    moves: bool,
    /// What the session was bound to that has ended with this request.
    left: Option<Binding>,
    unproven: bool,
    /// The session has another uid than the one that an offer was made to.
    renamed: bool,
}

/// What a request brings, besides the session that is chosen from it.
#[derive(Default, Clone, Copy)]
pub(super) struct Brought {
    ordinary: bool,
    /// A bound cookie, pending or not.
    bound: bool,
    /// A bound cookie tells of a session's end.
    ended: bool,
    bound_second: bool,
    pending: bool,
    pending_second: bool,
    proof: bool,
    /// The device that has proved itself.
    proven: Option<Binding>,
    /// The session came in the bound cookie.
    pub(super) came_bound: bool,
    /// The bound cookie is of a session that is over; or the pending one is, or no ordinary one awaits it any more, and
    /// it is the only one.
    bound_over: bool,
    /// The pending cookie is such a one, whatever else came.
    pending_over: bool,
    /// The proof is not one for the bound cookie.
    proof_of_another: bool,
    /// The proof is over, and no other is good, or may be.
    proof_over: bool,
    /// Why this server cannot judge a proof now, and there is no other: what it proves may be good.
    proof_unjudged: Option<OpenError>,
}

impl Session {
    /// Whether the session is bound to a device, and the device has proved itself within the last minutes. Only under
    /// a [`DeviceBoundLayer`].
    #[must_use]
    pub fn is_device_bound(&self) -> bool {
        self.look(|state| state.device.binding.is_some())
    }

    /// Whether the client has a session that is bound to a device, and brings no valid proof of it: a copied cookie,
    /// or a browser that could not refresh in time. Nothing of that session is then seen, and its cookies stay as they
    /// are; the session is empty, or an ordinary one that the client has beside it. So too where valid proofs of
    /// different devices come, one of them perhaps planted by a neighbour; the session is then always empty.
    #[must_use]
    pub fn lacks_device_proof(&self) -> bool {
        self.look(|state| state.device.unproven)
    }

    /// The tokens of bound sessions that the request brings.
    pub(super) fn bound_presented(&self) -> Option<Presented<'_>> {
        let device = self.config().device.as_ref()?;
        Some(self.presented_as(&device.bound_cookies))
    }
}

impl DeviceState {
    pub(super) fn binding(&self) -> Option<&Binding> {
        self.binding.as_ref()
    }

    /// Another session begins, or none, with which no device has anything to do.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { left: self.binding.filter(|_| !self.newly).or(self.left), ..Self::default() };
    }

    /// The session goes on under a new uid.
    pub(super) fn rename(&mut self) {
        self.renamed = true;
    }

    /// Whether the answer moves it from its ordinary cookie to the bound one.
    pub(super) fn moves(&self) -> bool {
        self.moves
    }

    /// What is to be refused from now on.
    #[cfg(feature = "revocation")]
    pub(super) fn left(&self) -> Option<Binding> {
        self.left
    }

    fn bind(&mut self, binding: Binding) {
        (self.binding, self.newly, self.moves) = (Some(binding), true, false);
    }

    /// Whether the session came with a proof of its device, or of the one that it moves to; whatever has become of it
    /// since.
    #[cfg(feature = "revocation")]
    pub(super) fn came_bound(&self) -> bool {
        self.left.or(self.came_with()).is_some()
    }

    /// The device that has proved itself with this request.
    #[cfg(feature = "revocation")]
    fn came_with(&self) -> Option<Binding> {
        self.binding.filter(|_| !self.newly)
    }
}

impl Brought {
    /// Whether a second cookie of the bound session came that the response sets.
    pub(super) fn has_second_of(&self, state: &DeviceState) -> bool {
        if state.newly { self.pending_second } else { self.bound_second }
    }
}

impl Device {
    pub(super) fn bound_store(&self) -> &SealedStore {
        self.binding.bound_store()
    }

    /// Whether another is set likewise, over one store.
    pub(super) fn is_set_as(&self, other: &Self) -> bool {
        self.binding.is_set_as(&other.binding)
            && self.bound_cookies == other.bound_cookies
            && self.pending_cookies == other.pending_cookies
            && self.proof_cookies == other.proof_cookies
            && self.register_path == other.register_path
            && self.refresh_path == other.refresh_path
            && self.unbound == other.unbound
    }

    /// The cookies that only sessions bound to a device have.
    pub(super) fn cookies(&self) -> [&CookiePolicy; 3] {
        [&self.bound_cookies, &self.pending_cookies, &self.proof_cookies]
    }

    /// Where a session is sealed that is bound to a device.
    pub(super) fn jar<'s>(&'s self, state: &DeviceState, session: &'s Session) -> Option<Jar<'s>> {
        let (stage, cookies) = match state.newly {
            true => (Stage::Pending, &self.pending_cookies),
            false => (Stage::Settled, &self.bound_cookies),
        };
        Some(Jar {
            store: session.bound_store(self),
            cookies,
            associated_data: stage.associated_data(state.binding()?, session.associated_data()).into(),
        })
    }
}
