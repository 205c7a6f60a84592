//! The promises by their names: how often each was judged, and which are turned off.
//!
//! A promise that nobody judges is kept by any library, so the runner counts. One that is turned off lets its faults
//! through, which `controls.py` shows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: &'static str,
    pub what: String,
}

pub type Checked = Result<(), Violation>;

/// How often each promise was judged.
pub type Judged = BTreeMap<&'static str, u64>;

static OFF: OnceLock<Vec<String>> = OnceLock::new();

thread_local! {
    static JUDGED: RefCell<Judged> = const { RefCell::new(Judged::new()) };
}

/// Judges a promise.
pub fn hold(holds: bool, rule: &'static str, what: impl FnOnce() -> String) -> Checked {
    JUDGED.with_borrow_mut(|judged| *judged.entry(rule).or_default() += 1);
    if holds || is_off(rule) { Ok(()) } else { Err(Violation { rule, what: what() }) }
}

/// Turns promises off, for all of this process. Only the first call counts.
pub fn turn_off(rules: Vec<String>) {
    let _ = OFF.set(rules);
}

fn is_off(rule: &str) -> bool {
    OFF.get().is_some_and(|off| off.iter().any(|off| off == rule))
}

/// What this thread judged since it was asked before.
pub fn take_judged() -> Judged {
    JUDGED.take()
}
