//! What must not compile: secrets that are copied, printed or compared, sessions that nobody opened, salts
//! that a caller chooses.
//!
//! Compilers word their errors differently from version to version, so no wording is compared. Whether a type
//! has a trait is asked of the compiler within this program. What else must not be written stands in programs
//! in `compile_fail/`: a line that ends in `//~ E0599` is refused with this code, no other line is refused,
//! and without the marked lines the program compiles, so nothing else is wrong with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

#[path = "compile_fail/harness/mod.rs"]
mod harness;
#[path = "compile_fail/harness/traits.rs"]
mod traits;

use harness::Program;

#[test]
fn every_marked_line_is_refused_and_no_other() {
    let programs = Program::all();
    let errors: Vec<String> = harness::check(&programs);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let marks: usize = programs.iter().map(Program::marks).sum();
    println!("{} programs, {marks} lines that are refused", programs.len());
    assert!(programs.len() >= 13 && marks >= 70, "{} programs, {marks} lines", programs.len());
}

/// The judge itself must be able to say no.
#[test]
fn a_wrong_mark_is_noticed() {
    for (name, source, complaint) in [
        (
            "compiles",
            "fn main() {\n    let _ = String::new().clone(); //~ E0599\n}\n",
            "line 2 is not refused",
        ),
        (
            "other_code",
            "fn main() {\n    let _ = 1_u8.clones(); //~ E0277\n}\n",
            "line 2 is refused with E0599",
        ),
        ("unmarked", "fn main() {\n    let _ = 1_u8.clones();\n}\n", "line 2 is refused with E0599"),
        (
            "broken",
            "fn main() {\n    let _: u8 = (); //~ E0308\n    let _: u8 = ();\n}\n",
            "without its marked lines",
        ),
    ] {
        let errors = harness::check(&[Program::new(&format!("control_{name}"), source)]);
        assert!(errors.iter().any(|error| error.contains(complaint)), "{name}: {errors:?}");
    }
}
