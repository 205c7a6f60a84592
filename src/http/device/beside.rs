//! What goes with a response beside the session's own cookie.

use http::header::InvalidHeaderValue;
use http::{HeaderMap, HeaderValue};

use super::{Device, ENDED};
use crate::dbsc::telemetry;
use crate::http::carrier::Opened;
use crate::http::cookie::{CookiePolicy, Values};
use crate::http::decide::{Beside, Clear, Decision, Send};
use crate::http::device_state::Brought;
use crate::http::reply::{removals, set_cookie};
use crate::session::SessionId;
use crate::uid::SessionUid;

const REGISTRATION: &str = "secure-session-registration";

impl Device {
    /// What there is of a device beside the session that counts.
    pub(super) fn beside(&self, opened: &Opened) -> Beside {
        let (state, brought) = (&opened.state, opened.brought);
        let is_bound = state.device.binding.is_some();
        match () {
            // It brings cookies of its own.
            () if state.device.newly => Beside::Nothing,
            () if state.waives() => Beside::Waived,
            () if brought.proof_of_another || brought.proof_over => Beside::WrongProof,
            // It is what the response sets or removes.
            () if is_bound => Beside::Nothing,
            () if brought.bound_over => Beside::Over,
            () if brought.bound || brought.proof => Beside::Unproven,
            () if brought.ended => Beside::Told,
            () => Beside::Unseen,
        }
    }

    /// The cookies that are removed beside the session's own.
    pub(super) fn removals_beside(
        &self,
        ordinary_cookies: &CookiePolicy,
        opened: &Opened,
        decision: &Decision,
    ) -> Vec<HeaderValue> {
        let (state, brought) = (&opened.state, opened.brought);
        let is_bound = state.device.binding.is_some();
        let mut values = Vec::new();
        // The browser is known to have what it moves with.
        if decision.send == Send::Session && is_bound && !state.device.newly {
            let ordinary = brought.ordinary.then(|| removals(ordinary_cookies, opened.has_second));
            let pending = brought.pending.then(|| removals(&self.pending_cookies, brought.pending_second));
            values.extend(ordinary.into_iter().flatten().chain(pending.into_iter().flatten()));
        }
        let cleared = match decision.clear {
            Clear::Nothing => Values::default(),
            Clear::Proof => self.removals_of_proof(&brought),
            Clear::Cookies => self.removals(&brought),
            Clear::Told => self.endings(&brought),
        };
        values.extend(cleared.into_iter().filter_map(|value| set_cookie(value).ok()));
        values
    }

    /// Asks the browser to make a key, where a user's session is sent that has just begun or has a new uid; and again
    /// with every renewal of one that has none.
    pub(super) fn offer_to(&self, opened: &Opened, decision: &Decision, headers: &mut HeaderMap) {
        let state = &opened.state;
        let asks = state.is_ended() || state.device.renamed || state.is_unchanged();
        let offers = decision.send == Send::Session && state.device.binding.is_none() && asks;
        if let (Some(uid), Some(_), true) = (state.uid(), state.user_id(), offers)
            && let Err(error) = self.offer(uid, headers)
        {
            telemetry::not_offered(&error);
        }
    }

    /// Whether the browser may have a second bound cookie, and a second pending one: where it brought none of either, it
    /// may have held them back.
    fn may_have_second(&self, brought: &Brought) -> [bool; 2] {
        let is_unseen = !(brought.bound || brought.ended) && self.bound_cookies.second_name().is_some();
        [brought.bound_second, brought.pending_second].map(|came| came || is_unseen)
    }

    fn removals(&self, brought: &Brought) -> Values {
        let [bound_second, pending_second] = self.may_have_second(brought);
        let mut values = self.bound_cookies.removals(bound_second);
        values.extend(self.pending_cookies.removals(pending_second));
        values.extend(self.proof_cookies.removals(false));
        values
    }

    /// A wrong proof, and what a registration brought with it that was answered after the session had moved to another
    /// device.
    fn removals_of_proof(&self, brought: &Brought) -> Values {
        let mut values = self.proof_cookies.removals(false);
        if brought.pending_over {
            values.extend(self.pending_cookies.removals(brought.pending_second));
        }
        values
    }

    /// As [`removals`](Self::removals), and the browser is told that there is nothing to refresh any more: what it
    /// brings otherwise then, from another site no cookies at all, says nothing.
    fn endings(&self, brought: &Brought) -> Values {
        let now_ms = self.bound_store().now_ms();
        let until_ms = now_ms.saturating_add(self.binding.identifier_lifetime_ms());
        let ended = self.bound_cookies.clone().kept_for_its_time();
        let [bound_second, pending_second] = self.may_have_second(brought);
        let Ok(mut values) = ended.values(&SessionId::new(ENDED), until_ms, now_ms, bound_second) else {
            return self.removals(brought);
        };
        values.extend(self.pending_cookies.removals(pending_second));
        values.extend(self.proof_cookies.removals(false));
        values
    }

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
            Err(error) => telemetry::not_sealed(&error),
        }
        Ok(())
    }
}
