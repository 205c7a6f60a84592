//! What goes with a response beside the session's own cookie.

use http::header::InvalidHeaderValue;
use http::{HeaderMap, HeaderValue};

use super::{Device, ENDED};
use crate::http::cookie::Values;
use crate::http::layer::Config;
use crate::http::reply::set_cookie;
use crate::http::session::Opened;
use crate::http::state::Outcome;
use crate::session::SessionId;
use crate::telemetry;
use crate::uid::SessionUid;

const REGISTRATION: &str = "secure-session-registration";

/// What goes with a response beside the session's own cookie.
pub(in crate::http) struct Beside {
    remove_ordinary: Option<bool>,
    remove_bound: Option<bool>,
    remove_proof: bool,
    offer_to: Option<SessionUid>,
}

impl Device {
    /// What goes with the response beside the cookie of `outcome`; nothing is known of one that was lost.
    pub(in crate::http) fn beside(&self, opened: &Opened, outcome: Option<&Outcome>) -> Beside {
        let (state, brought) = (&opened.state, opened.brought);
        let is_bound = state.device.binding.is_some();
        let sets = matches!(outcome, Some(Outcome::Set { .. }));
        // What was saved; or a logout of a session that only the bound cookie could tell of.
        let is_saved = match outcome {
            Some(Outcome::Set { .. } | Outcome::Remove) => true,
            Some(Outcome::Nothing) => !state.exists(),
            None => false,
        };
        let ends = state.is_ended() && is_saved;
        let has_bound = brought.bound || brought.proof;
        let asks = ends || state.device.renamed || state.is_unchanged();
        let offers = sets && !is_bound && state.user_id().is_some() && asks;
        Beside {
            remove_ordinary: (sets && is_bound && brought.ordinary).then_some(opened.has_second),
            remove_bound: (has_bound && !is_bound && (ends || brought.bound_over))
                .then_some(brought.bound_second),
            remove_proof: brought.proof_of_another,
            offer_to: state.uid().filter(|_| offers),
        }
    }

    pub(super) fn removals(&self, has_second: bool) -> Values {
        let mut values = self.bound_cookies.removals(has_second);
        values.extend(self.proof_cookies.removals(false));
        values
    }

    /// As [`removals`](Self::removals), and the browser is told that there is nothing to refresh any more: what it
    /// brings otherwise then, from another site no cookies at all, says nothing.
    fn endings(&self, has_second: bool) -> Values {
        let now_ms = self.bound_store().now_ms();
        let until_ms = now_ms.saturating_add(self.binding.identifier_lifetime_ms());
        let ended = self.bound_cookies.clone().kept_for_its_time();
        let Ok(mut values) = ended.values(&SessionId::new(ENDED), until_ms, now_ms, has_second) else {
            return self.removals(has_second);
        };
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
            Err(error) => telemetry::dbsc::not_sealed(&error),
        }
        Ok(())
    }
}

impl Beside {
    /// Whether that takes a cookie.
    pub(in crate::http) fn send(
        self,
        config: &Config,
        headers: &mut HeaderMap,
    ) -> Result<bool, InvalidHeaderValue> {
        let Some(device) = &config.device else { return Ok(false) };
        let removes_proof = self.remove_proof && self.remove_bound.is_none();
        if let Some(has_second) = self.remove_ordinary {
            for value in config.cookies.removals(has_second) {
                set_cookie(value, headers)?;
            }
        }
        if let Some(has_second) = self.remove_bound {
            for value in device.endings(has_second) {
                set_cookie(value, headers)?;
            }
        }
        if removes_proof {
            for value in device.proof_cookies.removals(false) {
                set_cookie(value, headers)?;
            }
        }
        if let Some(uid) = self.offer_to {
            device.offer(uid, headers)?;
        }
        Ok(self.remove_ordinary.is_some() || self.remove_bound.is_some() || removes_proof)
    }
}
