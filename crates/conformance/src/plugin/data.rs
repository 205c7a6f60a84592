//! What becomes of data: it is kept byte for byte, or refused as a whole.

use sealed_session::{SessionError, SessionId};

use super::case::{Case, Check, Stop, case, ensure, same, same_state, shown};
use super::probe::{DATA, Probe, USER, options};

pub(super) const CASES: &[Case] = &[
    case!(empty_data_is_an_empty_object, "Data that is the empty text is stored as {}."),
    case!(an_empty_update_stores_an_empty_object, "An update with the empty text stores {}."),
    case!(data_keeps_white_space, "White space between the tokens of the data is kept."),
    case!(data_keeps_the_order_of_members, "The members of the data stay in their order."),
    case!(data_keeps_repeated_members, "A member that the data has twice stays there twice."),
    case!(data_keeps_escapes, "An escaped character stays escaped, and an unescaped one does not become so."),
    case!(data_keeps_text_of_any_script, "Text outside ASCII is kept, and is never normalised."),
    case!(data_keeps_numbers_as_written, "Numbers keep every digit, sign and exponent as they were written."),
    case!(data_keeps_odd_members, "Members with an empty name, or the name of a field, are kept."),
    case!(data_keeps_sixty_four_levels, "Data of 64 objects and arrays in each other is kept."),
    case!(
        deep_data_is_kept_or_refused,
        "Data nested 100,000 levels deep is kept, or refused with Backend or Invalid."
    ),
    case!(data_of_any_length_is_kept, "Data of every length up to 300 bytes, and about a kilobyte, is kept."),
    case!(the_largest_data_is_kept, "Data as large as the backend takes is kept to its last byte."),
    case!(large_data_is_kept_or_refused, "A megabyte of data is kept, or refused with Backend or Invalid."),
    case!(
        a_large_update_is_kept_or_refused,
        "A megabyte in an update is kept, or refused with nothing changed."
    ),
];

/// Up to here every backend must keep data.
const KILOBYTE: usize = 1024;
const MEGABYTE: usize = 1024 * KILOBYTE;
/// A limit above this is not looked for.
const LARGEST_LOOKED_FOR: usize = 128 * KILOBYTE;

fn empty_data_is_an_empty_object(probe: &Probe) -> Check {
    same("data_json", probe.read(&probe.create(Some(USER), "", 0)?)?.data_json.as_str(), "{}")
}

fn an_empty_update_stores_an_empty_object(probe: &Probe) -> Check {
    let id = probe.update(&probe.session()?, "")?;
    same("data_json", probe.read(&id)?.data_json.as_str(), "{}")
}

fn data_keeps_white_space(probe: &Probe) -> Check {
    keeps(probe, &[" {}", "{} ", "{ }", "{\n\t\"a\" : [ 1 ,\r\n 2 ]\n}\n"])
}

