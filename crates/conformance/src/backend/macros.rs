//! A test for each case.

/// Makes a test of each case of [`backend`](crate::backend), on what a function makes: [`Storage`](crate::backend::Storage)
/// with nothing in it. Put it into a module of its own in a test; that is all that a new backend needs.
///
/// ```
/// use sealed_session::revocation::MemoryBackend;
/// use sealed_session_conformance::backend::Storage;
/// use sealed_session_conformance::backend_tests;
///
/// fn storage() -> Storage {
///     let shared = MemoryBackend::default();
///     Storage::new(move || shared.clone())
/// }
///
/// backend_tests!(storage);
/// ```
///
/// Of storage that [expires by itself](crate::backend::Storage::expires_by_itself), it makes tests of the other cases by
/// `backend_tests!(storage, expires_by_itself)`.
#[macro_export]
macro_rules! backend_tests {
    (@each $storage:path, $($case:ident,)+) => {
        $(#[test]
        fn $case() {
            $crate::backend::check(stringify!($case), $storage());
        })+
    };
    ($storage:path) => {
        $crate::backend_tests!($storage, expires_by_itself);
        $crate::backend_tests!(@each $storage,
            only_what_may_be_forgotten_is_purged,
            a_clock_that_is_ahead_for_a_while_purges_nothing_that_counts,
            a_clock_that_is_ahead_when_the_first_purges_purges_nothing_that_counts,
            sharers_are_purged_when_no_session_of_theirs_can_live,
            a_session_that_is_revoked_revokes_no_others,
            ten_thousand_revocations_are_all_told,
        );
    };
    ($storage:path, expires_by_itself) => {
        $crate::backend_tests!(@each $storage,
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
            exceptions_are_those_of_the_newest,
            what_is_restored_spares_nobody_else,
            others_are_revoked_and_one_goes_on,
            one_that_is_revoked_ends_nobody,
            an_exception_moves,
            what_has_ended_does_not_go_on,
            a_session_that_begins_is_spared,
            all_of_it_or_nothing,
            several_changes_of_one_entry_are_one,
            reaches_are_kept_apart,
            what_is_over_is_forgotten,
            time_to_purge_does_not_leap,
            sharers_are_kept_until_they_run_out,
            any_user_id_is_told_from_any_other,
            ten_thousand_changes_of_one_call_are_recorded,
            many_are_restored,
            of_two_that_are_added_one_sees_the_other,
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
            what_one_server_revokes_the_others_refuse,
            a_server_that_starts_later_refuses_it_too,
            a_write_is_awaited_on_either_runtime,
            a_write_is_waited_for_without_a_runtime_and_on_a_worker_of_one,
            a_write_that_must_not_be_waited_for_is_done_all_the_same,
        );
    };
}

#[cfg(test)]
mod tests {
    use crate::backend::CASES;

    #[test]
    fn there_is_a_test_for_every_case() {
        let macro_text = include_str!("macros.rs");
        for case in CASES {
            assert!(macro_text.contains(&format!("            {},\n", case.name)), "{}", case.name);
        }
    }
}
