//! Plays worlds on all cores. Each is independent, so nothing that is found depends on how many threads there are.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::coverage::{self, Coverage};
use crate::rules::{Judged, Violation, take_judged};
use crate::world::Ran;

/// What draws a script is nested deeply.
pub const STACK_BYTES: usize = 32 << 20;

/// Which worlds are played.
#[derive(Debug, Clone)]
pub struct Plan {
    pub first_seed: u64,
    /// So many at most.
    pub worlds: u64,
    /// No world begins after so long.
    pub time: Option<Duration>,
    pub threads: usize,
    /// Whether transcripts are hashed.
    pub hashes: bool,
    /// How often it is said how far this is; not at all without.
    pub progress: Option<Duration>,
}

/// What became of the worlds of a plan.
#[derive(Default)]
pub struct Played {
    pub worlds: u64,
    pub steps: u64,
    pub coverage: Coverage,
    pub judged: Judged,
    /// The first seed whose world breaks a promise.
    pub broken: Option<(u64, Violation)>,
    transcripts: BTreeMap<u64, [u8; 32]>,
}

impl Played {
    /// SHA-256 over the transcripts of all worlds, in the order of their seeds.
    pub fn hash(&self) -> String {
        let mut all = Sha256::new();
        self.transcripts.values().for_each(|transcript| all.update(transcript));
        all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn add(&mut self, mut other: Self) {
        self.worlds += other.worlds;
        self.steps += other.steps;
        self.coverage.add(&other.coverage);
        other.judged.into_iter().for_each(|(rule, times)| *self.judged.entry(rule).or_default() += times);
        self.transcripts.append(&mut other.transcripts);
        let first = [self.broken.take(), other.broken].into_iter().flatten().min_by_key(|(seed, _)| *seed);
        self.broken = first;
    }
}

/// What all threads share.
struct Shared {
    start: Instant,
    next: AtomicU64,
    /// The first seed that is known to break a promise. No later one is of interest.
    broken: AtomicU64,
    worlds: AtomicU64,
    steps: AtomicU64,
}

/// Plays worlds until there is no more time, or one breaks a promise.
pub fn play(plan: &Plan, world: impl Fn(u64) -> Ran + Sync) -> Played {
    let shared = Shared {
        start: Instant::now(),
        next: AtomicU64::new(plan.first_seed),
        broken: AtomicU64::new(u64::MAX),
        worlds: AtomicU64::new(0),
        steps: AtomicU64::new(0),
    };
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..plan.threads.max(1) {
            let (sender, shared, world) = (sender.clone(), &shared, &world);
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            let work = move || sender.send(Box::new(work(plan, shared, world))).is_ok();
            thread.spawn_scoped(scope, work).expect("there are threads to be had");
        }
        drop(sender);
        let mut all = Played::default();
        loop {
            match receiver.recv_timeout(plan.progress.unwrap_or(Duration::MAX)) {
                Ok(played) => all.add(*played),
                Err(RecvTimeoutError::Timeout) => shared.tell(),
                Err(RecvTimeoutError::Disconnected) => return all,
            }
        }
    })
}

impl Shared {
    fn tell(&self) {
        let (worlds, steps) = (self.worlds.load(Ordering::Relaxed), self.steps.load(Ordering::Relaxed));
        let seconds = self.start.elapsed().as_secs_f64();
        let per_second = steps as f64 / seconds;
        eprintln!("{seconds:>5.0} s: {worlds} worlds, {steps} steps, {per_second:.0} steps a second");
    }
}

fn work(plan: &Plan, shared: &Shared, world: impl Fn(u64) -> Ran) -> Played {
    let _watched = coverage::watch();
    let mut played = Played::default();
    while plan.time.is_none_or(|time| shared.start.elapsed() < time) {
        let seed = shared.next.fetch_add(1, Ordering::Relaxed);
        let is_last = seed.wrapping_sub(plan.first_seed) >= plan.worlds;
        // Seeds are given out in order, so whoever has an earlier one plays it to its end.
        if is_last || seed > shared.broken.load(Ordering::Relaxed) {
            break;
        }
        let ran = world(seed);
        played.worlds += 1;
        played.steps += ran.events;
        shared.worlds.fetch_add(1, Ordering::Relaxed);
        shared.steps.fetch_add(ran.events, Ordering::Relaxed);
        if plan.hashes {
            played.transcripts.insert(seed, Sha256::digest(&ran.transcript).into());
        }
        if let Some(violation) = ran.violation {
            shared.broken.fetch_min(seed, Ordering::Relaxed);
            played.broken = Some((seed, violation));
            break;
        }
    }
    played.coverage = Coverage::take();
    played.judged = take_judged();
    played
}
