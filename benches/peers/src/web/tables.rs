//! A report as tables to read.

use std::fmt::Write;

use super::report::{Figures, Process, Report};
use super::{NONE, SIZES};
use crate::measure::Op;

/// The tables of a run.
#[must_use]
pub fn tables(report: &Report) -> String {
    let mut text = String::new();
    for process in &report.processes {
        let rounds = report.rounds;
        push(&mut text, &format!("\n== sealed-session with {}, {rounds} rounds", process.provider));
        for (op, what) in [(Op::Unread, "unread"), (Op::Read, "read"), (Op::Update, "update")] {
            push(
                &mut text,
                &format!("\n{what}: nanoseconds added to a request, and ours over it (quartiles)"),
            );
            table(&mut text, process, op);
        }
    }
    text
}

fn table(text: &mut String, process: &Process, op: Op) {
    let sizes: String = SIZES.iter().map(|size| format!("{:>34}", format!("{size} B"))).collect();
    push(text, &format!("{:<30}{sizes}", ""));
    let of_op = || process.results.iter().filter(|figures| figures.op == op);
    for first in of_op().filter(|figures| Some(&figures.size) == SIZES.first()) {
        let row = of_op().filter(|figures| figures.layer == first.layer);
        let cells: String = row.map(|figures| format!("{:>34}", cell(figures))).collect();
        push(text, &format!("{:<30}{cells}", first.layer));
    }
}

fn cell(figures: &Figures) -> String {
    match figures.ours_over_it {
        Some(ratio) => {
            let (median, q1, q3) = (ratio.median, ratio.q1, ratio.q3);
            format!("{:.0} ns  {median:.2}x ({q1:.2}-{q3:.2})", figures.added_ns.median)
        }
        None if figures.layer == NONE => format!("(in all {:.0} ns)", figures.ns.median),
        None => format!("{:.0} ns", figures.added_ns.median),
    }
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a text takes every line");
}
