//! Flash messages: each is shown once, to the page after the one that left it.

use super::{Checked, Ending, Oracle, Trace, hold};
use crate::app::View;
use crate::op::Op;
use crate::sender::Act;

impl Oracle {
    /// What a handler finds there that looks at its session for the first time, as far as it is known.
    pub(super) fn finds_messages(&self, trace: &Trace, view: &View) -> Option<Vec<u64>> {
        let Some(uid) = view.uid else { return Some(Vec::new()) };
        let came = self.came(trace).filter(|came| came.uid == uid && came.has_data_of(view));
        came.filter(|_| !trace.is_mixed()).map(|came| came.messages)
    }

    pub(super) fn shows_messages(trace: &Trace, shown: &[u64]) -> Checked {
        let Some(left) = &trace.messages else { return Ok(()) };
        hold(left == shown, "a message is shown once", || {
            format!("{left:?} were left, and {shown:?} are shown")
        })
    }

    /// A handler has left one, has shown them, or has ended the session that they are of.
    pub(super) fn minds_messages(
        trace: &mut Trace,
        op: Op,
        item: u64,
        before: &View,
        after: &View,
        well: bool,
    ) {
        let is_head = trace.guarded.is_some_and(|guarded| guarded.act == Act::Head);
        let is_another = before.user.is_some() && before.user != after.user;
        if trace.is_invalidated && op != Op::Invalidate {
            return;
        }
        match (&mut trace.messages, op) {
            (Some(messages), Op::Flash) if well => messages.push(item),
            (Some(messages), Op::TakeFlashes) if !is_head => messages.clear(),
            (messages, Op::Logout | Op::Invalidate) => *messages = Some(Vec::new()),
            (messages, Op::Login(_) | Op::Switch(_)) if well && is_another => *messages = Some(Vec::new()),
            (messages, Op::Everywhere) => *messages = well.then(Vec::new),
            (messages, Op::EndListed(_) | Op::Others) if after.user != before.user => {
                *messages = after.user.is_none().then(Vec::new);
            }
            _ => {}
        }
    }

    /// What is sent has those that nobody was shown.
    pub(super) fn check_messages(trace: &Trace, ending: &Ending<'_>) -> Checked {
        let (Some(left), Some(last)) = (&trace.messages, &trace.last) else { return Ok(()) };
        for (_, token) in ending.sets.iter().flatten() {
            let is_it = last.uid.is_none_or(|uid| uid == token.uid) && last.kept.is_none();
            hold(!is_it || token.messages == *left, "a message is shown once", || {
                format!("{left:?} are left, and {token:?} is sent")
            })?;
        }
        Ok(())
    }
}
