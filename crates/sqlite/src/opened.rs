//! A connection to a database, and whether anybody but SQLite has written in its file.
//!
//! SQLite puts what is written into the `-wal` first, and moves it into the file itself now and then: a checkpoint. Here
//! each is announced in the database before it begins and when it has ended; those of other programs show in what is left
//! to be moved. So when the file changes without one, a copy was written over it, or something else that no connection
//! notices by itself.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior};
use sealed_session::revocation::BackendError;

use super::file::{self, Files, Now, Written};
use super::patience;
use super::schema::{self, Content};
use super::trouble::{Failure, MOVE_IT, says};

/// So often a file is opened again that is replaced meanwhile.
const ATTEMPTS: usize = 3;
/// How long the `-wal` gets before it is moved into the file, and what it may keep of the disk after that.
const WAL_AT_MOST: u32 = 4 << 20;

/// What a `-wal` has before each page.
const FRAME_HEADER: u64 = 24;

pub(super) const BEGIN: &str =
    "UPDATE state SET checkpoints = checkpoints + 1 WHERE checkpoints % 2 = 0 RETURNING checkpoints";
const BEGIN_AGAIN: &str =
    "UPDATE state SET checkpoints = checkpoints + 2 WHERE checkpoints % 2 = 1 RETURNING checkpoints";
const END: &str = "UPDATE state SET checkpoints = checkpoints + 1 WHERE checkpoints = ?1";

/// A database that is open.
pub(super) struct Opened {
    pub(super) connection: Connection,
    files: Files,
    /// How the file was when no checkpoint was being made. Nothing where that is not known.
    seen: Option<Seen>,
    /// How long the `-wal` was when it was last looked at.
    wal_len: u64,
    /// How long a page is with what the `-wal` has before each.
    frame_len: u64,
}

/// What is in the `-wal`, in pages.
#[derive(Debug, Clone, Copy)]
struct Wal {
    written: u64,
    /// Those that were moved into the file.
    moved: u64,
}

/// Who wrote in the files of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrittenBy {
    Sqlite,
    /// Something else, in the file itself.
    OthersInFile,
    /// Something else, in its `-wal`: it lacks what is in use of it.
    OthersInWal,
}

/// How the file of a database was, and what had been moved into it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    file: Written,
    /// How many checkpoints had been announced.
    announced: i64,
    moved: u64,
}

impl Opened {
    /// Opens a file, or makes it.
    pub(super) fn open(path: &Path, wait_at_most: Duration) -> Result<Self, BackendError> {
        for _ in 0..ATTEMPTS {
            file::prepare(path)?;
            let before = file::identity(path)?;
            let connection = connect(path, wait_at_most);
            // Of a file that is replaced meanwhile nothing can be said.
            if before.is_none() || file::identity(path)? != before {
                continue;
            }
            let connection = connection?;
            if let Some(files) = Files::of(path)? {
                return Self::new(connection, files).map_err(|error| Failure::from(error).explain(path));
            }
        }
        Err(says(path, "is removed or replaced again and again"))
    }

    fn new(connection: Connection, files: Files) -> rusqlite::Result<Self> {
        let page_len: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let (wal_len, frame_len) = (files.wal_len(), u64::from(page_len).saturating_add(FRAME_HEADER));
        Ok(Self { connection, files, seen: None, wal_len, frame_len })
    }

    /// Whether its files still are what has their names.
    pub(super) fn now(&self) -> Result<Now, BackendError> {
        self.files.now()
    }

