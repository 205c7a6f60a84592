//! What ends when a session has moved to its device.

use super::Device;
use super::form::{is_known, moved_form, record_forms, unbound_form};
use crate::http::request::RequestContext;
use crate::http::state::State;
use crate::revocation::{Pending, Recorder};

impl Device {
    /// Ends the ordinary form of a session whose browser is known to have the bound cookie: it came, with a proof. What
    /// is returned is worth waiting for: the first such request. Should it fail, each later one asks once more, and
    /// nobody waits.
    pub(super) fn end_ordinary_form(&self, request: &RequestContext, state: &State) -> Option<Pending<()>> {
        let store = request.bound_store(self.bound_store());
        let (binding, (uid, created_at_ms)) = (state.device.came_with()?, state.came_as()?);
        let (revocations, moved) = (store.revocations()?, moved_form(&binding));
        if is_known(store, moved, created_at_ms) {
            return None;
        }
        let (asked, now_ms) = (store.clone(), store.now_ms());
        let end = move |recorder: &mut Recorder<'_>| match is_known(&asked, moved, created_at_ms) {
            // A request beside this one was faster.
            true => Ok(()),
            // In this order: whoever learns of them in the middle refuses nothing that the device brings.
            false => record_forms(recorder, &[moved, unbound_form(uid)], now_ms),
        };
        if state.device.came_to_move() {
            return Some(store.record(end)).filter(|ended| !ended.is_done());
        }
        revocations.note(end);
        None
    }

    /// Whether what came in the ordinary cookie has moved to a device by now, and that is known.
    pub(super) fn has_moved(&self, request: &RequestContext, state: &State) -> bool {
        let came = state.came_as().filter(|_| state.device.binding().is_none());
        came.is_some_and(|(uid, created_at_ms)| {
            is_known(request.bound_store(self.bound_store()), unbound_form(uid), created_at_ms)
        })
    }
}
