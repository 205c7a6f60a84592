//! Logouts under a mix of faults, for as long as `MIX_SECONDS` says (10 s): what was acknowledged holds on every server
//! soon after the faults end, and nobody else is logged out. The tests `mix` of the backends begin and end the faults.
//!
//! Run it by `MIX_SECONDS=900 cargo test --release -p sealed-session-sqlite -p sealed-session-redis --test mix --
//! --ignored --nocapture under_a_mix`. It prints the seed of its choices, which `MIX_SEED` repeats; what the threads do at
//! a time stays chance.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a part of tests, which is not published"
)]

pub mod child;
pub mod ledger;
pub mod load;
pub mod mix;
pub mod node;
pub mod server;

use std::thread;
use std::time::{Duration, Instant};

/// Waits until it is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    assert!(within(Duration::from_secs(60), &mut so), "not in time: {what}");
}

/// Whether it is so in time.
pub fn within(time: Duration, so: &mut dyn FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    while !so() {
        if Instant::now() >= deadline {
            return false;
        }
        pause(Duration::from_millis(2));
    }
    true
}

/// Nothing here is waited for: the load and the faults have a rate.
pub fn pause(time: Duration) {
    thread::park_timeout(time);
}
