//! A backend in a SQLite file: for the processes of one machine.
//!
//! # Where to read
//!
//! `file` has which files are open, and what happens when they are not the same any more; `schema` how a database
//! begins and which is refused; `rows` what is written and read; `patience` how others are waited for; `trouble` what
//! is said of an error.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Transaction, TransactionBehavior};

use super::{Backend, BackendError, News, Revocation, SessionInfo};
use crate::uid::SessionUid;

mod file;
mod patience;
mod rows;
mod schema;
mod trouble;

#[cfg(test)]
mod tests;

use file::Opened;
use rows::Written;

/// Keeps everything in a SQLite file, which any number of processes of one machine may use at a time.
///
/// - **What is acknowledged stays**, also when the process is killed the moment after. That it survives a power cut
///   takes a disk that has written what it says it has written: SQLite waits for it with every write
///   (`synchronous=FULL`).
/// - **News** of other processes is found by polling. A poll without any reads one number from shared memory.
/// - **The file** is made if it is missing, for its owner alone (mode 0600), since it holds user ids. Beside it are
///   two more with `-wal` and `-shm` at the end of their names; remove or copy all three or none. It must be on a
///   local disk.
/// - **A file that is removed, emptied or replaced** while servers run is opened or made anew, and they write down
///   again which revocations they know. Sessions in the registry come back as they are used.
/// - **Times** from `i64::MAX` milliseconds on, some 292 million years, are all taken for `u64::MAX`.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::{Revocation, Revocations, SqliteBackend};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("revocations.db");
/// let one = Revocations::builder().with_backend(SqliteBackend::open(&path)?)?;
/// one.revoke(Revocation::Session { uid: SessionUid::from_bytes([7; 16]), until_ms: u64::MAX }).wait()?;
///
/// let other = Revocations::builder().with_backend(SqliteBackend::open(&path)?)?;
/// assert_eq!(other.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteBackend {
    path: PathBuf,
    wait_at_most: Duration,
    opened: Option<Opened>,
    place: Place,
}

/// How far this node has read, in which database.
#[derive(Debug, Default)]
struct Place {
    /// Which database that was. Each has a random name of its own.
    made: Option<Vec<u8>>,
    /// All up to here was news already.
    read_to: Option<i64>,
    /// The highest number that this node has seen or written; a database with less has lost something.
    highest: i64,
    /// The file is another than before, which has not been told yet.
    lost: bool,
}

