//! What update, touch and delete change, and what they leave alone; without regard to time.

use sealed_session::SessionId;

use super::case::{Case, Check, case, same, same_state};
use super::probe::{DATA, Probe, USER};

pub(super) const CASES: &[Case] = &[
    case!(
        update_replaces_the_data,
        "The id that update returns reads the new data, not a mix of old and new."
    ),
    case!(update_keeps_the_user, "update keeps the user."),
    case!(update_with_equal_data, "An update with the data that is there already is an update like any."),
    case!(touch_keeps_user_and_data, "touch keeps the user, the data and the time of creation."),
    case!(many_changes_in_a_row, "A session survives any number of changes under the ids they return."),
    case!(reading_changes_nothing, "read shows the same however often it is called."),
    case!(delete_of_an_unknown_id_is_ok, "delete is Ok for any text, also for one that was never an id."),
    case!(delete_is_ok_twice, "delete is Ok for a session that is deleted already."),
    case!(delete_ends_one_session_only, "delete leaves the user's other sessions alone."),
    case!(delete_of_a_tampered_id_deletes_nothing, "delete of an id that was changed leaves the session."),
];

fn update_replaces_the_data(probe: &Probe) -> Check {
    let id = probe.update(&probe.session()?, r#"{"theme":"dark"}"#)?;
    same("data_json", probe.read(&id)?.data_json.as_str(), r#"{"theme":"dark"}"#)?;
    let id = probe.update(&id, "{}")?;
    same("data_json", probe.read(&id)?.data_json.as_str(), "{}")
}

fn update_keeps_the_user(probe: &Probe) -> Check {
    let id = probe.update(&probe.session()?, "{}")?;
    same("user_id", probe.read(&id)?.user_id.as_deref(), Some(USER))
}

fn update_with_equal_data(probe: &Probe) -> Check {
    let id = probe.session()?;
    let before = probe.read(&id)?;
    let id = probe.update(&id, DATA)?;
    same_state("after an update with equal data", &probe.read(&id)?, &before)
}

fn touch_keeps_user_and_data(probe: &Probe) -> Check {
    // Data that shows whether it was parsed and written anew.
    let id = probe.create(Some(USER), r#"{ "b":1e10, "a":"\u0041é", "a":-0 }"#, 0)?;
    let before = probe.read(&id)?;
    let after = probe.read(&probe.touch(&id, 0)?)?;
    same("user_id", after.user_id, before.user_id)?;
    same("data_json", after.data_json, before.data_json)?;
    same("created_at_ms", after.created_at_ms, before.created_at_ms)
}

fn many_changes_in_a_row(probe: &Probe) -> Check {
    let mut id = probe.session()?;
    let created = probe.read(&id)?.created_at_ms;
    for round in 0..50 {
        let data = format!(r#"{{"round":{round}}}"#);
        id = probe.touch(&probe.update(&id, &data)?, 0)?;
        let record = probe.read(&id)?;
        same("data_json", record.data_json, data)?;
        same("user_id", record.user_id.as_deref(), Some(USER))?;
        same("created_at_ms", record.created_at_ms, created)?;
    }
    Ok(())
}

fn reading_changes_nothing(probe: &Probe) -> Check {
    let id = probe.session()?;
    let first = probe.read(&id)?;
    (0..3).try_for_each(|_| same_state("when read again", &probe.read(&id)?, &first))
}

fn delete_of_an_unknown_id_is_ok(probe: &Probe) -> Check {
    let long = "A".repeat(1024 * 1024);
    let id = probe.session()?;
    let before = probe.read(&id)?;
    let texts = ["", "garbage", "Zoë 🦀", "a\0b", "../../etc/passwd", "' OR 1=1 --", "*", &long];
    texts.into_iter().try_for_each(|text| probe.delete(&SessionId::new(text)))?;
    same_state("of the session there is", &probe.read(&id)?, &before)
}

fn delete_is_ok_twice(probe: &Probe) -> Check {
    let id = probe.session()?;
    probe.delete(&id)?;
    probe.delete(&id)
}

fn delete_ends_one_session_only(probe: &Probe) -> Check {
    let (ended, other) = (probe.session()?, probe.session()?);
    let before = probe.read(&other)?;
    probe.delete(&ended)?;
    same_state("of another session", &probe.read(&other)?, &before)
}

fn delete_of_a_tampered_id_deletes_nothing(probe: &Probe) -> Check {
    let id = probe.session()?;
    let before = probe.read(&id)?;
    for end in ["A", "*", "%", "\0"] {
        probe.delete(&SessionId::new(format!("{}{end}", id.as_str())))?;
    }
    let mut shorter = id.as_str().to_owned();
    shorter.pop();
    probe.delete(&SessionId::new(shorter))?;
    same_state("after that", &probe.read(&id)?, &before)
}
