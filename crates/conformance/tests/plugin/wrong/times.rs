//! Backends whose times are wrong.

use super::{Wrong, server};
use crate::*;

pub(super) fn wrong() -> Vec<Wrong> {
    vec![
        server(
            "sessions are read for a millisecond too long",
            |b| Broken { read: |s, id| s.live(id, s.now() - 1), ..b },
            "not_found_at_its_expiry",
        ),
        server(
            "sessions are over a millisecond too early",
            |b| Broken { read: |s, id| s.live(id, s.now() + 1), ..b },
            "readable_one_ms_before_its_expiry a_ttl_of_1_ms_is_meant",
        ),
        server(
            "update and touch are a millisecond late",
            |b| Broken {
                update: |s, id, data| s.update_at(id, data, s.now() - 1),
                touch: |s, id, ttl| {
                    s.touched(id, s.now() - 1, |r| r.expires_at_ms = s.expiry(r.created_at_ms, ttl))
                },
                ..b
            },
            "update_lasts_until_the_expiry touch_lasts_until_the_expiry",
        ),
        server(
            "nothing ever expires",
            |b| Broken {
                read: |s, id| s.live(id, 0),
                update: |s, id, data| s.update_at(id, data, 0),
                touch: |s, id, ttl| s.touched(id, 0, |r| r.expires_at_ms = s.expiry(r.created_at_ms, ttl)),
                ..b
            },
            "the_old_expiry_is_gone not_found_at_its_expiry not_found_ever_after a_ttl_of_1_ms_is_meant \
             a_session_of_default_ttl_ends update_lasts_until_the_expiry touch_lasts_until_the_expiry \
             update_of_an_expired_id_is_not_found touch_of_an_expired_id_is_not_found \
             sessions_end_each_at_its_time update_keeps_the_expiry reading_does_not_extend touch_extends \
             touch_shortens touch_stops_at_the_maximum_lifetime",
        ),
        server(
            "an expired session is an error of the backend",
            |b| Broken {
                delete: |s, id| match s.read(id) {
                    Err(SessionError::NotFound) if s.record(id).is_some() => Err(backend("expired")),
                    _ => s.delete(id),
                },
                ..b
            },
            "delete_of_an_expired_id_is_ok",
        ),
        server(
            "create forgets the TTL it was asked for",
            |b| Broken { create: |s, opts| s.create(CreateOptions { ttl_ms: 0, ..opts }), ..b },
            "expires_at_is_created_at_plus_ttl create_cuts_a_ttl_above_the_maximum \
             not_found_at_its_expiry not_found_ever_after a_ttl_of_1_ms_is_meant \
             update_lasts_until_the_expiry touch_lasts_until_the_expiry \
             update_of_an_expired_id_is_not_found touch_of_an_expired_id_is_not_found \
             sessions_end_each_at_its_time update_keeps_the_expiry reading_does_not_extend",
        ),
        server(
            "a TTL of 0 is a minute",
            |b| Broken {
                create: |s, opts| s.create(CreateOptions { ttl_ms: opts.ttl_ms.max(MINUTE), ..opts }),
                ..b
            },
            "a_ttl_of_0_is_the_default a_ttl_of_1_ms_is_meant touch_with_0_gives_the_default",
        ),
        server(
            "create does not cut a long TTL, and overflows",
            |b| Broken {
                create: |s, opts| {
                    let ttl = opts.ttl_ms;
                    let id = s.create(opts)?;
                    match ttl {
                        0 => Ok(id),
                        _ => s.change(&id, |r| r.expires_at_ms = r.created_at_ms.wrapping_add(ttl)),
                    }
                },
                ..b
            },
            "create_cuts_a_ttl_above_the_maximum the_longest_ttl_does_not_overflow",
        ),
        server(
            "times count in whole seconds",
            |b| Broken {
                create: |s, opts| s.created(opts, |r| r.created_at_ms -= r.created_at_ms % 1000),
                ..b
            },
            "created_at_is_the_time_of_create",
        ),
        server(
            "the sessions of all end with the first",
            |b| Broken {
                read: |s, id| match s.live(id, s.now()) {
                    Ok(record) if s.find(|other| other.expires_at_ms <= s.now()).is_none() => Ok(record),
                    _ => Err(SessionError::NotFound),
                },
                ..b
            },
            "sessions_end_each_at_its_time",
        ),
        server(
            "update resets the expiry",
            |b| Broken {
                update: |s, id, data| s.updated(id, data, |r| r.expires_at_ms = s.expiry(r.created_at_ms, 0)),
                ..b
            },
            "update_keeps_the_expiry update_after_touch_keeps_the_new_expiry",
        ),
        server(
            "update resets the time of creation",
            |b| Broken { update: |s, id, data| s.updated(id, data, |r| r.created_at_ms = s.now()), ..b },
            "update_keeps_created_at",
        ),
        server(
            "touch resets the time of creation",
            |b| Broken {
                touch: |s, id, ttl| {
                    s.touched(id, s.now(), |r| {
                        r.created_at_ms = s.now();
                        r.expires_at_ms = s.expiry(s.now(), ttl);
                    })
                },
                ..b
            },
            "touch_keeps_created_at touch_stops_at_the_maximum_lifetime",
        ),
        server(
            "touch does nothing",
            |b| Broken { touch: |s, id, _| s.live(id, s.now()).map(|record| record.id), ..b },
            "the_old_expiry_is_gone touch_extends touch_shortens touch_with_0_gives_the_default \
             touch_cuts_a_ttl_above_the_maximum touch_stops_at_the_maximum_lifetime \
             update_after_touch_keeps_the_new_expiry",
        ),
        server(
            "touch counts from the old expiry",
            |b| Broken {
                touch: |s, id, ttl| {
                    s.touched(id, s.now(), |r| r.expires_at_ms = r.expires_at_ms.saturating_add(ttl))
                },
                ..b
            },
            "the_old_expiry_is_gone touch_extends touch_shortens touch_with_0_gives_the_default \
             touch_cuts_a_ttl_above_the_maximum touch_stops_at_the_maximum_lifetime \
             update_after_touch_keeps_the_new_expiry",
        ),
        server(
            "touch never shortens",
            |b| Broken {
                touch: |s, id, ttl| {
                    let before = s.live(id, s.now())?.expires_at_ms;
                    s.change(id, |r| r.expires_at_ms = before.max(s.expiry(r.created_at_ms, ttl)))
                },
                ..b
            },
            "the_old_expiry_is_gone touch_shortens",
        ),
        server(
            "reading takes a millisecond away",
            |b| Broken {
                read: |s, id| {
                    s.live(id, s.now())?;
                    s.change(id, |r| r.expires_at_ms -= 1)?;
                    s.live(id, 0)
                },
                ..b
            },
            "a_refused_update_changes_nothing update_with_equal_data reading_changes_nothing \
             delete_of_an_unknown_id_is_ok delete_ends_one_session_only \
             delete_of_a_tampered_id_deletes_nothing expires_at_is_created_at_plus_ttl \
             a_ttl_of_0_is_the_default create_cuts_a_ttl_above_the_maximum \
             readable_one_ms_before_its_expiry a_ttl_of_1_ms_is_meant a_session_of_default_ttl_ends \
             update_lasts_until_the_expiry touch_lasts_until_the_expiry sessions_end_each_at_its_time \
             update_keeps_the_expiry reading_does_not_extend touch_extends touch_shortens \
             touch_cuts_a_ttl_above_the_maximum touch_stops_at_the_maximum_lifetime \
             update_after_touch_keeps_the_new_expiry update_refuses_a_tampered_id \
             touch_refuses_a_tampered_id",
        ),
        server(
            "reading extends",
            |b| Broken {
                read: |s, id| {
                    let ttl = |r: &SessionRecord| r.expires_at_ms - r.created_at_ms;
                    s.live(id, s.now())?;
                    s.change(id, |r| r.expires_at_ms = s.now() + ttl(r))?;
                    s.live(id, s.now())
                },
                ..b
            },
            "readable_one_ms_before_its_expiry a_session_of_default_ttl_ends \
             sessions_end_each_at_its_time update_keeps_the_expiry reading_does_not_extend touch_extends \
             touch_shortens touch_with_0_gives_the_default touch_cuts_a_ttl_above_the_maximum \
             touch_stops_at_the_maximum_lifetime update_after_touch_keeps_the_new_expiry",
        ),
    ]
}
