//! The key ring: what each root secret may do at a time, and what operators do to it.

#![cfg(feature = "hazmat")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[path = "ring/add.rs"]
mod add;
#[path = "ring/build.rs"]
mod build;
#[path = "ring/keys.rs"]
mod keys;
#[path = "ring/prune.rs"]
mod prune;
#[path = "ring/revoke.rs"]
mod revoke;
#[path = "ring/states.rs"]
mod states;
#[path = "ring/stores.rs"]
mod stores;

use std::time::Duration;

use sealed_session::Root;

/// The longest life of a token under a ring that says nothing, and the least grace.
const KEPT: u64 = 31 * common::DAY;

fn rotating(number: u8, period_s: u64) -> Root {
    common::root(number).rotating_every(Duration::from_secs(period_s)).unwrap()
}
