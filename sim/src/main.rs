//! `sealed-session-sim WORLDS [FIRST_SEED]` plays so many worlds; `sealed-session-sim FILE` plays a script.

use std::process::ExitCode;
use std::time::Instant;

use sealed_session_sim::{Found, hide_wanted_panics, play, read, run, written};

fn main() -> ExitCode {
    hide_wanted_panics();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [first] if first.parse::<u64>().is_err() => script(first),
        [worlds] => many(worlds.parse().unwrap_or(0), 0),
        [worlds, from] => match (worlds.parse(), from.parse()) {
            (Ok(worlds), Ok(from)) => many(worlds, from),
            _ => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: sealed-session-sim WORLDS [FIRST_SEED] | FILE");
    ExitCode::from(2)
}

fn script(path: &str) -> ExitCode {
    let script =
        std::fs::read_to_string(path).map_err(|error| error.to_string()).and_then(|text| read(&text));
    match script.map(|script| run(&script)) {
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::from(2)
        }
        Ok(ran) => {
            println!("{}", ran.transcript);
            println!(
                "{}",
                ran.violation.as_ref().map_or("no promise is broken".into(), |v| format!("{v:#?}"))
            );
            ExitCode::from(u8::from(ran.violation.is_some()))
        }
    }
}

fn many(worlds: u64, from: u64) -> ExitCode {
    let (start, mut events) = (Instant::now(), 0);
    for seed in from..from.saturating_add(worlds) {
        match play(seed) {
            Ok(more) => events += more,
            Err(found) => {
                tell(seed, seed - from + 1, &start, &found);
                return ExitCode::FAILURE;
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{worlds} worlds, {events} events, {seconds:.1} s, no promise is broken");
    ExitCode::SUCCESS
}

fn tell(seed: u64, worlds: u64, start: &Instant, found: &Found) {
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "seed {seed} breaks a promise, after {worlds} worlds and {seconds:.1} s: {}",
        found.violation.rule
    );
    println!("{}\n", found.violation.what);
    println!("{}", found.transcript);
    println!("As a file:\n{}", written(&found.script));
}
