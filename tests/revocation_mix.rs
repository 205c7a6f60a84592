//! Logouts under a mix of faults, for as long as `MIX_SECONDS` says (10 s): what was acknowledged holds on every server
//! soon after the faults end, and nobody else is logged out.
//!
//! Run it by `MIX_SECONDS=900 cargo test --release --features redis --test revocation_mix -- --ignored
//! --nocapture under_a_mix`. It prints the seed of its choices, which `MIX_SEED` repeats; what the threads do at a time
//! stays chance.

#![cfg(all(feature = "redis", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

#[path = "revocation_mix/ledger.rs"]
mod ledger;
#[path = "revocation_mix/load.rs"]
mod load;
#[path = "revocation_mix/mix.rs"]
mod mix;
#[path = "revocation_mix/node.rs"]
mod node;
#[allow(dead_code, reason = "another test file uses all of it")]
#[path = "revocation_redis/proxy.rs"]
mod proxy;
#[path = "revocation_mix/redis.rs"]
mod redis;
#[allow(dead_code, reason = "another test file uses all of it")]
#[path = "revocation_redis/server.rs"]
mod redis_server;
#[path = "revocation_mix/server.rs"]
mod server;

use std::thread;
use std::time::{Duration, Instant};

/// Waits until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    assert!(within(Duration::from_secs(60), &mut so), "not in time: {what}");
}

/// Whether it is so in time.
fn within(time: Duration, so: &mut dyn FnMut() -> bool) -> bool {
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
fn pause(time: Duration) {
    thread::park_timeout(time);
}

#[test]
#[ignore = "runs for as long as MIX_SECONDS says"]
fn what_is_acknowledged_holds_on_redis_under_a_mix_of_faults() {
    mix::run("redis", redis::Backing::start);
}
