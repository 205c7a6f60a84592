//! The ratios that matter, each of things that are timed against each other in one run.
//!
//! `BENCH_ROUNDS` says how many rounds (200), `BENCH_JSON` names a file for the figures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench that fails may panic"
)]

mod common;

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::sampler::{Sampler, Summary, Times, summary};
use common::{
    SIZES, USER, bad_tag, data, floor::Floor, options_of, session, store, store_without_randomness,
};
use sealed_session::{SessionId, SessionPlugin};

/// For what is measured at one size only.
const LEN: usize = 1024;
const THREADS: [usize; 3] = [1, 2, 4];

fn main() {
    let rounds = std::env::var("BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let reloads = under_reloads(rounds);
    #[cfg(feature = "revocation")]
    let revoked = beside_revocations(rounds);
    let (floor, others, [threads, threads_alone]) =
        (against_the_floor(rounds), against_each_other(rounds), threads(rounds / 4));
    let mut ratios = ratios_to_the_floor(&floor);
    ratios.extend(ratios_of_others(&others));
    ratios.push((
        "open while the ring is replaced / open".into(),
        reloads.ratio(&["replaced"], &["left alone"]),
    ));
    #[cfg(feature = "revocation")]
    ratios.push(("open with 100,000 revocations / with none".into(), revoked.ratio(&["100,000"], &["none"])));
    for (what, figures) in [("opens", &threads), ("primitives", &threads_alone)] {
        let ratio = |(n, _, ratio): &(usize, _, _)| (format!("{what} a second: {n} threads / 1"), *ratio);
        ratios.extend(figures[1..].iter().map(ratio));
    }

    println!("AEAD: {}; {rounds} rounds", common::provider());
    println!("\n{:44} {:>10} {:>10} {:>10}", "nanoseconds", "median", "q1", "q3");
    for (name, Summary { q1, median, q3 }) in floor.summaries().into_iter().chain(others.summaries()) {
        println!("{name:44} {median:10.0} {q1:10.0} {q3:10.0}");
    }
    println!("\n{:44} {:>10} {:>10} {:>10}", "ratio", "median", "q1", "q3");
    for (name, Summary { q1, median, q3 }) in &ratios {
        println!("{name:44} {median:10.3} {q1:10.3} {q3:10.3}");
    }
    if let Some(path) = std::env::var_os("BENCH_JSON") {
        let mut ns = floor.summaries();
        ns.extend(others.summaries());
        let threads: Vec<_> =
            threads.iter().map(|(n, rate, _)| serde_json::json!({ "threads": n, "opens": rate })).collect();
        let ratios: std::collections::BTreeMap<_, _> = ratios.iter().cloned().collect();
        let json = serde_json::json!({
            "format": 1, "provider": common::provider(), "rounds": rounds,
            "ns": ns, "ratios": ratios, "opens_per_second": threads,
        });
        std::fs::write(path, json.to_string()).expect("the file can be written");
    }
}

/// Every size, beside the primitives alone.
fn against_the_floor(rounds: usize) -> Times {
    let (store, fixed) = (store(1), store_without_randomness());
    let mut sampler = Sampler::default();
    for len in SIZES {
        let (store, fixed) = (&store, &fixed);
        let (id, text) = (session(store, len), data(len));
        let (opened, touched, updated, resealed) = (id.clone(), id.clone(), id.clone(), id);
        let (text_to_update, text_to_fix) = (text.clone(), text.clone());
        sampler.add(format!("open {len}"), move || store.open(black_box(&opened)).unwrap());
        sampler.add(format!("create {len}"), move || store.create(options_of(&text)).unwrap());
        sampler.add(format!("create fixed {len}"), move || fixed.create(options_of(&text_to_fix)).unwrap());
        sampler.add(format!("touch {len}"), move || store.touch(black_box(&touched), 0).unwrap());
        sampler.add(format!("reseal {len}"), move || store.reseal(black_box(&resealed)).unwrap());
        sampler.add(format!("update {len}"), move || {
            store.update(black_box(&updated), black_box(&text_to_update)).unwrap()
        });
        let floor = || Floor::new(USER.len() + len);
        let (mut opening, mut sealing, mut fixed) = (floor(), floor(), floor());
        sampler.add(format!("floor open {len}"), move || black_box(&mut opening).open());
        sampler.add(format!("floor seal {len}"), move || black_box(&mut sealing).seal());
        sampler.add(format!("floor seal fixed {len}"), move || black_box(&mut fixed).seal_salted());
        let text = data(len);
        sampler.add(format!("check of the data {len}"), move || {
            serde_json::from_str::<&serde_json::value::RawValue>(black_box(&text)).unwrap().get().len()
        });
    }
    sampler.run(rounds)
}

/// Sealing is judged by `reseal`, which opens one token and seals another and does nothing else: `create` also
/// checks that the data is JSON, and takes its arguments owned.
fn ratios_to_the_floor(times: &Times) -> Vec<(String, Summary)> {
    let mut all = Vec::new();
    for len in SIZES {
        let [open, seal, reseal, create] =
            ["floor open", "floor seal", "reseal", "create"].map(|name| format!("{name} {len}"));
        let [create_fixed, seal_fixed] =
            ["create fixed", "floor seal fixed"].map(|name| format!("{name} {len}"));
        let check = format!("check of the data {len}");
        all.push((format!("open {len} / floor"), times.ratio(&[&format!("open {len}")], &[&open])));
        all.push((format!("reseal {len} / floor"), times.ratio(&[&reseal], &[&open, &seal])));
        all.push((format!("create {len} / floor"), times.ratio(&[&create], &[&seal])));
        all.push((format!("create {len} / floor and check"), times.ratio(&[&create], &[&seal, &check])));
        all.push((format!("create fixed {len} / floor"), times.ratio(&[&create_fixed], &[&seal_fixed])));
    }
    all
}

/// Many keys against one, and refusals against opening.
fn against_each_other(rounds: usize) -> Times {
    let (one, many, other) = (store(1), store(400), store(2));
    let known = session(&one, LEN);
    let known_of_many = session(&many, LEN);
    let refused: [(&str, SessionId); 3] = [
        ("refuse garbage", SessionId::new("!".repeat(known.as_str().len()))),
        ("refuse an unknown key", session(&other, LEN)),
        ("refuse a bad tag", bad_tag(&known)),
    ];
    let mut sampler = Sampler::default();
    sampler.add("open, 1 key", || one.open(black_box(&known)).unwrap());
    sampler.add("open, 400 keys", || many.open(black_box(&known_of_many)).unwrap());
    for (name, id) in refused {
        let one = &one;
        sampler.add(name, move || one.open(black_box(&id)).unwrap_err());
    }
    sampler.run(rounds)
}

/// Opening while another thread replaces the ring, a hundred times as often as a file is read again.
fn under_reloads(rounds: usize) -> Times {
    let (left_alone, replaced) = (store(10), store(10));
    let (id, other_id) = (session(&left_alone, LEN), session(&replaced, LEN));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                replaced.replace_ring(common::ring(10)).unwrap();
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let mut sampler = Sampler::default();
        sampler.add("left alone", || left_alone.open(black_box(&id)).unwrap());
        sampler.add("replaced", || replaced.open(black_box(&other_id)).unwrap());
        let times = sampler.run(rounds);
        done.store(true, Ordering::Relaxed);
        times
    })
}

