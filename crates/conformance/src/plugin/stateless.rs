//! What holds where the id is the session.

use super::case::{Case, Check, Scope, case, ensure, same, same_state};
use super::probe::{MINUTE, Probe};
use super::subject::Family;

const STATELESS: Scope = Scope::Only(Family::Stateless);

pub(super) const CASES: &[Case] = &[
    case!(update_gives_a_new_id, "update returns another id than it was given.").only(STATELESS),
    case!(touch_gives_a_new_id, "touch returns another id than it was given.").only(STATELESS),
    case!(the_old_id_means_the_old_data, "After update, the old id reads as before.").only(STATELESS),
    case!(the_old_id_means_the_old_expiry, "After touch, the old id reads as before.").only(STATELESS),
    case!(an_old_id_can_be_changed_too, "A change starts from the state of the id it is given.")
        .only(STATELESS),
];

fn update_gives_a_new_id(probe: &Probe) -> Check {
    let id = probe.session()?;
    ensure!(probe.update(&id, r#"{"n":1}"#)? != id, "the id is the same, and so is what a copy of it means");
    Ok(())
}

fn touch_gives_a_new_id(probe: &Probe) -> Check {
    let id = probe.session()?;
    ensure!(probe.touch(&id, 0)? != id, "the id is the same, and so is what a copy of it means");
    Ok(())
}

fn the_old_id_means_the_old_data(probe: &Probe) -> Check {
    let id = probe.session()?;
    let before = probe.read(&id)?;
    probe.update(&id, r#"{"n":1}"#)?;
    same_state("under the old id", &probe.read(&id)?, &before)
}

fn the_old_id_means_the_old_expiry(probe: &Probe) -> Check {
    let before = probe.session_of(10 * MINUTE)?;
    probe.touch(&before.id, MINUTE)?;
    same_state("under the old id", &probe.read(&before.id)?, &before)
}

fn an_old_id_can_be_changed_too(probe: &Probe) -> Check {
    let id = probe.session()?;
    let before = probe.read(&id)?;
    probe.update(&id, r#"{"n":1}"#)?;
    let other = probe.touch(&id, 0)?;
    same("data_json under a second new id", probe.read(&other)?.data_json, before.data_json)
}
