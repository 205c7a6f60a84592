//! Runs the scenarios one after the other and prints what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use sealed_session::hazmat::Provider;

use crate::freed::{self, Found, Seen};
use crate::memory::{self, picture};
use crate::needles::{self, Names};
use crate::scenarios::{self, Scenario};
use crate::{control, secrets};

/// What all scenarios together came to.
#[derive(Default)]
struct Sum {
    scenarios: usize,
    blocks: usize,
    octets: usize,
    fragments: usize,
    failed: usize,
    on_stack: Names,
}

/// Runs every scenario, the one with an environment of its own, and the controls.
pub fn everything() -> bool {
    freed::prepare();
    secrets::learn();
    let (names, pieces) = needles::known();
    println!("providers: {:?}; tokens are sealed by {:?}", Provider::ALL, Provider::in_use());
    println!("looked for: {pieces} pieces of {}", names.join("; "));
    let mut sum = Sum::default();
    scenarios::ALL.iter().for_each(|scenario| one(scenario, &mut sum));
    let controls = control::all();
    sum.scenarios += 1;
    sum.failed += usize::from(!in_environment());
    sum.print();
    println!("{} controls, {} that failed", controls.len(), controls.iter().filter(|right| !**right).count());
    controls.iter().all(|right| *right) && sum.failed == 0
}

/// The scenario for which [`everything`] runs this program again.
pub fn from_environment() -> bool {
    freed::prepare();
    secrets::learn();
    let mut sum = Sum::default();
    one(&scenarios::FROM_ENVIRONMENT, &mut sum);
    sum.failed == 0
}

/// Nothing in this process may hold the variable: it would be found.
fn in_environment() -> bool {
    let this = std::env::current_exe().expect("a program has a file");
    let secret = secrets::root(1).to_text();
    let status = Command::new(this).arg("environment").env(scenarios::VARIABLE, secret.as_str()).status();
    status.is_ok_and(|status| status.success())
}

fn one((name, run): &Scenario, sum: &mut Sum) {
    let seen = freed::watching(run);
    let left = picture();
    sum.add(&seen, &left);
    // Keys leave copies in the frames of dependencies; a record is decrypted in a frame of this crate.
    let record_left = left.stack.has(secrets::RECORD);
    let clean = seen.found.is_empty() && !left.heap.any_copy() && !record_left;
    println!("{} {name} ({} blocks freed)", if clean { "ok  " } else { "FAIL" }, seen.blocks);
    for line in lines(&seen.found) {
        println!("     freed, not wiped: {line}");
    }
    if left.heap.any_copy() {
        println!("     left outside the stack: {}", left.heap.copies().collect::<Vec<_>>().join("; "));
    }
    if record_left {
        println!("     left on the stack: {}", secrets::RECORD);
    }
    sum.failed += usize::from(!clean);
}

/// One line for each place, with all that was found there.
fn lines(found: &[Found]) -> Vec<String> {
    let mut by_place: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<usize>)> = BTreeMap::new();
    for Found { name, size, trace } in found {
        let (names, sizes) = by_place.entry(trace).or_default();
        names.insert(name);
        sizes.insert(*size);
    }
    let line = |(place, (names, sizes)): (&str, (BTreeSet<&str>, BTreeSet<usize>))| {
        let names = names.into_iter().collect::<Vec<_>>().join("; ");
        format!("{place}: {names} (blocks of {sizes:?} octets)")
    };
    by_place.into_iter().map(line).collect()
}

impl Sum {
    fn add(&mut self, seen: &Seen, left: &memory::Picture) {
        self.scenarios += 1;
        self.blocks += seen.blocks;
        self.octets += seen.octets;
        self.fragments += seen.fragments;
        self.on_stack.add(&left.stack);
    }

    fn print(&self) {
        println!("{} scenarios, {} with a finding", self.scenarios, self.failed);
        println!("{} blocks of {} octets in all were freed and looked at", self.blocks, self.octets);
        println!("{} of them held 8 octets of a secret and no more (for information)", self.fragments);
        let stack = self.on_stack.copies().collect::<Vec<_>>().join("; ");
        println!(
            "on the stack afterwards (for information): {}",
            if stack.is_empty() { "nothing" } else { &stack }
        );
    }
}
