//! The test vectors, as the text of their files. `tests/vectors.rs` includes this module as well, and
//! compares what it writes with the files that are published.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a generator stops at the first thing that is not as it should be"
)]

#[macro_use]
mod json;

mod accumulated;
mod cookies;
mod csrf;
mod dbsc;
mod derivation;
mod file;
mod notes;
mod open_invalid;
mod open_order;
mod open_valid;
mod operations;
mod refusal;
mod ring;
mod ring_file;
mod ring_refused;
mod scene;
mod seal;
mod secret_text;
pub(crate) mod stream;

pub(crate) use file::File;

/// All files. The accumulated one takes most of the time.
pub(crate) fn all() -> Vec<File> {
    let mut files = quick();
    files.push(accumulated::file());
    files
}

/// All files but the accumulated one.
pub(crate) fn quick() -> Vec<File> {
    vec![
        secret_text::file(),
        derivation::file(),
        seal::file(),
        open_valid::file(),
        open_invalid::file(),
        open_order::file(),
        cookies::file(),
        csrf::file(),
        dbsc::file(),
        ring::file(),
        operations::file(),
    ]
}
