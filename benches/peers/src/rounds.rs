//! Several processes that measure in turns: a worker measures a round when it is told to, and one runner tells
//! them. So the builds with either AEAD provider see the same machine, as busy or as hot as it then is.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::measure::{self, Bench, Subject};

/// However short the time, so many rounds are measured: fewer have no quartiles.
const MIN_ROUNDS: usize = 5;

/// What a worker says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The AEAD provider of `sealed-session` in its build.
    pub provider: String,
    /// What it measures, in the order of its figures.
    pub subjects: Vec<Subject>,
}

/// What a worker has measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its build and subjects.
    pub hello: Hello,
    /// For each round, the nanoseconds of each subject.
    pub rounds: Vec<Vec<f64>>,
}

/// Measures a round for every line that comes in, until none does.
///
/// # Panics
/// When the runner has gone away.
pub fn work(benches: &[Bench], lines: impl BufRead, mut out: impl Write) {
    let subjects = benches.iter().map(|bench| bench.subject.clone()).collect();
    let provider = format!("{:?}", sealed_session::hazmat::Provider::in_use());
    say(&mut out, &Hello { provider, subjects });
    for _ in lines.lines() {
        say(&mut out, &measure::round(benches));
    }
}

fn say(mut out: impl Write, what: &impl Serialize) {
    let line = serde_json::to_string(what).expect("texts and numbers");
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the runner listens");
}

/// Runs a worker of each binary, and rounds in turns until the time is up.
///
/// # Panics
/// When a worker cannot be run or breaks off.
#[must_use]
pub fn run(binaries: &[String], time: Duration) -> Vec<Measured> {
    let mut workers: Vec<Worker> = binaries.iter().map(|binary| Worker::start(binary)).collect();
    let mut all: Vec<Measured> =
        workers.iter_mut().map(|worker| Measured { hello: worker.hear(), rounds: Vec::new() }).collect();
    let start = Instant::now();
    let mut round = 0;
    while round < MIN_ROUNDS || start.elapsed() < time {
        for (worker, measured) in workers.iter_mut().zip(&mut all) {
            writeln!(worker.ask, "round").expect("the worker listens");
            measured.rounds.push(worker.hear());
        }
        round += 1;
    }
    workers.into_iter().for_each(Worker::stop);
    all
}

struct Worker {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start(binary: &str) -> Self {
        let mut process = Command::new(binary)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{binary} does not start: {error}"));
        let ask = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, ask, answers }
    }

    fn hear<T: for<'de> Deserialize<'de>>(&mut self) -> T {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the worker answers");
        serde_json::from_str(&line).expect("the worker answers as it should")
    }

    fn stop(mut self) {
        drop(self.ask);
        self.process.wait().expect("the worker ends");
    }
}
