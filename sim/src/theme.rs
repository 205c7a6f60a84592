//! What a world is about. Where everything is equally likely, three rare things hardly ever meet; so most worlds have a
//! few things that their handlers do again and again, and some have one user only (swarm testing: Groce et al., 2012).

use proptest::prelude::*;

use crate::op::{Op, op};
use crate::script::{Action, Ask, Client, Step};

#[derive(Debug, Clone)]
pub struct Theme {
    ops: Vec<Op>,
    /// All who log in are one user, in two browsers.
    one_user: bool,
}

pub fn theme() -> impl Strategy<Value = Theme> {
    let ops = prop_oneof![1 => Just(Vec::new()), 2 => prop::collection::vec(op(), 1..4)];
    (ops, prop::bool::weighted(0.4)).prop_map(|(ops, one_user)| Theme { ops, one_user })
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
