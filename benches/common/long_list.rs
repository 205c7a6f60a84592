//! What a list of a million revocations costs: memory, the start of a server, the first poll, a logout, and opening.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "it prints what it measures"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use sealed_session::revocation::{Backend, Change, Revocation, Revocations};
use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin as _, SessionUid};

const ENTRIES: u32 = 1_000_000;
/// So many are recorded at a time.
const AT_ONCE: u32 = 10_000;

/// Fills a backend, starts a server over it, and opens sessions on that one and on one without revocations in turns.
pub(crate) fn started(name: &str, mut fill: impl Backend, backend: impl Backend) {
    // `cargo test --benches` runs this once, to see that it runs.
    let entries = if std::env::args().any(|argument| argument == "--bench") { ENTRIES } else { 1_000 };
    println!("{entries} entries");
    let none = Revocations::in_memory();
    let begin = Instant::now();
    for first in (0..entries).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let some = first..entries.min(first + AT_ONCE);
        fill.record(&some.map(|number| Change::Revoke(entry(number))).collect::<Vec<_>>()).unwrap();
    }
    println!("{name}: {:.1} s to record them, {AT_ONCE} at a time", begin.elapsed().as_secs_f64());
    let (before, begin) = (resident(), Instant::now());
    let revocations = Revocations::builder().with_backend(backend).unwrap();
    let start = begin.elapsed();
    assert!(revocations.len() >= usize::try_from(entries).unwrap());
    println!(
        "  {:.2} s to start, {} MB of memory more",
        start.as_secs_f64(),
        resident().saturating_sub(before) / 1_000_000
    );
    let long = store(&revocations);
    let logouts: Vec<_> = (0..200).map(|_| timed(|| long.delete(&session(&long)).unwrap())).collect();
    println!("  {} microseconds for a logout (median of 200)", median(logouts).as_micros());
    open_in_turns(&store(&none), &long);
}

fn open_in_turns(without: &SealedStore, with: &SealedStore) {
    // Many sessions, so that not one place of the list is looked up all the time.
    let ids: Vec<_> = (0..1_000).map(|_| session(with)).collect();
    let opens =
        |store: &SealedStore| timed(|| ids.iter().for_each(|id| drop(black_box(store.open(id).unwrap()))));
    let mut ratios: Vec<_> = (0..101)
        .map(|_| (opens(with).as_secs_f64(), opens(without).as_secs_f64()))
        .map(|(a, b)| a / b)
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("  opening: {:.3} of what it takes without a list", ratios[ratios.len() / 2]);
}

/// As random as uids are, and the same in each run.
fn entry(number: u32) -> Revocation {
    let uid = (u128::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Revocation::Session { uid: SessionUid::from_bytes(uid.to_be_bytes()), until_ms: 4_102_444_800_000 }
}

fn store(revocations: &Revocations) -> SealedStore {
    let ring = KeyRing::single(RootSecret::from_bytes(&[7; 32]).unwrap());
    SealedStore::builder(ring).revocations(revocations.clone()).build().unwrap()
}

fn session(store: &SealedStore) -> sealed_session::SessionId {
    let data_json = format!(r#"{{"filling":"{}"}}"#, "x".repeat(240));
    store.create(CreateOptions { data_json, ..Default::default() }).unwrap()
}

fn timed(what: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    what();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Octets of memory that this process has; 0 where that is not told.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096
}
