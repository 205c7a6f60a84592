//! `seal`, `open` and `inspect` with one session, given on the command line.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;

#[path = "session/open.rs"]
mod open;
#[path = "session/seal.rs"]
mod seal;
#[path = "session/times.rs"]
mod times;

use common::{Ended, Folder};

const REFUSED: &str = "sealed-session: invalid session: the token was refused\n";

/// The secret of the first known answer of SPEC.md.
const SECRET: &str = "ssr1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DmDBr";
const MAX_TTL_S: u64 = 30 * 86_400;

/// Seals data under `ring.json` and the cookie name `s`.
fn seal_data(folder: &Folder, data: &str) -> Ended {
    folder.cli("seal --ring ring.json --name s").args(["--data", data]).end()
}

/// The check that refused a token.
fn check(folder: &Folder, token: &str, flags: &str) -> String {
    let ended = folder.open(token, &format!("{flags} --explain"));
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{}", ended.stderr);
    let check = ended.stderr.strip_prefix(REFUSED.trim_end()).unwrap();
    check.strip_prefix(" (check: ").unwrap().strip_suffix(")\n").unwrap().to_owned()
}
