//! What update and touch do to the times of a session.

use sealed_session::SessionRecord;

use super::case::{Case, Check, Stop, case, ensure, same, same_state};
use super::probe::{MINUTE, Probe};

pub(super) const CASES: &[Case] = &[
    case!(update_keeps_created_at, "update keeps the time of creation."),
    case!(update_keeps_the_expiry, "update keeps the expiry, to the millisecond."),
    case!(reading_does_not_extend, "read does not extend a session."),
    case!(touch_keeps_created_at, "touch keeps the time of creation."),
    case!(touch_extends, "touch sets the expiry to now plus the TTL, and the session lives until then."),
    case!(touch_shortens, "touch with a shorter TTL than is left shortens the session."),
    case!(touch_with_0_gives_the_default, "touch with 0 gives the default TTL from now on."),
    case!(touch_cuts_a_ttl_above_the_maximum, "touch cuts a TTL above the maximum to it."),
    case!(
        touch_stops_at_the_maximum_lifetime,
        "However often it is touched, no session outlives the maximum."
    ),
    case!(update_after_touch_keeps_the_new_expiry, "update keeps the expiry that the last touch gave."),
];

fn update_keeps_created_at(probe: &Probe) -> Check {
    let before = aged(probe, 10 * MINUTE)?;
    let after = probe.read(&probe.update(&before.id, "{}")?)?;
    same("created_at_ms", after.created_at_ms, before.created_at_ms)
}

fn update_keeps_the_expiry(probe: &Probe) -> Check {
    let before = aged(probe, 10 * MINUTE)?;
    let after = probe.read(&probe.update(&before.id, "{}")?)?;
    same("expires_at_ms", after.expires_at_ms, before.expires_at_ms)?;
    probe.ends_after(&after, 9 * MINUTE)
}

fn reading_does_not_extend(probe: &Probe) -> Check {
    let before = aged(probe, 10 * MINUTE)?;
    same_state("when read again", &probe.read(&before.id)?, &before)?;
    probe.ends_after(&before, 9 * MINUTE)
}

fn touch_keeps_created_at(probe: &Probe) -> Check {
    let before = aged(probe, 10 * MINUTE)?;
    let after = probe.read(&probe.touch(&before.id, MINUTE)?)?;
    same("created_at_ms", after.created_at_ms, before.created_at_ms)
}

fn touch_extends(probe: &Probe) -> Check {
    probe.allows(11 * MINUTE)?;
    let before = aged(probe, 2 * MINUTE)?;
    let after = probe.read(&probe.touch(&before.id, 10 * MINUTE)?)?;
    same("expires_at_ms", after.expires_at_ms, before.created_at_ms.saturating_add(11 * MINUTE))?;
    probe.ends_after(&after, 10 * MINUTE)
}

fn touch_shortens(probe: &Probe) -> Check {
    let before = aged(probe, 10 * MINUTE)?;
    let after = probe.read(&probe.touch(&before.id, MINUTE)?)?;
    same("expires_at_ms", after.expires_at_ms, before.created_at_ms.saturating_add(2 * MINUTE))?;
    probe.ends_after(&after, MINUTE)
}

/// Needs no declared default: what create gives for 0 is what touch must give.
fn touch_with_0_gives_the_default(probe: &Probe) -> Check {
    let fresh = probe.read(&probe.session()?)?;
    let default = fresh.expires_at_ms.saturating_sub(fresh.created_at_ms);
    let before = aged(probe, 2 * MINUTE)?;
    let now = before.created_at_ms.saturating_add(MINUTE);
    let after = probe.read(&probe.touch(&before.id, 0)?)?;
    same("expires_at_ms", after.expires_at_ms, probe.expiry(before.created_at_ms, now, default))
}

fn touch_cuts_a_ttl_above_the_maximum(probe: &Probe) -> Check {
    let longest = probe.max_ttl_ms()?;
    for ttl in [longest, longest.saturating_add(1), u64::MAX] {
        let before = aged(probe, 2 * MINUTE)?;
        let now = before.created_at_ms.saturating_add(MINUTE);
        let after = probe.read(&probe.touch(&before.id, ttl)?)?;
        same("expires_at_ms", after.expires_at_ms, probe.expiry(before.created_at_ms, now, longest))?;
    }
    Ok(())
}

/// Touches a session in the last millisecond of its life, again and again, until its lifetime is used up.
fn touch_stops_at_the_maximum_lifetime(probe: &Probe) -> Check {
    const TOUCHES: usize = 1_000;
    let lifetime = probe.max_lifetime_ms()?;
    let mut record = probe.session_of(MINUTE)?;
    let (mut now, end) = (record.created_at_ms, record.created_at_ms.saturating_add(lifetime));
    for _ in 0..TOUCHES {
        let (expiry, left) = (record.expires_at_ms, record.expires_at_ms.saturating_sub(now));
        if expiry >= end {
            same("expires_at_ms", expiry, end)?;
            return probe.ends_after(&record, left);
        }
        probe.advance(left.saturating_sub(1))?;
        now = now.saturating_add(left.saturating_sub(1));
        record = probe.read(&probe.touch(&record.id, u64::MAX)?)?;
        ensure!(record.expires_at_ms > expiry, "a touch within the maximum lifetime does not extend");
    }
    Err(Stop::NotRun(format!("a session can be touched {TOUCHES} times within its maximum lifetime")))
}

fn update_after_touch_keeps_the_new_expiry(probe: &Probe) -> Check {
    probe.allows(11 * MINUTE)?;
    let before = aged(probe, 2 * MINUTE)?;
    let id = probe.touch(&before.id, 10 * MINUTE)?;
    probe.advance(MINUTE)?;
    let after = probe.read(&probe.update(&id, "{}")?)?;
    same("expires_at_ms", after.expires_at_ms, before.created_at_ms.saturating_add(11 * MINUTE))
}

/// A session that has lived for a minute of its TTL.
fn aged(probe: &Probe, ttl_ms: u64) -> Result<SessionRecord, Stop> {
    let record = probe.session_of(ttl_ms)?;
    probe.advance(MINUTE)?;
    Ok(record)
}
