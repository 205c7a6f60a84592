//! Runs sealed-session and looks through all memory that it frees for secrets that were not wiped.
//! `scripts/assurance` starts it. Linux with glibc only.
//!
//! ```text
//! wiping                  every scenario, then the controls; exit status 1 for a secret in freed memory
//! wiping print-masked     what to look for, masked (the program runs itself)
//! wiping environment      one scenario, in an environment that holds a secret (the program runs itself)
//! ```

mod control;
mod freed;
mod memory;
mod needles;
mod run;
mod scenarios;
mod secrets;

use std::process::ExitCode;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        None => verdict(run::everything()),
        Some("environment") => verdict(run::from_environment()),
        Some("print-masked") => {
            secrets::print_masked();
            ExitCode::SUCCESS
        }
        Some(_) => {
            eprintln!("usage: wiping");
            ExitCode::from(2)
        }
    }
}

fn verdict(clean: bool) -> ExitCode {
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
