//! What holds where the server has the one state of a session.

use super::case::{Case, Check, Scope, case, ensure};
use super::probe::{DATA, MINUTE, Probe};
use super::subject::Family;

const SERVER_BACKED: Scope = Scope::Only(Family::ServerBacked);

pub(super) const CASES: &[Case] = &[
    case!(the_old_data_is_gone, "After update, no id reads the old data.").only(SERVER_BACKED),
    case!(the_old_expiry_is_gone, "After a touch that shortens, no id lives longer.").only(SERVER_BACKED),
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
