//! Backends that delete wrongly.

use super::{Wrong, server};
use crate::*;

pub(super) fn wrong() -> Vec<Wrong> {
    vec![
        server(
            "delete does nothing",
            |b| Broken { delete: |_, _| Ok(()), ..b },
            "read_after_delete_is_not_found update_after_delete_is_not_found \
             touch_after_delete_is_not_found delete_ends_every_id",
        ),
        server(
            "delete of what is not there is an error",
            |b| Broken {
                delete: |s, id| {
                    s.live(id, 0)?;
                    s.delete(id)
                },
                ..b
            },
            "delete_of_an_unknown_id_is_ok delete_is_ok_twice delete_of_a_tampered_id_deletes_nothing \
             delete_of_an_expired_id_is_ok",
        ),
        server(
            "delete logs the user out everywhere",
            |b| Broken {
                delete: |s, id| {
                    if let Some(SessionRecord { user_id, .. }) = s.record(id) {
                        s.sessions.lock().unwrap().retain(|_, record| record.user_id != user_id);
                    }
                    Ok(())
                },
                ..b
            },
            "delete_ends_one_session_only",
        ),
        server(
            "update and touch make what is not there",
            |b| Broken {
                update: |s, id, data| s.update(&s.revived(id)?, data),
                touch: |s, id, ttl| s.touch(&s.revived(id)?, ttl),
                ..b
            },
            "update_after_delete_is_not_found touch_after_delete_is_not_found \
             update_lasts_until_the_expiry touch_lasts_until_the_expiry \
             update_of_an_expired_id_is_not_found touch_of_an_expired_id_is_not_found \
             an_empty_id_is_refused a_garbage_id_is_refused an_id_of_a_megabyte_is_refused \
             an_id_that_is_not_ascii_is_refused an_id_with_control_characters_is_refused \
             an_id_like_a_path_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        ),
    ]
}
