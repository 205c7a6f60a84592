//! What holds where the id is the session.

use super::case::{Case, Check, case, ensure, same_state};
use super::probe::{MINUTE, Probe};
use super::subject::Family::Stateless;

pub(super) const CASES: &[Case] = &[
    case!(update_gives_a_new_id, "update returns another id than it was given.").only(Stateless),
    case!(touch_gives_a_new_id, "touch returns another id than it was given.").only(Stateless),
    case!(the_old_id_means_the_old_data, "After update, the old id reads as before.").only(Stateless),
    case!(the_old_id_means_the_old_expiry, "After touch, the old id reads as before.").only(Stateless),
    case!(an_old_id_can_be_changed_too, "A change starts from the state of the id it is given.")
        .only(Stateless),
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
    let other = probe.update(&id, before.data_json.as_str())?;
    same_state("under a second new id", &probe.read(&other)?, &before)
}
