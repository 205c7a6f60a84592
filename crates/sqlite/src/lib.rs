//! Revocations of [`sealed_session`] in a SQLite file: for the processes of one machine. SQLite is built in, which takes
//! a C compiler.
//!
//! ```
//! use sealed_session::revocation::Revocations;
//! use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionError};
//! # use sealed_session::SessionPlugin as _;
//! use sealed_session_sqlite::SqliteBackend;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("revocations.db");
//! // In a server: SqliteBackend::open("/var/lib/shop/revocations.db")?
//! let revocations = Revocations::builder().with_backend(SqliteBackend::open(&path)?)?;
//! let ring = KeyRing::single(RootSecret::generate()?);
//! let store = SealedStore::builder(ring).revocations(revocations).build()?;
//!
//! let id = store.create(CreateOptions::default())?;
//! store.delete(&id)?;
//! assert_eq!(store.read(&id), Err(SessionError::NotFound));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to read
//!
//! `file` has which files may be used, and what happens when they are not the same any more; `opened` the connection,
//! and who else wrote in its file; `schema` how a database begins, is taken over, and which is refused; `rows` what is
//! written and read; `patience` how others are waited for; `trouble` what is said of an error.

#![forbid(unsafe_code)]

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Transaction;
use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{Backend, BackendError, Change, News, Scope, Sharer};

mod file;
mod opened;
mod patience;
mod rows;
mod schema;
mod trouble;

#[cfg(test)]
mod tests;

use file::Now;
use opened::{Opened, WrittenBy};
use rows::Commit;
use trouble::{Failure, MOVE_IT, says};

/// So often something is written again because the database was replaced meanwhile.
const ATTEMPTS: usize = 3;

/// How long a disk takes for one write at most.
const OF_THE_DISK: Duration = Duration::from_secs(1);

const WRITTEN_OVER: &str = "something other than SQLite has written over it while servers use it. It is opened anew, and \
     the servers that run write down there which revocations they know. Copy a database back with SQLite's `.restore`, \
     or while no server runs";

const WAL_WRITTEN_OVER: &str = "something other than SQLite has written over its -wal while servers use it";

/// Keeps everything in a SQLite file, which any number of processes of one machine may use at a time.
///
/// - **What is acknowledged stays**, also when the process is killed the moment after. That it survives a power cut
///   takes a disk that has written what it says it has written: SQLite waits for it with every write
///   (`synchronous=FULL`).
/// - **News** of other processes is found by polling. A poll without any reads no table: it looks at the files, and at
///   numbers in shared memory.
/// - **The file** is made if it is missing, for its owner alone (mode 0600), since it holds user ids; one that every
///   user of the machine could read or write is refused. Beside it are two more with `-wal` and `-shm` at the end of
///   their names; remove or copy all three or none. It must be on a local disk. A file with several names (hard links),
///   or mounted without its folder, is refused: there would be other `-wal` and `-shm` beside each.
/// - **A backup** is made, and put back, with `.backup` and `.restore` of SQLite's own program while servers run. They
///   notice that the database is one of before, by a random mark in every commit, and write down again which revocations
///   they know.
/// - **Files that are moved, removed or written over** while servers use them are an error with every call, so that
///   nothing is acknowledged that other servers do not see. Only where all three are gone from their folder, or others
///   are in their place, is the database made or opened anew, since every server finds the same there; they write down
///   again which revocations they know. Sessions in the registry come back as they are used.
/// - **Times** from `i64::MAX` milliseconds on, some 292 million years, are all taken for `u64::MAX`.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::{Revocation, Revocations};
/// use sealed_session_sqlite::SqliteBackend;
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
    opened: Opened,
    doubt: Doubt,
    place: Place,
}

/// Why a database that is open is opened anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    None,
    /// There was an error, and a new connection may be all it takes.
    Connection,
    /// What is in the file may not fit together.
    Content,
}

/// How far this node has read and written, in which history of the database.
#[derive(Debug, Default)]
struct Place {
    /// All up to here was news already.
    read: Option<Commit>,
    /// The last that was written here and is not news yet.
    wrote: Option<Commit>,
    /// What [`rows::data_version`] was when news was last read.
    version: Option<i64>,
    /// The database is another than before, or one of before, which has not been told yet.
    lost: bool,
}

