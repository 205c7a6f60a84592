//! Which of the cookies that a request brings count.

use std::cell::Cell;

#[cfg(feature = "revocation")]
use super::form::{is_given, is_known, known_since, left_form, moved_form, unbound_form};
use super::stage::Stage;
use super::{Device, ENDED};
use crate::clock::Reading;
use crate::dbsc::{self, Binding};
#[cfg(feature = "revocation")]
use crate::error::Standing;
use crate::error::{OpenError, Reason};
use crate::http::carrier::Opened;
use crate::http::device_state::Brought;
use crate::http::presented::{Found, Presented};
use crate::http::request::RequestContext;
use crate::http::state::State;
use crate::store::SealedStore;
use crate::store::parts::Parts;
use crate::telemetry;
use crate::uid::SessionUid;

/// Whose proofs a request brings, of those that are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    One(Binding),
    /// Proofs of different devices, or more than anybody looks at.
    Several,
}

/// What there is of the ordinary session that a pending one was registered for.
pub(super) enum Awaited {
    /// It comes as well, in this of the presented tokens.
    Comes(Parts, usize),
    /// Another time, perhaps.
    MayCome,
    /// There is no telling whether it is the one that is meant.
    Unclear,
    /// It has ended or another has begun: the registration came too late.
    Over,
}

impl Device {
    /// A bound session whose device has proved itself; otherwise the ordinary one, if the request brings any. None at
    /// all where proofs or bound cookies disagree, and the cookies then stay as they are: under a name that begins with
    /// `__Host-` no browser of today brings two, and one of them may be planted.
    pub(super) fn open(&self, request: &RequestContext) -> Opened {
        let (ordinary, bound) = (request.presented(), request.presented_as(&self.bound_cookies));
        let pending = request.presented_as(&self.pending_cookies);
        let proof = request.presented_as(&self.proof_cookies);
        let mut brought = Brought::by(&ordinary, &bound, &pending, &proof);
        let has_second = ordinary.has_second() || request.may_hold_back_second();
        let opened = |state, at, brought| Opened { state, at, has_second, brought };
        let shown = if brought.bound { self.shown_by(&proof, request, &mut brought) } else { Shown::Nothing };
        if shown == Shown::Several || bound.is_too_many() || pending.is_too_many() {
            // All of them stay in place.
            brought.proof_over = false;
            return opened(without_session(Found::Unclear, !matches!(shown, Shown::One(_))), 0, brought);
        }
        if let Shown::One(binding) = shown
            && let Some((state, at)) = self.open_proven([&bound, &pending], binding, request, &mut brought)
        {
            return opened(state, at, brought);
        }
        if let Some(unjudged) = brought.proof_unjudged.filter(|_| !brought.ordinary) {
            return opened(without_session(Found::Refused(unjudged), true), 0, brought);
        }
        // A browser may still refresh for a session before this one, whose proof then comes instead.
        let unproven = brought.bound && (brought.proven.is_none() || brought.proof_of_another);
        // Whoever it is may prove it with the next request, and may begin an ordinary session beside it.
        let (found, at) = self.choose_ordinary(&ordinary, None, request);
        let nothing_came = !(brought.ordinary || brought.bound || brought.proof);
        let mut state = State::new(found, nothing_came && request.head.held_back);
        state.device.unproven = unproven;
        if unproven {
            dbsc::telemetry::unproven();
        }
        opened(state, at, brought)
    }

