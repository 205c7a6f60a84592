//! Times things against each other in one run: in every round each of them runs for about two milliseconds, in
//! an order that is drawn anew, so that what disturbs the machine disturbs all alike.
//!
//! The clock is the processor time of the thread: on a machine with nothing else to do it is the time that
//! passes, on a busy one it leaves out the turns of others.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use rustix::time::{ClockId, clock_gettime};

const BATCH: Duration = Duration::from_millis(2);

/// Things to be timed.
#[derive(Default)]
pub(crate) struct Sampler<'a>(Vec<Item<'a>>);

struct Item<'a> {
    name: String,
    call: Box<dyn FnMut() + 'a>,
    per_batch: u32,
    /// Nanoseconds a call, one for every round.
    times: Vec<f64>,
}

/// Nanoseconds a call, for every name one of every round.
pub(crate) struct Times(BTreeMap<String, Vec<f64>>);

/// A median, and the quartiles around it.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Summary {
    pub(crate) q1: f64,
    pub(crate) median: f64,
    pub(crate) q3: f64,
}

impl<'a> Sampler<'a> {
    /// Adds a call, whose result is computed and thrown away.
    pub(crate) fn add<T>(&mut self, name: impl Into<String>, mut call: impl FnMut() -> T + 'a) {
        let call = Box::new(move || drop(std::hint::black_box(call())));
        self.0.push(Item { name: name.into(), call, per_batch: 1, times: Vec::new() });
    }

    /// Runs all of them for so many rounds.
    pub(crate) fn run(self, rounds: usize) -> Times {
        let mut items = self.0;
        items.iter_mut().for_each(Item::calibrate);
        let mut order: Vec<usize> = (0..items.len()).collect();
        for _ in 0..rounds {
            order.shuffle(&mut rand::rng());
            for &index in &order {
                let item = &mut items[index];
                let took = item.batch();
                item.times.push(took.as_secs_f64() * 1e9 / f64::from(item.per_batch));
            }
        }
        Times(items.into_iter().map(|item| (item.name, item.times)).collect())
    }
}

impl Item<'_> {
    fn calibrate(&mut self) {
        while self.batch() < BATCH {
            self.per_batch *= 2;
        }
    }

    fn batch(&mut self) -> Duration {
        let start = now();
        for _ in 0..self.per_batch {
            (self.call)();
        }
        now() - start
    }
}

impl Times {
    /// Every name, in order.
    pub(crate) fn summaries(&self) -> BTreeMap<&str, Summary> {
        self.0.iter().map(|(name, times)| (name.as_str(), summary(times.clone()))).collect()
    }

    /// How many times the sum of `these` is the sum of `those`, of each round by itself.
    pub(crate) fn ratio(&self, these: &[&str], those: &[&str]) -> Summary {
        let sum = |names: &[&str], round| names.iter().map(|name| self.0[*name][round]).sum::<f64>();
        let rounds = self.0.values().map(Vec::len).min().unwrap_or(0);
        summary((0..rounds).map(|round| sum(these, round) / sum(those, round)).collect())
    }
}

pub(crate) fn summary(mut values: Vec<f64>) -> Summary {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    Summary { q1: at(0.25), median: at(0.5), q3: at(0.75) }
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec.cast_unsigned() as u32)
}
