//! Backends whose users are wrong.

use super::{Wrong, server};
use crate::*;

pub(super) fn wrong() -> Vec<Wrong> {
    vec![
        server(
            "create forgets who it is",
            |b| Broken { create: |s, opts| s.create(CreateOptions { user_id: None, ..opts }), ..b },
            "create_then_read an_empty_user_is_not_anonymous users_are_kept_byte_for_byte \
             users_of_any_length_are_kept the_longest_user_is_kept_or_refused a_longer_user_is_invalid \
             sessions_do_not_mix threads_share_a_backend the_largest_data_is_kept update_keeps_the_user \
             many_changes_in_a_row",
        ),
        server(
            "update drops the user",
            |b| Broken { update: |s, id, data| s.updated(id, data, |r| r.user_id = None), ..b },
            "an_empty_user_is_not_anonymous users_are_kept_byte_for_byte users_of_any_length_are_kept \
             sessions_do_not_mix threads_share_a_backend update_keeps_the_user update_with_equal_data \
             many_changes_in_a_row",
        ),
        server(
            "touch drops user and data",
            |b| Broken {
                touch: |s, id, ttl| {
                    let id = s.touch(id, ttl)?;
                    s.change(&id, |r| (r.user_id, r.data_json) = (None, "{}".into()))
                },
                ..b
            },
            "an_empty_user_is_not_anonymous users_are_kept_byte_for_byte users_of_any_length_are_kept \
             threads_share_a_backend touch_keeps_user_and_data many_changes_in_a_row",
        ),
        server(
            "the empty user is anonymous",
            |b| Broken {
                create: |s, opts| {
                    let user_id = opts.user_id.filter(|user| !user.is_empty());
                    s.create(CreateOptions { user_id, ..opts })
                },
                ..b
            },
            "an_empty_user_is_not_anonymous",
        ),
        server(
            "an anonymous session has the empty user",
            |b| Broken {
                create: |s, opts| {
                    s.create(CreateOptions { user_id: Some(opts.user_id.unwrap_or_default()), ..opts })
                },
                ..b
            },
            "a_session_may_be_anonymous",
        ),
        server(
            "users are trimmed",
            |b| Broken {
                create: |s, opts| {
                    let user_id = opts.user_id.map(|user| user.trim().to_owned());
                    s.create(CreateOptions { user_id, ..opts })
                },
                ..b
            },
            "users_are_kept_byte_for_byte",
        ),
        server(
            "users are cut at 255 bytes",
            |b| Broken {
                create: |s, opts| {
                    s.created(opts, |r| r.user_id.iter_mut().for_each(|user| user.truncate(255)))
                },
                ..b
            },
            "users_of_any_length_are_kept the_longest_user_is_kept_or_refused",
        ),
        server(
            "users may be of any length",
            |b| Broken {
                create: |s, opts| {
                    let user_id = opts.user_id.clone();
                    let id = s.create(CreateOptions { user_id: None, ..opts })?;
                    s.change(&id, |r| r.user_id = user_id)
                },
                ..b
            },
            "a_longer_user_is_invalid",
        ),
        server(
            "a user has one session at a time",
            |b| Broken {
                create: |s, opts| {
                    let same_user = |r: &SessionRecord| r.user_id.is_some() && r.user_id == opts.user_id;
                    s.find(same_user).map_or_else(|| s.create(opts.clone()), |record| Ok(record.id))
                },
                ..b
            },
            "equal_sessions_have_different_ids ids_lie_far_apart data_of_any_length_is_kept \
             the_largest_data_is_kept delete_ends_one_session_only expires_at_is_created_at_plus_ttl \
             created_at_is_the_time_of_create touch_lasts_until_the_expiry sessions_end_each_at_its_time \
             touch_cuts_a_ttl_above_the_maximum",
        ),
        server(
            "an update reaches every session",
            |b| Broken {
                update: |s, id, data| {
                    let id = s.update(id, data)?;
                    for record in s.sessions.lock().unwrap().values_mut() {
                        record.data_json = checked(data)?;
                    }
                    Ok(id)
                },
                ..b
            },
            "sessions_do_not_mix threads_share_a_backend",
        ),
        server("it has no name", |b| Broken { name: " ", ..b }, "the_name_is_not_empty"),
        server("it says that it is ill", |b| Broken { is_healthy: false, ..b }, "a_fresh_backend_is_healthy"),
        server(
            "it works on its own thread only",
            |b| Broken {
                create: |s, opts| match std::thread::current().id() == s.thread {
                    true => s.create(opts),
                    false => Err(backend("another thread")),
                },
                ..b
            },
            "threads_share_a_backend",
        ),
    ]
}
