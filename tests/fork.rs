//! A forked process draws other randomness than the one it came from: a salt that both draw would be two messages under
//! one key. Nor does it have the threads that follow a ring file or talk to a backend. Without the test harness, whose threads a fork would leave behind.

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

    #[cfg(feature = "watch")]
    following::main();
    #[cfg(feature = "revocation")]
    revoking::main();
}

/// Does something in a forked process, which has to end well.
#[cfg(any(feature = "watch", feature = "revocation"))]
fn in_fork(act: impl FnOnce()) {
    match fork::fork().unwrap() {
        Fork::Child => {
            act();
            // Nothing of the parent's is to be dropped twice.
            std::process::exit(0);
        }
        Fork::Parent(child) => assert_eq!(fork::waitpid(child).unwrap(), 0, "the forked process failed"),
    }
}

/// A forked process has none of the threads that follow a ring file.
#[cfg(feature = "watch")]
mod following {
    use std::time::Duration;

    use sealed_session::{Root, WatchOptions};

    use super::*;

    fn ring(number: u8) -> KeyRing {
        let root = |number| Root::new(RootSecret::from_bytes(&[number; 32]).unwrap());
        KeyRing::new(vec![root(1), root(number).activating_at(u64::from(number))]).unwrap()
    }

    fn options() -> WatchOptions {
        WatchOptions::default().poll_every(Duration::from_secs(300)).wait_at_most(Duration::from_secs(60))
    }

    pub(super) fn main() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ring.json");
        ring(2).save_new(&path).unwrap();
        let store = SealedStore::builder(ring(2)).build().unwrap();
        let mut watcher = Some(store.follow(&path, options()).unwrap());
        let known = store.create(CreateOptions::default()).unwrap();
        let of = |number| {
            let other = SealedStore::builder(ring(number)).build().unwrap();
            other.create(CreateOptions::default()).unwrap()
        };

        in_fork(|| {
            let error = store.health().unwrap_err().to_string();
            assert!(
                error.contains("was forked") && error.contains("call `follow` after the fork"),
                "{error}"
            );
            assert!(!store.is_healthy() && store.ready().is_ok(), "what it has it serves");
            assert!(store.open(&known).is_ok());
            // Nobody would answer, so nobody is waited for.
            assert!(store.open(&of(3)).unwrap_err().keeps_cookie());
            assert!(watcher.as_ref().unwrap().reload_now().unwrap_err().to_string().contains("was forked"));

            let again = store.follow(&path, options()).unwrap();
            assert_eq!(store.health(), Ok(()));
            drop(watcher.take());
            assert_eq!(store.health(), Ok(()), "the one of the other process is nothing to this one");
            ring(3).save(&path).unwrap();
            again.reload_now().unwrap();
            assert!(store.open(&of(3)).is_ok());
        });

        assert_eq!(store.health(), Ok(()), "the process that follows goes on");
        ring(4).save(&path).unwrap();
        watcher.as_ref().unwrap().reload_now().unwrap();
        assert!(store.open(&of(4)).is_ok());
        println!("test a_forked_process_says_that_it_follows_no_file_and_can_follow_anew ... ok");
    }
}

/// Nor has it those that talk to a backend of revocations.
#[cfg(feature = "revocation")]
mod revoking {
    use sealed_session::SessionError;
    use sealed_session::revocation::{MemoryBackend, Revocations};

    use super::*;

    pub(super) fn main() {
        let revocations = Revocations::builder().with_backend(MemoryBackend::default()).unwrap();
        let ring = KeyRing::single(RootSecret::generate().unwrap());
        let store = SealedStore::builder(ring).revocations(revocations).build().unwrap();
        let id = store.create(CreateOptions::default()).unwrap();
        in_fork(|| {
            let error = store.health().unwrap_err().to_string();
            assert!(error.contains("build the store after the fork"), "{error}");
            assert!(store.open(&id).is_ok());
            // Nobody would do it, so nobody is waited for.
            assert!(matches!(store.delete(&id), Err(SessionError::Backend(_))));
        });
        assert_eq!(store.health(), Ok(()));
        store.delete(&id).unwrap();
        assert!(store.open(&id).is_err());
        println!("test a_forked_process_says_that_it_has_no_backend_of_revocations ... ok");
    }
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
