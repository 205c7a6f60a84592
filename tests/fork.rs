//! A forked process draws other randomness than the one it came from: a salt that both draw would be two messages under
//! one key. Without the test harness, whose threads a fork would leave behind.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use fork::Fork;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin as _};

const DRAWS: usize = 1_000;

fn main() {
    let store = SealedStore::builder(KeyRing::single(RootSecret::generate().unwrap())).build().unwrap();
    // Drawn with the salt, in one piece.
    let uid = || store.open(&store.create(CreateOptions::default()).unwrap()).unwrap().uid();
    assert_eq!(in_both_processes(|| uid().to_string()), 0, "drawn by both processes");

    let mut seeded = StdRng::seed_from_u64(1);
    assert_eq!(
        in_both_processes(|| seeded.next_u64().to_string()),
        DRAWS,
        "a generator of the process repeats itself"
    );
    println!("test a_forked_process_draws_other_randomness ... ok");
}

/// How many draws of a forked process are also those of its parent, of a generator that has drawn before.
fn in_both_processes(mut draw: impl FnMut() -> String) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let drawn = folder.path().join("drawn");
    let before = draw();
    match fork::fork().unwrap() {
        Fork::Child => {
            write(&drawn, &mut draw);
            // Nothing of the parent's is to be dropped twice.
            std::process::exit(0);
        }
        Fork::Parent(child) => {
            let mine: HashSet<_> = (0..DRAWS).map(|_| draw()).collect();
            assert_eq!(fork::waitpid(child).unwrap(), 0, "the forked process failed");
            let drawn = fs::read_to_string(&drawn).unwrap();
            let theirs: HashSet<_> = drawn.lines().map(str::to_owned).collect();
            assert_eq!((mine.len(), theirs.len()), (DRAWS, DRAWS), "each draws something new every time");
            assert!(!mine.contains(&before) && !theirs.contains(&before));
            mine.intersection(&theirs).count()
        }
    }
}

fn write(file: &Path, draw: &mut impl FnMut() -> String) {
    let drawn: Vec<_> = (0..DRAWS).map(|_| draw()).collect();
    fs::write(file, drawn.join("\n")).unwrap();
}
