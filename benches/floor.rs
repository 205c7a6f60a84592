//! The primitives of one token and nothing around them: the limit that `seal_open` approaches.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails may panic")]

mod common;

use common::{SIZES, USER, floor::Floor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn floor(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("floor/{}", common::provider()));
    for len in SIZES {
        group.throughput(Throughput::Bytes(len as u64));
        let mut floor = Floor::new(USER.len() + len);
        group.bench_function(format!("seal/{len}"), |b| b.iter(|| floor.seal()));
        group.bench_function(format!("seal, fixed salt/{len}"), |b| b.iter(|| floor.seal_salted()));
        group.bench_function(format!("open/{len}"), |b| b.iter(|| floor.open()));
    }
    group.finish();
}

criterion_group! { name = benches; config = common::steady(); targets = floor }
criterion_main!(benches);
