//! One seed is one world, and what was found once is not there any more.

use std::collections::BTreeSet;

use sealed_session_sim::runner::{Plan, Played, STACK_BYTES, play};
use sealed_session_sim::{Ran, Violation, judge, listen_to_panics, read, script_of, written};

/// On a thread that has room for drawing a script.
fn with_room(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(test);
    if let Err(panic) = thread.expect("there are threads to be had").join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_seed_gives_the_same_world_byte_for_byte() {
    listen_to_panics();
    with_room(|| {
        for seed in 0..40 {
            let (one, other) = (script_of(seed), script_of(seed));
            assert_eq!(judge(&one).transcript, judge(&other).transcript, "seed {seed}");
        }
    });
}

#[test]
fn a_script_is_read_as_it_was_written() {
    listen_to_panics();
    with_room(|| {
        let script = script_of(7);
        let again = read(&written(&script)).expect("it was written here");
        assert_eq!(judge(&script).transcript, judge(&again).transcript);
    });
}

#[test]
fn a_few_worlds_break_no_promise() {
    listen_to_panics();
    with_room(|| {
        for seed in 0..200 {
            let ran = judge(&script_of(seed));
            assert_eq!(ran.violation, None, "seed {seed}: {}", ran.transcript);
        }
    });
}

/// Scripts that broke a promise once, in `sim/scripts`.
#[test]
fn what_was_found_breaks_no_promise_any_more() {
    listen_to_panics();
    with_room(|| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        for file in std::fs::read_dir(folder).expect("the folder is there") {
            let path = file.expect("it can be listed").path();
            let text = std::fs::read_to_string(&path).expect("it can be read");
            let ran = judge(&read(&text).expect("it is a script"));
            assert_eq!(ran.violation, None, "{}\n{}", path.display(), ran.transcript);
        }
    });
}

fn played(threads: usize, world: impl Fn(u64) -> Ran + Sync) -> Played {
    play(&Plan { first_seed: 10, worlds: 60, time: None, threads, hashes: true, progress: None }, world)
}

#[test]
fn threads_make_no_difference_to_what_happens() {
    listen_to_panics();
    let of = |threads| {
        let played = played(threads, |seed| judge(&script_of(seed)));
        (played.hash(), played.worlds, played.steps, played.judged, played.coverage.to_string())
    };
    assert_eq!(of(1), of(3));
}

#[test]
fn another_process_gives_the_same_transcripts() {
    listen_to_panics();
    let here = played(2, |seed| judge(&script_of(seed))).hash();
    let program = env!("CARGO_BIN_EXE_sealed-session-sim");
    let options = ["--hash", "--seed", "10", "--worlds", "60", "--threads", "1"];
    let there = std::process::Command::new(program).args(options).output().expect("it can be run");
    assert_eq!(String::from_utf8_lossy(&there.stdout).trim(), here);
}

#[test]
fn the_first_seed_that_breaks_a_promise_is_told_whatever_thread_is_first() {
    let broken = BTreeSet::from([31, 33, 40]);
    let world = |seed: u64| {
        // What is first takes longest.
        let _ = std::hint::black_box(
            (0..(70 - seed) * 1000).fold(0, |sum: u64, at| sum ^ std::hint::black_box(at)),
        );
        let violation = broken.contains(&seed).then(|| Violation { rule: "some", what: seed.to_string() });
        Ran { transcript: String::new(), violation, events: 1 }
    };
    for threads in [1, 2, 3, 8] {
        let found = played(threads, world).broken.map(|(seed, violation)| (seed, violation.what));
        assert_eq!(found, Some((31, "31".to_owned())), "{threads} threads");
    }
}
