//! What holds where the server has the one state of a session.

use super::case::{Case, Check, case, ensure, not_found};
use super::probe::{DATA, MINUTE, Probe};
use super::subject::Family::ServerBacked;

pub(super) const CASES: &[Case] = &[
    case!(the_old_data_is_gone, "After update, no id reads the old data.").only(ServerBacked),
    case!(the_old_expiry_is_gone, "After a touch that shortens, no id lives longer.").only(ServerBacked),
    case!(read_after_delete_is_not_found, "A deleted session is NotFound when read.").only(ServerBacked),
    case!(update_after_delete_is_not_found, "An update revives no deleted session.").only(ServerBacked),
    case!(touch_after_delete_is_not_found, "A touch revives no deleted session.").only(ServerBacked),
    case!(a_changed_session_can_be_deleted, "The id of the last change deletes the session.")
        .only(ServerBacked),
];

fn the_old_data_is_gone(probe: &Probe) -> Check {
    let id = probe.session()?;
    probe.update(&id, r#"{"n":1}"#)?;
    if let Ok(record) = probe.backend().read(&id) {
        ensure!(record.data_json != DATA, "the id from before the update still reads the old data");
    }
    Ok(())
}

fn the_old_expiry_is_gone(probe: &Probe) -> Check {
    let id = probe.session_of(10 * MINUTE)?.id;
    probe.touch(&id, MINUTE)?;
    probe.advance(2 * MINUTE)?;
    ensure!(probe.backend().read(&id).is_err(), "the id from before the touch outlives the session");
    Ok(())
}

fn read_after_delete_is_not_found(probe: &Probe) -> Check {
    let id = probe.session()?;
    probe.delete(&id)?;
    not_found("read after delete", probe.backend().read(&id))
}

fn update_after_delete_is_not_found(probe: &Probe) -> Check {
    let id = probe.session()?;
    probe.delete(&id)?;
    not_found("update after delete", probe.backend().update(&id, "{}"))?;
    ensure!(probe.backend().read(&id).is_err(), "the update revived the session");
    Ok(())
}

fn touch_after_delete_is_not_found(probe: &Probe) -> Check {
    let id = probe.session()?;
    probe.delete(&id)?;
    not_found("touch after delete", probe.backend().touch(&id, 0))?;
    ensure!(probe.backend().read(&id).is_err(), "the touch revived the session");
    Ok(())
}

fn a_changed_session_can_be_deleted(probe: &Probe) -> Check {
    let first = probe.session()?;
    let id = probe.touch(&probe.update(&first, "{}")?, 0)?;
    probe.delete(&id)?;
    not_found("read after delete", probe.backend().read(&id))?;
    ensure!(probe.backend().read(&first).is_err(), "the first id still leads to the deleted session");
    Ok(())
}