fn data_keeps_the_order_of_members(probe: &Probe) -> Check {
    keeps(probe, &[r#"{"b":1,"a":2,"B":3,"10":4,"9":5}"#, r#"{"z":{"y":1,"x":2},"a":0}"#])
}

fn data_keeps_repeated_members(probe: &Probe) -> Check {
    keeps(probe, &[r#"{"a":1,"a":2}"#, r#"{"a":1,"a":1}"#, r#"{"o":{"k":1,"k":null}}"#])
}

fn data_keeps_escapes(probe: &Probe) -> Check {
    keeps(
        probe,
        &[
            r#"{"a":"\u0041"}"#,
            r#"{"a":"\/ / \u00e9 é"}"#,
            r#"{"\u0061":"\u0000"}"#,
            r#"{"a":"\uD83D\uDE00"}"#,
        ],
    )
}

fn data_keeps_text_of_any_script(probe: &Probe) -> Check {
    keeps(
        probe,
        &[r#"{"naïve":"Grüße, 世界 🦀"}"#, "{\"\u{e9}\":\"e\u{301}\"}", "{\"a\":\"\u{2028}\u{feff}\"}"],
    )
}

fn data_keeps_numbers_as_written(probe: &Probe) -> Check {
    keeps(
        probe,
        &[
            r#"{"a":1e10,"b":1E+2,"c":1.0,"d":1.50,"e":-0,"f":-0.0,"g":100e-2}"#,
            r#"{"beyond_2_53":9007199254740993,"beyond_u64":18446744073709551617}"#,
            r#"{"digits":0.1000000000000000055511151231257827021181583404541015625}"#,
        ],
    )
}

fn data_keeps_odd_members(probe: &Probe) -> Check {
    keeps(probe, &[r#"{"":{"":[]}}"#, r#"{"user_id":"x","expires_at_ms":0,"id":null,"__proto__":{}}"#])
}

fn data_keeps_sixty_four_levels(probe: &Probe) -> Check {
    let arrays = format!(r#"{{"a":{}{}}}"#, "[".repeat(63), "]".repeat(63));
    let objects = format!("{}0{}", r#"{"a":"#.repeat(64), "}".repeat(64));
    keeps(probe, &[&arrays, &objects])
}

fn deep_data_is_kept_or_refused(probe: &Probe) -> Check {
    let data = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    kept_or_refused(probe, probe.backend().create(options(Some(USER), &data, 0)), &data)?;
    let id = probe.session()?;
    kept_or_refused(probe, probe.backend().update(&id, &data), &data).map(|_| ())
}

fn data_of_any_length_is_kept(probe: &Probe) -> Check {
    for len in (8..=300).chain([511, 512, 513, KILOBYTE - USER.len()]) {
        let data = data_of(len);
        let read = probe.read(&probe.create(Some(USER), &data, 0)?)?.data_json;
        ensure!(read == data, "of {len} bytes, {} came back or others", read.len());
    }
    Ok(())
}

fn the_largest_data_is_kept(probe: &Probe) -> Check {
    let takes = |len| probe.backend().create(options(Some(USER), &data_of(len), 0)).is_ok();
    let (mut kept, mut refused) = (KILOBYTE - USER.len(), LARGEST_LOOKED_FOR);
    while kept + 1 < refused {
        let middle = kept.midpoint(refused);
        if takes(middle) { kept = middle } else { refused = middle }
    }
    let data = data_of(kept);
    let read = probe.read(&probe.create(Some(USER), &data, 0)?)?;
    ensure!(read.data_json == data, "of {kept} bytes, {} came back or others", read.data_json.len());
    same("user_id", read.user_id.as_deref(), Some(USER))
}

fn large_data_is_kept_or_refused(probe: &Probe) -> Check {
    let data = data_of(MEGABYTE);
    kept_or_refused(probe, probe.backend().create(options(Some(USER), &data, 0)), &data).map(|_| ())
}

fn a_large_update_is_kept_or_refused(probe: &Probe) -> Check {
    let data = data_of(MEGABYTE);
    let id = probe.session()?;
    let before = probe.read(&id)?;
    if kept_or_refused(probe, probe.backend().update(&id, &data), &data)? {
        return Ok(());
    }
    same_state("after a refused update", &probe.read(&id)?, &before)
}

/// Whether it was kept.
fn kept_or_refused(probe: &Probe, made: Result<SessionId, SessionError>, data: &str) -> Result<bool, Stop> {
    match made {
        Ok(id) => {
            let read = probe.read(&id)?.data_json;
            ensure!(read == data, "of {} bytes, {} came back or others", data.len(), read.len());
            Ok(true)
        }
        Err(SessionError::Backend(_) | SessionError::Invalid(_)) => Ok(false),
        Err(other) => Err(Stop::Failed(format!("expected Backend or Invalid, got {}", shown(&other)))),
    }
}

/// After create and update alike.
fn keeps(probe: &Probe, texts: &[&str]) -> Check {
    for text in texts {
        let created = probe.create(None, text, 0)?;
        same("data_json after create", probe.read(&created)?.data_json.as_str(), text)?;
        let updated = probe.update(&probe.create(None, DATA, 0)?, text)?;
        same("data_json after update", probe.read(&updated)?.data_json.as_str(), text)?;
    }
    Ok(())
}

/// An object of so many bytes, 8 or more.
fn data_of(len: usize) -> String {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
    let mut letters = LETTERS.repeat(len / LETTERS.len() + 1);
    letters.truncate(len.saturating_sub(8));
    format!(r#"{{"a":"{letters}"}}"#)
}
