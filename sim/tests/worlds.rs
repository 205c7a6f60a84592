//! One seed is one world, and what was found once is not there any more.

use sealed_session_sim::{hide_wanted_panics, play, read, run, script_of, written};

#[test]
fn a_seed_gives_the_same_world_byte_for_byte() {
    hide_wanted_panics();
    for seed in 0..40 {
        let (one, other) = (script_of(seed), script_of(seed));
        assert_eq!(run(&one).transcript, run(&other).transcript, "seed {seed}");
    }
}

#[test]
fn a_script_is_read_as_it_was_written() {
    hide_wanted_panics();
    let script = script_of(7);
    let again = read(&written(&script)).expect("it was written here");
    assert_eq!(run(&script).transcript, run(&again).transcript);
}

#[test]
fn a_few_worlds_break_no_promise() {
    hide_wanted_panics();
    for seed in 0..200 {
        if let Err(found) = play(seed) {
            panic!("seed {seed}: {:?}\n{}", found.violation, found.transcript);
        }
    }
}

/// Scripts that broke a promise once, in `sim/scripts`.
#[test]
fn what_was_found_breaks_no_promise_any_more() {
    hide_wanted_panics();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    for file in std::fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("it can be listed").path();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let ran = run(&read(&text).expect("it is a script"));
        assert_eq!(ran.violation, None, "{}\n{}", path.display(), ran.transcript);
    }
}
