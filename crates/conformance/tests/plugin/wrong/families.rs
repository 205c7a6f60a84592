//! Backends that say they are of the other family.

use super::Wrong;
use crate::*;

pub(super) fn wrong() -> Vec<Wrong> {
    vec![
        Wrong {
            fault: "a server that says it is stateless",
            run: Box::new(|| run(Family::Stateless, Server::new)),
            fails: "update_gives_a_new_id touch_gives_a_new_id the_old_id_means_the_old_data \
             the_old_id_means_the_old_expiry an_old_id_can_be_changed_too an_empty_id_is_refused \
             a_garbage_id_is_refused an_id_of_a_megabyte_is_refused an_id_that_is_not_ascii_is_refused \
             an_id_with_control_characters_is_refused an_id_like_a_path_is_refused \
             a_tampered_id_is_refused an_id_in_another_case_is_refused a_truncated_id_is_refused \
             an_extended_id_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        },
        Wrong {
            fault: "a stateless store that says it has a server",
            run: Box::new(|| run(Family::ServerBacked, sealed_store)),
            fails: "the_old_data_is_gone the_old_expiry_is_gone read_after_delete_is_not_found \
             update_after_delete_is_not_found touch_after_delete_is_not_found delete_ends_every_id",
        },
    ]
}
