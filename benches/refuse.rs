//! What a hostile cookie costs, beside an honest one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails may panic")]

mod common;

use std::hint::black_box;

use common::{SIZES, bad_tag, session, store};
use criterion::{Criterion, criterion_group, criterion_main};
use sealed_session::SessionId;

fn refuse(criterion: &mut Criterion) {
    let (one, other) = (store(1), store(2));
    let mut group = criterion.benchmark_group(format!("refuse/{}", common::provider()));
    for len in SIZES {
        let id = session(&one, len);
        let cases = [
            ("garbage", SessionId::new("!".repeat(id.as_str().len()))),
            ("unknown key", session(&other, len)),
            ("bad tag", bad_tag(&id)),
        ];
        group.bench_function(format!("none/{len}"), |b| b.iter(|| one.open(black_box(&id)).unwrap()));
        for (name, id) in &cases {
            group.bench_function(format!("{name}/{len}"), |b| {
                b.iter(|| one.open(black_box(id)).unwrap_err());
            });
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = common::steady(); targets = refuse }
criterion_main!(benches);
