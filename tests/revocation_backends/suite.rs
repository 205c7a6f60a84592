//! What every backend does. Each behaviour gets a function that makes nodes of one shared backend, empty at first.
//!
//! `suite::behaves!(fresh)` makes tests of all behaviours, where `fresh()` gives such a function. A backend that was
//! added is one more module beside `memory`, `sqlite` and `redis` with that line, and with `forgets_when_told` unless
//! things expire in it by themselves.

#[path = "suite/nodes.rs"]
pub(crate) mod nodes;
#[path = "suite/rows.rs"]
pub(crate) mod rows;
#[path = "suite/servers.rs"]
pub(crate) mod servers;
#[path = "suite/sessions.rs"]
pub(crate) mod sessions;

use std::collections::BTreeMap;

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend, Reach, Revocation};

/// Tests of all behaviours, on what `fresh` makes.
macro_rules! behaves {
    ($fresh:ident) => {
        $crate::suite::tests_of!($fresh, nodes:
            what_is_recorded_is_news_to_every_other_node_once,
            a_node_that_starts_later_learns_all_that_there_is,
            things_of_different_reach_are_told_apart,
            of_two_revocations_the_later_end_counts_and_the_later_one_ends_more,
            a_later_time_is_news_and_a_repetition_does_no_harm,
            of_two_revocations_of_a_user_the_exceptions_of_the_later_count,
            what_is_restored_spares_only_what_both_spare,
            revoking_all_others_revokes_what_asked_and_spares_what_takes_its_place,
            a_session_that_takes_the_place_of_another_is_spared_where_that_was,
            a_session_is_not_spared_by_what_was_revoked_since_that_was_decided,
            sessions_that_begin_are_spared_up_to_a_limit,
            changes_of_one_call_are_recorded_together_or_not_at_all,
            what_is_recorded_after_a_purge_is_news,
            sharers_are_listed_and_replaced_by_their_id,
            odd_user_ids_are_told_apart_and_come_back_as_they_were,
            extreme_times_are_kept_or_last_for_ever,
            nodes_that_write_at_once_lose_nothing,
        );
        $crate::suite::tests_of!($fresh, sessions:
            sessions_are_listed_by_user_the_one_seen_last_first,
            sessions_of_another_scope_or_application_are_not_seen,
            a_session_that_is_added_sees_those_that_were_added_before,
            sessions_that_are_added_at_once_are_in_one_order,
            a_session_that_is_put_again_is_replaced,
            a_session_that_is_put_again_may_expire_earlier,
            sessions_that_have_expired_are_not_listed_and_struck_off_with_a_count,
            striking_a_session_off_says_whether_it_was_there,
            odd_user_ids_and_labels_come_back_as_they_were,
            extreme_times_of_sessions_do_not_wrap,
        );
        $crate::suite::tests_of!($fresh, servers:
            what_one_server_revokes_the_others_refuse,
            a_server_that_starts_later_refuses_it_too,
            a_write_is_awaited_on_either_runtime,
            a_write_is_waited_for_without_a_runtime_and_on_a_worker_of_one,
            a_write_that_must_not_be_waited_for_is_done_all_the_same,
        );
        $crate::suite::tests_of!($fresh, rows:
            a_row_is_changed_and_others_see_it,
            a_row_that_is_missing_or_struck_off_is_not_changed,
        );
    };
}

/// Tests of a backend that purges by the time it is told alone.
macro_rules! forgets_when_told {
    ($fresh:ident) => {
        $crate::suite::tests_of!($fresh, nodes:
            only_what_may_be_forgotten_is_purged,
            a_clock_that_is_ahead_for_a_while_purges_nothing_that_counts,
            a_clock_that_is_ahead_when_the_first_purges_purges_nothing_that_counts,
            sharers_are_purged_when_no_session_of_theirs_can_live,
            a_session_that_is_revoked_revokes_no_others,
            ten_thousand_revocations_are_all_told,
        );
    };
}

macro_rules! tests_of {
    ($fresh:ident, $module:ident: $($behaviour:ident,)+) => {
        $(#[test]
        fn $behaviour() {
            $crate::suite::$module::$behaviour($fresh());
        })+
    };
}
pub(crate) use {behaves, forgets_when_told, tests_of};

/// What a node has been told: of each thing the last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told(BTreeMap<Key, Revocation>);

/// What is revoked: the session; the user, of whom; everything, of which application.
type Key = (Option<SessionUid>, Option<(Reach, String)>, Option<Option<String>>);

fn key(revocation: &Revocation) -> Key {
    match revocation {
        Revocation::Session { uid, .. } => (Some(*uid), None, None),
        Revocation::User { reach, user_id, .. } => (None, Some((reach.clone(), user_id.clone())), None),
        Revocation::Everything { app_id, .. } => (None, None, Some(app_id.clone())),
    }
}

impl Told {
    pub(crate) fn of(revocations: &[Revocation]) -> Self {
        Self(revocations.iter().map(|revocation| (key(revocation), revocation.clone())).collect())
    }

    pub(crate) fn by(node: &mut impl Backend) -> Self {
        Self::of(&node.news().unwrap().revocations)
    }

    pub(crate) fn has(&self, revocation: &Revocation) -> bool {
        self.0.get(&key(revocation)) == Some(revocation)
    }

    /// Whether it has been told of what this one speaks of.
    pub(crate) fn knows(&self, of: &Revocation) -> bool {
        self.0.contains_key(&key(of))
    }

    /// Before when what this one speaks of is revoked, and until when.
    pub(crate) fn times(&self, of: &Revocation) -> (u64, u64) {
        let told = &self.0[&key(of)];
        let before_ms = match told {
            Revocation::Session { .. } => u64::MAX,
            Revocation::User { created_before_ms, .. } | Revocation::Everything { created_before_ms, .. } => {
                *created_before_ms
            }
        };
        (before_ms, told.until_ms())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// User ids that a format of text, a separator or a limit could stumble over.
pub(crate) fn odd_user_ids() -> Vec<String> {
    let mut odd: Vec<String> = [
        "",
        " ",
        "'",
        "''",
        "\"",
        "\\",
        "%",
        "*",
        ":",
        "a:b",
        "a",
        "A",
        "a\0",
        "a\0b",
        "\0",
        "\r\n",
        "x'41'",
        "1",
        "01",
        "null",
        "é",
        "e\u{301}",
        "ß",
        "🦀",
        "\u{202e}",
        "'; DROP TABLE revocations; --",
    ]
    .map(str::to_owned)
    .into();
    odd.push("u".repeat(65_534));
    odd.push("u".repeat(65_533));
    odd
}
