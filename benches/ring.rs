//! Opening under rings of 1 to 400 keys, and looking for a key that is not there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails may panic")]

mod common;

use std::hint::black_box;

use common::{ring, session, store};
use criterion::{Criterion, criterion_group, criterion_main};
use sealed_session::{RootSecret, SealedStore};

const LEN: usize = 256;

fn keys(criterion: &mut Criterion) {
    let other = SealedStore::builder(sealed_session::KeyRing::single(RootSecret::generate().unwrap()));
    let unknown = session(&other.build().unwrap(), LEN);
    let mut group = criterion.benchmark_group(format!("ring/{}", common::provider()));
    for keys in [1, 10, 100, 400] {
        let store = store(keys);
        let id = session(&store, LEN);
        group.bench_function(format!("hit/{keys}"), |b| b.iter(|| store.open(black_box(&id)).unwrap()));
        group.bench_function(format!("miss/{keys}"), |b| {
            b.iter(|| store.open(black_box(&unknown)).unwrap_err());
        });
        group.bench_function(format!("replace/{keys}"), |b| {
            b.iter(|| store.replace_ring(ring(keys)).unwrap());
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::steady(); targets = keys }
criterion_main!(benches);
