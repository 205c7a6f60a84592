//! Backends whose ids are wrong.

use super::{Wrong, server, token};
use crate::*;

pub(super) fn wrong() -> Vec<Wrong> {
    vec![
        server(
            "ids are counted",
            |b| Broken {
                create: |s, opts| {
                    let id = s.create(opts)?;
                    let n = s.counter.fetch_add(1, Relaxed);
                    s.rename(&id, format!("session-{n:08}"))
                },
                ..b
            },
            "ids_lie_far_apart",
        ),
        server(
            "ids hold what a cookie does not",
            |b| Broken {
                create: |s, opts| {
                    let id = s.create(opts)?;
                    s.rename(&id, format!("id;{}", id.as_str()))
                },
                ..b
            },
            "an_id_is_a_cookie_value",
        ),
        server(
            "a record has an id of its own",
            |b| Broken {
                read: |s, id| {
                    s.read(id).map(|record| SessionRecord { id: SessionId::new("record-1"), ..record })
                },
                ..b
            },
            "a_record_carries_the_id_that_was_read",
        ),
        server(
            "ids are looked up without regard to case and spaces, as some databases do",
            |b| Broken { read: |s, id| s.read(&SessionId::new(id.as_str().trim().to_lowercase())), ..b },
            "a_tampered_id_is_refused an_id_in_another_case_is_refused an_extended_id_is_refused",
        ),
        server(
            "ids are looked up by their first half",
            |b| Broken {
                read: |s, id| s.by_prefix(id).and_then(|found| s.read(&found)),
                update: |s, id, data| s.by_prefix(id).and_then(|found| s.update(&found, data)),
                touch: |s, id, ttl| s.by_prefix(id).and_then(|found| s.touch(&found, ttl)),
                delete: |s, id| s.by_prefix(id).map_or(Ok(()), |found| s.delete(&found)),
                ..b
            },
            "delete_of_a_tampered_id_deletes_nothing a_tampered_id_is_refused a_truncated_id_is_refused \
             an_extended_id_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        ),
        server(
            "ids are cut within a character",
            |b| Broken {
                read: |s, id| {
                    let (_shard, _) = id.as_str().split_at(id.as_str().len().min(3));
                    s.read(id)
                },
                ..b
            },
            "an_id_that_is_not_ascii_is_refused",
        ),
        token(
            "anything else is an empty session",
            |b| Broken {
                read: |store, id| match store.read(id) {
                    Err(SessionError::Invalid(_)) => Ok(SessionRecord {
                        id: id.clone(),
                        user_id: None,
                        data_json: "{}".into(),
                        created_at_ms: NOW,
                        expires_at_ms: NOW + DEFAULT_TTL_MS,
                    }),
                    read => read,
                },
                ..b
            },
            "an_empty_id_is_refused a_garbage_id_is_refused an_id_of_a_megabyte_is_refused \
             an_id_that_is_not_ascii_is_refused an_id_with_control_characters_is_refused \
             an_id_like_a_path_is_refused a_tampered_id_is_refused an_id_in_another_case_is_refused \
             a_truncated_id_is_refused an_extended_id_is_refused",
        ),
        token(
            "the last character of an id is not authenticated",
            |b| Broken {
                create: |store, opts| Ok(longer(&store.create(opts)?)),
                read: |store, id| {
                    store.read(&shorter(id)).map(|record| SessionRecord { id: id.clone(), ..record })
                },
                update: |store, id, data| Ok(longer(&store.update(&shorter(id), data)?)),
                touch: |store, id, ttl| Ok(longer(&store.touch(&shorter(id), ttl)?)),
                ..b
            },
            "a_tampered_id_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        ),
        token(
            "ids are decoded leniently",
            |b| Broken {
                read: |store, id| {
                    let text = id.as_str().trim_matches(|c: char| c == '=' || c.is_whitespace());
                    store.read(&SessionId::new(text)).map(|record| SessionRecord { id: id.clone(), ..record })
                },
                ..b
            },
            "an_extended_id_is_refused",
        ),
        token(
            "a tampered id is not found",
            |b| Broken { read: |store, id| store.read(id).map_err(|_| SessionError::NotFound), ..b },
            "an_empty_id_is_refused a_garbage_id_is_refused an_id_of_a_megabyte_is_refused \
             an_id_that_is_not_ascii_is_refused an_id_with_control_characters_is_refused \
             an_id_like_a_path_is_refused a_tampered_id_is_refused an_id_in_another_case_is_refused \
             a_truncated_id_is_refused an_extended_id_is_refused",
        ),
        token(
            "a refusal tells the check",
            |b| Broken {
                read: |store, id| {
                    store.open(id).map(OpenedSession::into_record).map_err(|refused| {
                        match refused.is_not_found() {
                            true => SessionError::NotFound,
                            false => SessionError::Invalid(refused.reason().as_str().into()),
                        }
                    })
                },
                ..b
            },
            "all_refused_ids_get_one_message",
        ),
    ]
}
