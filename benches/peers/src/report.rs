//! Figures out of samples: one JSON file, and tables to read.
//!
//! A ratio is a peer's time over ours, both of the same round of the same process; its median and quartiles are
//! over the rounds. Above 1, ours is faster.

use std::fmt::Write;

use serde::Serialize;

use crate::claims::SIZES;
use crate::measure::{Op, Subject};
use crate::peers::{OURS, PRIVATE_JAR};
use crate::rounds::Measured;
use crate::stats::Quartiles;

/// Everything that one run has measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Of this layout; another layout has another number.
    pub format: u32,
    /// What it ran on.
    pub machine: Machine,
    /// The versions of what is compared.
    pub crates: Vec<Crate>,
    /// How many rounds each process measured.
    pub rounds: usize,
    /// One for each AEAD provider.
    pub processes: Vec<Process>,
}

/// What it ran on.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// As the system names it, where it does.
    pub cpu: Option<String>,
    /// How many cores this process may use.
    pub cores: usize,
    /// What `rustc -V` says.
    pub rustc: String,
}

/// A crate of the lock file.
#[derive(Debug, Serialize)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What one build measured.
#[derive(Debug, Serialize)]
pub struct Process {
    /// The AEAD provider of `sealed-session`.
    pub provider: String,
    /// Seal and open, each peer and size.
    pub results: Vec<Figures>,
    /// Sealing with the cost of both generators taken out.
    pub seal_without_generator: Vec<WithoutGenerator>,
}

/// The figures of one subject.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// What was measured.
    #[serde(flatten)]
    pub subject: Subject,
    /// Nanoseconds.
    pub ns: Quartiles,
    /// To ours.
    pub ratio: Quartiles,
}

/// `PrivateJar` less its generator, and ours with a fixed salt.
#[derive(Debug, Serialize)]
pub struct WithoutGenerator {
    /// Bytes of session data.
    pub size: usize,
    /// Ours with a fixed salt, in nanoseconds.
    pub ours_ns: Quartiles,
    /// `PrivateJar`'s seal less `generator_ns`, in nanoseconds.
    pub private_jar_ns: Quartiles,
    /// What 12 bytes of its generator take.
    pub generator_ns: Quartiles,
    /// The second over the first, round by round.
    pub ratio: Quartiles,
}

impl Report {
    /// Of what the workers measured.
    #[must_use]
    pub fn new(all: &[Measured], rustc: String) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self {
            format: 1,
            machine: Machine { cpu: cpu(), cores, rustc },
            crates: crates(),
            rounds: all.first().map_or(0, |measured| measured.rounds.len()),
            processes: all.iter().map(Process::new).collect(),
        }
    }
}

impl Process {
    fn new(measured: &Measured) -> Self {
        let subjects = measured.hello.subjects.iter();
        let results = subjects
            .filter(|subject| matches!(subject.op, Op::Seal | Op::Open))
            .map(|subject| {
                let ns = measured.of(&subject.peer, subject.op, subject.size);
                let ours = measured.of(OURS, subject.op, subject.size);
                let ratio = Quartiles::of(ns.iter().zip(&ours).map(|(peer, ours)| peer / ours));
                Figures { subject: subject.clone(), ns: Quartiles::of(ns), ratio }
            })
            .collect();
        let seal_without_generator =
            SIZES.iter().map(|size| WithoutGenerator::new(measured, *size)).collect();
        Self { provider: measured.hello.provider.clone(), results, seal_without_generator }
    }

    fn figures(&self, peer: &str, op: Op, size: usize) -> Option<&Figures> {
        self.results.iter().find(|found| {
            (found.subject.peer.as_str(), found.subject.op, found.subject.size) == (peer, op, size)
        })
    }
}

impl WithoutGenerator {
    fn new(measured: &Measured, size: usize) -> Self {
        let ours = measured.of(OURS, Op::SealFixedSalt, size);
        let generator = measured.of(PRIVATE_JAR, Op::Generator, 0);
        let sealed = measured.of(PRIVATE_JAR, Op::Seal, size);
        let private_jar: Vec<f64> = sealed.iter().zip(&generator).map(|(seal, draw)| seal - draw).collect();
        Self {
            size,
            ratio: Quartiles::of(private_jar.iter().zip(&ours).map(|(peer, ours)| peer / ours)),
            ours_ns: Quartiles::of(ours),
            private_jar_ns: Quartiles::of(private_jar),
            generator_ns: Quartiles::of(generator),
        }
    }
}

