//! A hundred thousand tokens, and one number for all of them.

use sha2::{Digest, Sha256};

use super::file::{self, File, Vector};
use super::json::hex;
use super::stream::{COUNT, SEED, Sessions};

pub(crate) fn file() -> File {
    let sessions = Sessions::new();
    let mut hash = Sha256::new();
    let mut vectors = Vec::new();
    for index in 0..COUNT {
        hash.update(sessions.draw(index).token());
        hash.update(b"\n");
        let count = index + 1;
        if [1, 10, 100, 1_000, 10_000, COUNT].contains(&count) {
            vectors.push(accumulated(count, &hash.clone().finalize()));
        }
    }
    vectors.extend((0..4).chain([COUNT - 1]).map(|index| single(&sessions, index)));
    let header = [
        "100,000 tokens, drawn from a stream as the README describes.",
        "Accumulated: the first `count` of them, each followed by a line feed, have this `sha256`. The \
         shorter ones show early that something is wrong.",
        "AccumulatedSession: the session number `index`, from 0, in full.",
    ];
    file::build("accumulated.json", &header, vectors)
}

fn accumulated(count: u64, hash: &[u8]) -> Vector {
    let group = members! { "key": hex(&Sha256::digest(SEED)) };
    let body = members! { "count": count as usize, "sha256": hex(hash) };
    let comment = if count == 1 { "the first token".into() } else { format!("the first {count} tokens") };
    Vector { kind: "Accumulated", group, comment, flags: vec!["Accumulated"], valid: true, body }
}

fn single(sessions: &Sessions, index: u64) -> Vector {
    let mut body = members! { "index": index as usize };
    body.extend(sessions.draw(index).members());
    let (comment, flags) = (format!("session {index}"), vec!["Accumulated"]);
    Vector { kind: "AccumulatedSession", group: vec![], comment, flags, valid: true, body }
}
