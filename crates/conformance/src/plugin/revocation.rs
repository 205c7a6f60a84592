//! What holds where a deleted session can be taken back: on a server, or with a list of what was deleted.

use super::case::{Case, Check, Scope, case, ensure, not_found};
use super::probe::Probe;

pub(super) const CASES: &[Case] = &[
    case!(read_after_delete_is_not_found, "A deleted session is NotFound when read.").only(Scope::Revoking),
    case!(update_after_delete_is_not_found, "An update revives no deleted session.").only(Scope::Revoking),
    case!(touch_after_delete_is_not_found, "A touch revives no deleted session.").only(Scope::Revoking),
    case!(delete_ends_every_id, "A session that was changed and deleted is over under every id.")
        .only(Scope::Revoking),
];

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

fn delete_ends_every_id(probe: &Probe) -> Check {
    let first = probe.session()?;
    let id = probe.touch(&probe.update(&first, "{}")?, 0)?;
    probe.delete(&id)?;
    not_found("read after delete", probe.backend().read(&id))?;
    ensure!(probe.backend().read(&first).is_err(), "the first id still leads to the deleted session");
    Ok(())
}
