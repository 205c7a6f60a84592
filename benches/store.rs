//! The operations of the contract.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails may panic")]

mod common;

use std::hint::black_box;

use common::{SIZES, data, options_of, session, store};
use criterion::{Criterion, criterion_group, criterion_main};
use sealed_session::SessionPlugin;

fn operations(criterion: &mut Criterion) {
    let store = store(1);
    let mut group = criterion.benchmark_group(format!("store/{}", common::provider()));
    for len in SIZES {
        let (id, data) = (session(&store, len), data(len));
        group
            .bench_function(format!("create/{len}"), |b| b.iter(|| store.create(options_of(&data)).unwrap()));
        group.bench_function(format!("read/{len}"), |b| b.iter(|| store.read(black_box(&id)).unwrap()));
        group.bench_function(format!("update/{len}"), |b| {
            b.iter(|| store.update(black_box(&id), black_box(&data)).unwrap());
        });
        group.bench_function(format!("touch/{len}"), |b| b.iter(|| store.touch(black_box(&id), 0).unwrap()));
        group.bench_function(format!("reseal/{len}"), |b| b.iter(|| store.reseal(black_box(&id)).unwrap()));
    }
    group.finish();
}

criterion_group! { name = benches; config = common::steady(); targets = operations }
criterion_main!(benches);
