//! What is written and read.
//!
//! There is one row for each thing that is revoked. Its number is new with every change, and grows from commit to
//! commit, since SQLite lets one write at a time: what is news has a number above the last one that was read.

use rusqlite::types::Type;
use rusqlite::{Row, Transaction, params};

use super::{Revocation, SessionInfo};
use crate::uid::SessionUid;

const SESSION: i64 = 0;
const USER: i64 = 1;
const EVERYTHING: i64 = 2;

const RECORD: &str = "
    INSERT INTO revocations (seq, kind, thing, created_before_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (kind, thing) DO UPDATE SET
        seq = excluded.seq,
        created_before_ms = max(created_before_ms, excluded.created_before_ms),
        until_ms = max(until_ms, excluded.until_ms)
    WHERE excluded.created_before_ms > created_before_ms OR excluded.until_ms > until_ms";

pub(super) const NEWS: &str = "
    SELECT kind, thing, created_before_ms, until_ms FROM revocations WHERE seq > ?1 AND until_ms > ?2
    ORDER BY seq";

const PUT_SESSION: &str = "
    INSERT INTO sessions (user_id, uid, created_at_ms, last_seen_at_ms, expires_at_ms, label)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (user_id, uid) DO UPDATE SET
        created_at_ms = excluded.created_at_ms, last_seen_at_ms = excluded.last_seen_at_ms,
        expires_at_ms = excluded.expires_at_ms, label = excluded.label";

pub(super) const SESSIONS: &str = "
    SELECT uid, created_at_ms, last_seen_at_ms, expires_at_ms, label FROM sessions
    WHERE user_id = ?1 AND expires_at_ms > ?2 ORDER BY last_seen_at_ms DESC, uid";

pub(super) const FORGET: &str = "DELETE FROM revocations WHERE until_ms <= ?1";

pub(super) const STRIKE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at_ms <= ?1";

/// What a write has come to.
pub(super) struct Written {
    /// The last number that was given.
    pub(super) highest: i64,
}

/// Which database this is, and the last number that was given in it.
pub(super) struct State {
    pub(super) made: Vec<u8>,
    pub(super) seq: i64,
}

/// Something that is another number after every write of another connection.
pub(super) fn data_version(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    transaction.pragma_query_value(None, "data_version", |row| row.get(0))
}

pub(super) fn state(transaction: &Transaction<'_>) -> rusqlite::Result<State> {
    transaction
        .query_row("SELECT made, seq FROM state", [], |row| Ok(State { made: row.get(0)?, seq: row.get(1)? }))
}

/// Records revocations. One that says nothing new changes nothing, and is no news.
pub(super) fn record(transaction: &Transaction<'_>, revocations: &[Revocation]) -> rusqlite::Result<Written> {
    let State { seq: before, .. } = state(transaction)?;
    let mut highest = before;
    let mut statement = transaction.prepare(RECORD)?;
    for revocation in revocations {
        let (kind, thing, created_before_ms) = split(revocation);
        let until_ms = stored(revocation.until_ms());
        let changed = statement.execute(params![highest + 1, kind, thing, created_before_ms, until_ms])?;
        highest += i64::from(changed > 0);
    }
    if highest > before {
        transaction.execute("UPDATE state SET seq = ?1", [highest])?;
    }
    Ok(Written { highest })
}

/// What has a number above this, or everything, unless it has expired.
pub(super) fn news(
    transaction: &Transaction<'_>,
    from: Option<i64>,
    now_ms: u64,
) -> rusqlite::Result<Vec<Revocation>> {
    let mut statement = transaction.prepare(NEWS)?;
    statement.query_map([from.unwrap_or(0), stored(now_ms)], revocation)?.collect()
}

/// Removes what has expired. It writes in any case: whoever calls learns whether that is possible.
pub(super) fn forget(transaction: &Transaction<'_>, now_ms: u64) -> rusqlite::Result<u64> {
    // A value that stays the same is not written.
    transaction.execute("UPDATE state SET seq = seq + 1", [])?;
    transaction.execute(FORGET, [stored(now_ms)]).map(count)
}

pub(super) fn put_session(transaction: &Transaction<'_>, session: &SessionInfo) -> rusqlite::Result<()> {
    let values = params![
        session.user_id.as_bytes(),
        session.uid.as_bytes(),
        stored(session.created_at_ms),
        stored(session.last_seen_at_ms),
        stored(session.expires_at_ms),
        session.label,
    ];
    transaction.execute(PUT_SESSION, values).map(drop)
}

pub(super) fn sessions(
    transaction: &Transaction<'_>,
    user_id: &str,
    now_ms: u64,
) -> rusqlite::Result<Vec<SessionInfo>> {
    let mut statement = transaction.prepare(SESSIONS)?;
    let session = |row: &Row<'_>| {
        Ok(SessionInfo {
            user_id: user_id.to_owned(),
            uid: SessionUid::from_bytes(row.get(0)?),
            created_at_ms: time(row, 1)?,
            last_seen_at_ms: time(row, 2)?,
            expires_at_ms: time(row, 3)?,
            label: row.get(4)?,
        })
    };
    statement.query_map(params![user_id.as_bytes(), stored(now_ms)], session)?.collect()
}

pub(super) fn strike_session(
    transaction: &Transaction<'_>,
    user_id: &str,
    uid: SessionUid,
) -> rusqlite::Result<bool> {
    let values = params![user_id.as_bytes(), uid.as_bytes()];
    Ok(transaction.execute("DELETE FROM sessions WHERE user_id = ?1 AND uid = ?2", values)? > 0)
}

pub(super) fn strike_expired(transaction: &Transaction<'_>, now_ms: u64) -> rusqlite::Result<u64> {
    transaction.execute(STRIKE_EXPIRED, [stored(now_ms)]).map(count)
}

/// Kind, thing, and the time before which its sessions are revoked.
fn split(revocation: &Revocation) -> (i64, &[u8], i64) {
    match revocation {
        Revocation::Session { uid, .. } => (SESSION, uid.as_bytes(), 0),
        Revocation::User { user_id, created_before_ms, .. } => {
            (USER, user_id.as_bytes(), stored(*created_before_ms))
        }
        Revocation::Everything { created_before_ms, .. } => (EVERYTHING, &[], stored(*created_before_ms)),
    }
}

fn revocation(row: &Row<'_>) -> rusqlite::Result<Revocation> {
    let (created_before_ms, until_ms) = (time(row, 2)?, time(row, 3)?);
    match row.get(0)? {
        SESSION => Ok(Revocation::Session { uid: SessionUid::from_bytes(row.get(1)?), until_ms }),
        USER => {
            let user_id = String::from_utf8(row.get(1)?)
                .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, Box::new(error)))?;
            Ok(Revocation::User { user_id, created_before_ms, until_ms })
        }
        EVERYTHING => Ok(Revocation::Everything { created_before_ms, until_ms }),
        kind => Err(rusqlite::Error::IntegralValueOutOfRange(0, kind)),
    }
}

/// A time as SQLite has it, whose numbers have a sign.
fn stored(time_ms: u64) -> i64 {
    i64::try_from(time_ms).unwrap_or(i64::MAX)
}

/// A time as it was stored. The greatest stands for all that are greater.
fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    match row.get(column)? {
        i64::MAX => Ok(u64::MAX),
        stored => u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored)),
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
