//! The backend in memory.

use sealed_session::revocation::MemoryBackend;
use sealed_session_conformance::backend::{self, Storage};
use sealed_session_conformance::backend_tests;

fn storage() -> Storage {
    let shared = MemoryBackend::default();
    Storage::new(move || shared.clone())
}

backend_tests!(storage);

#[test]
fn memory_behaves_as_every_backend_does() {
    let report = backend::run(storage);
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

#[test]
fn of_what_expires_by_itself_only_the_cases_about_forgetting_are_not_run() {
    let report = backend::run(|| storage().expires_by_itself());
    report.assert_passed();
    let not_run: Vec<_> = report.not_run().map(|outcome| outcome.name).collect();
    assert_eq!(
        not_run,
        [
            "only_what_may_be_forgotten_is_purged",
            "a_clock_that_is_ahead_for_a_while_purges_nothing_that_counts",
            "a_clock_that_is_ahead_when_the_first_purges_purges_nothing_that_counts",
            "sharers_are_purged_when_no_session_of_theirs_can_live",
            "a_session_that_is_revoked_revokes_no_others",
            "ten_thousand_revocations_are_all_told",
        ]
    );
}

#[test]
fn names_are_unique_and_behaviours_are_sentences() {
    let report = backend::run(storage);
    let names: std::collections::BTreeSet<_> = report.outcomes().iter().map(|outcome| outcome.name).collect();
    assert_eq!(names.len(), report.outcomes().len());
    assert!(names.len() > 50);
    assert!(report.outcomes().iter().all(|outcome| outcome.behaviour.ends_with('.')));
}
