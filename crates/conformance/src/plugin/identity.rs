//! Who a session belongs to, and what its id is like.

use std::thread::{self, ScopedJoinHandle};

use sealed_session::{SessionError, SessionId};

use super::case::{Case, Check, Stop, case, ensure, invalid, same, shown};
use super::probe::{DATA, Probe, USER, options};
use crate::report::panic_text;

pub(super) const CASES: &[Case] = &[
    case!(the_name_is_not_empty, "A backend has a name."),
    case!(a_fresh_backend_is_healthy, "A backend that can make sessions says so."),
    case!(create_then_read, "read shows the user and the data that create was given."),
    case!(a_session_may_be_anonymous, "A session without a user is read without one, also after a change."),
    case!(an_empty_user_is_not_anonymous, "The empty user id stays a user id, also after a change."),
    case!(users_are_kept_byte_for_byte, "A user id is any text, and is never normalised or cut."),
    case!(users_of_any_length_are_kept, "A user id of any length up to 300 bytes is kept."),
    case!(the_longest_user_is_kept_or_refused, "65,534 bytes of user id are kept, or refused with Backend."),
    case!(a_longer_user_is_invalid, "65,535 bytes of user id are refused with Invalid."),
    case!(a_record_carries_the_id_that_was_read, "A record's id is the one that read was given."),
    case!(equal_sessions_have_different_ids, "Two calls of create give two ids."),
    case!(ids_lie_far_apart, "Any two ids differ in eight characters or more: none leads to the next."),
    case!(an_id_is_a_cookie_value, "Every id can stand in a cookie as it is (RFC 6265, cookie-octet)."),
    case!(sessions_do_not_mix, "What changes one session changes no other."),
    case!(threads_share_a_backend, "Several threads use one backend, each with its own sessions."),
];

/// The most bytes of a user id in the contract.
const LONGEST_USER: usize = 65_534;

fn the_name_is_not_empty(probe: &Probe) -> Check {
    ensure!(!probe.backend().name().trim().is_empty(), "the name is empty");
    Ok(())
}

fn a_fresh_backend_is_healthy(probe: &Probe) -> Check {
    ensure!(probe.backend().is_healthy(), "is_healthy is false before anything happened");
    Ok(())
}

fn create_then_read(probe: &Probe) -> Check {
    let record = probe.read(&probe.create(Some(USER), DATA, 0)?)?;
    same("user_id", record.user_id.as_deref(), Some(USER))?;
    same("data_json", record.data_json.as_str(), DATA)
}

fn a_session_may_be_anonymous(probe: &Probe) -> Check {
    keeps_user(probe, None)
}

fn an_empty_user_is_not_anonymous(probe: &Probe) -> Check {
    keeps_user(probe, Some(""))
}

fn users_are_kept_byte_for_byte(probe: &Probe) -> Check {
    // Precomposed and decomposed é are different users; so are those that differ in white space or case.
    let odd = ["Zoë", "\u{e9}", "e\u{301}", "用户", "🦀", " user ", "USER", "a\0b", "\0", "\"'\\", "\r\n\t"];
    let like_syntax = ["null", "None", "../user", "a:b|c;d,e", "%00", "${user}", "' OR 1=1 --", "\u{feff}"];
    odd.iter().chain(&like_syntax).try_for_each(|user| keeps_user(probe, Some(user)))
}

fn users_of_any_length_are_kept(probe: &Probe) -> Check {
    (1..=300).try_for_each(|len| keeps_user(probe, Some(&"u".repeat(len))))
}

fn the_longest_user_is_kept_or_refused(probe: &Probe) -> Check {
    let user = "u".repeat(LONGEST_USER);
    match probe.backend().create(options(Some(&user), "{}", 0)) {
        Ok(id) => same("user_id", probe.read(&id)?.user_id, Some(user)),
        Err(SessionError::Backend(_)) => Ok(()),
        Err(other) => Err(Stop::Failed(format!("expected Backend, got {}", shown(&other)))),
    }
}

fn a_longer_user_is_invalid(probe: &Probe) -> Check {
    let user = "u".repeat(LONGEST_USER + 1);
    invalid("65,535 bytes of user id", probe.backend().create(options(Some(&user), "{}", 0)))
}

fn a_record_carries_the_id_that_was_read(probe: &Probe) -> Check {
    for id in ids_of_a_life(probe)? {
        // A backend with state may have given its first id up.
        if let Ok(record) = probe.backend().read(&id) {
            ensure!(record.id == id, "the record carries another id than the one that was read");
        }
    }
    Ok(())
}

fn equal_sessions_have_different_ids(probe: &Probe) -> Check {
    ensure!(probe.session()? != probe.session()?, "two sessions have one id");
    Ok(())
}

