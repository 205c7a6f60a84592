//! A report as tables to read.

use std::fmt::Write;

use crate::claims::SIZES;
use crate::measure::Op;
use crate::report::{Figures, Process, Report};
use crate::stats::Quartiles;

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
                format!("{}  {median:.2}x ({q1:.2}-{q3:.2})", time(figures.ns.median))
            });
        }
        without_generator(&mut text, process);
    }
    if let Some(process) = report.processes.first() {
        table(&mut text, "length of the token in characters", process, Op::Seal, |figures| {
            figures.subject.token_chars.to_string()
        });
    }
    text
}

fn without_generator(text: &mut String, process: &Process) {
    push(text, "\nseal without the generators: ours with a fixed salt, the peer less its generator");
    for line in &process.seal_without_generator {
        let Quartiles { q1, median, q3 } = line.ratio;
        let [ours, peer, less] = [line.ours_ns, line.peer_ns, line.generator_ns].map(|ns| time(ns.median));
        let times = format!("ours {ours}, peer {peer} (less {less})");
        let (peer, size) = (&line.peer, line.size);
        push(text, &format!("{peer:<36}{size:>6} B  {times:<44}{median:.2}x ({q1:.2}-{q3:.2})"));
    }
}

fn table(text: &mut String, title: &str, process: &Process, op: Op, cell: impl Fn(&Figures) -> String) {
    push(text, &format!("\n{title}"));
    let sizes: String = SIZES.iter().map(|size| format!("{:>34}", format!("{size} B"))).collect();
    push(text, &format!("{:<36}{sizes}", ""));
    let first = |figures: &&Figures| figures.subject.op == op && Some(&figures.subject.size) == SIZES.first();
    for peer in process.results.iter().filter(first).map(|figures| &figures.subject.peer) {
        let cells: String = SIZES
            .iter()
            .filter_map(|size| process.figures(peer, op, *size))
            .map(|figures| format!("{:>34}", cell(figures)))
            .collect();
        push(text, &format!("{peer:<36}{cells}"));
    }
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a text takes every line");
}

fn time(ns: f64) -> String {
    match ns {
        ..10_000.0 => format!("{ns:.0} ns"),
        ..1_000_000.0 => format!("{:.1} µs", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}
