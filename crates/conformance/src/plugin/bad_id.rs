//! Ids that no backend gave out: refused, without a panic, and without telling why.

use std::collections::BTreeSet;

use sealed_session::{SessionError, SessionId};

use super::case::{Case, Check, Stop, case, ensure, invalid, refusal, same_state, shown};
use super::probe::Probe;
use super::subject::Family;

pub(super) const CASES: &[Case] = &[
    case!(an_empty_id_is_refused, "The empty id is refused."),
    case!(a_garbage_id_is_refused, "Text that never was an id is refused."),
    case!(an_id_of_a_megabyte_is_refused, "An id of a megabyte is refused."),
    case!(an_id_that_is_not_ascii_is_refused, "An id outside ASCII is refused, and splits no character."),
    case!(an_id_with_control_characters_is_refused, "An id with NUL or line breaks is refused."),
    case!(an_id_like_a_path_is_refused, "An id that is a path or a query leads nowhere."),
    case!(a_tampered_id_is_refused, "With any one character changed, an id reads no session."),
    case!(an_id_in_another_case_is_refused, "Upper and lower case of an id are different."),
    case!(a_truncated_id_is_refused, "No beginning of an id is an id."),
    case!(an_extended_id_is_refused, "An id with anything before or behind it is refused, also white space."),
    case!(update_refuses_a_tampered_id, "update refuses an id with a character changed."),
    case!(touch_refuses_a_tampered_id, "touch refuses an id with a character changed."),
    case!(all_refused_ids_get_one_message, "Invalid says the same of every id: not which check refused it."),
];

const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn an_empty_id_is_refused(probe: &Probe) -> Check {
    all_refuse(probe, &[""])
}

fn a_garbage_id_is_refused(probe: &Probe) -> Check {
    let zeros = "A".repeat(200);
    all_refuse(probe, &["garbage", "0", "1", "-1", "null", "{}", "*", "A", "====", "a.b.c", "%41", &zeros])
}

fn an_id_of_a_megabyte_is_refused(probe: &Probe) -> Check {
    all_refuse(probe, &[&"A".repeat(1024 * 1024)])
}

fn an_id_that_is_not_ascii_is_refused(probe: &Probe) -> Check {
    // Of two, three and four bytes: wherever a backend cuts, one of them is in the way.
    all_refuse(probe, &[&"é".repeat(150), &"世".repeat(100), &"🦀".repeat(75), "Ａ", "a\u{301}"])?;
    all_refuse(probe, &[&format!("A{}", "é".repeat(150)), &format!("AA{}", "🦀".repeat(75))])
}

fn an_id_with_control_characters_is_refused(probe: &Probe) -> Check {
    all_refuse(probe, &["\0", "a\0b", "\n", "\r\n", "\t", "a\u{7f}", "\u{1b}[31m", &"\0".repeat(200)])
}

fn an_id_like_a_path_is_refused(probe: &Probe) -> Check {
    all_refuse(probe, &[".", "..", "/", "../../etc/passwd", "C:\\", "file:///etc/passwd", "' OR '1'='1", "%"])
}

fn a_tampered_id_is_refused(probe: &Probe) -> Check {
    let id = probe.session()?;
    tampered(id.as_str()).try_for_each(|(at, text)| {
        let what = format!("read with character {at} changed");
        refuses(probe, &what, probe.backend().read(&SessionId(text)))
    })
}

fn an_id_in_another_case_is_refused(probe: &Probe) -> Check {
    let id = probe.session()?;
    for text in [id.as_str().to_uppercase(), id.as_str().to_lowercase()] {
        if text != id.as_str() {
            refuses(probe, "read in another case", probe.backend().read(&SessionId(text)))?;
        }
    }
    Ok(())
}

fn a_truncated_id_is_refused(probe: &Probe) -> Check {
    let id = probe.session()?;
    for (end, _) in id.as_str().char_indices() {
        let beginning = SessionId::new(id.as_str().get(..end).unwrap_or_default());
        refuses(probe, &format!("read of the first {end} bytes"), probe.backend().read(&beginning))?;
    }
    Ok(())
}

