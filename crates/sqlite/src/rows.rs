//! What is written and read.
//!
//! There is one entry for each target. Its number is new with every change, and grows from commit to
//! commit, since SQLite lets one write at a time: what is news has a number above the last one that was read.

use std::time::Duration;

use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::backend::{Entries, Target, apply, purge_time};
use sealed_session::revocation::{BackendError, Change, Reach, Revocation, Scope, Sharer};

use super::trouble::Failure;

const SESSION: i64 = 0;
const USER_IN_SCOPE: i64 = 1;
const USER_IN_APPLICATION: i64 = 2;
const USER_ANYWHERE: i64 = 3;
const EVERYTHING_OF_APPLICATION: i64 = 4;
const EVERYTHING: i64 = 5;

/// So many of the latest commits are told from those of another history.
const COMMITS_KEPT: i64 = 10_000;

pub(super) const ENTRY: &str = "
    SELECT kind, app_id, scope, who, created_before_ms, except_uids, until_ms FROM entries
    WHERE kind = ?1 AND app_id = ?2 AND scope = ?3 AND who = ?4";

const PUT_ENTRY: &str = "
    INSERT INTO entries (seq, kind, app_id, scope, who, created_before_ms, except_uids, until_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (kind, app_id, scope, who) DO UPDATE SET
        seq = excluded.seq, created_before_ms = excluded.created_before_ms, except_uids = excluded.except_uids,
        until_ms = excluded.until_ms";

pub(super) const NEWS: &str = "
    SELECT kind, app_id, scope, who, created_before_ms, except_uids, until_ms FROM entries WHERE seq > ?1
    ORDER BY seq";

pub(super) const LAST_COMMIT: &str = "SELECT seq, mark FROM commits ORDER BY seq DESC LIMIT 1";

pub(super) const PURGE: &str = "DELETE FROM entries WHERE until_ms <= ?1";

pub(super) const TRIM_COMMITS: &str = "
    DELETE FROM commits WHERE seq < (SELECT seq FROM commits ORDER BY seq DESC LIMIT 1 OFFSET ?1)";

const PUT_SHARER: &str = "
    INSERT INTO sharers (id, max_ttl_ms, max_lifetime_ms, leeway_ms, poll_ms, refuse_after_ms, seen_at_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (id) DO UPDATE SET
        max_ttl_ms = excluded.max_ttl_ms, max_lifetime_ms = excluded.max_lifetime_ms,
        leeway_ms = excluded.leeway_ms, poll_ms = excluded.poll_ms,
        refuse_after_ms = excluded.refuse_after_ms, seen_at_ms = excluded.seen_at_ms";

const SHARERS: &str = "
    SELECT id, max_ttl_ms, max_lifetime_ms, leeway_ms, poll_ms, refuse_after_ms, seen_at_ms FROM sharers";

const PUT_SESSION: &str = "
    INSERT INTO sessions (app_id, scope, user_id, uid, created_at_ms, last_seen_at_ms, expires_at_ms, label)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (app_id, scope, user_id, uid) DO UPDATE SET
        created_at_ms = excluded.created_at_ms, last_seen_at_ms = excluded.last_seen_at_ms,
        expires_at_ms = excluded.expires_at_ms, label = excluded.label";

pub(super) const SESSIONS_SEEN_LAST_FIRST: &str = "
    SELECT uid, created_at_ms, last_seen_at_ms, expires_at_ms, label FROM sessions
    WHERE app_id = ?1 AND scope = ?2 AND user_id = ?3 AND expires_at_ms > ?4
    ORDER BY last_seen_at_ms DESC, added";

pub(super) const SESSIONS_AS_ADDED: &str = "
    SELECT uid, created_at_ms, last_seen_at_ms, expires_at_ms, label FROM sessions
    WHERE app_id = ?1 AND scope = ?2 AND user_id = ?3 AND expires_at_ms > ?4 ORDER BY added";

const STRIKE_SESSION: &str =
    "DELETE FROM sessions WHERE app_id = ?1 AND scope = ?2 AND user_id = ?3 AND uid = ?4";

pub(super) const STRIKE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at_ms <= ?1";

/// A commit that changed entries: the number of its last change, and a random mark, by which it is told from one that
/// has the same number in another history of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) seq: i64,
    pub(super) mark: [u8; 16],
}

/// Something that is another number after every write of another connection.
pub(super) fn data_version(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    transaction.pragma_query_value(None, "data_version", |row| row.get(0))
}

pub(super) fn last_commit(transaction: &Transaction<'_>) -> rusqlite::Result<Commit> {
    transaction.query_row(LAST_COMMIT, [], |row| Ok(Commit { seq: row.get(0)?, mark: row.get(1)? }))
}

/// Whether the database has this commit in its history. One that was trimmed is not known any more.
pub(super) fn has(transaction: &Transaction<'_>, commit: Commit) -> rusqlite::Result<bool> {
    let mut statement = transaction.prepare("SELECT mark FROM commits WHERE seq = ?1")?;
    let mark: Option<[u8; 16]> = statement.query_row([commit.seq], |row| row.get(0)).optional()?;
    Ok(mark == Some(commit.mark))
}

/// Records changes; the commit that they come to, unless they say nothing new.
pub(super) fn record(transaction: &Transaction<'_>, changes: &[Change]) -> Result<Option<Commit>, Failure> {
    let before = last_commit(transaction)?.seq;
    let mut recording = Recording { transaction, seq: before };
    apply(&mut recording, changes)?;
    let seq = recording.seq;
    if seq == before {
        return Ok(None);
    }
    let mut mark = [0; 16];
    getrandom::fill(&mut mark).map_err(|_| BackendError::new("the system has no randomness"))?;
    transaction.execute("INSERT INTO commits (seq, mark) VALUES (?1, ?2)", params![seq, mark])?;
    Ok(Some(Commit { seq, mark }))
}

/// The entries, within a transaction.
struct Recording<'t> {
    transaction: &'t Transaction<'t>,
    /// The last number that was given.
    seq: i64,
}

