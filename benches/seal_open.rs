//! Sealing and opening by size, with randomness from the operating system and with a fixed salt.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails may panic")]

mod common;

use std::hint::black_box;

use common::{SIZES, data, options_of, session, store, store_without_randomness};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sealed_session::SessionPlugin;

fn seal_open(criterion: &mut Criterion) {
    let (store, fixed) = (store(1), store_without_randomness());
    let mut group = criterion.benchmark_group(format!("seal_open/{}", common::provider()));
    for len in SIZES {
        group.throughput(Throughput::Bytes(len as u64));
        let (id, data) = (session(&store, len), data(len));
        group.bench_function(format!("seal/{len}"), |b| b.iter(|| store.create(options_of(&data)).unwrap()));
        group.bench_function(format!("seal, fixed salt/{len}"), |b| {
            b.iter(|| fixed.create(options_of(&data)).unwrap());
        });
        group.bench_function(format!("open/{len}"), |b| b.iter(|| store.open(black_box(&id)).unwrap()));
    }
    group.finish();
}

criterion_group! { name = benches; config = common::steady(); targets = seal_open }
criterion_main!(benches);
