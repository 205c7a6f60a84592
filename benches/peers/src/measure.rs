//! What is measured, and one round of it: every measurement once, in a new order.

use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

use rand::RngCore;
use rand::seq::SliceRandom;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::Peer;
use crate::claims::{Claims, SIZES};
use crate::peers::{self, OURS, Ours};

/// How long one measurement of one round takes, for whatever is not slower than that by itself.
const BATCH: Duration = Duration::from_micros(2500);

/// What a measurement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Claims into a token.
    Seal,
    /// A token into claims.
    Open,
    /// As `Seal`, with a salt that costs nothing: ours only.
    SealFixedSalt,
    /// 12 bytes from the generator of `cookie`'s `PrivateJar`.
    Generator,
    /// A request whose handler does not look at its session; like the next two, in `web` only.
    Unread,
    /// A request whose handler reads one value of its session.
    Read,
    /// A request whose handler changes one value of its session.
    Update,
}

/// A measurement's name and settings, as the two processes tell each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Whose code runs.
    pub peer: String,
    /// Whether the peer encrypts.
    pub encrypts: bool,
    /// What it does.
    pub op: Op,
    /// Bytes of session data; 0 for the generator.
    pub size: usize,
    /// Characters of the peer's token for that size, or of the header `Cookie`; 0 for the generator.
    pub token_chars: usize,
    /// How often it runs in a round.
    pub iterations: u32,
}

/// A measurement: its subject, and what runs it so many times.
pub struct Bench {
    /// What it is.
    pub subject: Subject,
    run: Box<dyn Fn(u32)>,
}

impl Bench {
    pub(crate) fn new(peer: &str, encrypts: bool, op: Op, size: usize, run: impl Fn(u32) + 'static) -> Self {
        let peer = peer.to_owned();
        let subject = Subject { peer, encrypts, op, size, token_chars: 0, iterations: 1 };
        Self { subject, run: Box::new(run) }
    }

    /// Nanoseconds of one iteration, over so many.
    fn time(&self, iterations: u32) -> f64 {
        let start = processor_time();
        (self.run)(iterations);
        (processor_time() - start).as_nanos() as f64 / f64::from(iterations)
    }

    /// Finds how many iterations fill [`BATCH`]: the fastest of a few tries decides, since a slow one may have
    /// been interrupted.
    pub(crate) fn calibrate(&mut self) {
        let mut iterations = 1;
        loop {
            let fastest = (0..3).map(|_| self.time(iterations)).fold(f64::INFINITY, f64::min);
            let batch = BATCH.as_nanos() as f64;
            if fastest * f64::from(iterations) > batch / 4.0 {
                self.subject.iterations = ((batch / fastest) as u32).max(1);
                return;
            }
            iterations *= 2;
        }
    }

    /// The measurement of a round. A few iterations run before the clock does: the one before it in the round
    /// has left the caches full of other things.
    fn sample(&self) -> f64 {
        (self.run)(self.subject.iterations.div_ceil(10));
        self.time(self.subject.iterations)
    }
}

/// What this thread has had of a processor, in the kernel too. Nothing that is measured waits or has threads,
/// so on an idle machine this is the time that passes; on a busy one it leaves out the turns of others.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).expect("a clock that began at 0")
}

/// All measurements, calibrated.
#[must_use]
pub fn benches() -> Vec<Bench> {
    let mut benches = Vec::new();
    let peers: Vec<Rc<dyn Peer>> = peers::all().into_iter().map(Rc::from).collect();
    for size in SIZES {
        for peer in &peers {
            benches.extend(of_peer(peer, size));
        }
        let fixed: Rc<dyn Peer> = Rc::new(Ours::with_fixed_salt());
        benches.push(seal(&fixed, OURS, Op::SealFixedSalt, size));
    }
    benches.push(Bench::new(peers::PRIVATE_JAR, true, Op::Generator, 0, |iterations| {
        for _ in 0..iterations {
            let mut nonce = [0; 12];
            rand::thread_rng().try_fill_bytes(&mut nonce).expect("there is randomness");
            black_box(nonce);
        }
    }));
    benches.iter_mut().for_each(Bench::calibrate);
    benches
}

fn of_peer(peer: &Rc<dyn Peer>, size: usize) -> [Bench; 2] {
    [seal(peer, peer.name(), Op::Seal, size), open(peer, size)]
}

fn seal(peer: &Rc<dyn Peer>, name: &str, op: Op, size: usize) -> Bench {
    let (claims, sealer) = (Claims::new(size), Rc::clone(peer));
    let token_chars = peer.seal(&claims).len();
    let mut bench = Bench::new(name, peer.encrypts(), op, size, move |iterations| {
        for _ in 0..iterations {
            black_box(sealer.seal(black_box(&claims)));
        }
    });
    bench.subject.token_chars = token_chars;
    bench
}

fn open(peer: &Rc<dyn Peer>, size: usize) -> Bench {
    let (token, opener) = (peer.seal(&Claims::new(size)), Rc::clone(peer));
    assert!(peer.open(&token).is_some(), "{} does not open its own token", peer.name());
    let token_chars = token.len();
    let mut bench = Bench::new(peer.name(), peer.encrypts(), Op::Open, size, move |iterations| {
        for _ in 0..iterations {
            black_box(opener.open(black_box(&token)));
        }
    });
    bench.subject.token_chars = token_chars;
    bench
}

/// Measures each once, in a random order; the figures are in the order of `benches`, in nanoseconds.
#[must_use]
pub fn round(benches: &[Bench]) -> Vec<f64> {
    let mut order: Vec<(usize, &Bench)> = benches.iter().enumerate().collect();
    order.shuffle(&mut rand::thread_rng());
    let mut figures: Vec<(usize, f64)> =
        order.into_iter().map(|(place, bench)| (place, bench.sample())).collect();
    figures.sort_by_key(|(place, _)| *place);
    figures.into_iter().map(|(_, ns)| ns).collect()
}