fn an_extended_id_is_refused(probe: &Probe) -> Check {
    let id = probe.session()?;
    for more in ["A", "=", "==", " ", "\n", "\r\n", "\0", ".", "/", "%00", ";", "é"] {
        for text in [format!("{}{more}", id.as_str()), format!("{more}{}", id.as_str())] {
            refuses(probe, &format!("read with {more:?} added"), probe.backend().read(&SessionId(text)))?;
        }
    }
    Ok(())
}

fn update_refuses_a_tampered_id(probe: &Probe) -> Check {
    let id = probe.session()?;
    let before = probe.read(&id)?;
    for (at, text) in tampered(id.as_str()) {
        let what = format!("update with character {at} changed");
        refuses(probe, &what, probe.backend().update(&SessionId(text), r#"{"n":1}"#))?;
    }
    same_state("after refused updates", &probe.read(&id)?, &before)
}

fn touch_refuses_a_tampered_id(probe: &Probe) -> Check {
    let id = probe.session()?;
    let before = probe.read(&id)?;
    for (at, text) in tampered(id.as_str()) {
        let what = format!("touch with character {at} changed");
        refuses(probe, &what, probe.backend().touch(&SessionId(text), 1))?;
    }
    same_state("after refused touches", &probe.read(&id)?, &before)
}

/// Too short, too long, outside the alphabet, wrong at its beginning, at its end: one message.
fn all_refused_ids_get_one_message(probe: &Probe) -> Check {
    let id = probe.session()?;
    let garbage = ["", "garbage", "é", "A\0"].map(str::to_owned);
    let long = ["A".repeat(200), "A".repeat(100_000), format!("{}=", id.as_str())];
    let changed = tampered(id.as_str()).map(|(_, text)| text);
    let messages: BTreeSet<_> = changed
        .chain(garbage)
        .chain(long)
        .filter_map(|text| match probe.backend().read(&SessionId(text)) {
            Err(SessionError::Invalid(message)) => Some(message),
            _ => None,
        })
        .collect();
    ensure!(messages.len() <= 1, "they tell checks apart: {}", shown(&messages));
    Ok(())
}

/// read, update and touch.
fn all_refuse(probe: &Probe, texts: &[&str]) -> Check {
    probe.session()?; // so that there is one to be found by mistake
    for text in texts {
        let (id, named) = (SessionId::new(*text), shown(text));
        refuses(probe, &format!("read of {named}"), probe.backend().read(&id))?;
        refuses(probe, &format!("update of {named}"), probe.backend().update(&id, "{}"))?;
        refuses(probe, &format!("touch of {named}"), probe.backend().touch(&id, 0))?;
    }
    Ok(())
}

/// A stateless backend sees that an id is not its own; one with state may just not find it.
fn refuses<T>(probe: &Probe, what: &str, result: Result<T, SessionError>) -> Check {
    if probe.family() == Family::Stateless {
        return invalid(what, result);
    }
    match refusal(what, result)? {
        SessionError::Invalid(_) | SessionError::NotFound => Ok(()),
        other => Err(Stop::Failed(format!("{what}: expected NotFound or Invalid, got {}", shown(&other)))),
    }
}

/// The id with one character changed, at every place in several ways, with the place.
///
/// The last is changed in every way: its low bits may encode nothing, and a lenient decoder drops them.
fn tampered(id: &str) -> impl Iterator<Item = (usize, String)> {
    let last = id.char_indices().last().map_or(0, |(at, _)| at);
    id.char_indices().flat_map(move |(at, old)| {
        let others = if at == last { BASE64URL } else { "Aa0_" };
        let other_case =
            if old.is_ascii_uppercase() { old.to_ascii_lowercase() } else { old.to_ascii_uppercase() };
        let (before, from_here) = id.split_at_checked(at).unwrap_or_default();
        let behind = from_here.get(old.len_utf8()..).unwrap_or_default();
        let replacements = others.chars().chain([other_case]).filter(move |&new| new != old);
        replacements.map(move |new| (at, format!("{before}{new}{behind}")))
    })
}
