//! A session under one uid.

use std::collections::BTreeSet;

use sealed_session::dbsc::Binding;

use super::trace::Trace;
use crate::records::Record;
use crate::script::Client;

#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub owner: Client,
    /// Who has got it from a server, because a neighbour had planted it there.
    pub(super) taken_by: BTreeSet<Client>,
    pub(super) tenant: u8,
    pub user: Option<String>,
    /// When its absolute lifetime began, in the world's time.
    pub(super) born_ms: u64,
    pub ended_ms: Option<u64>,
    pub perhaps: bool,
    /// The server that began it.
    pub(super) server: usize,
    /// It has gone to its client.
    pub(super) sent: bool,
    /// Requests in flight that may end it.
    pub doubts: BTreeSet<u64>,
    pub record: Record,
    /// It may have moved to a device, and so its ordinary cookie may have ended; to the first of them.
    pub(super) may_have_moved: bool,
    pub(super) moved_to: Option<Binding>,
    /// Or to another.
    pub(super) is_contested: bool,
    /// Where it is known that it has.
    pub moved: Record,
    /// It has left its device, and goes on without for a while.
    pub(super) given: bool,
}

impl Form {
    pub(super) fn new(trace: &Trace, user: Option<String>, born_ms: u64) -> Self {
        Self {
            owner: trace.who,
            taken_by: BTreeSet::new(),
            tenant: trace.tenant,
            user,
            born_ms,
            ended_ms: None,
            perhaps: false,
            server: trace.server,
            sent: false,
            doubts: BTreeSet::new(),
            record: Record::default(),
            may_have_moved: false,
            moved_to: None,
            is_contested: false,
            moved: Record::default(),
            given: false,
        }
    }

    pub(super) fn end(&mut self, server: usize, now_ms: u64) {
        self.ended_ms.get_or_insert(now_ms);
        self.record.made(server, now_ms);
    }

    /// A login of another server may be recorded before or after it, as long as it is on its way.
    pub(super) fn end_with_all(&mut self, server: usize, now_ms: u64) {
        match self.sent || self.server == server {
            true => self.end(server, now_ms),
            false => self.perhaps = true,
        }
    }

    /// Whether it may move to this device, as far as the others go.
    pub(super) fn moves_to(&self, device: Option<Binding>) -> bool {
        !self.is_contested && (self.moved_to.is_none() || self.moved_to == device)
    }

    pub(super) fn is_going_on(&self) -> bool {
        self.ended_ms.is_none() && !self.perhaps && self.doubts.is_empty()
    }

    /// The same, whatever a request has begun.
    pub(super) fn is_going_on_but_for(&self, id: u64) -> bool {
        self.ended_ms.is_none() && !self.perhaps && self.doubts.iter().all(|doubt| *doubt == id)
    }

    /// It has ended, and this server can know.
    pub(super) fn is_known_as_ended(&self, server: usize) -> bool {
        self.ended_ms.is_some() && self.record.by.contains_key(&server)
    }
}
