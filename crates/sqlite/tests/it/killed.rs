//! Nothing that was acknowledged is lost when processes are killed.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;

use rand::RngExt as _;
use sealed_session_sqlite::SqliteBackend;

use crate::child::Other;
use crate::session;
use crate::told::Told;

/// What a killed process begins at, far from where the one before ended.
const ROUND: u64 = 1 << 32;
/// How often processes are killed over one file.
const ROUNDS: u64 = 20;

#[test]
fn what_was_acknowledged_holds_after_a_kill_at_any_moment() {
    let files = if env::var_os("SEALED_SESSION_FULL").is_some() { 10 } else { 1 };
    let mut acknowledged = 0;
    for _ in 0..files {
        let folder = tempfile::tempdir().unwrap();
        acknowledged += kill_them(&folder.path().join("revocations.db"));
    }
    println!("{} times 2 processes killed, {acknowledged} acknowledged, 0 lost", files * ROUNDS);
}

fn kill_them(file: &Path) -> usize {
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        // Every second time somebody else has the file open, and nothing is repaired at the next opening.
        let mut witness = (round % 2 == 1).then(|| SqliteBackend::open(file).unwrap());
        let mut writers = [0, 1].map(|half| Other::writer(file, (2 * round + half) * ROUND));
        for _ in 0..rand::rng().random_range(0..120) {
            let writer = &mut writers[rand::rng().random_range(0..2)];
            acknowledged.insert(writer.next().unwrap());
        }
        for writer in writers {
            acknowledged.extend(writer.kill());
        }
        let mut told = vec![Told::by(&mut SqliteBackend::open(file).unwrap())];
        told.extend(witness.as_mut().map(Told::by));
        for told in told {
            let holds = |number: &&String| told.knows(&session(number.parse().unwrap(), 0));
            let lost: Vec<_> = acknowledged.iter().filter(|number| !holds(number)).collect();
            assert!(lost.is_empty(), "round {round}: {lost:?} of {}", acknowledged.len());
        }
    }
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    acknowledged.len()
}