impl Entries for Recording<'_> {
    type Error = Failure;

    fn get(&mut self, target: &Target) -> Result<Option<Revocation>, Failure> {
        let (kind, app_id, scope, who) = key(target);
        let mut statement = self.transaction.prepare(ENTRY)?;
        Ok(statement.query_row(params![kind, app_id, scope, who], revocation).optional()?)
    }

    fn put(&mut self, entry: Revocation) -> Result<(), Failure> {
        self.seq += 1;
        let target = entry.target();
        let (kind, app_id, scope, who) = key(&target);
        let (created_before_ms, except) = match &entry {
            Revocation::Session { .. } => (0, Vec::new()),
            Revocation::User { created_before_ms, except, .. } => {
                (*created_before_ms, except.iter().flat_map(SessionUid::as_bytes).copied().collect())
            }
            Revocation::Everything { created_before_ms, .. } => (*created_before_ms, Vec::new()),
        };
        let (before, until) = (stored(created_before_ms), stored(entry.until_ms()));
        let mut statement = self.transaction.prepare(PUT_ENTRY)?;
        statement.execute(params![self.seq, kind, app_id, scope, who, before, except, until])?;
        Ok(())
    }
}

/// What has a number above this, in the order of the numbers.
pub(super) fn news(transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<Vec<Revocation>> {
    let mut statement = transaction.prepare(NEWS)?;
    statement.query_map([from], revocation)?.collect()
}

/// Removes what may be forgotten, and says by which time that was.
pub(super) fn purge(transaction: &Transaction<'_>, now_ms: u64, elapsed: Duration) -> rusqlite::Result<u64> {
    let before_ms =
        transaction.query_row("SELECT purged_to_ms FROM state", [], |row| optional_time(row, 0))?;
    let by_ms = purge_time(before_ms, now_ms, elapsed, |ms| first_after(transaction, ms))?;
    let sharers_by_ms = by_ms.unwrap_or(now_ms);
    for sharer in sharers(transaction)?.iter().filter(|sharer| sharer.until_ms() <= sharers_by_ms) {
        transaction.execute("DELETE FROM sharers WHERE id = ?1", [sharer.id])?;
    }
    transaction.execute(TRIM_COMMITS, [COMMITS_KEPT - 1])?;
    let Some(by_ms) = by_ms else { return Ok(0) };
    transaction.execute("UPDATE state SET purged_to_ms = ?1", [stored(by_ms)])?;
    transaction.execute(PURGE, [stored(by_ms)])?;
    Ok(by_ms)
}

/// When the first entry runs out of those that do so later than this.
fn first_after(transaction: &Transaction<'_>, ms: u64) -> rusqlite::Result<Option<u64>> {
    let first = "SELECT min(until_ms) FROM entries WHERE until_ms > ?1";
    transaction.query_row(first, [stored(ms)], |row| optional_time(row, 0))
}

/// Writes in any case: whoever calls learns whether that is possible, and what stays the same is not written.
pub(super) fn put_sharer(transaction: &Transaction<'_>, sharer: &Sharer) -> rusqlite::Result<()> {
    transaction.execute("UPDATE state SET probes = probes + 1", [])?;
    let values = params![
        sharer.id,
        stored(sharer.max_ttl_ms),
        stored(sharer.max_lifetime_ms),
        stored(sharer.leeway_ms),
        stored(sharer.poll_ms),
        sharer.refuse_after_ms.map(stored),
        stored(sharer.seen_at_ms),
    ];
    transaction.execute(PUT_SHARER, values).map(drop)
}

pub(super) fn sharers(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Sharer>> {
    let mut statement = transaction.prepare(SHARERS)?;
    let sharer = |row: &Row<'_>| {
        Ok(Sharer {
            id: row.get(0)?,
            max_ttl_ms: time(row, 1)?,
            max_lifetime_ms: time(row, 2)?,
            leeway_ms: time(row, 3)?,
            poll_ms: time(row, 4)?,
            refuse_after_ms: optional_time(row, 5)?,
            seen_at_ms: time(row, 6)?,
        })
    };
    statement.query_map([], sharer)?.collect()
}

/// A session that is there already keeps its place in the order.
pub(super) fn put_session(
    transaction: &Transaction<'_>,
    scope: &Scope,
    session: &SessionInfo,
) -> rusqlite::Result<()> {
    let values = params![
        scope.app_id.as_bytes(),
        scope.name.as_bytes(),
        session.user_id.as_bytes(),
        session.uid.as_bytes(),
        stored(session.created_at_ms),
        stored(session.last_seen_at_ms),
        stored(session.expires_at_ms),
        session.label,
    ];
    transaction.execute(PUT_SESSION, values).map(drop)
}

/// The sessions of a user by one of two statements, which differ in their order.
pub(super) fn sessions(
    transaction: &Transaction<'_>,
    statement: &str,
    scope: &Scope,
    user_id: &str,
    now_ms: u64,
) -> rusqlite::Result<Vec<SessionInfo>> {
    let mut statement = transaction.prepare(statement)?;
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
    let values = params![scope.app_id.as_bytes(), scope.name.as_bytes(), user_id.as_bytes(), stored(now_ms)];
    statement.query_map(values, session)?.collect()
}

pub(super) fn strike_session(
    transaction: &Transaction<'_>,
    scope: &Scope,
    user_id: &str,
    uid: SessionUid,
) -> rusqlite::Result<bool> {
    let values = params![scope.app_id.as_bytes(), scope.name.as_bytes(), user_id.as_bytes(), uid.as_bytes()];
    Ok(transaction.execute(STRIKE_SESSION, values)? > 0)
}

pub(super) fn strike_expired(transaction: &Transaction<'_>, now_ms: u64) -> rusqlite::Result<u64> {
    let struck = transaction.execute(STRIKE_EXPIRED, [stored(now_ms)])?;
    Ok(u64::try_from(struck).unwrap_or(u64::MAX))
}

/// How a target is found: kind, application, scope, and who.
fn key(target: &Target) -> (i64, &[u8], &[u8], &[u8]) {
    match target {
        Target::Session(uid) => (SESSION, &[], &[], uid.as_bytes()),
        Target::User(Reach::Scope(scope), user_id) => {
            (USER_IN_SCOPE, scope.app_id.as_bytes(), scope.name.as_bytes(), user_id.as_bytes())
        }
        Target::User(Reach::Application(app_id), user_id) => {
            (USER_IN_APPLICATION, app_id.as_bytes(), &[], user_id.as_bytes())
        }
        Target::User(Reach::Backend, user_id) => (USER_ANYWHERE, &[], &[], user_id.as_bytes()),
        Target::Everything(Some(app_id)) => (EVERYTHING_OF_APPLICATION, app_id.as_bytes(), &[], &[]),
        Target::Everything(None) => (EVERYTHING, &[], &[], &[]),
    }
}

fn revocation(row: &Row<'_>) -> rusqlite::Result<Revocation> {
    let (created_before_ms, until_ms) = (time(row, 4)?, time(row, 6)?);
    let user = |reach| {
        let (user_id, except) = (text(row, 3)?, uids(row, 5)?);
        Ok(Revocation::User { reach, user_id, created_before_ms, except, until_ms })
    };
    match row.get(0)? {
        SESSION => Ok(Revocation::Session { uid: SessionUid::from_bytes(row.get(3)?), until_ms }),
        USER_IN_SCOPE => user(Reach::Scope(Scope { app_id: text(row, 1)?, name: text(row, 2)? })),
        USER_IN_APPLICATION => user(Reach::Application(text(row, 1)?)),
        USER_ANYWHERE => user(Reach::Backend),
        EVERYTHING_OF_APPLICATION => {
            Ok(Revocation::Everything { app_id: Some(text(row, 1)?), created_before_ms, until_ms })
        }
        EVERYTHING => Ok(Revocation::Everything { app_id: None, created_before_ms, until_ms }),
        kind => Err(rusqlite::Error::IntegralValueOutOfRange(0, kind)),
    }
}

/// A text that may hold any character, also those that SQLite's texts end at.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    String::from_utf8(row.get(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error)))
}

fn uids(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<SessionUid>> {
    let bytes: Vec<u8> = row.get(column)?;
    let (uids, rest) = bytes.as_chunks::<{ SessionUid::LEN }>();
    if rest.is_empty() {
        Ok(uids.iter().copied().map(SessionUid::from_bytes).collect())
    } else {
        Err(rusqlite::Error::InvalidColumnType(column, "except_uids".into(), Type::Blob))
    }
}

/// A time as SQLite has it, whose numbers have a sign.
fn stored(time_ms: u64) -> i64 {
    i64::try_from(time_ms).unwrap_or(i64::MAX)
}

/// A time as it was stored. The greatest stands for all that are greater.
fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    of_stored(row.get(column)?, column)
}

fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    let stored: Option<i64> = row.get(column)?;
    stored.map(|stored| of_stored(stored, column)).transpose()
}

fn of_stored(stored: i64, column: usize) -> rusqlite::Result<u64> {
    match stored {
        i64::MAX => Ok(u64::MAX),
        stored => u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored)),
    }
}