/// Enough sessions to notice a counter, and few enough to compare each with each.
fn ids_lie_far_apart(probe: &Probe) -> Check {
    let ids = (0..48).map(|_| probe.session()).collect::<Result<Vec<_>, _>>()?;
    for (n, id) in ids.iter().enumerate() {
        for other in ids.iter().skip(n + 1) {
            let distance = distance(id, other);
            ensure!(distance >= 8, "two ids differ in {distance} characters only: they can be guessed");
        }
    }
    Ok(())
}

fn an_id_is_a_cookie_value(probe: &Probe) -> Check {
    for id in ids_of_a_life(probe)? {
        ensure!(!id.as_str().is_empty(), "an id is empty");
        let other = id.as_str().chars().find(|&c| !is_cookie_octet(c));
        ensure!(other.is_none(), "an id holds {other:?}, which no cookie value may");
    }
    Ok(())
}

fn sessions_do_not_mix(probe: &Probe) -> Check {
    let first = probe.create(Some("first"), r#"{"n":1}"#, 0)?;
    let second = probe.create(Some("second"), r#"{"n":2}"#, 0)?;
    let first = probe.update(&first, r#"{"n":3}"#)?;
    for (id, user, data) in [(&first, "first", r#"{"n":3}"#), (&second, "second", r#"{"n":2}"#)] {
        let record = probe.read(id)?;
        same("user_id", record.user_id.as_deref(), Some(user))?;
        same("data_json", record.data_json.as_str(), data)?;
    }
    Ok(())
}

/// Thread by thread its own sessions; step by step together, so that what mixes them up is seen every time.
fn threads_share_a_backend(probe: &Probe) -> Check {
    let backend = probe.backend();
    let data_of = |user: &str| format!(r#"{{"of":"{user}"}}"#);
    let users: Vec<_> = (0..64).map(|n| format!("user-{n}")).collect();
    let created = in_threads(&users, |user| backend.create(options(Some(user), "{}", 0)))?;
    let sessions: Vec<_> = users.iter().zip(created).collect();
    let updated = in_threads(&sessions, |(user, id)| backend.update(id, &data_of(user)))?;
    let touched = in_threads(&updated, |id| backend.touch(id, 0))?;
    let records = in_threads(&touched, |id| backend.read(id))?;
    users.iter().zip(records).try_for_each(|(user, record)| {
        same("user_id", record.user_id.as_deref(), Some(user.as_str()))?;
        same("data_json", record.data_json, data_of(user))
    })
}

/// Takes one step for each input, on four threads.
fn in_threads<T: Sync, U: Send>(
    inputs: &[T],
    step: impl Fn(&T) -> Result<U, SessionError> + Sync,
) -> Result<Vec<U>, Stop> {
    let all_of = &|inputs: &[T]| inputs.iter().map(&step).collect::<Result<Vec<U>, _>>();
    let joined: Vec<_> = thread::scope(|scope| {
        let shares = inputs.chunks(inputs.len().div_ceil(4));
        let started: Vec<_> = shares.map(|share| scope.spawn(move || all_of(share))).collect();
        started.into_iter().map(ScopedJoinHandle::join).collect()
    });
    let outputs = joined.into_iter().map(|thread| match thread {
        Ok(result) => result.map_err(|e| Stop::Failed(format!("in one of several threads: {e}"))),
        Err(payload) => Err(Stop::Failed(format!("a thread panicked: {}", panic_text(&*payload)))),
    });
    Ok(outputs.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// After create, update and touch alike.
fn keeps_user(probe: &Probe, user: Option<&str>) -> Check {
    let created = probe.create(user, "{}", 0)?;
    same("user_id after create", probe.read(&created)?.user_id.as_deref(), user)?;
    let updated = probe.update(&created, DATA)?;
    same("user_id after update", probe.read(&updated)?.user_id.as_deref(), user)?;
    let touched = probe.touch(&updated, 0)?;
    same("user_id after touch", probe.read(&touched)?.user_id.as_deref(), user)
}

/// The ids that create, update and touch give.
fn ids_of_a_life(probe: &Probe) -> Result<[SessionId; 3], Stop> {
    let created = probe.session()?;
    let updated = probe.update(&created, "{}")?;
    let touched = probe.touch(&updated, 0)?;
    Ok([created, updated, touched])
}

/// In how many characters two ids differ at the least.
fn distance(one: &SessionId, other: &SessionId) -> usize {
    let (one, other) = (one.as_str().as_bytes(), other.as_str().as_bytes());
    one.len().abs_diff(other.len()) + one.iter().zip(other).filter(|(a, b)| a != b).count()
}

fn is_cookie_octet(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\')
}
