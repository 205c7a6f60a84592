//! Sessions survive rotation: by an operator, by the clock, and under running readers.

#![cfg(feature = "hazmat")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[path = "rotation/epochs.rs"]
mod epochs;
#[path = "rotation/operator.rs"]
mod operator;
#[path = "rotation/threads.rs"]
mod threads;

use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, Root, SealedStore};

/// The same ring again, as another server loads it.
fn copy(ring: &KeyRing) -> KeyRing {
    KeyRing::from_json(&ring.to_json().unwrap()).unwrap()
}

fn server(ring: KeyRing, clock: &ManualClock) -> SealedStore {
    SealedStore::builder(ring).clock(clock.clone()).build().unwrap()
}

fn rotating(number: u8, period_s: u64) -> Root {
    common::root(number).rotating_every(Duration::from_secs(period_s)).unwrap()
}
