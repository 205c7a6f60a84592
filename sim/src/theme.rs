//! What a world is about. Where everything is equally likely, three rare things hardly ever meet; so most worlds have a
//! few things that their handlers do again and again, and some have one user only (swarm testing: Groce et al., 2012).

use proptest::prelude::*;

use crate::op::{Op, op};
use crate::script::{Action, Ask, Client, MINUTE, Step};

/// More than most sessions have left.
const SLOW_MS: u64 = 4 * MINUTE;

#[derive(Debug, Clone)]
pub struct Theme {
    ops: Vec<Op>,
    /// Handlers take minutes, so that sessions expire and end meanwhile.
    slow: bool,
    /// All who log in are one user, in two browsers.
    one_user: bool,
}

pub fn theme() -> impl Strategy<Value = Theme> {
    let some = |op| prop::collection::vec(op, 1..4);
    let ops = prop_oneof![1 => Just(Vec::new()), 1 => some(op().boxed()), 1 => some(end_or_begin().boxed())];
    (ops, prop::bool::weighted(0.2), prop::bool::weighted(0.4)).prop_map(|(ops, slow, one_user)| Theme {
        ops,
        slow,
        one_user,
    })
}

/// What gives a session another uid.
fn end_or_begin() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (0..3_u8).prop_map(Op::Login),
        2 => Just(Op::Others),
        2 => Just(Op::Cycle),
        1 => Just(Op::Everywhere),
        1 => Just(Op::Logout),
    ]
}

impl Theme {
    /// Every other thing that a handler does is one of the theme.
    pub fn set(&self, steps: &mut [Step]) {
        let mut themes = self.ops.iter().cycle();
        let mut is_next = false;
        for ask in steps.iter_mut().filter_map(asked) {
            for op in ask.first.iter_mut().chain(&mut ask.rest) {
                is_next = !is_next;
                if let (true, Some(theme)) = (is_next, themes.next()) {
                    *op = *theme;
                }
                if self.one_user {
                    *op = of_one_user(*op);
                }
            }
            if self.slow {
                ask.handler_ms = ask.handler_ms.max(SLOW_MS);
                std::mem::swap(&mut ask.first, &mut ask.rest);
            }
            if let (true, Client::Browser(browser)) = (self.one_user, &mut ask.who) {
                *browser %= 2;
            }
        }
    }
}

fn asked(step: &mut Step) -> Option<&mut Ask> {
    match &mut step.action {
        Action::Ask(ask) => Some(ask),
        _ => None,
    }
}

fn of_one_user(op: Op) -> Op {
    match op {
        Op::Login(_) => Op::Login(0),
        Op::Switch(_) => Op::Switch(0),
        other => other,
    }
}
