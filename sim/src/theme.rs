//! What a world is about. Where everything is equally likely, three rare things hardly ever meet; so most worlds have a few
//! things that happen in them again and again, and lack most others (swarm testing: Groce et al., 2012). Each theme is
//! drawn by itself, and any of them may meet.

use proptest::prelude::*;

use crate::device::Binds;
use crate::draw::{event, of_clients, of_the_backend, of_the_ring, of_users};
use crate::jar::Form;
use crate::op::{Op, op};
use crate::script::{Action, Ask, Client, MINUTE, Script, Step};

#[derive(Debug, Clone)]
pub struct Theme {
    /// What handlers do.
    ops: Vec<Op>,
    /// So many of them more with each request.
    more: usize,
    /// What happens besides.
    events: Vec<Action>,
    /// Handlers take so many minutes, so that sessions expire and end meanwhile.
    slow_min: Option<u64>,
    /// All who log in are one user, in two browsers.
    one_user: bool,
    /// No session lives longer than this.
    brief_min: Option<u64>,
    /// So many times as much happens in the same time.
    pace: u64,
    /// Sessions are bound to devices, and every browser knows how.
    devices: bool,
    /// What happens to the cookies of a browser is followed by a request of it.
    follows: bool,
    /// What happens besides happens while a handler is at work.
    meanwhile: bool,
}

pub fn theme() -> impl Strategy<Value = Theme> {
    let slow = prop::option::weighted(0.2, 4..=6_u64);
    let brief = prop::option::weighted(0.2, Just(5));
    let more = prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2)];
    let rare = || prop::bool::weighted(0.15);
    let pace = prop_oneof![3 => Just(1), 1 => Just(4), 1 => Just(12)];
    let place = (prop::bool::weighted(0.4), prop::bool::weighted(0.2));
    (ops(), more, events(), (slow, brief, pace), prop::bool::weighted(0.4), rare(), place).prop_map(
        |(ops, more, events, (slow_min, brief_min, pace), one_user, devices, (follows, meanwhile))| Theme {
            ops,
            more,
            events,
            slow_min,
            one_user,
            brief_min,
            // What takes as long as a session lives meets something else only where there is more of it.
            pace: pace.max(if slow_min.is_some() { 4 } else { 1 }),
            devices,
            follows,
            meanwhile,
        },
    )
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let some = |op| prop::collection::vec(op, 1..4);
    prop_oneof![1 => Just(Vec::new()), 1 => some(op().boxed()), 1 => some(end_or_begin().boxed())]
}

/// Of one kind, so that its parts meet.
fn events() -> impl Strategy<Value = Vec<Action>> {
    let some = |event| prop::collection::vec(event, 1..4);
    prop_oneof![
        4 => Just(Vec::new()),
        1 => some(event().boxed()),
        1 => some(of_the_ring().boxed()),
        1 => some(of_the_backend().boxed()),
        1 => some(of_users().boxed()),
        1 => some(of_clients().boxed()),
    ]
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
    pub fn set(&self, script: &mut Script) {
        let mut ops = self.ops.iter().copied().cycle();
        let mut events = self.events.iter().cycle();
        let (mut is_op_next, mut is_event_next) = (false, false);
        for step in &mut script.steps {
            step.after_ms /= self.pace;
            match &mut step.action {
                Action::Ask(ask) => self.ask(ask, &mut ops, &mut is_op_next),
                // Every other event is one of the theme.
                event => {
                    is_event_next = !is_event_next;
                    if let (true, Some(theme)) = (is_event_next, events.next()) {
                        *event = theme.clone();
                    }
                }
            }
        }
        if self.follows {
            follow(&mut script.steps);
        }
        if self.meanwhile {
            interrupt(&mut script.steps);
        }
        if let Some(minutes) = self.brief_min {
            script.servers.iter_mut().for_each(|policy| policy.ttl_min = policy.ttl_min.min(minutes));
        }
        if self.devices {
            let binds = script.house.binds;
            let all = Binds { ignorant: 0, proof_ttl_min: 2, ..binds.unwrap_or_default() };
            (script.house.binds, script.house.form) = (Some(all), Form::Host);
        }
    }

    fn ask(&self, ask: &mut Ask, ops: &mut impl Iterator<Item = Op>, is_next: &mut bool) {
        // Every other thing that a handler does is one of the theme.
        for op in ask.first.iter_mut().chain(&mut ask.rest) {
            *is_next = !*is_next;
            if let (true, Some(theme)) = (*is_next, ops.next()) {
                *op = theme;
            }
        }
        ask.rest.extend(ops.take(self.more));
        if let Some(minutes) = self.slow_min {
            ask.handler_ms = ask.handler_ms.max(minutes * MINUTE);
            std::mem::swap(&mut ask.first, &mut ask.rest);
        }
        if self.one_user {
            ask.first.iter_mut().chain(&mut ask.rest).for_each(|op| *op = of_one_user(*op));
            if let Client::Browser(browser) = &mut ask.who {
                *browser %= 2;
            }
        }
    }
}

/// The browser whose cookies were touched asks next.
fn follow(steps: &mut [Step]) {
    let mut touched = None;
    for step in steps {
        match &mut step.action {
            Action::Ask(ask) => {
                if let Some(browser) = touched.take() {
                    ask.who = Client::Browser(browser);
                }
            }
            action => touched = browser_of(action).or(touched),
        }
    }
}

fn browser_of(action: &Action) -> Option<u8> {
    match action {
        Action::Steal { browser, .. }
        | Action::Plant { browser, .. }
        | Action::Clear { browser }
        | Action::Restart { browser }
        | Action::SetBrowserClock { browser, .. } => Some(*browser),
        _ => None,
    }
}

/// A handler that was asked right before has begun, and goes on afterwards.
fn interrupt(steps: &mut [Step]) {
    const AT_WORK_MS: u64 = 4_000;
    for at in 1..steps.len() {
        let (before, after) = steps.split_at_mut(at);
        let (Some(before), Some(event)) = (before.last_mut(), after.first_mut()) else { continue };
        if let (Action::Ask(ask), false) = (&mut before.action, matches!(event.action, Action::Ask(_))) {
            event.after_ms = event.after_ms.min(AT_WORK_MS / 2);
            ask.handler_ms = ask.handler_ms.max(AT_WORK_MS);
            if ask.rest.is_empty() {
                std::mem::swap(&mut ask.first, &mut ask.rest);
            }
        }
    }
}

fn of_one_user(op: Op) -> Op {
    match op {
        Op::Login(_) => Op::Login(0),
        Op::Switch(_) => Op::Switch(0),
        other => other,
    }
}
