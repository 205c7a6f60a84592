//! Requests in process: no sockets, no runtime, nothing that waits.

use axum::http::HeaderValue;

use super::{SIZES, Site, sites};
use crate::measure::{Bench, Op};

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
    let (site, path, cookie) = (site.clone(), path.to_owned(), cookie.clone());
    let (name, token_chars) = (site.name, cookie.len());
    let run = move |iterations| site.repeat(&path, &cookie, iterations);
    let mut bench = Bench::new(name, true, op, size, run);
    bench.subject.token_chars = token_chars;
    bench
}
