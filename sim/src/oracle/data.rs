//! What is in a session: whose it is, and that what was put in is what comes out.

use super::{Checked, Oracle, Trace, hold};
use crate::app::View;
use crate::op::Op;
use crate::value::Hard;

impl View {
    pub fn has_data_of(&self, other: &Self) -> bool {
        self.items == other.items
            && self.carried == other.carried
            && self.blob == other.blob
            && self.value == other.value
    }

    pub fn has_data(&self) -> bool {
        !self.has_data_of(&Self::default())
    }
}

impl Oracle {
    /// A handler has put something in, or tried to.
    pub(super) fn wrote(
        &mut self,
        trace: &Trace,
        op: Op,
        item: u64,
        before: &View,
        after: &View,
        went_well: bool,
    ) -> Checked {
        if trace.is_invalidated {
            return Ok(());
        }
        if matches!(op, Op::Put | Op::Flash) {
            let writer = after.user.clone().map(|user| (trace.tenant, user));
            self.items.insert(item, writer);
        }
        let expected = match op {
            Op::Put if went_well => {
                let mut items = before.items.clone();
                items.push(item);
                items.drain(..items.len().saturating_sub(10));
                View { items, ..before.clone() }
            }
            Op::Carry if went_well => View { carried: vec![item], ..before.clone() },
            Op::Blob(len) if went_well => View { blob: len.into(), ..before.clone() },
            Op::Value(which) => {
                let expected = Hard::new(which).expected();
                hold(expected.is_some() || !went_well, "what is taken comes back", || {
                    format!("{which} is taken, and is no JSON")
                })?;
                match went_well {
                    true => View { value: expected, ..before.clone() },
                    false => before.clone(),
                }
            }
            Op::Clear if went_well => View::default(),
            Op::Put | Op::Carry | Op::Blob(_) | Op::Flash | Op::TakeFlashes | Op::Csrf | Op::Cycle => {
                before.clone()
            }
            _ => return Ok(()),
        };
        hold(after.has_data_of(&expected), "what is taken comes back", || {
            format!("{op:?}: {before:?} became {after:?}, not {expected:?}")
        })
    }

    /// Data stay where they are nobody's or the user's own; of another's, what a switcher keeps.
    pub(super) fn check_data_across_login(
        before: &View,
        after: &View,
        another: bool,
        keeps: bool,
    ) -> Checked {
        let expected = match another {
            false => before.clone(),
            true if keeps => View { carried: before.carried.clone(), ..View::default() },
            true => View::default(),
        };
        hold(!another || after.has_data_of(&expected), "nothing leaks across users", || {
            format!("{before:?} became {after:?}")
        })?;
        hold(after.has_data_of(&expected), "a login keeps the data of nobody and the same", || {
            format!("{before:?} became {after:?}")
        })
    }

    /// A task has kept the session, and does something with it when the answer has gone.
    pub fn comes_too_late(&self, is_refused: bool) -> Checked {
        hold(is_refused, "nothing is taken after the answer", || "a change was taken".into())
    }
}
