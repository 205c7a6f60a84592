//! Which of the cookies that a request brings count.

use std::cell::Cell;

#[cfg(feature = "revocation")]
use super::form::{left_form, unbound_form};
use super::{Brought, Device, ENDED};
use crate::dbsc::Binding;
#[cfg(feature = "revocation")]
use crate::error::Standing;
use crate::error::{OpenError, Reason};
use crate::http::presented::{Found, Presented};
use crate::http::session::{Opened, Session};
use crate::http::state::State;
use crate::store::SealedStore;
use crate::store::parts::Parts;
use crate::telemetry;

/// Browsers register while the page after a login is on its way with the ordinary cookie. For so long after the login
/// that opens a session that has moved since; no change of it is kept.
#[cfg(feature = "revocation")]
const MOVING_MS: u64 = 10_000;

impl Device {
    /// A bound session whose device has proved itself; otherwise the ordinary one, if the request brings any.
    pub(in crate::http) fn open(&self, session: &Session) -> Opened {
        let (ordinary, bound) = (session.presented(), session.presented_as(&self.bound_cookies));
        let proof = session.presented_as(&self.proof_cookies);
        let mut brought = Brought {
            ordinary: !ordinary.is_empty(),
            bound: bound.tokens().any(|token| token != ENDED.as_bytes()),
            bound_second: bound.has_second(),
            proof: !proof.is_empty(),
            ..Brought::default()
        };
        if brought.bound {
            brought.proven = proof.tokens().find_map(|token| {
                let proof = str::from_utf8(token).ok()?;
                self.binding.open_proof(proof).ok()
            });
        }
        if let Some(binding) = brought.proven {
            let (found, at) = self.choose_bound(&bound, &binding, session);
            brought.came_bound = matches!(found, Found::Session(_));
            if let Found::Refused(error) = &found {
                // A revoked one may have been replaced by a request beside this one.
                brought.bound_over = error.reason() == Reason::Expired && !error.keeps_cookie();
                brought.proof_of_another = !error.is_not_found() && !error.keeps_cookie();
            }
            if brought.came_bound || !(brought.ordinary || brought.proof_of_another) {
                let mut state = State::new(found, false);
                state.device.binding = brought.came_bound.then_some(binding);
                return Opened { state, at, has_second: ordinary.has_second(), brought };
            }
        }
        // A browser may still refresh for a session before this one, whose proof then comes instead.
        let unproven = brought.bound && (brought.proven.is_none() || brought.proof_of_another);
        // Whoever it is may prove it with the next request, and may begin an ordinary session beside it.
        let (found, at, moved) = self.choose_ordinary(&ordinary, session);
        let nothing_came = !(brought.ordinary || brought.bound || brought.proof);
        let mut state = State::new(found, nothing_came && session.is_held_back());
        (state.device.unproven, state.device.moved) = (unproven, moved);
        if unproven {
            telemetry::dbsc::unproven();
        }
        Opened { state, at, has_second: ordinary.has_second(), brought }
    }

    /// Whether the request tells of a session that has ended, and of no other.
    pub(super) fn is_told_of_end(&self, bound: &Presented<'_>) -> bool {
        !bound.is_empty() && bound.tokens().all(|token| token == ENDED.as_bytes())
    }

    /// Whether a device was left behind by a session that has ended.
    pub(super) fn is_left(&self, binding: &Binding, registered_at_ms: u64) -> bool {
        #[cfg(feature = "revocation")]
        if let Some(revocations) = self.bound_store().revocations() {
            return revocations.revokes(left_form(binding), None, registered_at_ms);
        }
        let _ = (binding, registered_at_ms);
        false
    }

    pub(super) fn choose_bound(
        &self,
        presented: &Presented<'_>,
        binding: &Binding,
        session: &Session,
    ) -> (Found<Parts>, usize) {
        let associated_data = binding.associated_data(session.associated_data());
        let head_ms = session.head_ms();
        let open = |token: &[u8]| self.bound_store().open_parts(head_ms, token, &associated_data);
        presented.choose(open, |parts| (parts.uid, parts.times.renewed))
    }

    /// And whether that session has moved to a bound cookie, of which the browser did not know yet.
    fn choose_ordinary(&self, presented: &Presented<'_>, session: &Session) -> (Found<Parts>, usize, bool) {
        let store = &session.config().store;
        let moved = Cell::new(false);
        let open = |token: &[u8]| {
            let parts = store.open_parts(session.head_ms(), token, session.associated_data())?;
            match self.unbound(store, &parts, session.head_ms()) {
                Ok(has_moved) => moved.set(moved.get() || has_moved),
                Err(refusal) => {
                    telemetry::refused(refusal.reason());
                    return Err(refusal);
                }
            }
            Ok(parts)
        };
        let (found, at) = presented.choose(open, |parts| (parts.uid, parts.times.renewed));
        (found, at, moved.get())
    }

    /// Whether a session may do without a device, and if so, whether it has moved to one.
    fn unbound(&self, store: &SealedStore, parts: &Parts, head_ms: u64) -> Result<bool, OpenError> {
        if parts.texts.user_id().is_none() {
            return Ok(false);
        }
        let age_ms = head_ms.saturating_sub(parts.times.created);
        if self.unbound.refuses_at(age_ms) {
            return Err(OpenError::new(Reason::Unbound));
        }
        #[cfg(feature = "revocation")]
        if let Some(revocations) = store.revocations()
            && let Some(since_ms) =
                revocations.revoked_since(unbound_form(parts.uid), None, parts.times.created)
        {
            let just = revocations.is_just_revoked(since_ms, head_ms);
            let standing = if just { Standing::JustRevoked } else { Standing::Final };
            return if age_ms < MOVING_MS {
                Ok(true)
            } else {
                Err(OpenError::standing_at(Reason::Revoked, standing))
            };
        }
        let _ = store;
        Ok(false)
    }
}
