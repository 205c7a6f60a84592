//! Backends whose data is wrong.

use super::{Wrong, server};
use crate::*;

pub(super) fn wrong() -> Vec<Wrong> {
    vec![
        server(
            "data is parsed and written anew",
            |b| Broken {
                create: |s, opts| s.create(CreateOptions { data_json: rewritten(&opts.data_json)?, ..opts }),
                update: |s, id, data| s.update(id, &rewritten(data)?),
                ..b
            },
            "data_keeps_white_space data_keeps_the_order_of_members data_keeps_repeated_members \
             data_keeps_escapes data_keeps_numbers_as_written data_keeps_odd_members",
        ),
        server(
            "data is parsed to a depth of 50",
            |b| Broken {
                create: |s, opts| match opts.data_json.matches(['[', '{']).count() {
                    0..=50 => s.create(opts),
                    _ => Err(SessionError::Invalid("too deep".into())),
                },
                ..b
            },
            "data_keeps_sixty_four_levels",
        ),
        server(
            "data is stored in Latin-1",
            |b| Broken {
                create: |s, opts| s.create(CreateOptions { data_json: latin1(&opts.data_json), ..opts }),
                ..b
            },
            "data_keeps_text_of_any_script",
        ),
        server(
            "names of columns are taken out of the data",
            |b| Broken {
                create: |s, opts| {
                    let data_json = opts.data_json.replace(r#""user_id":"x","#, "");
                    s.create(CreateOptions { data_json, ..opts })
                },
                ..b
            },
            "data_keeps_odd_members",
        ),
        server(
            "data is cut at 255 bytes",
            |b| Broken { create: |s, opts| s.created(opts, |r| r.data_json.truncate(255)), ..b },
            "data_keeps_sixty_four_levels data_of_any_length_is_kept the_largest_data_is_kept \
             deep_data_is_kept_or_refused large_data_is_kept_or_refused",
        ),
        server(
            "data is cut at 64 KiB",
            |b| Broken {
                create: |s, opts| s.created(opts, |r| r.data_json.truncate(65_535)),
                update: |s, id, data| s.updated(id, data, |r| r.data_json.truncate(65_535)),
                ..b
            },
            "the_largest_data_is_kept deep_data_is_kept_or_refused large_data_is_kept_or_refused \
             a_large_update_is_kept_or_refused",
        ),
        server(
            "data is not looked at",
            |b| Broken {
                create: |s, opts| {
                    let data = opts.data_json.clone();
                    let id = s.create(CreateOptions { data_json: String::new(), ..opts })?;
                    s.change(&id, |r| r.data_json = data)
                },
                update: |s, id, data| {
                    let id = s.update(id, "{}")?;
                    s.change(&id, |r| data.clone_into(&mut r.data_json))
                },
                ..b
            },
            "empty_data_is_an_empty_object an_empty_update_stores_an_empty_object \
             create_refuses_other_json create_refuses_truncated_data create_refuses_trailing_data \
             create_refuses_text_that_is_no_json create_refuses_white_space update_refuses_other_json \
             update_refuses_truncated_data update_refuses_trailing_data \
             update_refuses_text_that_is_no_json update_refuses_white_space",
        ),
        server(
            "update checks the data after it is stored",
            |b| Broken {
                update: |s, id, data| {
                    s.live(id, s.now())?;
                    s.change(id, |r| data.clone_into(&mut r.data_json))?;
                    s.update(id, data)
                },
                ..b
            },
            "a_refused_update_changes_nothing",
        ),
        server(
            "update merges",
            |b| Broken {
                update: |s, id, data| {
                    let old = s.live(id, s.now())?.data_json;
                    let id = s.update(id, data)?;
                    match data {
                        "{}" => s.change(&id, |r| r.data_json = old),
                        _ => Ok(id),
                    }
                },
                ..b
            },
            "update_replaces_the_data",
        ),
        server(
            "an update without a change is an error",
            |b| Broken {
                update: |s, id, data| match s.live(id, s.now())?.data_json == data {
                    true => Err(backend("nothing to do")),
                    false => s.update(id, data),
                },
                ..b
            },
            "update_with_equal_data",
        ),
    ]
}
