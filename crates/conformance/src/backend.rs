//! What every backend of revocations does, for anybody who writes one.
//!
//! A [`Storage`] is where servers share what is revoked, for example a database; a node is one more
//! [`Backend`] that uses it, with a connection of its own. Each case has storage of its own, which is empty at first.
//!
//! [`backend_tests!`](crate::backend_tests) makes a test of each case. [`run`] runs all of them one after another, and
//! reports.
//!
//! ```
//! use sealed_session::revocation::MemoryBackend;
//! use sealed_session_conformance::backend::{self, Storage};
//!
//! let report = backend::run(|| {
//!     let shared = MemoryBackend::default(); // or an empty database
//!     Storage::new(move || shared.clone()) // or a connection to it
//! });
//! report.assert_passed();
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a case that fails panics, as a test does"
)]

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sealed_session::revocation::Backend;

use crate::report::{CaseResult, Outcome, Report, panic_text};

mod changes;
mod common;
mod entries;
mod known;
mod limits;
mod macros;
mod servers;
mod sessions;

/// Where nodes share what is revoked, with nothing in it yet.
///
/// ```
/// use sealed_session::revocation::MemoryBackend;
/// use sealed_session_conformance::backend::Storage;
///
/// let shared = MemoryBackend::default();
/// let storage = Storage::new(move || shared.clone());
/// # let _ = storage;
/// ```
pub struct Storage {
    node: Box<dyn Fn() -> Box<dyn Backend> + Send + Sync>,
    expires_by_itself: bool,
}

impl Storage {
    /// Storage whose nodes this makes; it also keeps alive what they need, for example a folder or a server. The cases make
    /// several, in several threads.
    pub fn new<B: Backend>(node: impl Fn() -> B + Send + Sync + 'static) -> Self {
        Self { node: Box::new(move || Box::new(node())), expires_by_itself: false }
    }

    /// Entries expire in it by a clock of its own, whatever [`purge`](Backend::purge) is told: the cases that purge by
    /// another time than today's are not run.
    #[must_use]
    pub fn expires_by_itself(mut self) -> Self {
        self.expires_by_itself = true;
        self
    }

    /// One more server that uses it.
    fn node(&self) -> Box<dyn Backend> {
        (self.node)()
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("expires_by_itself", &self.expires_by_itself).finish_non_exhaustive()
    }
}

/// Runs every case, each on storage of its own from `make`.
///
/// A case that fails panics; the run catches that and goes on (the panic hook still prints it).
///
/// # Panics
/// When `make` does.
///
/// ```
/// use sealed_session::revocation::MemoryBackend;
/// use sealed_session_conformance::backend::{self, Storage};
///
/// let report = backend::run(|| {
///     let shared = MemoryBackend::default();
///     Storage::new(move || shared.clone()).expires_by_itself()
/// });
/// assert!(report.failures().count() == 0 && report.not_run().count() > 0);
/// ```
#[must_use = "a failure is only in the report; `assert_passed` panics for it"]
pub fn run(mut make: impl FnMut() -> Storage) -> Report {
    let outcome =
        |case: &Case| Outcome { name: case.name, behaviour: case.behaviour, result: case.conduct(make()) };
    Report::new(CASES.iter().map(outcome).collect())
}

/// Runs one case: what [`backend_tests!`](crate::backend_tests) makes tests of.
///
/// # Panics
/// When the storage does not behave so, when there is no case of this name, or when it is not for such storage.
///
/// ```
/// use sealed_session::revocation::MemoryBackend;
/// use sealed_session_conformance::backend::{self, Storage};
///
/// let shared = MemoryBackend::default();
/// backend::check("a_session_that_is_put_again_is_replaced", Storage::new(move || shared.clone()));
/// ```
#[track_caller]
pub fn check(name: &str, storage: Storage) {
    let Some(case) = CASES.iter().find(|case| case.name == name) else {
        panic!("there is no case of the name {name}");
    };
    if let Some(reason) = case.is_not_for(&storage) {
        panic!("{name}: {reason}");
    }
    (case.check)(&storage);
}

/// One behaviour, and how to look for it.
struct Case {
    name: &'static str,
    behaviour: &'static str,
    check: fn(&Storage),
    /// It purges by times of its own.
    forgets: bool,
}

impl Case {
    const fn about_forgetting(self) -> Self {
        Self { forgets: true, ..self }
    }

