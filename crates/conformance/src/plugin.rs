//! A suite of behaviours that any [`SessionPlugin`](sealed_session::SessionPlugin) can be run through, whoever wrote
//! it.
//!
//! The contract leaves much to its implementations: which millisecond is the first at which a session is
//! over, what an update keeps, what becomes of data with a member twice. Here each such behaviour is a case
//! with a name of its own, so that a backend which differs learns in what. [`run`] runs the cases, each on a
//! fresh [`Subject`]; the [`Report`] tells of each whether it passed.
//!
//! What a subject must bring along: sessions whose user id and data have a kilobyte together, and for the
//! cases about time a clock that the suite may move (see [`Subject::with_advance`]).
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
//!
//! use sealed_session_conformance::plugin::{self, Family, Subject};
//! use sealed_session::{Clock, KeyRing, RootSecret, SealedStore};
//!
//! struct TestClock(Arc<AtomicU64>);
//!
//! impl Clock for TestClock {
//!     fn now_ms(&self) -> u64 {
//!         self.0.load(SeqCst)
//!     }
//! }
//!
//! let report = plugin::run(|| {
//!     let now = Arc::new(AtomicU64::new(1_795_000_000_000));
//!     let ring = KeyRing::single(RootSecret::generate().unwrap());
//!     let store = SealedStore::builder(ring).clock(TestClock(now.clone())).build().unwrap();
//!     Subject::new(store, Family::Stateless)
//!         .with_advance(move |ms| {
//!             now.fetch_add(ms, SeqCst);
//!         })
//!         .default_ttl_ms(24 * 60 * 60 * 1000)
//!         .max_ttl_ms(30 * 24 * 60 * 60 * 1000)
//!         .max_lifetime_ms(30 * 24 * 60 * 60 * 1000)
//! });
//! report.assert_passed();
//! assert_eq!(report.not_run().count(), 0);
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};

mod case;
mod probe;
mod subject;

mod bad_id;
mod change;
mod data;
mod expiry;
mod identity;
mod refusal;
mod renewal;
mod revocation;
mod server_backed;
mod stateless;

pub use subject::{Family, Subject};

use case::{Case, Stop};
use probe::Probe;

use crate::report::{CaseResult, Outcome, Report, panic_text};

/// Runs every case of the subject's family, each on a fresh subject from `make`.
///
/// A panic of the plugin fails the case and the run goes on (the panic hook still prints it). Cases that
/// do not concern the subject's family are not in the report.
///
/// # Panics
/// When `make` does.
///
/// ```
/// use sealed_session_conformance::plugin::{self, Family, Subject};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let report = plugin::run(|| {
///     let store = SealedStore::builder(KeyRing::single(RootSecret::generate().unwrap())).build().unwrap();
///     Subject::new(store, Family::Stateless)
/// });
/// assert_eq!(report.failures().count(), 0);
/// assert!(report.not_run().count() > 0); // nobody told the suite how to move the clock
/// ```
#[must_use = "a failure is only in the report; `assert_passed` panics for it"]
pub fn run(mut make: impl FnMut() -> Subject) -> Report {
    let first = make();
    let outcomes = THEMES
        .iter()
        .copied()
        .flatten()
        .filter(|case| case.concerns(&first))
        .map(|case| Outcome { name: case.name, behaviour: case.behaviour, result: conduct(case, make()) });
    Report::new(outcomes.collect())
}

const THEMES: [&[Case]; 10] = [
    identity::CASES,
    data::CASES,
    refusal::CASES,
    change::CASES,
    stateless::CASES,
    server_backed::CASES,
    revocation::CASES,
    expiry::CASES,
    renewal::CASES,
    bad_id::CASES,
];

fn conduct(case: &Case, subject: Subject) -> CaseResult {
    // A plugin that panicked may be broken from then on: no later case sees it again.
    match catch_unwind(AssertUnwindSafe(move || (case.check)(&Probe::new(subject)))) {
        Ok(Ok(())) => CaseResult::Passed,
        Ok(Err(Stop::Failed(message))) => CaseResult::Failed(message),
        Ok(Err(Stop::NotRun(reason))) => CaseResult::NotRun(reason),
        Err(payload) => CaseResult::Failed(format!("panicked: {}", panic_text(&*payload))),
    }
}
