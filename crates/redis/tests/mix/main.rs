//! Logouts under a mix of faults, as `sealed-session-testing` says.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

#[allow(dead_code, reason = "the other tests use all of it")]
#[path = "../it/proxy.rs"]
mod proxy;
mod redis;
#[allow(dead_code, reason = "the other tests use all of it")]
#[path = "../it/server.rs"]
mod redis_server;

use sealed_session_testing::{mix, until};

#[test]
#[ignore = "runs for as long as MIX_SECONDS says"]
fn what_is_acknowledged_holds_on_redis_under_a_mix_of_faults() {
    mix::run("redis", redis::Backing::start);
}
