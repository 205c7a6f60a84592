//! Runs sealed-session with its secrets marked for Valgrind's memcheck. `scripts/assurance` starts it, and
//! judges what memcheck reports.
//!
//! ```text
//! constant-time             every check; without a report from memcheck it has passed
//! constant-time CONTROL     one deliberate leak, which memcheck must report
//! ```

mod aead;
mod backends;
mod control;
mod derivation;
mod heap;
mod memcheck;
mod store;
mod tally;

use tally::Tally;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => checks(),
        [name] if control::run(name) => {}
        _ => {
            eprintln!("usage: constant-time [{}]", control::NAMES.join(" | "));
            std::process::exit(2);
        }
    }
}

fn checks() {
    assert!(memcheck::is_there(), "run this under Valgrind: outside it nothing is checked");
    backends::print();
    let mut tally = Tally::default();
    derivation::check(&mut tally);
    aead::check(&mut tally);
    store::check(&mut tally);
    tally.print();
}