impl Place {
    /// Whether the database still has what was read and written here in its history.
    fn is_in(&self, transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
        for commit in [self.read, self.wrote].into_iter().flatten() {
            if !rows::has(transaction, commit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is new since then, and where that ends.
    fn news(&self, transaction: &Transaction<'_>) -> Result<(News, Self), Failure> {
        let version = Some(rows::data_version(transaction)?);
        if !self.lost && self.read.is_some() && self.wrote.is_none() && self.version == version {
            return Ok((News::default(), Self { read: self.read, version, ..Self::default() }));
        }
        let lost = self.lost || !self.is_in(transaction)?;
        let from = self.read.filter(|_| !lost).map_or(0, |commit| commit.seq);
        let revocations = rows::news(transaction, from)?;
        let read = Some(rows::last_commit(transaction)?);
        Ok((News { revocations, lost }, Self { read, version, ..Self::default() }))
    }
}

impl SqliteBackend {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`BackendError`] when it cannot be read and written, is damaged, is not a database that this version knows, can
    /// be read or written by every user of the machine, has several names, or is mounted without its folder.
    ///
    /// ```
    /// use sealed_session_sqlite::SqliteBackend;
    ///
    /// let error = SqliteBackend::open("/no/such/folder/revocations.db").err().map(|error| error.to_string());
    /// assert!(error.is_some_and(|text| text.starts_with("/no/such/folder/revocations.db: cannot be made")));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, BackendError> {
        let (path, wait_at_most) = (path.as_ref().to_owned(), Duration::from_secs(5));
        let opened = Opened::open(&path, wait_at_most)?;
        Ok(Self { path, wait_at_most, opened, doubt: Doubt::None, place: Place::default() })
    }

    /// How long to wait for other processes that are writing, before that is an error. Default 5 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sealed_session_sqlite::SqliteBackend;
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

    /// The database as it is now, opened anew where that is called for.
    fn look(&mut self) -> Result<(), BackendError> {
        self.follow()?;
        let limit = self.wait_at_most;
        let written_by = patience::retry(limit, || self.opened.written_by());
        match written_by.map_err(|failure| self.explain(failure))? {
            WrittenBy::Sqlite => Ok(()),
            // They were removed or replaced since.
            _ if self.opened.now()? == Now::Another => self.follow(),
            WrittenBy::OthersInWal => Err(says(&self.path, &format!("{WAL_WRITTEN_OVER}: {MOVE_IT}"))),
            WrittenBy::OthersInFile => {
                self.place.lost = true;
                self.doubt = Doubt::Content;
                Err(says(&self.path, WRITTEN_OVER))
            }
        }
    }

    fn follow(&mut self) -> Result<(), BackendError> {
        match (self.opened.now()?, self.doubt) {
            (Now::Same, Doubt::None) => return Ok(()),
            (Now::Same, _) => {}
            (Now::Another, _) => {
                // Kept until it has been told, however often opening fails until then.
                self.place.lost = true;
                self.doubt = Doubt::Connection;
            }
        }
        let opened = Opened::open(&self.path, self.wait_at_most)?;
        if self.doubt == Doubt::Content {
            opened.check(&self.path)?;
        }
        self.opened = opened;
        self.doubt = Doubt::None;
        self.place.version = None;
        Ok(())
    }

    /// Reads. After an error the file is opened anew, for that may be all it takes.
    fn read<T>(
        &mut self,
        mut job: impl FnMut(&Transaction<'_>, &Place) -> Result<T, Failure>,
    ) -> Result<T, BackendError> {
        self.look()?;
        let Self { opened, place, wait_at_most, .. } = self;
        let read = patience::retry(*wait_at_most, || job(&opened.connection.transaction()?, place));
        read.map_err(|failure| self.explain(failure))
    }

    /// Writes, and returns when that is on the disk, in the files that all servers have.
    fn write<T>(
        &mut self,
        job: impl Fn(&Transaction<'_>, &Place) -> Result<T, Failure>,
    ) -> Result<T, BackendError> {
        for _ in 0..ATTEMPTS {
            self.look()?;
            let Self { opened, place, wait_at_most, .. } = self;
            let written =
                patience::retry(*wait_at_most, || opened.write(|transaction| job(transaction, place)));
            let value = written.map_err(|failure| self.explain(failure))?;
            if self.opened.now()? == Now::Same {
                // What was written is on the disk already; whatever is wrong is found with the next call.
                let _ = self.opened.checkpoint_if_due();
                return Ok(value);
            }
        }
        Err(says(&self.path, "is removed or replaced again and again"))
    }

    fn explain(&mut self, failure: Failure) -> BackendError {
        if failure.may_be_the_connection() && self.doubt == Doubt::None {
            self.doubt = Doubt::Connection;
        }
        failure.explain(&self.path)
    }
}

impl Backend for SqliteBackend {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (is_in, commit) = self.write(|transaction, place| {
            Ok((place.is_in(transaction)?, rows::record(transaction, changes)?))
        })?;
        self.place.lost |= !is_in;
        self.place.wrote = commit.or(self.place.wrote);
        Ok(())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        let (news, place) = self.read(|transaction, place| place.news(transaction))?;
        self.place = place;
        Ok(news)
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        let by_ms = self.write(|transaction, _| Ok(rows::purge(transaction, now_ms, elapsed)?))?;
        let made_up = self.opened.make_up_for_checkpoint();
        made_up.map_err(|failure| self.explain(failure))?;
        Ok(by_ms)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.write(|transaction, _| Ok(rows::put_sharer(transaction, sharer)?))
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        self.read(|transaction, _| Ok(rows::sharers(transaction)?))
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.write(|transaction, _| {
            rows::put_session(transaction, scope, session)?;
            Ok(rows::sessions(transaction, rows::SESSIONS_AS_ADDED, scope, &session.user_id, now_ms)?)
        })
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.write(|transaction, _| Ok(rows::put_session(transaction, scope, session)?))
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let order = rows::SESSIONS_SEEN_LAST_FIRST;
        self.read(|transaction, _| Ok(rows::sessions(transaction, order, scope, user_id, now_ms)?))
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        self.write(|transaction, _| Ok(rows::strike_session(transaction, scope, user_id, uid)?))
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.write(|transaction, _| Ok(rows::strike_expired(transaction, now_ms)?))
    }

    /// What SQLite says of a wait that was too long comes before that.
    fn timeout(&self) -> Duration {
        self.wait_at_most.saturating_add(OF_THE_DISK)
    }
}

impl fmt::Debug for SqliteBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBackend").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The examples of README.md are compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
