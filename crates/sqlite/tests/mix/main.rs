//! Logouts under a mix of faults, as `sealed-session-testing` says. As root it has a file system of its own, so that the
//! disk can be full for everybody.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod child;
mod sqlite;

use sealed_session_testing::mix;

#[test]
#[ignore = "runs for as long as MIX_SECONDS says"]
fn what_is_acknowledged_holds_on_sqlite_under_a_mix_of_faults() {
    mix::run("sqlite", sqlite::Backing::start);
}
