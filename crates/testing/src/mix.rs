//! Rounds of faults, and what has to be so soon after each.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::ledger::{Ended, Ledger};
use crate::load;
use crate::pause;
use crate::server::{LEEWAY_MS, Server};

/// By when after the faults all servers have to know what was acknowledged, or to say that they may not.
const SOON: Duration = Duration::from_secs(10);
/// By when they have to be well.
const LATE: Duration = Duration::from_secs(60);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What the servers share, and what can go wrong with it.
pub trait Backing {
    fn ledger(&self) -> &Arc<Ledger>;

    /// Begins some fault, and says which; nothing where it is not possible now. Whether the backend may lose something.
    fn begin(&mut self, rng: &mut StdRng, may_lose: bool) -> Option<&'static str>;

    /// Ends the fault that began first; false if there is none.
    fn end_one(&mut self) -> bool;

    /// Starts all that is down.
    fn revive(&mut self);

    /// What an operator does whom a server tells this, if there is anything to do.
    fn advise(&mut self, said: &str) -> Option<&'static str>;

    /// A server that starts now.
    fn fresh(&self) -> Result<Server, String>;
}

struct Mix<B> {
    backing: B,
    ledger: Arc<Ledger>,
    rng: StdRng,
    counts: BTreeMap<&'static str, u64>,
    /// The faults of this round.
    round: Vec<&'static str>,
    wrong: Vec<String>,
    said_otherwise: u64,
    /// How often a server lacked only what others knew, which said that they could not write it yet.
    waited_for_others: u64,
    looked: u64,
    slowest: Duration,
}

pub fn run<B: Backing>(name: &str, start: impl FnOnce() -> B) {
    let number = |name, default| env::var(name).map_or(default, |text| text.parse::<u64>().unwrap());
    let seconds = number("MIX_SECONDS", 10);
    let seed = number("MIX_SEED", rand::random_range(0..1_000_000));
    println!("{name}: MIX_SECONDS={seconds} MIX_SEED={seed}");
    let backing = start();
    let ledger = Arc::clone(backing.ledger());
    let mut mix = Mix {
        backing,
        ledger: Arc::clone(&ledger),
        rng: StdRng::seed_from_u64(seed),
        counts: BTreeMap::new(),
        round: Vec::new(),
        wrong: Vec::new(),
        said_otherwise: 0,
        waited_for_others: 0,
        looked: 0,
        slowest: Duration::ZERO,
    };
    thread::scope(|scope| {
        for thread in 1..=4 {
            let ledger = &ledger;
            scope.spawn(move || load::run(ledger, seed.wrapping_mul(1_000).wrapping_add(thread)));
        }
        scope.spawn(|| load::measure(&ledger));
        // Threads that wait for this one would hide why it ended.
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| mix.rounds(seconds)));
        ledger.stopped.store(true, Ordering::Release);
        ended.unwrap();
    });
    mix.tell(name);
    assert!(mix.wrong.is_empty(), "MIX_SEED={seed}: {:#?}", mix.wrong);
}

