//! A server without a web framework whose sessions live in their tokens only, and whose keys rotate while it
//! serves: it follows its ring file.
//!
//! ```sh
//! sealed-session ring init ring.json
//! cargo run --example rotating_server --features watch -- ring.json --app shop.example --cookie sid
//! ```
//!
//! It prints where it listens, and answers each line with a line (see `desk.rs`), until its standard input ends.
//! Any number of such servers may share a ring file. In another terminal, with the port that it printed:
//!
//! ```sh
//! exec 3<>/dev/tcp/127.0.0.1/PORT     # bash
//! echo 'CREATE user-42 {"cart":[]}' >&3 && read -r answer <&3 && echo "$answer"
//! sealed-session ring rotate ring.json --activate-in 10m
//! ```

#![forbid(unsafe_code)]

mod clock;
mod desk;
mod serve;
mod settings;

use std::error::Error;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use sealed_session::{KeyRing, SealedStore};

use clock::OffsetClock;
use desk::Desk;
use settings::Settings;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rotating_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_arguments(std::env::args().skip(1))?;
    let clock = OffsetClock::ahead_by(settings.clock_offset_s);
    let store = SealedStore::builder(KeyRing::load(&settings.ring)?)
        .app_id(&settings.app)
        .cookie_name(&settings.cookie)
        .clock(clock)
        .build()?;
    let watcher = store.follow(&settings.ring, settings.watching())?;
    let desk = Desk { store, watcher, clock };

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
    println!("listening on {}", listener.local_addr()?);
    serve::until(standard_input_ends, &listener, |request| desk.answer(request))?;
    println!("stopped");
    Ok(())
}

/// Whoever started this server has closed its end, or has gone.
fn standard_input_ends() {
    let mut ignored = [0; 1024];
    while matches!(io::stdin().read(&mut ignored), Ok(1..)) {}
}
