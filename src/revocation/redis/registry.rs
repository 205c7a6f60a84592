//! The sessions of users: a hash for each user, and when which of all expires.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::line::Line;
use super::text::{self, Keys};
use super::{LAST_EXPIRY_MS, PAGE};
use crate::revocation::{BackendError, SessionInfo};
use crate::uid::SessionUid;

/// What nobody struck off is removed so long after its expiry: time enough for those who count.
const GRACE_MS: u64 = 24 * 60 * 60 * 1000;
/// The largest whole number up to which a score is exact.
const LARGEST_SCORE: u64 = 1 << 53;

pub(super) fn put(line: &mut Line, keys: &Keys, session: &SessionInfo) -> Result<(), BackendError> {
    let mut command = redis::cmd("EVAL");
    command.arg(include_str!("put.lua")).arg(2).arg(of_user(keys, &session.user_id)).arg(keys.expiries());
    command.arg(keys.sessions()).arg(session.uid.to_string()).arg(&session.user_id);
    command.arg(text::session(session)).arg(score(session.expires_at_ms));
    command.arg(session.expires_at_ms.saturating_add(GRACE_MS).min(LAST_EXPIRY_MS)).arg(GRACE_MS);
    line.ask(|connection| command.query(connection))
}

pub(super) fn sessions(
    line: &mut Line,
    keys: &Keys,
    user_id: &str,
    now_ms: u64,
) -> Result<Vec<SessionInfo>, BackendError> {
    let mut command = redis::cmd("HGETALL");
    command.arg(of_user(keys, user_id));
    let found: HashMap<Vec<u8>, Vec<u8>> = line.ask(|connection| command.query(connection))?;
    let found = found.iter().map(|(uid, session)| text::session_info(user_id, uid, session));
    let mut live = found.collect::<Result<Vec<_>, _>>()?;
    live.retain(|session| session.expires_at_ms > now_ms);
    live.sort_by_key(|session| (Reverse(session.last_seen_at_ms), session.uid));
    Ok(live)
}

/// Asked once only: if the answer were lost, the second would be that the session was not there.
pub(super) fn strike(
    line: &mut Line,
    keys: &Keys,
    user_id: &str,
    uid: SessionUid,
) -> Result<bool, BackendError> {
    let mut command = redis::cmd("EVAL");
    command.arg(include_str!("strike_one.lua")).arg(2).arg(of_user(keys, user_id)).arg(keys.expiries());
    command.arg(uid.to_string()).arg(user_id);
    line.ask_once(|connection| command.query(connection))
}

/// Asked once only, for the same reason.
pub(super) fn strike_expired(line: &mut Line, keys: &Keys, now_ms: u64) -> Result<u64, BackendError> {
    let (mut passed, mut all) = (0, 0);
    loop {
        let mut command = redis::cmd("EVAL");
        command.arg(include_str!("strike.lua")).arg(1).arg(keys.expiries()).arg(keys.sessions());
        command.arg(score(now_ms)).arg(text::time(now_ms)).arg(passed).arg(PAGE);
        let (found, struck): (u64, u64) = line.ask_once(|connection| command.query(connection))?;
        all += struck;
        passed += found.saturating_sub(struck);
        if found == 0 {
            return Ok(all);
        }
    }
}

fn of_user(keys: &Keys, user_id: &str) -> String {
    keys.sessions() + user_id
}

fn score(ms: u64) -> u64 {
    ms.min(LARGEST_SCORE)
}
