//! Sessions that are bound to a device (DBSC): what requests bring of them, and what responses do about it.
//!
//! Three cookies take part. Who has logged in has the ordinary one. When the browser has registered its key, the
//! session moves to the *bound* one, which opens only together with a valid *proof*; and the proof, which the browser
//! brings anew every few minutes, is the one whose absence makes it sign.
//!
//! `layer` has the way of a request, `endpoints` registering and refreshing, `settings` what can be set.

use http::header::InvalidHeaderValue;
use http::{HeaderMap, HeaderValue};

use super::cookie::CookiePolicy;
use super::layer::Config;
use super::presented::{Found, Presented};
use super::reply::set_cookie;
use super::session::{Jar, Opened, Session};
use super::state::{Outcome, State};
use crate::dbsc::{Binding, DeviceBinding};
use crate::error::{OpenError, Reason};
use crate::session::SessionId;
use crate::store::SealedStore;
use crate::store::parts::Parts;
use crate::telemetry;
use crate::uid::SessionUid;

mod endpoints;
mod layer;
mod settings;

pub use layer::{DeviceBoundFuture, DeviceBoundLayer, DeviceBoundService};
pub use settings::{DeviceSettings, Unbound};

const REGISTRATION: &str = "secure-session-registration";
/// The value of a bound cookie whose session has ended. The browser's next refresh brings it, and ends there too.
const ENDED: &str = "ended";

/// What binds the sessions of a layer.
pub(super) struct Device {
    binding: DeviceBinding,
    bound_cookies: CookiePolicy,
    proof_cookies: CookiePolicy,
    register_path: String,
    refresh_path: String,
    unbound: Unbound,
}

/// What a session has to do with a device.
#[derive(Default)]
pub(super) struct DeviceState {
    binding: Option<Binding>,
    /// Since this request.
    newly: bool,
    /// What the session was bound to that has ended with this request.
    left: Option<Binding>,
    unproven: bool,
}

/// What a request brings, besides the session that is chosen from it.
#[derive(Default, Clone, Copy)]
pub(super) struct Brought {
    ordinary: bool,
    bound: bool,
    bound_second: bool,
    proof: bool,
    /// The device that has proved itself.
    proven: Option<Binding>,
    /// The session came in the bound cookie.
    pub(super) came_bound: bool,
    /// The bound cookie is good for nothing.
    bound_refused: bool,
}

/// What goes with a response beside the session's own cookie.
pub(super) struct Beside {
    remove_ordinary: Option<bool>,
    remove_bound: Option<bool>,
    offer_to: Option<SessionUid>,
}

impl Session {
    /// Whether the session is bound to a device, and the device has proved itself within the last minutes. Only under
    /// a [`DeviceBoundLayer`].
    #[must_use]
    pub fn is_device_bound(&self) -> bool {
        self.look(|state| state.device.binding.is_some())
    }

    /// Whether the client has a session that is bound to a device, and brings no valid proof of it: a copied cookie,
    /// or a browser that could not refresh in time. The session is then empty, and the cookies stay as they are.
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

    /// What is to be refused from now on.
    #[cfg(feature = "revocation")]
    pub(super) fn left(&self) -> Option<Binding> {
        self.left
    }

    /// Whether copies of the ordinary cookie are to be refused from now on.
    #[cfg(feature = "revocation")]
    pub(super) fn is_newly_bound(&self) -> bool {
        self.newly
    }

    fn bind(&mut self, binding: Binding) {
        (self.binding, self.newly) = (Some(binding), true);
    }
}

impl Brought {
    pub(super) fn has_second_bound(&self) -> bool {
        self.bound_second
    }
}

impl Device {
    pub(super) fn bound_store(&self) -> &SealedStore {
        self.binding.bound_store()
    }

