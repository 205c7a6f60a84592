//! When a session is over, and what is left of it then.

use super::case::{Case, Check, case, ensure, not_found, same, same_state};
use super::probe::{DATA, MINUTE, Probe, USER};

pub(super) const CASES: &[Case] = &[
    case!(expires_at_is_created_at_plus_ttl, "A session's expiry is its creation plus the TTL asked for."),
    case!(a_ttl_of_0_is_the_default, "A TTL of 0 stands for the default."),
    case!(create_cuts_a_ttl_above_the_maximum, "create cuts a TTL above the maximum to it."),
    case!(the_longest_ttl_does_not_overflow, "2^64 - 1 as a TTL gives a session that lives."),
    case!(created_at_is_the_time_of_create, "A session's creation is the time at which create was called."),
    case!(readable_one_ms_before_its_expiry, "A session lives until the last millisecond before its expiry."),
    case!(not_found_at_its_expiry, "At the millisecond of its expiry a session is NotFound."),
    case!(not_found_ever_after, "Once over, a session stays NotFound."),
    case!(a_ttl_of_1_ms_is_meant, "A session of one millisecond lives for one."),
    case!(a_session_of_default_ttl_ends, "A session with the default TTL is NotFound from its expiry on."),
    case!(update_lasts_until_the_expiry, "A session can be updated to the last millisecond, and not after."),
    case!(touch_lasts_until_the_expiry, "A session can be touched to the last millisecond, and not after."),
    case!(update_of_an_expired_id_is_not_found, "An update revives no session that is over."),
    case!(touch_of_an_expired_id_is_not_found, "A touch revives no session that is over."),
    case!(delete_of_an_expired_id_is_ok, "delete is Ok for a session that is over."),
    case!(sessions_end_each_at_its_time, "The end of one session ends no other."),
];

const YEAR: u64 = 365 * 24 * 60 * MINUTE;

fn expires_at_is_created_at_plus_ttl(probe: &Probe) -> Check {
    for ttl in [MINUTE, MINUTE + 1, 10 * MINUTE - 1] {
        let record = probe.session_of(ttl)?;
        same("expires_at_ms", record.expires_at_ms, record.created_at_ms.saturating_add(ttl))?;
    }
    Ok(())
}

fn a_ttl_of_0_is_the_default(probe: &Probe) -> Check {
    let default = probe.default_ttl_ms()?;
    let record = probe.read(&probe.session()?)?;
    same("expires_at_ms", record.expires_at_ms, record.created_at_ms.saturating_add(default))
}

fn create_cuts_a_ttl_above_the_maximum(probe: &Probe) -> Check {
    let longest = probe.max_ttl_ms()?;
    for ttl in [longest, longest.saturating_add(1), u64::MAX] {
        let record = probe.read(&probe.create(Some(USER), DATA, ttl)?)?;
        same("expires_at_ms", record.expires_at_ms, record.created_at_ms.saturating_add(longest))?;
    }
    Ok(())
}

fn the_longest_ttl_does_not_overflow(probe: &Probe) -> Check {
    let id = probe.create(Some(USER), DATA, u64::MAX)?;
    let created = probe.read(&id)?;
    ensure!(created.expires_at_ms > created.created_at_ms, "a created session expires before it begins");
    let touched = probe.read(&probe.touch(&id, u64::MAX)?)?;
    ensure!(touched.expires_at_ms >= created.expires_at_ms, "a touch with the longest TTL shortened");
    Ok(())
}

fn created_at_is_the_time_of_create(probe: &Probe) -> Check {
    let before = probe.read(&probe.session()?)?.created_at_ms;
    probe.advance(MINUTE + 1)?;
    same("created_at_ms", probe.read(&probe.session()?)?.created_at_ms, before.saturating_add(MINUTE + 1))
}

fn readable_one_ms_before_its_expiry(probe: &Probe) -> Check {
    let record = probe.session_of(MINUTE)?;
    probe.advance(MINUTE - 1)?;
    same_state("in the last millisecond", &probe.read(&record.id)?, &record)
}

fn not_found_at_its_expiry(probe: &Probe) -> Check {
    let id = probe.session_of(MINUTE)?.id;
    probe.advance(MINUTE)?;
    not_found("read at the expiry", probe.backend().read(&id))
}

fn not_found_ever_after(probe: &Probe) -> Check {
    let id = probe.session_of(MINUTE)?.id;
    for later in [MINUTE + 1, MINUTE, YEAR] {
        probe.advance(later)?;
        not_found("read after the expiry", probe.backend().read(&id))?;
    }
    Ok(())
}

fn a_ttl_of_1_ms_is_meant(probe: &Probe) -> Check {
    probe.advance(0)?; // with a clock that runs, the session would be over before it is read
    let record = probe.session_of(1)?;
    same("expires_at_ms", record.expires_at_ms, record.created_at_ms.saturating_add(1))?;
    probe.advance(10)?;
    not_found("read after the expiry", probe.backend().read(&record.id))
}

fn a_session_of_default_ttl_ends(probe: &Probe) -> Check {
    let record = probe.read(&probe.session()?)?;
    let ttl = record.expires_at_ms.saturating_sub(record.created_at_ms);
    probe.ends_after(&record, ttl)
}

fn update_lasts_until_the_expiry(probe: &Probe) -> Check {
    let (changed, over) = (probe.session_of(MINUTE)?.id, probe.session_of(MINUTE)?.id);
    probe.advance(MINUTE - 1)?;
    probe.update(&changed, "{}")?;
    probe.advance(1)?;
    not_found("update at the expiry", probe.backend().update(&over, "{}"))
}

fn touch_lasts_until_the_expiry(probe: &Probe) -> Check {
    probe.allows(2 * MINUTE)?;
    let (changed, over) = (probe.session_of(MINUTE)?.id, probe.session_of(MINUTE)?.id);
    probe.advance(MINUTE - 1)?;
    probe.touch(&changed, MINUTE)?;
    probe.advance(1)?;
    not_found("touch at the expiry", probe.backend().touch(&over, MINUTE))
}

fn update_of_an_expired_id_is_not_found(probe: &Probe) -> Check {
    let id = probe.session_of(MINUTE)?.id;
    probe.advance(2 * MINUTE)?;
    not_found("update after the expiry", probe.backend().update(&id, "{}"))?;
    not_found("read after the expiry", probe.backend().read(&id))
}

fn touch_of_an_expired_id_is_not_found(probe: &Probe) -> Check {
    let id = probe.session_of(MINUTE)?.id;
    probe.advance(2 * MINUTE)?;
    not_found("touch after the expiry", probe.backend().touch(&id, MINUTE))?;
    not_found("read after the expiry", probe.backend().read(&id))
}

fn delete_of_an_expired_id_is_ok(probe: &Probe) -> Check {
    let id = probe.session_of(MINUTE)?.id;
    probe.advance(2 * MINUTE)?;
    probe.delete(&id)?;
    probe.delete(&id)
}

fn sessions_end_each_at_its_time(probe: &Probe) -> Check {
    let (short, long) = (probe.session_of(MINUTE)?, probe.session_of(10 * MINUTE)?);
    probe.advance(2 * MINUTE)?;
    not_found("read of the shorter", probe.backend().read(&short.id))?;
    same_state("of the longer", &probe.read(&long.id)?, &long)
}
