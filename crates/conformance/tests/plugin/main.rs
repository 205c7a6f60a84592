//! The conformance suite, run against backends of both families that are right, and against some that are
//! wrong on purpose: each of those must fail exactly the cases that its fault touches.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{Clock as _, CreateOptions, KeyRing, OpenedSession, RootSecret, SealedStore};
use sealed_session::{SessionError, SessionId, SessionPlugin, SessionRecord, SessionUid};
use sealed_session_conformance::plugin::{self, Family, Subject};
use sealed_session_conformance::{CaseResult, Outcome, Report};
use serde::de::IgnoredAny;

mod broken;
mod revoking;
mod server;
mod wrong;

use broken::Broken;
use revoking::Revoking;
use server::{Server, backend, checked, latin1, longer, rewritten, shorter};
use wrong::wrong_backends;

const NOW: u64 = 1_795_000_000_000;
const MINUTE: u64 = 60_000;
const DEFAULT_TTL_MS: u64 = 20 * MINUTE;
const MAX_TTL_MS: u64 = 60 * MINUTE;
const MAX_LIFETIME_MS: u64 = 90 * MINUTE;

#[test]
fn the_sealed_store_passes_every_case() {
    let report = run(Family::Stateless, sealed_store);
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

#[test]
fn a_server_with_a_table_passes_every_case() {
    let report = run(Family::ServerBacked, Server::new);
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

#[test]
fn a_padded_store_with_the_default_limits_passes_every_case() {
    const DAY: u64 = 24 * 60 * MINUTE;
    let report = plugin::run(|| {
        let clock = ManualClock::at(NOW);
        let store = SealedStore::builder(ring()).padding(256).clock(clock.clone()).build().unwrap();
        Subject::new(store, Family::Stateless)
            .with_advance(move |ms| clock.advance(ms))
            .default_ttl_ms(DAY)
            .max_ttl_ms(30 * DAY)
            .max_lifetime_ms(30 * DAY)
    });
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

#[test]
fn a_stateless_store_that_says_it_revokes_must_do_so() {
    let clock = || ManualClock::at(NOW);
    let run = |make: &dyn Fn() -> Subject| plugin::run(|| make().with_revocation());
    run(&|| Subject::new(Revoking::new(clock()), Family::Stateless)).assert_passed();

    let report = run(&|| Subject::new(sealed_store(clock()), Family::Stateless));
    let deleted = "read_after_delete_is_not_found update_after_delete_is_not_found \
                   touch_after_delete_is_not_found delete_ends_every_id";
    assert_names("a store that only says so", report.failures(), deleted);
}

#[test]
fn without_a_way_to_move_the_clock_the_cases_about_time_do_not_run() {
    let store = || SealedStore::builder(ring()).build().unwrap();
    let report = plugin::run(|| Subject::new(store(), Family::Stateless).default_ttl_ms(24 * 60 * MINUTE));
    report.assert_passed();
    assert_names(
        "not run",
        report.not_run(),
        "create_cuts_a_ttl_above_the_maximum created_at_is_the_time_of_create \
         readable_one_ms_before_its_expiry not_found_at_its_expiry not_found_ever_after \
         a_ttl_of_1_ms_is_meant a_session_of_default_ttl_ends update_lasts_until_the_expiry \
         touch_lasts_until_the_expiry update_of_an_expired_id_is_not_found \
         touch_of_an_expired_id_is_not_found delete_of_an_expired_id_is_ok sessions_end_each_at_its_time \
         update_keeps_created_at update_keeps_the_expiry reading_does_not_extend touch_keeps_created_at \
         touch_extends touch_shortens touch_with_0_gives_the_default touch_cuts_a_ttl_above_the_maximum \
         touch_stops_at_the_maximum_lifetime update_after_touch_keeps_the_new_expiry",
    );
    let reason = |name| report.not_run().find(|outcome| outcome.name == name).unwrap().result.to_string();
    let clock = "not run: the subject does not tell how to move its clock on";
    assert_eq!(reason("not_found_at_its_expiry"), clock);
    let limit = "not run: the subject does not tell its maximum TTL";
    assert_eq!(reason("create_cuts_a_ttl_above_the_maximum"), limit);
}

#[test]
fn a_case_that_needs_longer_sessions_than_there_are_does_not_run() {
    let report = plugin::run(|| {
        let clock = ManualClock::at(NOW);
        let ttl = Duration::from_secs(30);
        let store = SealedStore::builder(ring()).default_ttl(ttl).max_ttl(ttl).clock(clock.clone());
        Subject::new(store.build().unwrap(), Family::Stateless)
            .with_advance(move |ms| clock.advance(ms))
            .max_ttl_ms(30_000)
    });
    report.assert_passed();
    let extends = report.not_run().find(|outcome| outcome.name == "touch_extends").unwrap();
    let reason = "this needs a session of 660000 ms, and the subject's live 30000 ms at most";
    assert_eq!(extends.result, CaseResult::NotRun(reason.to_owned()));
}

#[test]
fn each_wrong_backend_fails_exactly_the_cases_about_its_fault() {
    for wrong in wrong_backends() {
        let report = (wrong.run)();
        assert_names(wrong.fault, report.failures(), wrong.fails);
        assert_eq!(report.not_run().count(), 0, "{}", wrong.fault);
    }
}

#[test]
fn every_case_fails_for_some_wrong_backend() {
    let reports = [run(Family::Stateless, sealed_store), run(Family::ServerBacked, Server::new)];
    let all: BTreeSet<_> = reports.iter().flatten().map(|outcome| outcome.name).collect();
    let seen: BTreeSet<_> =
        wrong_backends().iter().flat_map(|wrong| wrong.fails.split_whitespace()).collect();
    assert_eq!(all.difference(&seen).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn a_report_names_what_failed_and_goes_on_after_a_panic() {
    let report = run(Family::ServerBacked, |clock| Broken {
        read: |server: &Server, id| {
            let _ = id.as_str().split_at(1);
            server.read(id)
        },
        ..Broken::new(Server::new(clock))
    });
    let failed = report.failures().find(|outcome| outcome.name == "an_empty_id_is_refused").unwrap();
    assert!(failed.result.to_string().starts_with("FAILED: panicked: "), "{failed}");
    let later = report.outcomes().iter().skip_while(|outcome| *outcome != failed);
    assert!(later.map(|outcome| &outcome.result).any(|result| *result == CaseResult::Passed));

    let text = report.to_string();
    assert_eq!(text.lines().count(), report.outcomes().len() + 1);
    assert!(text.lines().next().unwrap().ends_with(" ... ok"), "{text}");
    assert!(text.ends_with(" failed, 0 not run"), "{text}");

    let panic = std::panic::catch_unwind(|| report.assert_passed()).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        report.failures().all(|o| message.contains(o.name) && message.contains(o.behaviour)),
        "{message}"
    );
}

#[test]
fn names_are_unique_and_behaviours_are_sentences() {
    for report in [run(Family::Stateless, sealed_store), run(Family::ServerBacked, Server::new)] {
        let names: BTreeSet<_> = report.outcomes().iter().map(|outcome| outcome.name).collect();
        assert_eq!(names.len(), report.outcomes().len());
        assert!(names.len() >= 30);
        assert!(report.outcomes().iter().all(|outcome| outcome.behaviour.ends_with('.')));
    }
}

fn ring() -> KeyRing {
    KeyRing::single(RootSecret::generate().unwrap())
}

fn sealed_store(clock: ManualClock) -> SealedStore {
    SealedStore::builder(ring())
        .default_ttl(Duration::from_millis(DEFAULT_TTL_MS))
        .max_ttl(Duration::from_millis(MAX_TTL_MS))
        .max_lifetime(Duration::from_millis(MAX_LIFETIME_MS))
        .clock(clock)
        .build()
        .unwrap()
}

/// A run with all that the suite can be told.
fn run<P: SessionPlugin + 'static>(family: Family, make: impl Fn(ManualClock) -> P) -> Report {
    plugin::run(|| {
        let clock = ManualClock::at(NOW);
        Subject::new(make(clock.clone()), family)
            .with_advance(move |ms| clock.advance(ms))
            .default_ttl_ms(DEFAULT_TTL_MS)
            .max_ttl_ms(MAX_TTL_MS)
            .max_lifetime_ms(MAX_LIFETIME_MS)
    })
}

fn assert_names<'a>(what: &str, outcomes: impl Iterator<Item = &'a Outcome>, expected: &str) {
    let outcomes: Vec<_> = outcomes.collect();
    let names: BTreeSet<_> = outcomes.iter().map(|outcome| outcome.name).collect();
    let lines: Vec<_> = outcomes.iter().map(|outcome| format!("\n{outcome}")).collect();
    assert_eq!(names, expected.split_whitespace().collect(), "{what}:{}", lines.concat());
}