    /// Where the sessions of a device are sealed.
    pub(super) fn jar<'s>(&'s self, binding: &Binding, associated_data: &[u8]) -> Jar<'s> {
        Jar {
            store: self.bound_store(),
            cookies: &self.bound_cookies,
            associated_data: binding.associated_data(associated_data).into(),
        }
    }

    /// A bound session whose device has proved itself; otherwise the ordinary one, if the request brings any.
    pub(super) fn open(&self, session: &Session) -> Opened {
        let (ordinary, bound) = (session.presented(), session.presented_as(&self.bound_cookies));
        let proof = session.presented_as(&self.proof_cookies);
        let mut brought = Brought {
            ordinary: !ordinary.is_empty(),
            bound: bound.tokens().any(|token| token != ENDED),
            bound_second: bound.has_second(),
            proof: !proof.is_empty(),
            ..Brought::default()
        };
        if brought.bound {
            brought.proven = proof.tokens().find_map(|token| self.binding.open_proof(token).ok());
        }
        if let Some(binding) = brought.proven {
            let (found, at) = self.choose_bound(&bound, &binding, session.associated_data());
            brought.came_bound = matches!(found, Found::Session(_));
            brought.bound_refused = matches!(found, Found::Refused(error) if !error.keeps_cookie());
            if brought.came_bound || !brought.ordinary {
                let mut state = State::new(found);
                state.device.binding = brought.came_bound.then_some(binding);
                return Opened { state, at, has_second: ordinary.has_second(), brought };
            }
        }
        let unproven = brought.bound && brought.proven.is_none();
        let (found, at) = match unproven && !brought.ordinary {
            // Whoever it is may prove it with the next request.
            true => (Found::Unclear, 0),
            false => self.choose_ordinary(&ordinary, session),
        };
        let mut state = State::new(found);
        state.device.unproven = unproven;
        if unproven {
            telemetry::dbsc::unproven();
        }
        Opened { state, at, has_second: ordinary.has_second(), brought }
    }

    /// Whether the request tells of a session that has ended, and of no other.
    fn is_told_of_end(&self, bound: &Presented<'_>) -> bool {
        !bound.is_empty() && bound.tokens().all(|token| token == ENDED)
    }

    /// Whether a device was left behind by a session that has ended.
    fn is_left(&self, binding: &Binding, registered_at_ms: u64) -> bool {
        #[cfg(feature = "revocation")]
        if let Some(revocations) = self.bound_store().revocations() {
            return revocations.revokes(left_form(binding), None, registered_at_ms);
        }
        let _ = (binding, registered_at_ms);
        false
    }

    /// What goes with the response beside the cookie of `outcome`; nothing is known of one that was lost.
    pub(super) fn beside(&self, opened: &Opened, outcome: Option<&Outcome>) -> Beside {
        let (state, brought) = (&opened.state, opened.brought);
        let is_bound = state.device.binding.is_some();
        let sets = matches!(outcome, Some(Outcome::Set { .. }));
        let ends = state.is_ended() && matches!(outcome, Some(Outcome::Set { .. } | Outcome::Remove));
        let has_bound = brought.bound || brought.proof;
        let offers = sets && !is_bound && state.user_id().is_some() && (ends || state.is_unchanged());
        Beside {
            remove_ordinary: (sets && is_bound && brought.ordinary).then_some(opened.has_second),
            remove_bound: (has_bound && !is_bound && (ends || brought.bound_refused))
                .then_some(brought.bound_second),
            offer_to: state.uid().filter(|_| offers),
        }
    }

    fn choose_bound(
        &self,
        presented: &Presented<'_>,
        binding: &Binding,
        associated_data: &[u8],
    ) -> (Found<Parts>, usize) {
        let associated_data = binding.associated_data(associated_data);
        let open = |token: &str| self.bound_store().open_parts(token, &associated_data);
        presented.choose(open, |parts| (parts.uid, parts.times.renewed))
    }

    fn choose_ordinary(&self, presented: &Presented<'_>, session: &Session) -> (Found<Parts>, usize) {
        let store = &session.config().store;
        let open = |token: &str| {
            let parts = store.open_parts(token, session.associated_data())?;
            self.check_unbound(store, &parts).map_err(|reason| {
                telemetry::refused(reason);
                OpenError::new(reason)
            })?;
            Ok(parts)
        };
        presented.choose(open, |parts| (parts.uid, parts.times.renewed))
    }

    /// Whether a session may do without a device.
    fn check_unbound(&self, store: &SealedStore, parts: &Parts) -> Result<(), Reason> {
        if parts.user_id.is_none() {
            return Ok(());
        }
        let age_ms = parts.opened_ms.saturating_sub(parts.times.created);
        if self.unbound.refuses_at(age_ms) {
            return Err(Reason::Unbound);
        }
        #[cfg(feature = "revocation")]
        if let Some(revocations) = store.revocations()
            && revocations.revokes(unbound_form(parts.uid), None, parts.times.created)
        {
            return Err(Reason::Revoked);
        }
        let _ = store;
        Ok(())
    }

    fn removals(&self, has_second: bool) -> [Option<String>; 3] {
        let (bound, second) = self.bound_cookies.removals(has_second);
        let (proof, _) = self.proof_cookies.removals(false);
        [Some(bound), second, Some(proof)]
    }

    /// As [`removals`](Self::removals), and the browser is told that there is nothing to refresh any more: what it
    /// brings otherwise then, from another site no cookies at all, says nothing.
    fn endings(&self, has_second: bool) -> [Option<String>; 3] {
        let [bound, second, proof] = self.removals(has_second);
        let now_ms = self.bound_store().now_ms();
        let until_ms = now_ms.saturating_add(self.binding.identifier_lifetime_ms());
        let ended = self.bound_cookies.clone().kept_for_its_time();
        let ended = ended.values(&SessionId::new(ENDED), until_ms, now_ms, false);
        [ended.map_or(bound, |(ended, _)| Some(ended)), second, proof]
    }
}