    /// Takes the lock for writing first: one that is taken while reading cannot be waited for.
    pub(super) fn write<T>(
        &mut self,
        job: impl Fn(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = job(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Who wrote in the files since this was last asked.
    pub(super) fn written_by(&mut self) -> Result<WrittenBy, Failure> {
        let wal = self.wal()?;
        let was_truncated =
            std::mem::replace(&mut self.wal_len, self.files.wal_len()) > 0 && self.wal_len == 0;
        // Asked twice: a checkpoint in between may have truncated it.
        if self.lacks(wal) && self.lacks(self.wal()?) {
            return Ok(WrittenBy::OthersInWal);
        }
        let is_explained = match &mut self.seen {
            Some(seen) if self.files.written()? == Some(seen.file) => {
                seen.moved = wal.moved;
                return Ok(WrittenBy::Sqlite);
            }
            // Read after the file was looked at: what a checkpoint of ours writes, it has announced before.
            &mut Some(seen) => {
                was_truncated || self.announced()? != seen.announced || self.has_moved_since(seen)?
            }
            None => true,
        };
        if !is_explained {
            return Ok(WrittenBy::OthersInFile);
        }
        self.learn()?;
        Ok(WrittenBy::Sqlite)
    }

    /// Looks at the file at a moment at which no checkpoint is being made.
    fn learn(&mut self) -> Result<(), Failure> {
        self.seen = None;
        let announced = self.announced()?;
        let (file, moved) = (self.files.written()?, self.wal()?.moved);
        if announced % 2 == 0 && self.announced()? == announced {
            self.seen = file.map(|file| Seen { file, announced, moved });
        }
        Ok(())
    }

    /// Whether a checkpoint was made that was not announced, as other programs make them.
    fn has_moved_since(&self, seen: Seen) -> Result<bool, Failure> {
        let moved = self.wal()?.moved;
        // Nothing has been moved of a `-wal` that was begun anew; that alone writes nothing into the file.
        Ok(moved > 0 && moved != seen.moved)
    }

    fn lacks(&self, wal: Wal) -> bool {
        self.wal_len < wal.written.saturating_mul(self.frame_len)
    }

    fn wal(&self) -> Result<Wal, Failure> {
        let wal = self.connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| {
            let pages =
                |column| row.get::<_, i64>(column).map(|pages| u64::try_from(pages).unwrap_or_default());
            Ok(Wal { written: pages(1)?, moved: pages(2)? })
        })?;
        Ok(wal)
    }

    /// How many checkpoints were begun and ended, counted together: odd while one is being made, or was cut off.
    fn announced(&self) -> Result<i64, Failure> {
        Ok(self.connection.query_row("SELECT checkpoints FROM state", [], |row| row.get(0))?)
    }

    /// Moves what is in the `-wal` into the file, once there is much, and unless another one is at it.
    pub(super) fn checkpoint_if_due(&mut self) -> Result<(), Failure> {
        if self.files.wal_len() <= u64::from(WAL_AT_MOST) { Ok(()) } else { self.checkpoint(BEGIN) }
    }

    /// The same, also where one was cut off.
    pub(super) fn make_up_for_checkpoint(&mut self) -> Result<(), Failure> {
        if self.announced()? % 2 == 0 { self.checkpoint_if_due() } else { self.checkpoint(BEGIN_AGAIN) }
    }

    pub(super) fn checkpoint(&mut self, begin: &str) -> Result<(), Failure> {
        let begun: Option<i64> =
            self.write(|transaction| Ok(transaction.query_row(begin, [], |row| row.get(0)).optional()?))?;
        let Some(begun) = begun else { return Ok(()) };
        let is_busy: bool =
            self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(0))?;
        // Another one is still at it. What was begun here is made up for later.
        if is_busy {
            return Ok(());
        }
        self.write(|transaction| Ok(transaction.execute(END, [begun])?))?;
        self.learn()
    }

    /// Whether everything fits together, after somebody wrote over it.
    pub(super) fn check(&self, path: &Path) -> Result<(), BackendError> {
        let found = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
        let found = found.map_err(|error| Failure::from(error).explain(path))?;
        if found == "ok" { Ok(()) } else { Err(says(path, &format!("the database is damaged: {MOVE_IT}"))) }
    }
}

/// The last one that closes a database moves its `-wal` into it, and removes that: not where they are not those that
/// are open, or not as they were.
impl Drop for Opened {
    fn drop(&mut self) {
        if !matches!(self.now(), Ok(Now::Same)) || !matches!(self.written_by(), Ok(WrittenBy::Sqlite)) {
            // It cannot fail; and SQLite sees by itself that a file has moved.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

fn connect(path: &Path, wait_at_most: Duration) -> Result<Connection, BackendError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let explain = |failure: Failure| failure.explain(path);
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| explain(error.into()))?;
    connection.busy_timeout(patience::OF_SQLITE).map_err(|error| explain(error.into()))?;
    if connection.is_readonly(MAIN_DB).map_err(|error| explain(error.into()))? {
        return Err(says(
            path,
            "may only be read: the file and its folder must be writable for this process",
        ));
    }
    let content = patience::retry(wait_at_most, || Ok(schema::content(&connection)?)).map_err(explain)?;
    accept(path, &content)?;
    let mode = patience::retry(wait_at_most, || Ok(prepare(&connection)?)).map_err(explain)?;
    if mode != "wal" {
        return Err(says(path, "is on a disk without shared memory for files: put it on a local one"));
    }
    if content != Content::Ours {
        let made = patience::retry(wait_at_most, || Ok(schema::make(&mut connection)?)).map_err(explain)?;
        accept(path, &made)?;
    }
    // The files beside it are there once something was read.
    patience::retry(wait_at_most, || Ok(schema::content(&connection)?)).map_err(explain)?;
    Ok(connection)
}

fn accept(path: &Path, content: &Content) -> Result<(), BackendError> {
    match content {
        Content::Nothing | Content::Ours | Content::Before => Ok(()),
        Content::Version(version) => Err(says(
            path,
            &format!(
                "its tables are of version {version}, and this program knows version {}: update it, or {MOVE_IT}",
                schema::VERSION
            ),
        )),
        Content::Others => Err(says(path, "is a database of something else: give another path")),
    }
}

/// The settings of a connection; says how changes are written.
fn prepare(connection: &Connection) -> rusqlite::Result<String> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "full")?;
    // Where the disk would otherwise say too early that it has written something.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_AT_MOST, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    Ok(mode)
}
