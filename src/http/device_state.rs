//! What a request and its session have to do with a device: plain facts. What they come to is for `device`.

use crate::dbsc::Binding;
use crate::error::OpenError;

/// What a session has to do with a device.
#[derive(Default)]
pub(super) struct DeviceState {
    pub(super) binding: Option<Binding>,
    /// Since this request, and pending.
    pub(super) newly: bool,
    /// The ordinary cookie of the session came as well: the answer brings the bound one in its place.
    pub(super) moves: bool,
    /// It would have, had not another session begun, or none.
    pub(super) would_move: bool,
    /// What the session was bound to that has ended with this request.
    pub(super) left: Option<Binding>,
    pub(super) unproven: bool,
    /// The session has another uid than the one that an offer was made to.
    pub(super) renamed: bool,
}

/// What a request brings, besides the session that is chosen from it.
#[derive(Default, Clone, Copy)]
pub(super) struct Brought {
    pub(super) ordinary: bool,
    /// A bound cookie, pending or not.
    pub(super) bound: bool,
    /// A bound cookie tells of a session's end.
    pub(super) ended: bool,
    pub(super) bound_second: bool,
    pub(super) pending: bool,
    pub(super) pending_second: bool,
    pub(super) proof: bool,
    /// The device that has proved itself.
    pub(super) proven: Option<Binding>,
    /// The session came in the bound cookie.
    pub(super) came_bound: bool,
    /// The bound cookie is of a session that is over; or the pending one is, or no ordinary one awaits it any more, and
    /// it is the only one.
    pub(super) bound_over: bool,
    /// The pending cookie is such a one, whatever else came.
    pub(super) pending_over: bool,
    /// The proof is not one for the bound cookie.
    pub(super) proof_of_another: bool,
    /// The proof is over, and no other is good, or may be.
    pub(super) proof_over: bool,
    /// Why this server cannot judge a proof now, and there is no other: what it proves may be good.
    pub(super) proof_unjudged: Option<OpenError>,
}

impl DeviceState {
    pub(super) fn binding(&self) -> Option<&Binding> {
        self.binding.as_ref()
    }

    /// Another session begins, or none, with which no device has anything to do.
    pub(super) fn begin_anew(&mut self) {
        *self = Self {
            left: self.binding.filter(|_| !self.newly).or(self.left),
            would_move: self.moves || self.would_move,
            ..Self::default()
        };
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

    pub(super) fn bind(&mut self, binding: Binding) {
        (self.binding, self.newly, self.moves) = (Some(binding), true, false);
    }

    /// Whether the session came with a proof of its device, or of the one that it moves to; whatever has become of it
    /// since.
    #[cfg(feature = "revocation")]
    pub(super) fn came_bound(&self) -> bool {
        self.came_with().is_some()
    }

    /// The device that has proved itself with this request, whatever has become of its session since.
    #[cfg(feature = "revocation")]
    pub(super) fn came_with(&self) -> Option<Binding> {
        self.left.or(self.binding.filter(|_| !self.newly))
    }

    /// Whether the ordinary cookie came beside the bound one, whatever has become of the session since.
    #[cfg(feature = "revocation")]
    pub(super) fn came_to_move(&self) -> bool {
        self.moves || self.would_move
    }
}

impl Brought {
    /// Whether a second cookie of the bound session came that the response sets.
    pub(super) fn has_second_of(&self, state: &DeviceState) -> bool {
        if state.newly { self.pending_second } else { self.bound_second }
    }
}
