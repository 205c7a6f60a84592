//! `seal` and `open` with a session or a token a line: JSON Lines, bad lines, pipes and memory.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;

#[path = "stream/open.rs"]
mod open;
#[path = "stream/pipe.rs"]
mod pipe;
#[path = "stream/seal.rs"]
mod seal;

use common::Folder;

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
