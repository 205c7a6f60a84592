//! How a database begins, and which is refused.

use rusqlite::{Connection, TransactionBehavior};

/// Raised with every change of the tables.
pub(super) const VERSION: i64 = 1;
/// Marks a file as one of this crate: the letters `SSrv`.
const APPLICATION_ID: i64 = 0x5353_7276;

const TABLES: &str = "
    CREATE TABLE state (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        made BLOB NOT NULL,
        seq INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE revocations (
        seq INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        thing BLOB NOT NULL,
        created_before_ms INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        UNIQUE (kind, thing)
    ) STRICT;
    CREATE INDEX revocations_by_end ON revocations (until_ms);
    CREATE TABLE sessions (
        user_id BLOB NOT NULL,
        uid BLOB NOT NULL,
        created_at_ms INTEGER NOT NULL,
        last_seen_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        label TEXT NOT NULL,
        PRIMARY KEY (user_id, uid)
    ) STRICT;
    CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);
    INSERT INTO state (one, made, seq) VALUES (1, randomblob(16), 0);";

const CONTENT: &str = "
    SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
    FROM pragma_application_id, pragma_user_version";

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    Ours,
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
        (APPLICATION_ID, other, _) => Content::Version(other),
        _ => Content::Others,
    })
}

/// Makes the tables, unless another process has done so meanwhile; says what there is then.
pub(super) fn make(connection: &mut Connection) -> rusqlite::Result<Content> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if content(&transaction)? == Content::Nothing {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    let content = content(&transaction)?;
    transaction.commit()?;
    Ok(content)
}
