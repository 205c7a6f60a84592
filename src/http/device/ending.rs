//! What a logout or a login revokes of bound sessions beside the one that came.

use super::Device;
use super::form::{given_until, leave_device};
use super::stage::Stage;
use crate::dbsc::Binding;
use crate::http::carrier::Unjudged;
use crate::http::decide::{Decision, Revoke, Send};
use crate::http::presented::id_of;
use crate::http::request::RequestContext;
use crate::http::state::State;
use crate::revocation::Pending;
use crate::store::SealedStore;
use crate::uid::SessionUid;

impl Device {
    /// Revokes every bound session that a proof of the request opens, valid or over, and its device: a copy may live
    /// longer than what came, and of several devices any may be the one that is meant.
    pub(super) fn revoke_presented(&self, request: &RequestContext, unjudged: Unjudged) -> Vec<Pending<()>> {
        let proofs = request.presented_as(&self.proof_cookies);
        let bound = request.presented_as(&self.bound_cookies);
        let pending = request.presented_as(&self.pending_cookies);
        // None of them opens without a proof.
        if proofs.is_empty() || (bound.is_empty() && pending.is_empty()) {
            return Vec::new();
        }
        let to_end = (proofs.tokens_to_end(), bound.tokens_to_end(), pending.tokens_to_end());
        let (Some(proofs), Some(bound), Some(pending)) = to_end else {
            return Vec::from_iter(unjudged.too_many());
        };
        let sealed = bound.map(|token| (Stage::Settled, token));
        let sealed: Vec<_> = sealed.chain(pending.map(|token| (Stage::Pending, token))).collect();
        let mut bindings: Vec<Binding> = Vec::new();
        for binding in proofs.filter_map(|token| self.open_proof(token, request).ok()) {
            if !bindings.contains(&binding) {
                bindings.push(binding);
            }
        }
        bindings.iter().flat_map(|binding| self.revoke_of(binding, &sealed, request, unjudged)).collect()
    }

    /// The device that a session has left, a user's as all that are bound; and how it goes on without one.
    pub(super) fn revoke_left(
        &self,
        request: &RequestContext,
        state: &State,
        decision: &Decision,
    ) -> Option<Pending<()>> {
        let store = request.sealed_store();
        store.revocations().filter(|_| decision.revoke != Revoke::No)?;
        let left = state.device.left();
        let goes_on = self.goes_on_without(state, store).filter(|_| decision.send == Send::Session);
        let is_any = left.is_some() || goes_on.is_some();
        is_any.then(|| leave_device(store, left.as_ref(), goes_on))
    }

    /// The uid under which a session goes on that has left its device, and until when at most without another; nothing
    /// where that is not limited, or where it is another session that begins. One that has left it before, and gets
    /// another uid, has no more time by that.
    fn goes_on_without(&self, state: &State, store: &SealedStore) -> Option<(SessionUid, u64)> {
        let (came_uid, created_at_ms) = state.came_as()?;
        let goes_on = state.times()?.created == created_at_ms;
        let limit_ms = self.unbound.limit_ms().filter(|_| goes_on)?;
        let uid = state.uid()?;
        match state.device.left() {
            Some(_) => Some((uid, store.now_ms().saturating_add(limit_ms))),
            None if uid != came_uid => Some((uid, given_until(store, came_uid)?)),
            None => None,
        }
    }

    fn revoke_of(
        &self,
        binding: &Binding,
        sealed: &[(Stage, &[u8])],
        request: &RequestContext,
        unjudged: Unjudged,
    ) -> Vec<Pending<()>> {
        let store = request.bound_store(self.bound_store());
        let mut ended = Vec::new();
        for (stage, token) in sealed {
            let associated_data = stage.associated_data(binding, request.associated_data());
            let opened = store.open_parts(request.arrived(), token, &associated_data);
            if opened.map_or_else(|error| error.is_not_found() || error.keeps_cookie(), |_| true) {
                ended.extend(unjudged.of(store.revoke_of_user(
                    &id_of(token),
                    &associated_data,
                    None,
                    unjudged.goes_on(),
                )));
            }
        }
        if !ended.is_empty() {
            ended.push(leave_device(store, Some(binding), None));
        }
        ended
    }
}
