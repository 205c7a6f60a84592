//! The published test vectors: this crate gives every one of them the answer that stands there, refuses what
//! is to be refused by the check that is named, takes it once its one defect is repaired, and would write
//! the very same files again.

#![cfg(feature = "hazmat")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

#[path = "vectors/accumulated.rs"]
mod accumulated;
#[path = "vectors/cookies.rs"]
mod cookies;
#[path = "vectors/csrf.rs"]
mod csrf;
#[cfg(feature = "dbsc")]
#[path = "vectors/dbsc.rs"]
mod dbsc;
#[path = "vectors/derivation.rs"]
mod derivation;
#[path = "vectors/open.rs"]
mod open;
#[path = "vectors/operations.rs"]
mod operations;
#[path = "vectors/published.rs"]
mod published;
#[path = "vectors/reading.rs"]
mod reading;
#[path = "vectors/ring.rs"]
mod ring;
#[path = "vectors/seal.rs"]
mod seal;
#[path = "vectors/secret_text.rs"]
mod secret_text;

/// The generator, whose draw of the accumulated sessions is this crate's reading of the README.
#[path = "../examples/make_vectors/vectors/mod.rs"]
mod vectors;
