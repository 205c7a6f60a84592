//! How a database begins, how an older one is taken over, and which is refused.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Raised with every change of the tables.
pub(super) const VERSION: i64 = 2;
/// Marks a file as one of this crate: the letters `SSrv`.
const APPLICATION_ID: i64 = 0x5353_7276;

/// There is one entry for each thing that is revoked: a session (kind 0), a user in a scope (1), an application (2) or
/// everywhere (3), everything of an application (4) or everywhere (5). Its number is that of its last change.
///
/// `commits` has a random mark for every commit that changed entries, by the number of its last change.
const TABLES: &str = "
    CREATE TABLE state (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        purged_to_ms INTEGER,
        checkpoints INTEGER NOT NULL DEFAULT 0,
        probes INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE commits (
        seq INTEGER PRIMARY KEY,
        mark BLOB NOT NULL
    ) STRICT;
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        app_id BLOB NOT NULL,
        scope BLOB NOT NULL,
        who BLOB NOT NULL,
        created_before_ms INTEGER NOT NULL,
        except_uids BLOB NOT NULL,
        until_ms INTEGER NOT NULL,
        UNIQUE (kind, app_id, scope, who)
    ) STRICT;
    CREATE INDEX entries_by_end ON entries (until_ms);
    CREATE TABLE sharers (
        id BLOB PRIMARY KEY,
        max_ttl_ms INTEGER NOT NULL,
        max_lifetime_ms INTEGER NOT NULL,
        leeway_ms INTEGER NOT NULL,
        poll_ms INTEGER NOT NULL,
        refuse_after_ms INTEGER,
        seen_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        added INTEGER PRIMARY KEY,
        app_id BLOB NOT NULL,
        scope BLOB NOT NULL,
        user_id BLOB NOT NULL,
        uid BLOB NOT NULL,
        created_at_ms INTEGER NOT NULL,
        last_seen_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        label TEXT NOT NULL,
        UNIQUE (app_id, scope, user_id, uid)
    ) STRICT;
    CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);
    INSERT INTO state (one) VALUES (1);";

const BEGIN: &str = "INSERT INTO commits (seq, mark) VALUES (0, randomblob(16));";

/// What version 1 knew of scopes: nothing. Its sessions come back as they are used. It was purged by the clock alone, up
/// to the first entry that is left at most.
const SET_ASIDE_1: &str = "
    DROP TABLE sessions;
    ALTER TABLE state RENAME TO state_of_1;";
const TAKE_OVER_1: &str = "
    INSERT INTO entries (seq, kind, app_id, scope, who, created_before_ms, except_uids, until_ms)
        SELECT seq, CASE kind WHEN 1 THEN 3 WHEN 2 THEN 5 ELSE kind END, x'', x'', thing, created_before_ms, x'',
            until_ms
        FROM revocations;
    INSERT INTO commits (seq, mark) SELECT seq, randomblob(16) FROM state_of_1;
    UPDATE state SET purged_to_ms = (SELECT min(until_ms) - 1 FROM entries);
    DROP TABLE revocations;
    DROP TABLE state_of_1;";

const CONTENT: &str = "
    SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
    FROM pragma_application_id, pragma_user_version";

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    Ours,
    /// Of a version that is taken over.
    Before,
    /// Of a version that is not known here.
    Version(i64),
    /// Of another program.
    Others,
}

/// Asks in one statement, since another process may be making the tables.
pub(super) fn content(connection: &Connection) -> rusqlite::Result<Content> {
    let numbers = connection.query_row(CONTENT, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(match numbers {
        (0, 0, 0) => Content::Nothing,
        (APPLICATION_ID, VERSION, _) => Content::Ours,
        (APPLICATION_ID, 1, _) => Content::Before,
        (APPLICATION_ID, other, _) => Content::Version(other),
        _ => Content::Others,
    })
}

/// Makes the tables, unless another process has done so meanwhile; says what there is then.
pub(super) fn make(connection: &mut Connection) -> rusqlite::Result<Content> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match content(&transaction)? {
        Content::Nothing => begin(&transaction)?,
        Content::Before => take_over(&transaction)?,
        Content::Ours | Content::Version(_) | Content::Others => {}
    }
    let content = content(&transaction)?;
    transaction.commit()?;
    Ok(content)
}

fn begin(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(BEGIN)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

fn take_over(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(SET_ASIDE_1)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(TAKE_OVER_1)?;
    transaction.pragma_update(None, "user_version", VERSION)
}
