//! What every backend does. Each behaviour gets a function that makes nodes of one shared backend, empty at first.
//!
//! `suite::behaves!(fresh)` makes tests of all behaviours, where `fresh()` gives such a function. A backend that was
//! added is one more module beside `memory`, `sqlite` and `redis` with that line, and with `forgets_when_told` unless
//! things expire in it by themselves.

#[path = "suite/nodes.rs"]
pub(crate) mod nodes;
#[path = "suite/servers.rs"]
pub(crate) mod servers;
#[path = "suite/sessions.rs"]
pub(crate) mod sessions;
#[cfg(feature = "uvb")]
#[path = "suite/uvb.rs"]
pub(crate) mod uvb;

use std::collections::BTreeMap;

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend, Revocation};

/// Tests of all behaviours, on what `fresh` makes.
macro_rules! behaves {
    ($fresh:ident) => {
        $crate::suite::tests_of!($fresh, nodes:
            what_is_recorded_is_news_to_every_other_node_once,
            a_node_that_starts_later_learns_all_that_counts,
            of_two_revocations_the_later_times_count_in_whatever_order,
            a_later_time_is_news_and_a_repetition_does_no_harm,
            what_is_recorded_after_a_forgetting_is_news,
            odd_user_ids_are_told_apart_and_come_back_as_they_were,
            extreme_times_are_kept_or_last_for_ever,
            nodes_that_write_at_once_lose_nothing,
        );
        $crate::suite::tests_of!($fresh, sessions:
            sessions_are_listed_by_user_the_one_seen_last_first,
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
        #[cfg(feature = "uvb")]
        $crate::suite::tests_of!($fresh, uvb:
            a_row_is_changed_and_others_see_it,
            a_row_that_is_missing_or_struck_off_is_not_changed,
        );
    };
}

/// Tests of a backend that forgets by the time it is told, and counts.
macro_rules! forgets_when_told {
    ($fresh:ident) => {
        $crate::suite::tests_of!($fresh, nodes:
            only_what_has_expired_is_forgotten_and_counted,
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

/// What a node has been told, as it counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) sessions: BTreeMap<SessionUid, u64>,
    /// Before which time, and until when.
    pub(crate) users: BTreeMap<String, (u64, u64)>,
    pub(crate) everything: (u64, u64),
}

impl Told {
    pub(crate) fn of(revocations: &[Revocation]) -> Self {
        let mut told = Self::default();
        revocations.iter().for_each(|revocation| told.add(revocation));
        told
    }

    pub(crate) fn by(node: &mut impl Backend, now_ms: u64) -> Self {
        Self::of(&node.news(now_ms).unwrap().revocations)
    }

    fn add(&mut self, revocation: &Revocation) {
        let until = revocation.until_ms();
        let (times, before) = match revocation {
            Revocation::Session { uid, .. } => {
                let known = self.sessions.entry(*uid).or_default();
                *known = until.max(*known);
                return;
            }
            Revocation::User { user_id, created_before_ms, .. } => {
                (self.users.entry(user_id.clone()).or_default(), created_before_ms)
            }
            Revocation::Everything { created_before_ms, .. } => (&mut self.everything, created_before_ms),
        };
        *times = ((*before).max(times.0), until.max(times.1));
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
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
