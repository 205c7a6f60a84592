//! `peers run --seconds SECONDS --out FILE --rustc TEXT BINARY...` measures with a worker of each binary in
//! turns. `peers worker` is such a worker; it is told when to measure by lines on its standard input.

use std::time::Duration;

use sealed_session_peers::report::Report;
use sealed_session_peers::{measure, rounds, tables};

const USAGE: &str = "usage: run --seconds SECONDS --out FILE --rustc TEXT BINARY... | worker";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["worker"] => {
            rounds::work(&measure::benches(), std::io::stdin().lock(), std::io::stdout().lock());
        }
        ["run", "--seconds", seconds, "--out", out, "--rustc", rustc, binaries @ ..]
            if !binaries.is_empty() =>
        {
            let time = Duration::from_secs(seconds.parse().expect(USAGE));
            let binaries: Vec<String> = binaries.iter().map(|binary| (*binary).to_owned()).collect();
            let report = Report::new(&rounds::run(&binaries, time), (*rustc).to_owned());
            let json = serde_json::to_string_pretty(&report).expect("texts and numbers");
            std::fs::write(out, json + "\n").unwrap_or_else(|error| panic!("cannot write {out}: {error}"));
            print!("{}", tables::tables(&report));
        }
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
