//! Figures out of samples, as the JSON file has them.
//!
//! A ratio is a peer's time over ours, both of the same round of the same process; its median and quartiles are
//! over the rounds. Above 1, ours is faster.

use serde::Serialize;

use crate::about::{self, Crate, Machine};
use crate::claims::SIZES;
use crate::measure::{Op, Subject};
use crate::peers::{OURS, PRIVATE_JAR, PRIVATE_JAR_CHECKING};
use crate::rounds::Measured;
use crate::stats::Quartiles;

/// What is compared, as it is called in the lock file.
const COMPARED: [&str; 12] = [
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

/// A `PrivateJar` less its generator, and ours with a fixed salt.
#[derive(Debug, Serialize)]
pub struct WithoutGenerator {
    /// Which of the two.
    pub peer: String,
    /// Bytes of session data.
    pub size: usize,
    /// Ours with a fixed salt, in nanoseconds.
    pub ours_ns: Quartiles,
    /// The peer's seal less `generator_ns`, in nanoseconds.
    pub peer_ns: Quartiles,
    /// What 12 bytes of its generator take.
    pub generator_ns: Quartiles,
    /// The second over the first, round by round.
    pub ratio: Quartiles,
}

impl Report {
    /// Of what the workers measured.
    #[must_use]
    pub fn new(all: &[Measured], rustc: String) -> Self {
        Self {
            format: 1,
            machine: Machine::this(rustc),
            crates: about::crates(&COMPARED),
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
        let seal_without_generator = [PRIVATE_JAR, PRIVATE_JAR_CHECKING]
            .into_iter()
            .flat_map(|peer| SIZES.map(|size| WithoutGenerator::new(measured, peer, size)))
            .collect();
        Self { provider: measured.hello.provider.clone(), results, seal_without_generator }
    }

    /// The figures of one subject, if it was measured.
    #[must_use]
    pub fn figures(&self, peer: &str, op: Op, size: usize) -> Option<&Figures> {
        self.results.iter().find(|found| {
            (found.subject.peer.as_str(), found.subject.op, found.subject.size) == (peer, op, size)
        })
    }
}

impl WithoutGenerator {
    fn new(measured: &Measured, peer: &str, size: usize) -> Self {
        let ours = measured.of(OURS, Op::SealFixedSalt, size);
        let generator = measured.of(PRIVATE_JAR, Op::Generator, 0);
        let sealed = measured.of(peer, Op::Seal, size);
        let less: Vec<f64> = sealed.iter().zip(&generator).map(|(seal, draw)| seal - draw).collect();
        Self {
            peer: peer.to_owned(),
            size,
            ratio: Quartiles::of(less.iter().zip(&ours).map(|(peer, ours)| peer / ours)),
            ours_ns: Quartiles::of(ours),
            peer_ns: Quartiles::of(less),
            generator_ns: Quartiles::of(generator),
        }
    }
}

impl Measured {
    /// The nanoseconds of one subject, round by round.
    pub(crate) fn of(&self, peer: &str, op: Op, size: usize) -> Vec<f64> {
        let is_it = |s: &Subject| (s.peer.as_str(), s.op, s.size) == (peer, op, size);
        let place = self.hello.subjects.iter().position(is_it).expect("it was measured");
        self.rounds.iter().map(|round| *round.get(place).expect("a figure for each subject")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Hello;

    /// Two rounds of ours and `PrivateJar`, in which the second takes three times as long, and the generator 100.
    fn measured() -> Measured {
        let mut subjects = Vec::new();
        let mut rounds = [Vec::new(), Vec::new()];
        let mut add = |peer: &str, op, size, ns: [f64; 2]| {
            let (peer, encrypts, token_chars, iterations) = (peer.to_owned(), true, 0, 1);
            subjects.push(Subject { peer, encrypts, op, size, token_chars, iterations });
            rounds.iter_mut().zip(ns).for_each(|(round, ns)| round.push(ns));
        };
        for size in SIZES {
            for op in [Op::Open, Op::Seal] {
                add(OURS, op, size, [1000.0, 2000.0]);
                add(PRIVATE_JAR, op, size, [3000.0, 6000.0]);
                add(PRIVATE_JAR_CHECKING, op, size, [4000.0, 8000.0]);
            }
            add(OURS, Op::SealFixedSalt, size, [500.0, 1000.0]);
        }
        add(PRIVATE_JAR, Op::Generator, 0, [100.0, 100.0]);
        Measured { hello: Hello { provider: "RustCrypto".into(), subjects }, rounds: rounds.into() }
    }

    #[test]
    fn a_ratio_is_of_the_same_round() {
        let report = Report::new(&[measured()], String::new());
        let process = &report.processes[0];
        for (peer, ratio) in [(OURS, 1.0), (PRIVATE_JAR, 3.0)] {
            let figures = process.figures(peer, Op::Open, 256).unwrap();
            assert_eq!(figures.ratio, Quartiles { q1: ratio, median: ratio, q3: ratio });
        }
        assert_eq!(process.figures(OURS, Op::Seal, 64).unwrap().ns.median, 1500.0);
    }

    #[test]
    fn the_generator_is_taken_out_round_by_round() {
        let report = Report::new(&[measured()], String::new());
        let lines = &report.processes[0].seal_without_generator;
        let [first, checking] = [&lines[0], &lines[SIZES.len()]];
        assert_eq!((first.peer.as_str(), first.size, first.peer_ns.median), (PRIVATE_JAR, 64, 4400.0));
        assert_eq!(first.ratio.median, f64::midpoint(2900.0 / 500.0, 5900.0 / 1000.0));
        assert_eq!((checking.peer.as_str(), checking.peer_ns.median), (PRIVATE_JAR_CHECKING, 5900.0));
    }

    #[test]
    fn every_crate_has_its_version() {
        let report = Report::new(&[measured()], String::new());
        assert_eq!(report.crates.len(), 12);
    }
}