    /// What counts of the bound cookies, once this device has proved itself; nothing where the ordinary cookie decides.
    fn open_proven(
        &self,
        [bound, pending]: [&Presented<'_>; 2],
        binding: Binding,
        request: &RequestContext,
        brought: &mut Brought,
    ) -> Option<(State, usize)> {
        brought.proven = Some(binding);
        let (found, at) = self.choose_bound(bound, &binding, request);
        if let Found::Session(parts) = found {
            brought.came_bound = true;
            // What an answer that was on its way has brought back.
            let moves = brought.ordinary && self.comes_ordinary(&parts, binding, request);
            return Some((of_device(parts, binding, moves), at));
        }
        if matches!(found, Found::Unclear) {
            return Some((State::new(Found::Unclear, false), at));
        }
        let opened = self.open_pending(pending, binding, request, brought);
        if opened.is_some() {
            return opened;
        }
        let Found::Refused(error) = found else {
            brought.bound_over = brought.pending_over;
            return None;
        };
        (brought.bound_over, brought.proof_of_another) = (is_over(&error), is_of_another(&error));
        let decides = !(brought.ordinary || brought.proof_of_another);
        decides.then(|| (State::new(Found::Refused(error), false), at))
    }

    /// What comes of the pending cookies, once this device has proved itself: the ordinary session that it moves.
    fn open_pending(
        &self,
        pending: &Presented<'_>,
        binding: Binding,
        request: &RequestContext,
        brought: &mut Brought,
    ) -> Option<(State, usize)> {
        let parts = match self.choose_pending(pending, &binding, request) {
            Found::Session(parts) => parts,
            Found::Unclear => return Some((State::new(Found::Unclear, false), 0)),
            Found::Nothing => return None,
            Found::Refused(error) => {
                brought.pending_over = is_over(&error);
                brought.proof_of_another = is_of_another(&error);
                return None;
            }
        };
        match self.awaited(parts.uid, binding, request) {
            Awaited::Comes(parts, at) => Some((of_device(parts, binding, true), at)),
            Awaited::MayCome => None,
            Awaited::Unclear => Some((State::new(Found::Unclear, false), 0)),
            Awaited::Over => {
                brought.pending_over = true;
                None
            }
        }
    }

    /// What there is of the ordinary session with this uid, which a device was registered for that has proved itself.
    pub(super) fn awaited(&self, uid: SessionUid, binding: Binding, request: &RequestContext) -> Awaited {
        match self.choose_ordinary(&request.presented(), Some(&binding), request) {
            (Found::Session(parts), at) if parts.uid == uid => Awaited::Comes(parts, at),
            (Found::Session(_) | Found::Nothing, _) => Awaited::Over,
            (Found::Refused(error), _) if !error.keeps_cookie() => Awaited::Over,
            (Found::Refused(_), _) => Awaited::MayCome,
            (Found::Unclear, _) => Awaited::Unclear,
        }
    }

    /// Whether the ordinary cookie of a session comes as well that has moved. What was changed in it since is lost.
    fn comes_ordinary(&self, bound: &Parts, binding: Binding, request: &RequestContext) -> bool {
        let Awaited::Comes(parts, _) = self.awaited(bound.uid, binding, request) else { return false };
        if parts.texts.data() != bound.texts.data() {
            dbsc::telemetry::changed_after_moving();
        }
        true
    }

    /// The devices that the proofs of a request are of. Every proof is opened: one that was planted may come first.
    fn shown_by(&self, proofs: &Presented<'_>, request: &RequestContext, brought: &mut Brought) -> Shown {
        if proofs.is_too_many() {
            return Shown::Several;
        }
        let mut shown = Shown::Nothing;
        for proof in proofs.tokens() {
            match (self.open_proof(proof, request), shown) {
                (Ok(_), Shown::Several) => {}
                (Ok(binding), Shown::One(before)) if before != binding => shown = Shown::Several,
                (Ok(binding), _) => shown = Shown::One(binding),
                // The clock here may be ahead, or the proof was on its way for long: its cookie stays until it is told.
                (Err(error), _) if is_proof_over(&error) => brought.proof_over = true,
                (Err(error), _) if error.keeps_cookie() => brought.proof_unjudged = Some(error),
                (Err(_), _) => {}
            }
        }
        if shown != Shown::Nothing {
            brought.proof_unjudged = None;
        }
        brought.proof_over &= shown == Shown::Nothing && brought.proof_unjudged.is_none();
        shown
    }

    /// The device of a proof. As of when the request's head arrived.
    pub(super) fn open_proof(&self, token: &[u8], request: &RequestContext) -> Result<Binding, OpenError> {
        let token = str::from_utf8(token).map_err(|_| OpenError::new(Reason::Base64))?;
        self.binding.open_proof_at(request.arrived(), token)
    }

    /// Whether a device was left behind by a session that has ended.
    pub(super) fn is_left(&self, binding: &Binding, registered_at_ms: u64) -> bool {
        #[cfg(feature = "revocation")]
        return is_known(self.bound_store(), left_form(binding), registered_at_ms);
        #[cfg(not(feature = "revocation"))]
        {
            let _ = (binding, registered_at_ms);
            false
        }
    }

    /// The session of a device that its bound cookies are of; nothing where they only tell of an end.
    pub(super) fn choose_bound(
        &self,
        presented: &Presented<'_>,
        binding: &Binding,
        request: &RequestContext,
    ) -> (Found<Parts>, usize) {
        match tells(presented) {
            Tells::Nothing | Tells::End => (Found::Nothing, 0),
            Tells::Session => self.choose_of_device(presented, Stage::Settled, binding, request),
        }
    }

    /// The session that is on its way to a device.
    pub(super) fn choose_pending(
        &self,
        presented: &Presented<'_>,
        binding: &Binding,
        request: &RequestContext,
    ) -> Found<Parts> {
        self.choose_of_device(presented, Stage::Pending, binding, request).0
    }

    /// It is unclear which is meant where one opens and another is of no session of this device: had its own proof come,
    /// it would have opened instead.
    fn choose_of_device(
        &self,
        presented: &Presented<'_>,
        stage: Stage,
        binding: &Binding,
        request: &RequestContext,
    ) -> (Found<Parts>, usize) {
        let associated_data = stage.associated_data(binding, request.associated_data());
        let of_another = Cell::new(false);
        let open = |token: &[u8]| {
            let opened = request.bound_store(self.bound_store()).open_parts(
                request.arrived(),
                token,
                &associated_data,
            );
            let is_of_another = opened.as_ref().is_err_and(|error| error.reason() == Reason::Tag);
            of_another.set(of_another.get() || is_of_another);
            opened
        };
        match presented.choose(open, |parts| (parts.uid, parts.times.renewed)) {
            (Found::Session(_), _) if of_another.get() => (Found::Unclear, 0),
            chosen => chosen,
        }
    }

    /// The ordinary session of a request, for a device that has proved itself or for none.
    fn choose_ordinary(
        &self,
        presented: &Presented<'_>,
        device: Option<&Binding>,
        request: &RequestContext,
    ) -> (Found<Parts>, usize) {
        let store = request.sealed_store();
        let open = |token: &[u8]| {
            let parts = store.open_parts(request.arrived(), token, request.associated_data())?;
            match self.refusal(store, &parts, device, request.arrived()) {
                None => Ok(parts),
                Some(refusal) => {
                    telemetry::refused(refusal.reason());
                    Err(refusal)
                }
            }
        };
        presented.choose(open, |parts| (parts.uid, parts.times.renewed))
    }

    /// Why a user's session may not come in an ordinary cookie, where it may not. With a device it may until it has
    /// moved, and to that device at any time: an answer that moved it may have been lost.
    fn refusal(
        &self,
        store: &SealedStore,
        parts: &Parts,
        device: Option<&Binding>,
        at: Reading,
    ) -> Option<OpenError> {
        parts.texts.user_id()?;
        if device.is_none()
            && let Some(error) = self.refusal_without_device(store, parts, at.wall_ms)
        {
            return Some(error);
        }
        #[cfg(feature = "revocation")]
        if let Some(since_ms) = known_since(store, unbound_form(parts.uid), parts.times.created)
            && !device.is_some_and(|binding| is_known(store, moved_form(binding), parts.times.created))
        {
            let revocations = store.revocations()?;
            let just = revocations.is_just_revoked(since_ms, store.ms_since(at));
            let standing = if just { Standing::JustRevoked } else { Standing::Final };
            return Some(OpenError::standing_at(Reason::Revoked, standing));
        }
        let _ = store;
        None
    }

    /// Why a user's session may not go on without a device, where it may not.
    fn refusal_without_device(&self, store: &SealedStore, parts: &Parts, head_ms: u64) -> Option<OpenError> {
        let refuses_since = |since_ms: u64| self.unbound.refuses_at(head_ms.saturating_sub(since_ms));
        if !refuses_since(parts.times.created) {
            return None;
        }
        #[cfg(feature = "revocation")]
        if is_given(store, parts.uid, head_ms) {
            return None;
        }
        // Another server may have let it go on, and the list may not have said so yet.
        #[cfg(feature = "revocation")]
        if store.revocations().is_some() && !refuses_since(parts.times.renewed) {
            return Some(OpenError::standing_at(Reason::Unbound, Standing::StricterLimits));
        }
        let _ = store;
        Some(OpenError::new(Reason::Unbound))
    }
}

impl Brought {
    fn by(
        ordinary: &Presented<'_>,
        bound: &Presented<'_>,
        pending: &Presented<'_>,
        proof: &Presented<'_>,
    ) -> Self {
        Self {
            ordinary: !ordinary.is_empty(),
            bound: tells(bound) == Tells::Session || !pending.is_empty(),
            ended: bound.tokens().any(|token| token == ENDED.as_bytes()),
            bound_second: bound.has_second(),
            pending: !pending.is_empty(),
            pending_second: pending.has_second(),
            proof: !proof.is_empty(),
            ..Self::default()
        }
    }
}

/// What the bound cookies of a request are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    /// There are none.
    Nothing,
    /// A session that has ended, and no other.
    End,
    /// A session.
    Session,
}

