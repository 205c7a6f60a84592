//! Plays worlds, or a script: `scripts/sim --help` says how.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sealed_session_sim::arguments::{self, Asked, USAGE, Worlds};
use sealed_session_sim::runner::{Plan, Played, play};
use sealed_session_sim::{
    Found, Violation, judge, listen_to_panics, read, script_of, shrunk, turn_off, written,
};

/// How long worlds are played where nothing is said about it.
const TIME: Duration = Duration::from_secs(60);
const PROGRESS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    listen_to_panics();
    match arguments::read(std::env::args().skip(1)) {
        Ok(Asked::Help) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Asked::Script(path)) => script(&path),
        Ok(Asked::Worlds(asked)) => worlds(asked),
        Err(error) => fail(&format!("{error}\n\n{USAGE}")),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}

fn script(path: &Path) -> ExitCode {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    match text.and_then(|text| read(&text)).map(|script| judge(&script)) {
        Err(error) => fail(&format!("{}: {error}", path.display())),
        Ok(ran) => {
            println!("{}", ran.transcript);
            match &ran.violation {
                None => println!("no promise is broken"),
                Some(Violation { rule, what }) => println!("a promise is broken: {rule}\n{what}"),
            }
            ExitCode::from(u8::from(ran.violation.is_some()))
        }
    }
}

fn worlds(asked: Worlds) -> ExitCode {
    let default = (asked.worlds.is_none()).then_some(TIME);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        first_seed: asked.first_seed,
        worlds: asked.worlds.unwrap_or(u64::MAX),
        time: asked.time.or(default),
        threads: asked.threads.unwrap_or(cores),
        hashes: asked.hashes,
        progress: Some(PROGRESS),
    };
    turn_off(asked.without.clone());
    let start = Instant::now();
    let played = play(&plan, |seed| judge(&script_of(seed)));
    let seconds = start.elapsed().as_secs_f64();
    if let Some((seed, violation)) = &played.broken {
        return broken(*seed, violation, &plan, seconds, asked.brief);
    }
    if let Some(unknown) = asked.without.iter().find(|rule| !played.judged.contains_key(rule.as_str())) {
        let known: Vec<_> = played.judged.keys().copied().collect();
        let known = known.join("\n  ");
        return fail(&format!("nothing judged {unknown:?}. These promises were judged:\n  {known}"));
    }
    if asked.hashes {
        println!("{}", played.hash());
        return ExitCode::SUCCESS;
    }
    kept(&played, &plan, seconds, &asked.without)
}

/// No promise was broken.
fn kept(played: &Played, plan: &Plan, seconds: f64, without: &[String]) -> ExitCode {
    let (worlds, steps, first) = (played.worlds, played.steps, plan.first_seed);
    let per_second = steps as f64 / seconds;
    println!(
        "simulation: {worlds} worlds from seed {first}, {steps} steps, {seconds:.1} s, {per_second:.0} steps a second: \
         no promise is broken"
    );
    let rarest = played.judged.iter().min_by_key(|(_, times)| **times);
    let rarest =
        rarest.map(|(rule, times)| format!("; most rarely, {times} times, \"{rule}\"")).unwrap_or_default();
    println!("promises judged: {}{rarest}", played.judged.len());
    without.iter().for_each(|rule| println!("not judged: \"{rule}\""));
    println!("{}", played.coverage);
    let wrong = played.coverage.wrongly_unreachable();
    wrong.iter().for_each(|cell| println!("sim/src/coverage.rs says that no world can reach this: {cell}"));
    ExitCode::from(u8::from(!wrong.is_empty()))
}

fn broken(seed: u64, violation: &Violation, plan: &Plan, seconds: f64, brief: bool) -> ExitCode {
    let worlds = seed - plan.first_seed + 1;
    println!("seed {seed} breaks a promise, after {worlds} worlds and {seconds:.1} s: {}", violation.rule);
    if !brief {
        tell(seed, &shrunk(seed, violation));
    }
    ExitCode::FAILURE
}

fn tell(seed: u64, found: &Found) {
    println!("{}\n\nThe shortest script found that breaks it:\n{}", found.violation.what, found.transcript);
    let text = written(&found.script);
    match keep(seed, found.violation.rule, &text) {
        Err(error) => println!("It could not be written ({error}). As a file:\n{text}"),
        Ok(file) => println!(
            "It is a test now: sim/tests/worlds.rs plays sim/scripts/{file}. What to do next:\n\
             1. `scripts/sim sim/scripts/{file}` plays it again.\n\
             2. Find the cause, and write it as a test in `tests/`, in the words of the library.\n\
             3. Name the file for what it shows, and add the fault to sim/faults.py."
        ),
    }
}

/// Writes a script as a test.
fn keep(seed: u64, rule: &str, text: &str) -> std::io::Result<String> {
    let words: Vec<_> =
        rule.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let file = format!("{}_{seed}.ron", words.join("_"));
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(&file), text)?;
    Ok(file)
}
