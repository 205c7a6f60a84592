//! `run --seconds SECONDS --out FILE --rustc TEXT BINARY...` measures requests in process, with a worker of each
//! binary in turns; `worker` is such a worker. `layers` prints the names of what is compared, a line each, and
//! `serve LAYER` serves one of them until its standard input ends. `repeat LAYER PATH SIZE COUNT` makes so many
//! requests, for a profiler.

use std::time::Duration;

use sealed_session_peers::rounds;
use sealed_session_peers::web::report::Report;
use sealed_session_peers::web::{measure, serve, site, sites, tables};

const USAGE: &str = "usage: run --seconds SECONDS --out FILE --rustc TEXT BINARY... | worker | layers | serve LAYER | \
                     repeat LAYER PATH SIZE COUNT";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["worker"] => rounds::work(&measure::benches(), std::io::stdin().lock(), std::io::stdout().lock()),
        ["layers"] => sites().iter().for_each(|site| println!("{}", site.name)),
        ["serve", layer] => serve::serve(layer),
        ["repeat", layer, path, size, count] => {
            let site = site(layer);
            let cookie = site.cookie(size.parse().expect(USAGE));
            site.repeat(path, &cookie, count.parse().expect(USAGE));
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
