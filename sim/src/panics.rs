//! A panic that no script asks for breaks a promise, whoever catches it.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::app::WANTED;
use crate::rules::hold;
use crate::script::Script;
use crate::world::{Ran, run};

thread_local! {
    static PLAYS: Cell<bool> = const { Cell::new(false) };
    /// The first panic of a world that nobody asked for.
    static UNWANTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics of worlds apart from others, which are printed as ever.
pub fn listen() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| if PLAYS.get() { heard(info) } else { before(info) }));
}

fn heard(info: &PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or("a value");
    if text != WANTED {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        UNWANTED.with_borrow_mut(|first| {
            let _ = first.get_or_insert_with(|| format!("{place}: {text}"));
        });
    }
}

/// Runs a script to its end, or to the first promise that is broken.
pub fn judge(script: &Script) -> Ran {
    PLAYS.set(true);
    let ran = catch_unwind(AssertUnwindSafe(|| run(script)));
    PLAYS.set(false);
    let unwanted = UNWANTED.take();
    // Where the world itself panicked, nobody has its transcript.
    let mut ran = ran.unwrap_or(Ran { transcript: String::new(), violation: None, events: 0 });
    let broken = hold(unwanted.is_none(), "nothing panics", || unwanted.unwrap_or_default());
    ran.violation = broken.err().or(ran.violation);
    ran
}