pub(super) fn tells(bound: &Presented<'_>) -> Tells {
    match () {
        () if bound.is_empty() => Tells::Nothing,
        () if !bound.is_too_many() && bound.tokens().all(|token| token == ENDED.as_bytes()) => Tells::End,
        () => Tells::Session,
    }
}

/// Whether it is no session of this device, or of nobody.
fn is_of_another(error: &OpenError) -> bool {
    !error.is_not_found() && !error.keeps_cookie()
}

/// Whether a session is over for good. One that was revoked a moment ago is not: a request beside this one may
/// have replaced it.
fn is_over(error: &OpenError) -> bool {
    matches!(error.reason(), Reason::Expired | Reason::Revoked) && !error.keeps_cookie()
}

/// Whether a proof is: the browser gets another at once, so one that is over by stricter limits alone is over as well.
fn is_proof_over(error: &OpenError) -> bool {
    is_over(error) || error.reason() == Reason::Expired
}

/// A session that its device has come with.
fn of_device(parts: Parts, binding: Binding, moves: bool) -> State {
    let mut state = State::new(Found::Session(parts), false);
    (state.device.binding, state.device.moves) = (Some(binding), moves);
    state
}

/// No session, because there is no telling which is meant, or whether a proof is good.
fn without_session(why: Found<Parts>, is_unproven: bool) -> State {
    let mut state = State::new(why, false);
    state.device.unproven = is_unproven;
    if is_unproven {
        dbsc::telemetry::unproven();
    }
    state
}
