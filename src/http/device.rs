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

use std::any::Any;

use http::{HeaderMap, HeaderValue};

#[cfg(feature = "revocation")]
use super::carrier::Unjudged;
use super::carrier::{Carrier, Jar, Opened};
use super::cookie::CookiePolicy;
use super::decide::{Beside, Decision};
use super::handle::Session;
use super::request::RequestContext;
use super::state::State;
use crate::dbsc::DeviceBinding;
#[cfg(feature = "revocation")]
use crate::revocation::Pending;
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
}

impl Device {
    fn bound_store(&self) -> &SealedStore {
        self.binding.bound_store()
    }

    /// Whether another is set likewise, over one store.
    fn is_set_as(&self, other: &Self) -> bool {
        self.binding.is_set_as(&other.binding)
            && self.bound_cookies == other.bound_cookies
            && self.pending_cookies == other.pending_cookies
            && self.proof_cookies == other.proof_cookies
            && self.register_path == other.register_path
            && self.refresh_path == other.refresh_path
            && self.unbound == other.unbound
    }
}

impl Carrier for Device {
    fn is_same(&self, other: &dyn Carrier) -> bool {
        (other as &dyn Any).downcast_ref().is_some_and(|other| self.is_set_as(other))
    }

    fn open(&self, request: &RequestContext) -> Opened {
        Device::open(self, request)
    }

    fn jar<'r>(&'r self, state: &State, request: &'r RequestContext) -> Jar<'r> {
        let Some(binding) = state.device.binding() else { return Jar::of(request) };
        let (stage, cookies) = match state.device.newly {
            true => (Stage::Pending, &self.pending_cookies),
            false => (Stage::Settled, &self.bound_cookies),
        };
        let associated_data = stage.associated_data(binding, request.associated_data()).into();
        Jar { store: request.bound_store(self.bound_store()), cookies, associated_data }
    }

    fn bound_store(&self) -> Option<&SealedStore> {
        Some(self.binding.bound_store())
    }

    fn cookies(&self) -> [Option<&CookiePolicy>; 3] {
        [&self.bound_cookies, &self.pending_cookies, &self.proof_cookies].map(Some)
    }

    fn beside(&self, opened: &Opened) -> Beside {
        Device::beside(self, opened)
    }

    fn removals_beside(
        &self,
        request: &RequestContext,
        opened: &Opened,
        decision: &Decision,
    ) -> Vec<HeaderValue> {
        Device::removals_beside(self, &request.config.cookies, opened, decision)
    }

    fn offer_to(&self, opened: &Opened, decision: &Decision, headers: &mut HeaderMap) {
        Device::offer_to(self, opened, decision, headers);
    }

    #[cfg(feature = "revocation")]
    fn has_moved(&self, request: &RequestContext, state: &State) -> bool {
        Device::has_moved(self, request, state)
    }

    #[cfg(feature = "revocation")]
    fn revoke_presented(&self, request: &RequestContext, unjudged: Unjudged) -> Vec<Pending<()>> {
        Device::revoke_presented(self, request, unjudged)
    }

    #[cfg(feature = "revocation")]
    fn revoke_left(
        &self,
        request: &RequestContext,
        state: &State,
        decision: &Decision,
    ) -> Option<Pending<()>> {
        Device::revoke_left(self, request, state, decision)
    }

    #[cfg(feature = "revocation")]
    fn end_ordinary_form(&self, request: &RequestContext, state: &State) -> Option<Pending<()>> {
        Device::end_ordinary_form(self, request, state)
    }
}