impl SqliteBackend {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`BackendError`] when it cannot be read and written, is damaged, or is not a database that this version
    /// knows.
    ///
    /// ```
    /// use sealed_session::revocation::SqliteBackend;
    ///
    /// let error = SqliteBackend::open("/no/such/folder/revocations.db").err().map(|error| error.to_string());
    /// assert!(error.is_some_and(|text| text.starts_with("/no/such/folder/revocations.db: cannot be made")));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, BackendError> {
        let mut backend = Self {
            path: path.as_ref().to_owned(),
            wait_at_most: Duration::from_secs(5),
            opened: None,
            place: Place::default(),
        };
        backend.opened()?;
        Ok(backend)
    }

    /// How long to wait for other processes that are writing, before that is an error. Default 5 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sealed_session::revocation::SqliteBackend;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let backend = SqliteBackend::open(folder.path().join("revocations.db"))?;
    /// let backend = backend.wait_at_most(Duration::from_secs(1));
    /// # let _ = backend;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn wait_at_most(mut self, limit: Duration) -> Self {
        self.wait_at_most = limit;
        self
    }

    /// The database, opened anew if its file is not the same any more.
    fn opened(&mut self) -> Result<&mut Opened, BackendError> {
        let current = match self.opened.take() {
            Some(opened) if opened.is_current(&self.path)? => opened,
            before => {
                if let Some(before) = before {
                    // Kept until it has been told, however often opening fails until then.
                    self.place.lost = true;
                    before.abandon();
                }
                Opened::open(&self.path, self.wait_at_most)?
            }
        };
        Ok(self.opened.insert(current))
    }

    /// Reads. After an error the file is opened anew, for that may be all it takes.
    fn read<T>(
        &mut self,
        mut job: impl FnMut(&Transaction<'_>, &mut Option<i64>, &mut Place) -> rusqlite::Result<T>,
    ) -> Result<T, BackendError> {
        let limit = self.wait_at_most;
        self.opened()?;
        let Some(Opened { connection, version, .. }) = &mut self.opened else {
            return Err(BackendError::new("the database is not open"));
        };
        let read = patience::retry(limit, || job(&connection.transaction()?, version, &mut self.place));
        read.map_err(|error| {
            if !trouble::will_pass(&error)
                && let Some(opened) = self.opened.take()
            {
                opened.abandon();
            }
            self.explain(&error)
        })
    }

    /// Writes, and returns when that is on the disk, in the file that has the name.
    fn write<T>(&mut self, job: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, BackendError> {
        let limit = self.wait_at_most;
        for _ in 0..file::ATTEMPTS {
            let opened = self.opened()?;
            let written = patience::retry(limit, || opened.write(&job));
            match written {
                Ok(value) if self.is_current()? => return Ok(value),
                Ok(_) => {}
                Err(error) => return Err(self.explain(&error)),
            }
        }
        Err(trouble::says(&self.path, file::REPLACED))
    }

    fn is_current(&self) -> Result<bool, BackendError> {
        self.opened.as_ref().map_or(Ok(false), |opened| opened.is_current(&self.path))
    }

    fn explain(&self, error: &rusqlite::Error) -> BackendError {
        trouble::explain(&self.path, error)
    }
}

impl Opened {
    /// Takes the lock for writing first: one that is taken while reading cannot be waited for.
    fn write<T>(&mut self, job: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = job(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

impl Backend for SqliteBackend {
    fn record(&mut self, revocations: &[Revocation]) -> Result<(), BackendError> {
        if revocations.is_empty() {
            return Ok(());
        }
        let Written { highest } = self.write(|transaction| rows::record(transaction, revocations))?;
        self.place.highest = self.place.highest.max(highest);
        Ok(())
    }

    fn news(&mut self, now_ms: u64) -> Result<News, BackendError> {
        self.read(|transaction, version, place| {
            let is_now = rows::data_version(transaction)?;
            if !place.lost && place.read_to.is_some() && *version == Some(is_now) {
                return Ok(News::default());
            }
            let state = rows::state(transaction)?;
            if place.made.as_ref().is_some_and(|made| *made != state.made) || state.seq < place.highest {
                place.lost = true;
            }
            let from = if place.lost { None } else { place.read_to };
            let revocations = rows::news(transaction, from, now_ms)?;
            let lost = place.lost;
            *place =
                Place { made: Some(state.made), read_to: Some(state.seq), highest: state.seq, lost: false };
            *version = Some(is_now);
            Ok(News { revocations, lost })
        })
    }

    fn forget(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.write(|transaction| rows::forget(transaction, now_ms))
    }

    fn put_session(&mut self, session: &SessionInfo) -> Result<(), BackendError> {
        self.write(|transaction| rows::put_session(transaction, session))
    }

    fn sessions(&mut self, user_id: &str, now_ms: u64) -> Result<Vec<SessionInfo>, BackendError> {
        self.read(|transaction, _, _| rows::sessions(transaction, user_id, now_ms))
    }

    fn strike_session(&mut self, user_id: &str, uid: SessionUid) -> Result<bool, BackendError> {
        self.write(|transaction| rows::strike_session(transaction, user_id, uid))
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.write(|transaction| rows::strike_expired(transaction, now_ms))
    }
}

impl fmt::Debug for SqliteBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBackend").field("path", &self.path).finish_non_exhaustive()
    }
}
