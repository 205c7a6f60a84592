//! Figures out of samples, as `web.json` has them.
//!
//! What a layer adds is its time less that of the application without sessions, both of the same round of the same
//! process. A ratio is what ours adds over what a peer adds; below 1, ours is faster.

use serde::Serialize;

use super::{NONE, OURS};
use crate::about::{self, Crate, Machine};
use crate::measure::Op;
use crate::rounds::Measured;
use crate::stats::Quartiles;

/// What is compared, as it is called in the lock file.
const COMPARED: [&str; 7] = [
    "sealed-session",
    "axum",
    "axum-extra",
    "cookie",
    "seshcookie",
    "tower-sessions",
    "tower-sessions-cookie-store",
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
    /// Each layer, operation and size.
    pub results: Vec<Figures>,
}

/// The figures of one layer at one operation and size.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Whose code runs.
    pub layer: String,
    /// What the handler does.
    pub op: Op,
    /// Bytes of session data.
    pub size: usize,
    /// Characters of the request's header `Cookie`.
    pub cookie_chars: usize,
    /// How many requests a round has.
    pub iterations: u32,
    /// Nanoseconds of a whole request.
    pub ns: Quartiles,
    /// Nanoseconds that the layer adds.
    pub added_ns: Quartiles,
    /// What ours adds over it. Not for sessions that nobody looks at, to which most layers add next to nothing.
    pub ours_over_it: Option<Quartiles>,
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
        let results = subjects.map(|subject| {
            let (op, size) = (subject.op, subject.size);
            let ours = added(measured, OURS, op, size);
            let its = added(measured, &subject.peer, op, size);
            let compared = op != Op::Unread && subject.peer != NONE;
            Figures {
                layer: subject.peer.clone(),
                op,
                size,
                cookie_chars: subject.token_chars,
                iterations: subject.iterations,
                ns: Quartiles::of(measured.of(&subject.peer, op, size)),
                ours_over_it: compared
                    .then(|| Quartiles::of(ours.iter().zip(&its).map(|(ours, its)| ours / its))),
                added_ns: Quartiles::of(its),
            }
        });
        Self { provider: measured.hello.provider.clone(), results: results.collect() }
    }
}

/// What a layer adds, round by round.
fn added(measured: &Measured, layer: &str, op: Op, size: usize) -> Vec<f64> {
    let (with, without) = (measured.of(layer, op, size), measured.of(NONE, op, size));
    with.iter().zip(&without).map(|(with, without)| with - without).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Subject;
    use crate::rounds::Hello;

    /// Two rounds, of which the second takes twice as long.
    fn report(op: Op) -> Report {
        let layers = [(NONE, 400.0), (OURS, 1400.0), ("peer", 2400.0)];
        let subject = |(peer, _): &(&str, f64)| {
            let peer = (*peer).to_owned();
            Subject { peer, encrypts: true, op, size: 64, token_chars: 0, iterations: 1 }
        };
        let hello = Hello { provider: "AwsLc".into(), subjects: layers.iter().map(subject).collect() };
        let rounds = [1.0, 2.0].map(|times| layers.iter().map(|(_, ns)| ns * times).collect());
        Report::new(&[Measured { hello, rounds: rounds.into() }], String::new())
    }

    #[test]
    fn what_a_layer_adds_is_more_than_no_session_takes_in_the_same_round() {
        let added = |place: usize| report(Op::Read).processes[0].results[place].added_ns;
        assert_eq!(added(0), Quartiles { q1: 0.0, median: 0.0, q3: 0.0 });
        assert_eq!(added(1), Quartiles { q1: 1250.0, median: 1500.0, q3: 1750.0 });
    }

    #[test]
    fn a_ratio_is_of_what_both_add() {
        let half = Some(Quartiles { q1: 0.5, median: 0.5, q3: 0.5 });
        let results = &report(Op::Update).processes[0].results;
        assert_eq!((results[0].ours_over_it, results[2].ours_over_it), (None, half));
        assert_eq!(report(Op::Unread).processes[0].results[2].ours_over_it, None);
    }

    #[test]
    fn every_crate_has_its_version() {
        assert_eq!(report(Op::Read).crates.len(), COMPARED.len());
    }
}
