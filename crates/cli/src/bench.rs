//! What sessions cost on this machine.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionId, SessionPlugin};

use crate::failure::Failure;

/// Octets of a session's data, from small to the largest that fits a cookie.
const SIZES: [usize; 4] = [64, 256, 1024, 2900];
const OPERATIONS: [&str; 4] = ["open", "create", "touch", "refuse"];
/// Long enough for the clock, short enough that what disturbs the machine spoils few of them.
const BATCH: Duration = Duration::from_millis(2);

/// Times every operation at every size, in turns, for so long in all; then prints medians.
pub(crate) fn run(seconds: u64, json: bool) -> Result<(), Failure> {
    let cases = SIZES.iter().map(|&len| Case::new(len)).collect::<Result<Vec<_>, _>>()?;
    let mut timings: Vec<Timing<'_>> =
        cases.iter().flat_map(|case| OPERATIONS.map(|operation| Timing::new(case, operation))).collect();
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end || timings.iter().any(|timing| timing.nanoseconds.is_empty()) {
        timings.iter_mut().try_for_each(Timing::batch)?;
    }
    let medians: Vec<f64> = timings.iter_mut().map(Timing::median).collect();
    if json { print_json(&medians) } else { print_table(&medians) }.map_err(Failure::from)
}

/// A store with a session of one size, and a token that it refuses.
struct Case {
    store: SealedStore,
    options: CreateOptions,
    known: SessionId,
    unknown: SessionId,
}

impl Case {
    fn new(len: usize) -> Result<Self, Failure> {
        let options = CreateOptions {
            user_id: Some("user-0123456789".into()),
            data_json: format!("{{\"note\":\"{}\"}}", "x".repeat(len.saturating_sub(11))),
            ttl_ms: 0,
        };
        let (store, other) = (store()?, store()?);
        let known = store.create_with(options.clone(), b"")?;
        let unknown = other.create_with(options.clone(), b"")?;
        Ok(Self { store, options, known, unknown })
    }

    /// Runs an operation once; whether it ended as it has to.
    fn call(&self, operation: &str) -> bool {
        match operation {
            "open" => black_box(self.store.open(black_box(&self.known))).is_ok(),
            "create" => black_box(self.store.create(black_box(self.options.clone()))).is_ok(),
            "touch" => black_box(self.store.touch(black_box(&self.known), 0)).is_ok(),
            _ => black_box(self.store.open(black_box(&self.unknown))).is_err(),
        }
    }
}

fn store() -> Result<SealedStore, Failure> {
    let ring = KeyRing::single(RootSecret::generate()?);
    SealedStore::builder(ring).build().map_err(|e| Failure::Usage(e.to_string()))
}

/// One operation at one size, and how long it took in every batch.
struct Timing<'a> {
    case: &'a Case,
    operation: &'static str,
    calls: u32,
    nanoseconds: Vec<f64>,
}

impl<'a> Timing<'a> {
    fn new(case: &'a Case, operation: &'static str) -> Self {
        Self { case, operation, calls: 1, nanoseconds: Vec::new() }
    }

    /// Runs a batch; the first ones only find out how many calls make one.
    fn batch(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        if !(0..self.calls).all(|_| self.case.call(self.operation)) {
            return Err(Failure::Other(format!("{} did not end as it has to", self.operation)));
        }
        let took = start.elapsed();
        if took < BATCH && self.nanoseconds.is_empty() {
            self.calls = self.calls.saturating_mul(2);
        } else {
            self.nanoseconds.push(took.as_secs_f64() * 1e9 / f64::from(self.calls));
        }
        Ok(())
    }

    fn median(&mut self) -> f64 {
        self.nanoseconds.sort_by(f64::total_cmp);
        self.nanoseconds.get(self.nanoseconds.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn provider() -> &'static str {
    if cfg!(feature = "aws-lc-rs") { "AWS-LC" } else { "RustCrypto" }
}

fn print_table(medians: &[f64]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "sealed-session {}, AEAD by {}, one thread", env!("CARGO_PKG_VERSION"), provider())?;
    writeln!(
        out,
        "Microseconds a call (median), for data of so many bytes; refuse: a token of another ring.\n"
    )?;
    write!(out, "{:8}", "")?;
    SIZES.iter().try_for_each(|len| write!(out, "{len:>9}"))?;
    writeln!(out)?;
    for (row, operation) in OPERATIONS.iter().enumerate() {
        write!(out, "{operation:8}")?;
        let of_operation = medians.iter().skip(row).step_by(OPERATIONS.len());
        of_operation.into_iter().try_for_each(|ns| write!(out, "{:>9.2}", ns / 1e3))?;
        writeln!(out)?;
    }
    Ok(())
}

fn print_json(medians: &[f64]) -> io::Result<()> {
    let figures: Vec<serde_json::Value> = SIZES
        .iter()
        .flat_map(|len| OPERATIONS.map(|operation| (len, operation)))
        .zip(medians)
        .map(|((len, operation), ns)| {
            serde_json::json!({ "operation": operation, "data_bytes": len, "median_ns": ns.round() })
        })
        .collect();
    let all = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"), "aead": provider(), "threads": 1, "figures": figures
    });
    writeln!(anstream::stdout(), "{all}")
}