    fn is_not_for(&self, storage: &Storage) -> Option<&'static str> {
        let is_not = self.forgets && storage.expires_by_itself;
        is_not.then_some("entries expire by themselves there, whatever the time to purge by")
    }

    fn conduct(&self, storage: Storage) -> CaseResult {
        if let Some(reason) = self.is_not_for(&storage) {
            return CaseResult::NotRun(reason.to_owned());
        }
        match catch_unwind(AssertUnwindSafe(move || (self.check)(&storage))) {
            Ok(()) => CaseResult::Passed,
            Err(payload) => CaseResult::Failed(panic_text(&*payload).to_owned()),
        }
    }
}

/// A case that bears the name of the function that checks it.
macro_rules! case {
    ($module:ident::$check:ident, $behaviour:literal) => {
        Case { name: stringify!($check), behaviour: $behaviour, check: $module::$check, forgets: false }
    };
}

const CASES: &[Case] = &[
    case!(
        entries::what_is_recorded_is_news_to_every_other_node_once,
        "What a node records is news to every other node, once."
    ),
    case!(
        entries::a_node_that_starts_later_learns_all_that_there_is,
        "A node that starts later is told all entries, and that nothing was lost."
    ),
    case!(
        entries::things_of_different_reach_are_told_apart,
        "Sessions, users of each reach and everybody of each application have entries of their own."
    ),
    case!(
        entries::of_two_revocations_the_later_end_counts_and_the_later_one_ends_more,
        "Of two revocations with one target the later end counts, and the one recorded later ends more."
    ),
    case!(
        entries::a_later_time_is_news_and_a_repetition_does_no_harm,
        "A later end is news; what says nothing new changes nothing."
    ),
    case!(
        entries::of_two_revocations_of_a_user_the_exceptions_of_the_later_count,
        "Of two revocations of a user those are spared that the later one spares."
    ),
    case!(
        entries::what_is_restored_spares_only_what_both_spare,
        "What is restored spares only sessions that the entry there spares as well."
    ),
    case!(
        entries::revoking_all_others_revokes_what_asked_and_spares_what_takes_its_place,
        "Revoking all others ends the session that asked, and spares what takes its place."
    ),
    case!(
        entries::a_session_that_takes_the_place_of_another_is_spared_where_that_was,
        "A session that takes the place of another is spared where that one was."
    ),
    case!(
        entries::a_session_is_not_spared_by_what_was_revoked_since_that_was_decided,
        "An entry that was recorded after it was decided to spare a session does not spare it."
    ),
    case!(
        entries::sessions_that_begin_are_spared_up_to_a_limit,
        "64 sessions of a user are spared; one more is an error."
    ),
    case!(
        entries::changes_of_one_call_are_recorded_together_or_not_at_all,
        "Changes of one call are recorded together, or none of them is."
    ),
    case!(entries::what_is_recorded_after_a_purge_is_news, "What is recorded after a purge is news."),
    case!(
        entries::sharers_are_listed_and_replaced_by_their_id,
        "Sharers are listed, each as it was written down last."
    ),
    case!(
        entries::odd_user_ids_are_told_apart_and_come_back_as_they_were,
        "User ids, applications and scopes are any text, and come back byte for byte."
    ),
    case!(
        entries::extreme_times_are_kept_or_last_for_ever,
        "A time that is too great to be kept counts as the greatest of all."
    ),
    case!(
        entries::nodes_that_write_at_once_lose_nothing,
        "Of nodes that write at the same time none loses anything."
    ),
    case!(
        changes::exceptions_are_those_of_the_newest,
        "Followers are told the exceptions of the newest revocation of a user."
    ),
    case!(
        changes::what_is_restored_spares_nobody_else,
        "Followers are told what two restored entries come to."
    ),
    case!(
        changes::others_are_revoked_and_one_goes_on,
        "A session that has ended all others may do so again as what took its place."
    ),
    case!(
        changes::one_that_is_revoked_ends_nobody,
        "A session that is revoked, by an entry of any reach, ends no others."
    ),
    case!(
        changes::an_exception_moves,
        "An exception moves from one session to another, and nothing else changes."
    ),
    case!(
        changes::what_has_ended_does_not_go_on,
        "A session that has ended does not go on under another uid."
    ),
    case!(
        changes::a_session_that_begins_is_spared,
        "A session that begins is spared, and one too many undoes what was recorded with it."
    ),
    case!(
        changes::all_of_it_or_nothing,
        "Of fifteen hundred changes with one that is refused, none is recorded."
    ),
    case!(
        changes::several_changes_of_one_entry_are_one,
        "Several changes of one entry in one call are told as one."
    ),
    case!(changes::reaches_are_kept_apart, "Reaches whose names run together are kept apart."),
    case!(limits::what_is_over_is_forgotten, "What is over is forgotten, and what counts is not."),
    case!(
        limits::time_to_purge_does_not_leap,
        "The time to purge by does not leap with a clock, whichever node purges."
    ),
    case!(
        limits::sharers_are_kept_until_they_run_out,
        "Sharers are kept until no session of theirs can live."
    ),
    case!(
        limits::any_user_id_is_told_from_any_other,
        "A user id of 65,534 bytes is kept, and told from any other."
    ),
    case!(
        limits::ten_thousand_changes_of_one_call_are_recorded,
        "Ten thousand changes of one call are all recorded."
    ),
    case!(limits::many_are_restored, "Thousands of entries are restored, and again without any news."),
    case!(
        limits::of_two_that_are_added_one_sees_the_other,
        "Of sessions that are added at the same time, each sees all that were added before it."
    ),
    case!(
        sessions::sessions_are_listed_by_user_the_one_seen_last_first,
        "Sessions are listed by user, the one seen last first."
    ),
    case!(
        sessions::sessions_of_another_scope_or_application_are_not_seen,
        "Sessions of another scope or application are neither seen nor struck off."
    ),
    case!(
        sessions::a_session_that_is_added_sees_those_that_were_added_before,
        "Adding a session gives those of its user in the order in which they were added."
    ),
    case!(
        sessions::sessions_that_are_added_at_once_are_in_one_order,
        "Sessions that are added at the same time are in one order for all."
    ),
    case!(sessions::a_session_that_is_put_again_is_replaced, "A session that is put again is replaced."),
    case!(
        sessions::a_session_that_is_put_again_may_expire_earlier,
        "A session that is put again may expire earlier."
    ),
    case!(
        sessions::sessions_that_have_expired_are_not_listed_and_struck_off_with_a_count,
        "Expired sessions are not listed, and are struck off with a count."
    ),
    case!(
        sessions::striking_a_session_off_says_whether_it_was_there,
        "Striking a session off says whether it was there."
    ),
    case!(
        sessions::odd_user_ids_and_labels_come_back_as_they_were,
        "User ids and labels of sessions come back byte for byte."
    ),
    case!(sessions::extreme_times_of_sessions_do_not_wrap, "Extreme times of sessions do not wrap."),
    case!(servers::what_one_server_revokes_the_others_refuse, "What one server revokes the others refuse."),
    case!(servers::a_server_that_starts_later_refuses_it_too, "A server that starts later refuses it too."),
    case!(
        servers::a_write_is_awaited_on_either_runtime,
        "A write can be awaited on a runtime of one thread and of several."
    ),
    case!(
        servers::a_write_is_waited_for_without_a_runtime_and_on_a_worker_of_one,
        "A write can be waited for without a runtime, and on a worker of one."
    ),
    case!(
        servers::a_write_that_must_not_be_waited_for_is_done_all_the_same,
        "A write that must not be waited for is an error there, and done all the same."
    ),
    case!(
        entries::only_what_may_be_forgotten_is_purged,
        "Entries are purged at their end, by any node, and not before."
    )
    .about_forgetting(),
    case!(
        entries::a_clock_that_is_ahead_for_a_while_purges_nothing_that_counts,
        "A clock that is ahead for a while purges nothing that counts."
    )
    .about_forgetting(),
    case!(
        entries::a_clock_that_is_ahead_when_the_first_purges_purges_nothing_that_counts,
        "A clock that is ahead when the first purges removes nothing that counts."
    )
    .about_forgetting(),
    case!(
        entries::sharers_are_purged_when_no_session_of_theirs_can_live,
        "Sharers are purged as soon as no session of theirs can live."
    )
    .about_forgetting(),
    case!(
        entries::a_session_that_is_revoked_revokes_no_others,
        "A session whose revocation was purged may end others; one that is revoked may not."
    )
    .about_forgetting(),
    case!(
        entries::ten_thousand_revocations_are_all_told,
        "Ten thousand revocations are all told, and purged at their ends."
    )
    .about_forgetting(),
];
