//! `seal` and `open` with a session or a token a line: JSON Lines, bad lines, pipes and memory.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod cli_common;

#[path = "cli_stream/open.rs"]
mod open;
#[path = "cli_stream/pipe.rs"]
mod pipe;
#[path = "cli_stream/seal.rs"]
mod seal;

use cli_common::Folder;

const SEAL: &str = "seal --ring ring.json --name s";

const OPEN: &str = "open --ring ring.json --name s";

const MIB: usize = 1 << 20;

/// A token whose session is over.
fn expired(folder: &Folder) -> String {
    folder.seal("--now 0")
}

/// A JSON object of so many bytes.
fn object_of(bytes: usize) -> String {
    format!("{{{}}}", " ".repeat(bytes - 2))
}