impl<B: Backing> Mix<B> {
    fn rounds(&mut self, seconds: u64) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            self.calm();
            self.faults(end);
            self.settle(self.ledger.settled.load(Ordering::Acquire));
        }
        self.settle(0);
    }

    /// What begins and ends without a fault.
    fn calm(&mut self) {
        self.ledger.is_calm.store(true, Ordering::Release);
        pause_for(Duration::from_millis(1_500));
        self.ledger.is_calm.store(false, Ordering::Release);
        self.ledger.rounds.fetch_add(1, Ordering::AcqRel);
    }

    fn faults(&mut self, end: Instant) {
        self.round.clear();
        let may_lose = self.rng.random_range(0..10) < 7;
        let end = end.min(Instant::now() + Duration::from_millis(self.rng.random_range(4_000..12_000)));
        while Instant::now() < end {
            match self.rng.random_range(0..10) {
                0 => self.set_a_clock(),
                1..6 => {
                    if let Some(fault) = self.backing.begin(&mut self.rng, may_lose) {
                        self.count(fault);
                        self.round.push(fault);
                    }
                }
                _ => drop(self.backing.end_one()),
            }
            pause_for(Duration::from_millis(self.rng.random_range(10..300)));
        }
        while self.backing.end_one() {}
        self.ledger.nodes.iter().for_each(|node| node.skew(0));
    }

    fn set_a_clock(&mut self) {
        let node = &self.ledger.nodes[self.rng.random_range(0..self.ledger.nodes.len())];
        if node.is_stopped() {
            return; // It would be waited for.
        }
        let little = i64::try_from(LEEWAY_MS / 2).unwrap() - 100;
        let (what, ms) = match self.rng.random_range(0..6) {
            0 => ("clock 32 days ahead", 32 * DAY_MS),
            1 => ("clock 32 days behind", -32 * DAY_MS),
            2 => ("clock an hour off", if self.rng.random() { DAY_MS / 24 } else { -DAY_MS / 24 }),
            3 | 4 => ("clock a second off", self.rng.random_range(-little..=little)),
            _ => ("clock right again", 0),
        };
        node.skew(ms);
        self.count(what);
        self.round.push(what);
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Waits until all servers refuse what ended, and open what did not.
    fn settle(&mut self, from: usize) {
        let ledger = Arc::clone(&self.ledger);
        let since = Instant::now();
        let _nobody_asks = ledger.asking.write().unwrap();
        let ended = ledger.ended_from(from);
        let sure = ledger.sure();
        let mut left: Vec<_> = ledger.nodes.iter().map(|_| Left::new(&ended, &sure)).collect();
        let mut is_judged = false;
        loop {
            self.backing.revive();
            let troubles: Vec<_> = ledger.nodes.iter().map(|node| node.act("trouble").err()).collect();
            for (node, left) in ledger.nodes.iter().zip(&mut left) {
                left.look(|id| node.opens(id));
            }
            if troubles.iter().all(Option::is_none) && left.iter().all(Left::is_empty) {
                break;
            }
            if since.elapsed() > SOON && !is_judged {
                is_judged = true;
                self.judge(&left, &troubles);
            }
            if since.elapsed() > LATE {
                self.is_wrong(format!("not well after a minute: {troubles:?}"));
                break;
            }
            if since.elapsed() > Duration::from_secs(1) {
                for said in troubles.iter().flatten() {
                    if let Some(done) = self.backing.advise(said) {
                        self.count(done);
                    }
                }
            }
            pause(Duration::from_millis(20));
        }
        self.slowest = self.slowest.max(since.elapsed());
        self.look_at_a_new_server(&ended, &sure);
        self.looked += 1;
        ledger.settled.store(ledger.count_ended(), Ordering::Release);
    }

    /// A server cannot tell of what another has still to write. That one has to.
    fn judge(&mut self, left: &[Left<'_>], troubles: &[Option<String>]) {
        let is_told = |ended: &Ended| {
            left.iter().zip(troubles).any(|(knows, trouble)| trouble.is_some() && !knows.has_open(&ended.id))
        };
        for (number, (left, trouble)) in left.iter().zip(troubles).enumerate() {
            if trouble.is_some() {
                self.said_otherwise += 1;
                continue;
            }
            let open: Vec<_> = left.open.iter().copied().filter(|ended| !is_told(ended)).collect();
            self.waited_for_others += u64::from(open.len() < left.open.len());
            self.blame(&format!("server {number}"), &Left { open, shut: left.shut.clone() });
        }
    }

    /// Where the files were moved away a moment ago, the others may be writing down again what they know: it learns of
    /// that like of any news.
    fn look_at_a_new_server(&mut self, ended: &[Ended], sure: &[String]) {
        let since = Instant::now();
        let mut left = Left::new(ended, sure);
        let mut started = self.backing.fresh();
        loop {
            if let Err(said) = &started {
                if let Some(done) = self.backing.advise(said) {
                    self.count(done);
                }
                started = self.backing.fresh();
            }
            // One that took long to start is asked as well.
            if let Ok(server) = &started {
                left.look(|id| Some(server.act(&format!("read {id}")).is_ok()));
            }
            if (started.is_ok() && left.is_empty()) || since.elapsed() >= SOON {
                break;
            }
            pause(Duration::from_millis(50));
        }
        match started {
            Ok(_) => self.blame("a new server", &left),
            Err(failed) => self.is_wrong(format!("no new server: {failed}")),
        }
    }

    fn blame(&mut self, who: &str, left: &Left<'_>) {
        for ended in &left.open {
            let ago = ended.at.elapsed().as_millis();
            self.is_wrong(format!(
                "{who} opens what server {} ended by {} {ago} ms ago",
                ended.by, ended.how
            ));
        }
        for _ in &left.shut {
            self.is_wrong(format!("{who} refuses what nobody ended"));
        }
    }

    fn is_wrong(&mut self, what: String) {
        println!("WRONG: {what}; {:?}", self.round);
        self.wrong.push(what);
    }

    fn tell(&self, name: &str) {
        let ledger = &self.ledger;
        let [operations, acknowledged, failed] = [&ledger.operations, &ledger.acknowledged, &ledger.failed]
            .map(|count| count.load(Ordering::Relaxed));
        let ended = ledger.count_ended();
        let faults: u64 = self.counts.values().sum();
        println!(
            "{name}: {operations} operations, {acknowledged} logouts acknowledged that ended {ended} sessions, {failed} \
             failed; {faults} faults in {} rounds; {} wrong; {} times a server was in trouble after 10 s, and {} times \
             one waited for such a one; all well after {} ms at the longest",
            self.looked,
            self.wrong.len(),
            self.said_otherwise,
            self.waited_for_others,
            self.slowest.as_millis()
        );
        for (what, times) in ["without faults", "in all"].iter().zip(&mut *ledger.known_after.lock().unwrap())
        {
            times.sort();
            let at = |part: usize| {
                times.get(times.len().saturating_sub(1) * part / 100).map_or(0, Duration::as_millis)
            };
            println!(
                "{name}: another server refuses, {what}: {} times, median {} ms, 99 % {} ms, longest {} ms",
                times.len(),
                at(50),
                at(99),
                at(100)
            );
        }
        println!("{name}: {:?}", self.counts);
    }
}

/// What is not yet as it has to be, on one server.
struct Left<'a> {
    open: Vec<&'a Ended>,
    shut: Vec<&'a String>,
}

impl<'a> Left<'a> {
    fn new(ended: &'a [Ended], sure: &'a [String]) -> Self {
        Self { open: ended.iter().collect(), shut: sure.iter().collect() }
    }

    fn look(&mut self, opens: impl Fn(&str) -> Option<bool>) {
        self.open.retain(|ended| opens(&ended.id) != Some(false));
        self.shut.retain(|id| opens(id) != Some(true));
    }

    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.shut.is_empty()
    }

    fn has_open(&self, id: &str) -> bool {
        self.open.iter().any(|ended| ended.id == id)
    }
}

fn pause_for(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        pause(until.saturating_duration_since(Instant::now()));
    }
}
