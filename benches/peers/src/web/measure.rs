//! Requests in process: no sockets, no runtime, nothing that waits.

use std::hint::black_box;

use axum::http::{HeaderValue, Uri};
use tower::Service;

use super::{SIZES, Site, request, sites};
use crate::measure::{Bench, Op};
use crate::now;

/// What is measured, and the path of it.
pub const OPS: [(Op, &str); 3] = [(Op::Unread, "/unread"), (Op::Read, "/read"), (Op::Update, "/update")];

/// All measurements, calibrated. Every site is checked before.
#[must_use]
pub fn benches() -> Vec<Bench> {
    let mut benches = Vec::new();
    for size in SIZES {
        for site in sites() {
            if site.name != super::NONE {
                site.check(size);
            }
            let cookie = site.cookie(size);
            benches.extend(OPS.map(|(op, path)| of_site(&site, op, path, size, &cookie)));
        }
    }
    benches.iter_mut().for_each(Bench::calibrate);
    benches
}

fn of_site(site: &Site, op: Op, path: &str, size: usize, cookie: &HeaderValue) -> Bench {
    let (app, cookie) = (site.app.clone(), cookie.clone());
    let (uri, token_chars): (Uri, _) = (path.parse().expect("a path"), cookie.len());
    let mut bench = Bench::new(site.name, true, op, size, move |iterations| {
        let mut app = app.clone();
        for _ in 0..iterations {
            let request = request(black_box(&uri), Some(black_box(&cookie)));
            black_box(now(app.call(request)).is_ok());
        }
    });
    bench.subject.token_chars = token_chars;
    bench
}