impl Beside {
    pub(super) fn send(self, config: &Config, headers: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        let Some(device) = &config.device else { return Ok(()) };
        if let Some(has_second) = self.remove_ordinary {
            let (first, second) = config.cookies.removals(has_second);
            for value in std::iter::once(first).chain(second) {
                set_cookie(value, headers)?;
            }
        }
        if let Some(has_second) = self.remove_bound {
            for value in device.endings(has_second).into_iter().flatten() {
                set_cookie(value, headers)?;
            }
        }
        if let Some(uid) = self.offer_to {
            device.offer(uid, headers)?;
        }
        Ok(())
    }
}

impl Device {
    /// Asks the browser to make a key. One that cannot goes on without; so does a server that cannot ask.
    fn offer(&self, login: SessionUid, headers: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        match self.binding.offer(login) {
            Ok(challenge) => {
                let path = &self.register_path;
                let offer = format!("(ES256);path=\"{path}\";challenge=\"{challenge}\"");
                let mut offer = HeaderValue::try_from(offer)?;
                offer.set_sensitive(true);
                headers.insert(REGISTRATION, offer);
            }
            Err(error) => telemetry::dbsc::not_sealed(&error),
        }
        Ok(())
    }
}

/// What stands in the list of revocations for the ordinary cookies of a session, when it has moved to a bound one:
/// the session goes on under its uid, which its CSRF tokens and its row in a registry know.
#[cfg(feature = "revocation")]
pub(super) fn unbound_form(uid: SessionUid) -> SessionUid {
    form_of(b"sealed-session/v1 unbound form", uid.as_bytes())
}

/// What stands there for a device whose session has ended: its uid may be another by then than at the registration.
#[cfg(feature = "revocation")]
pub(super) fn left_form(binding: &Binding) -> SessionUid {
    form_of(b"sealed-session/v1 left device", binding.as_bytes())
}

/// A name in the list of revocations that no session has.
#[cfg(feature = "revocation")]
fn form_of(label: &[u8], of: &[u8]) -> SessionUid {
    use sha2::{Digest as _, Sha256};

    let digest = Sha256::new().chain_update(label).chain_update(of);
    let mut form = [0; SessionUid::LEN];
    form.iter_mut().zip(digest.finalize()).for_each(|(octet, from)| *octet = from);
    SessionUid::from_bytes(form)
}