fn ratios_of_others(times: &Times) -> Vec<(String, Summary)> {
    let pairs = [
        ("open, 400 keys", "open, 1 key"),
        ("refuse garbage", "open, 1 key"),
        ("refuse an unknown key", "open, 1 key"),
        ("refuse a bad tag", "open, 1 key"),
    ];
    pairs.map(|(this, that)| (format!("{this} / {that}"), times.ratio(&[this], &[that]))).to_vec()
}

/// Opening with a list of what is revoked that is empty, and with a long one.
#[cfg(feature = "revocation")]
fn beside_revocations(rounds: usize) -> Times {
    use sealed_session::revocation::{Revocation, Revocations};
    use sealed_session::{KeyRing, RootSecret, SealedStore, SessionUid};

    let with = |entries: u32| {
        let revocations = Revocations::in_memory();
        for number in 0..entries {
            // As random as uids are, and the same in each run.
            let uid = SessionUid::from_bytes(
                (u128::from(number) + 1)
                    .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
                    .to_be_bytes(),
            );
            drop(revocations.revoke(Revocation::Session { uid, until_ms: u64::MAX }));
        }
        let ring = KeyRing::single(RootSecret::from_bytes(&[7; 32]).unwrap());
        SealedStore::builder(ring).revocations(revocations).build().unwrap()
    };
    let (none, many) = (with(0), with(100_000));
    // Many sessions, so that not one place of the list is looked up all the time.
    let ids: Vec<_> = (0..1000).map(|_| session(&none, LEN)).collect();
    let mut sampler = Sampler::default();
    for (name, store) in [("none", &none), ("100,000", &many)] {
        let (ids, mut at) = (&ids, 0);
        sampler.add(name, move || {
            at = (at + 1) % ids.len();
            store.open(black_box(&ids[at])).unwrap()
        });
    }
    sampler.run(rounds)
}

/// Opens a second by so many threads, and how many times that is what one thread opens: on one store, and by
/// the primitives alone, of which each thread has its own.
fn threads(rounds: usize) -> [Vec<(usize, Summary, Summary)>; 2] {
    let store = store(1);
    let id = session(&store, LEN);
    let open = || || drop(black_box(store.open(black_box(&id)).unwrap()));
    let alone = || {
        let mut floor = Floor::new(LEN + USER.len());
        move || assert!(floor.open())
    };
    let rounds: Vec<_> = (0..rounds)
        .map(|_| [THREADS.map(|n| runs_a_second(open, n)), THREADS.map(|n| runs_a_second(alone, n))])
        .collect();
    [0, 1].map(|what| {
        let of = |value: &dyn Fn(&[f64; THREADS.len()]) -> f64| {
            summary(rounds.iter().map(|round| value(&round[what])).collect())
        };
        let figures = THREADS.iter().enumerate();
        figures
            .map(|(at, threads)| (*threads, of(&|rates| rates[at]), of(&|rates| rates[at] / rates[0])))
            .collect()
    })
}

fn runs_a_second<F: FnMut()>(make: impl Fn() -> F + Sync, threads: usize) -> f64 {
    const TIME: Duration = Duration::from_millis(20);
    let start = Barrier::new(threads);
    let run = || {
        let mut operation = make();
        start.wait();
        let (begin, mut runs) = (Instant::now(), 0_u32);
        while begin.elapsed() < TIME {
            (0..50).for_each(|_| operation());
            runs += 50;
        }
        f64::from(runs) / begin.elapsed().as_secs_f64()
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}
