//! The command `sealed-session`: makes and rotates key rings, seals and opens sessions, and explains itself.
//!
//! Exit codes: 0 done, 2 usage, 3 Invalid, 4 `NotFound`, 1 anything else. Secrets are read from files and the
//! environment only, never from the command line, where other users could see them.

#![forbid(unsafe_code)]

mod args;
mod bench;
mod failure;
mod lines;
mod list;
mod lock;
mod open;
mod progress;
mod ring;
mod seal;
mod time;
mod tour;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    match Arguments::try_parse().map_err(Failure::from).and_then(|arguments| run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Keygen => ring::keygen(),
        Command::Ring { command } => ring::run(command),
        Command::Seal(arguments) => seal::run(&arguments),
        Command::Open(arguments) => open::run(&arguments),
        Command::Inspect { token, .. } => open::inspect(token.as_deref()),
        Command::Tour => tour::run(),
        Command::Bench { seconds, json } => bench::run(seconds, json),
    }
}