impl Measured {
    /// The nanoseconds of one subject, round by round.
    fn of(&self, peer: &str, op: Op, size: usize) -> Vec<f64> {
        let is_it = |s: &Subject| (s.peer.as_str(), s.op, s.size) == (peer, op, size);
        let place = self.hello.subjects.iter().position(is_it).expect("it was measured");
        self.rounds.iter().map(|round| *round.get(place).expect("a figure for each subject")).collect()
    }
}

/// The model of the first processor, where the system tells.
fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The versions that this build was made from.
fn crates() -> Vec<Crate> {
    let names = [
        "sealed-session",
        "axum-extra",
        "biscotti",
        "biscuit",
        "branca",
        "cookie",
        "fernet",
        "josekit",
        "jsonwebtoken",
        "pasetors",
        "rusty_paseto",
        "seshcookie",
    ];
    let lock: Vec<&str> = include_str!("../Cargo.lock").lines().collect();
    let quoted = |line: &str, key: &str| {
        Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    let pairs = lock.iter().zip(lock.iter().skip(1));
    let all = pairs.filter_map(|(first, second)| {
        Some(Crate { name: quoted(first, "name")?, version: quoted(second, "version")? })
    });
    all.filter(|found| names.contains(&found.name.as_str())).collect()
}

/// The tables of a run.
#[must_use]
pub fn tables(report: &Report) -> String {
    let mut text = String::new();
    for process in &report.processes {
        let rounds = report.rounds;
        push(&mut text, &format!("\n== sealed-session with {}, {rounds} rounds", process.provider));
        for (op, what) in [(Op::Open, "open"), (Op::Seal, "seal")] {
            let title = format!("{what}: time, and ratio to ours (quartiles)");
            table(&mut text, &title, process, op, |figures| {
                let Quartiles { q1, median, q3 } = figures.ratio;
                format!("{} {median:6.2}x ({q1:.2}-{q3:.2})", time(figures.ns.median))
            });
        }
        push(
            &mut text,
            "\nseal without the generators: ours with a fixed salt, PrivateJar less its generator",
        );
        for line in &process.seal_without_generator {
            let Quartiles { q1, median, q3 } = line.ratio;
            let (ours, jar) = (time(line.ours_ns.median), time(line.private_jar_ns.median));
            let generator = time(line.generator_ns.median);
            push(
                &mut text,
                &format!(
                    "{:>6} B  ours {ours}  PrivateJar {jar} (less {generator}) {median:6.2}x ({q1:.2}-{q3:.2})",
                    line.size
                ),
            );
        }
    }
    if let Some(process) = report.processes.first() {
        table(&mut text, "length of the token in characters", process, Op::Seal, |figures| {
            figures.subject.token_chars.to_string()
        });
    }
    text
}

fn table(text: &mut String, title: &str, process: &Process, op: Op, cell: impl Fn(&Figures) -> String) {
    push(text, &format!("\n{title}"));
    let sizes: String = SIZES.iter().map(|size| format!("{:>30}", format!("{size} B"))).collect();
    push(text, &format!("{:<36}{sizes}", ""));
    let first = |figures: &&Figures| figures.subject.op == op && Some(&figures.subject.size) == SIZES.first();
    for peer in process.results.iter().filter(first).map(|figures| &figures.subject.peer) {
        let cells: String = SIZES
            .iter()
            .filter_map(|size| process.figures(peer, op, *size))
            .map(|figures| format!("{:>30}", cell(figures)))
            .collect();
        push(text, &format!("{peer:<36}{cells}"));
    }
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a text takes every line");
}

fn time(ns: f64) -> String {
    if ns < 10_000.0 { format!("{ns:>5.0} ns") } else { format!("{:>5.1} µs", ns / 1000.0) }
}
