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

/// Whose proofs a request brings, of those that are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    One(Binding),
    /// Proofs of different devices, or more than anybody looks at.
    Several,
}

impl Device {
    /// A bound session whose device has proved itself; otherwise the ordinary one, if the request brings any. None at
    /// all where proofs or bound cookies disagree, and the cookies then stay as they are: under a name that begins with
    /// `__Host-` no browser of today brings two, and one of them may be planted.
    pub(in crate::http) fn open(&self, session: &Session) -> Opened {
        let (ordinary, bound) = (session.presented(), session.presented_as(&self.bound_cookies));
        let proof = session.presented_as(&self.proof_cookies);
        let mut brought = Brought::by(&ordinary, &bound, &proof);
        let opened = |state, at, brought| Opened { state, at, has_second: ordinary.has_second(), brought };
        let shown = if brought.bound { self.shown_by(&proof) } else { Shown::Nothing };
        if shown == Shown::Several || bound.is_too_many() {
            return opened(unclear(!matches!(shown, Shown::One(_))), 0, brought);
        }
        if let Shown::One(binding) = shown
            && let Some((state, at)) = self.open_bound(&bound, binding, session, &mut brought)
        {
            return opened(state, at, brought);
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
        opened(state, at, brought)
    }

    /// What counts of the bound cookies, once this device has proved itself; nothing where the ordinary cookie decides.
    fn open_bound(
        &self,
        bound: &Presented<'_>,
        binding: Binding,
        session: &Session,
        brought: &mut Brought,
    ) -> Option<(State, usize)> {
        brought.proven = Some(binding);
        let (found, at) = self.choose_bound(bound, &binding, session);
        brought.came_bound = matches!(found, Found::Session(_));
        if let Found::Refused(error) = &found {
            // A revoked one may have been replaced by a request beside this one.
            brought.bound_over = error.reason() == Reason::Expired && !error.keeps_cookie();
            brought.proof_of_another = !error.is_not_found() && !error.keeps_cookie();
        }
        let decides = matches!(found, Found::Session(_) | Found::Unclear);
        if !decides && (brought.ordinary || brought.proof_of_another) {
            return None;
        }
        let mut state = State::new(found, false);
        state.device.binding = brought.came_bound.then_some(binding);
        Some((state, at))
    }

    /// The devices that the proofs of a request are of. Every proof is opened: one that was planted may come first.
    fn shown_by(&self, proofs: &Presented<'_>) -> Shown {
        if proofs.is_too_many() {
            return Shown::Several;
        }
        let mut shown = Shown::Nothing;
        for binding in self.proven_by(proofs) {
            match shown {
                Shown::One(before) if before != binding => return Shown::Several,
                _ => shown = Shown::One(binding),
            }
        }
        shown
    }

    /// The devices of the proofs that open, one for each proof.
    pub(super) fn proven_by(&self, proofs: &Presented<'_>) -> impl Iterator<Item = Binding> {
        proofs.tokens().filter_map(|token| self.binding.open_proof(str::from_utf8(token).ok()?).ok())
    }

    /// Whether the request tells of a session that has ended, and of no other.
    pub(super) fn is_told_of_end(&self, bound: &Presented<'_>) -> bool {
        bound.tokens().next().is_some() && bound.tokens().all(|token| token == ENDED.as_bytes())
    }

    /// Whether a device was left behind by a session that has ended.
    pub(super) fn is_left(&self, binding: &Binding, registered_at_ms: u64) -> bool {
        #[cfg(feature = "revocation")]
        if let Some(revocations) = self.bound_store().revocations() {
            let who = self.bound_store().who(None, left_form(binding), registered_at_ms);
            return revocations.revoked_since(&who).is_some();
        }
        let _ = (binding, registered_at_ms);
        false
    }

    /// The bound session of a device. It is unclear which is meant where one opens and another is of no session of this
    /// device: had its own proof come, it would have opened instead.
    pub(super) fn choose_bound(
        &self,
        presented: &Presented<'_>,
        binding: &Binding,
        session: &Session,
    ) -> (Found<Parts>, usize) {
        let associated_data = binding.associated_data(session.associated_data());
        let of_another = Cell::new(false);
        let open = |token: &[u8]| {
            let opened = session.bound_store(self).open_parts(session.head_ms(), token, &associated_data);
            let is_of_another = opened.as_ref().is_err_and(|error| error.reason() == Reason::Tag);
            of_another.set(of_another.get() || is_of_another);
            opened
        };
        match presented.choose(open, |parts| (parts.uid, parts.times.renewed)) {
            (Found::Session(_), _) if of_another.get() => (Found::Unclear, 0),
            chosen => chosen,
        }
    }

    /// And whether that session has moved to a bound cookie, of which the browser did not know yet.
    fn choose_ordinary(&self, presented: &Presented<'_>, session: &Session) -> (Found<Parts>, usize, bool) {
        let store = session.sealed_store();
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
                revocations.revoked_since(&store.who(None, unbound_form(parts.uid), parts.times.created))
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

impl Brought {
    fn by(ordinary: &Presented<'_>, bound: &Presented<'_>, proof: &Presented<'_>) -> Self {
        Self {
            ordinary: !ordinary.is_empty(),
            bound: bound.is_too_many() || bound.tokens().any(|token| token != ENDED.as_bytes()),
            bound_second: bound.has_second(),
            proof: !proof.is_empty(),
            ..Self::default()
        }
    }
}

/// No session, because there is no telling which is meant.
fn unclear(is_unproven: bool) -> State {
    let mut state = State::new(Found::Unclear, false);
    state.device.unproven = is_unproven;
    if is_unproven {
        telemetry::dbsc::unproven();
    }
    state
}
