//! `keygen` and `ring`: making, changing and listing key rings, and where commands read a ring from.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;

#[path = "ring/add.rs"]
mod add;
#[cfg(unix)]
#[path = "ring/asking.rs"]
mod asking;
#[path = "ring/init.rs"]
mod init;
#[path = "ring/killed.rs"]
mod killed;
#[path = "ring/list.rs"]
mod list;
#[path = "ring/lock.rs"]
mod lock;
#[path = "ring/revoke.rs"]
mod revoke;
#[path = "ring/source.rs"]
mod source;
#[cfg(unix)]
#[path = "ring/trouble.rs"]
mod trouble;

use serde_json::Value;

use common::Folder;

const MINUTE: u64 = 60_000;

const MAX_TTL_S: u64 = 30 * 86_400;

/// Every command that reads `ring.json`.
const RING_READERS: [&str; 7] = [
    "ring list ring.json",
    "ring add ring.json secret",
    "ring rotate ring.json",
    "ring revoke ring.json 0123456789abcdef --force --yes",
    "ring prune ring.json",
    "seal --ring ring.json --name s --data {}",
    "open --ring ring.json --name s token",
];

fn states(folder: &Folder) -> Vec<Value> {
    folder.roots("").iter().map(|root| root["state"].clone()).collect()
}

/// Runs a command that is to fail and leave `ring.json` as it is.
#[track_caller]
fn fails_and_changes_nothing(folder: &Folder, line: &str, code: i32, words: &str) {
    let (before, names) = (folder.read("ring.json"), folder.names());
    folder.run(line).fails(code, words);
    assert_eq!((folder.read("ring.json"), folder.names()), (before, names), "{line}");
}
