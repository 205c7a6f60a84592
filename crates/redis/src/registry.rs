//! The sessions of users: a hash for each user, and when which of all expires.

use std::cmp::Reverse;
use std::collections::HashMap;

use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{BackendError, Scope};

use super::line::Line;
use super::text::{self, Keys};
use super::{LAST_EXPIRY_MS, PAGE};

/// What nobody struck off is removed so long after its expiry: time enough for those who count.
const GRACE_MS: u64 = 24 * 60 * 60 * 1000;
/// The largest whole number up to which a score is exact.
const LARGEST_SCORE: u64 = 1 << 53;

/// By uid.
type Found = HashMap<Vec<u8>, Vec<u8>>;

/// Writes it down, and gives the user's that have not expired, in the order in which they were added.
pub(super) fn put(
    line: &mut Line,
    keys: &Keys,
    scope: &Scope,
    session: &SessionInfo,
    now_ms: u64,
) -> Result<Vec<SessionInfo>, BackendError> {
    let (user, expires_at_ms) = (text::user_of(scope, &session.user_id), session.expires_at_ms);
    let mut command = script!("put.lua");
    command.arg(3).arg(keys.sessions() + &user).arg(keys.expiries()).arg(keys.state());
    command.arg(keys.sessions()).arg(session.uid.to_string()).arg(&user);
    command.arg(text::session(session)).arg(score(expires_at_ms));
    command.arg(expires_at_ms.saturating_add(GRACE_MS).min(LAST_EXPIRY_MS)).arg(GRACE_MS).arg(text::DIGITS);
    let found = line.ask(&command)?;
    let mut live = live(&session.user_id, &found, now_ms)?;
    live.sort_by_key(|(number, session)| (*number, session.uid));
    Ok(live.into_iter().map(|(_, session)| session).collect())
}

/// The one seen last first.
pub(super) fn sessions(
    line: &mut Line,
    keys: &Keys,
    scope: &Scope,
    user_id: &str,
    now_ms: u64,
) -> Result<Vec<SessionInfo>, BackendError> {
    let mut command = script!("all.lua");
    command.arg(1).arg(keys.sessions() + &text::user_of(scope, user_id));
    let found = line.ask(&command)?;
    let mut live = live(user_id, &found, now_ms)?;
    live.sort_by_key(|(number, session)| (Reverse(session.last_seen_at_ms), *number, session.uid));
    Ok(live.into_iter().map(|(_, session)| session).collect())
}

fn live(user_id: &str, found: &Found, now_ms: u64) -> Result<Vec<(u64, SessionInfo)>, BackendError> {
    let found = found.iter().map(|(uid, session)| text::session_info(user_id, uid, session));
    let mut live = found.collect::<Result<Vec<_>, _>>()?;
    live.retain(|(_, session)| session.expires_at_ms > now_ms);
    Ok(live)
}

/// Asked once only: if the answer were lost, the second would be that the session was not there.
pub(super) fn strike(
    line: &mut Line,
    keys: &Keys,
    scope: &Scope,
    user_id: &str,
    uid: SessionUid,
) -> Result<bool, BackendError> {
    let user = text::user_of(scope, user_id);
    let mut command = script!("strike_one.lua");
    command.arg(2).arg(keys.sessions() + &user).arg(keys.expiries()).arg(uid.to_string()).arg(user);
    line.ask_once(&command)
}

/// Asked once only, for the same reason.
pub(super) fn strike_expired(line: &mut Line, keys: &Keys, now_ms: u64) -> Result<u64, BackendError> {
    let (mut passed, mut all) = (0, 0);
    loop {
        let mut command = script!("strike.lua");
        command.arg(1).arg(keys.expiries()).arg(keys.sessions());
        command.arg(score(now_ms)).arg(text::time(now_ms)).arg(passed).arg(PAGE);
        let (found, struck): (u64, u64) = line.ask_once(&command)?;
        all += struck;
        passed += found.saturating_sub(struck);
        if found == 0 {
            return Ok(all);
        }
    }
}

fn score(ms: u64) -> u64 {
    ms.min(LARGEST_SCORE)
}
