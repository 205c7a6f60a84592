//! The files of a database: which they are, and what happens when they are not the same any more.
//!
//! No file of a database may be opened here: closing it again would end the locks that SQLite has on it.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::schema::{self, Content};
use super::trouble::{self, MOVE_IT, says};
use super::{BackendError, patience};

/// So often what was done with a file is done again, because the file was replaced meanwhile.
pub(super) const ATTEMPTS: usize = 3;
pub(super) const REPLACED: &str = "is removed or replaced again and again";

/// What the file of changes may keep of the disk when they are in the database.
const JOURNAL_AT_MOST: i64 = 4 << 20;

/// A database that is open.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// What [`data_version`](super::rows::data_version) was when news was last read.
    pub(super) version: Option<i64>,
    /// Where its files really are, and which.
    path: PathBuf,
    main: Option<Identity>,
    beside: [(Option<Identity>, PathBuf); 2],
}

impl Opened {
    /// Opens a file, or makes it.
    pub(super) fn open(path: &Path, wait_at_most: Duration) -> Result<Self, BackendError> {
        for _ in 0..ATTEMPTS {
            make_file(path)?;
            let before = identity(path)?;
            let opened = connect(path, wait_at_most).and_then(|connection| Self::new(path, connection));
            // Of a file that is replaced meanwhile nothing can be said.
            if before.is_some() && identity(path)? == before {
                return opened;
            }
        }
        Err(says(path, REPLACED))
    }

    fn new(path: &Path, connection: Connection) -> Result<Self, BackendError> {
        let real = fs::canonicalize(path).map_err(|error| cannot_be_read(path, &error))?;
        let [wal, shm] = beside(&real);
        let beside = [(identity(&wal)?, wal), (identity(&shm)?, shm)];
        Ok(Self { connection, version: None, main: identity(&real)?, path: real, beside })
    }

    /// Whether the file with this name still is the one that is open.
    pub(super) fn is_current(&self, path: &Path) -> Result<bool, BackendError> {
        let there = metadata(path).map_err(|error| cannot_be_read(path, &error))?;
        Ok(there.is_some_and(|there| there.len() > 0 && Some(Identity::of(&there)) == self.main))
    }

    /// Closes what is not to be used any more, without writing to it, and removes what would be taken for a part of
    /// the database that comes after it.
    pub(super) fn abandon(self) {
        // What fails here is found when the file is opened again.
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        let emptied = |there: &Metadata| there.len() == 0 && Some(Identity::of(there)) == self.main;
        match metadata(&self.path) {
            Ok(Some(there)) if emptied(&there) => drop(fs::remove_file(&self.path)),
            Ok(Some(there)) if Some(Identity::of(&there)) == self.main => return,
            Err(_) => return,
            Ok(_) => {}
        }
        for (ours, path) in &self.beside {
            if ours.is_some() && identity(path).is_ok_and(|there| there == *ours) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Tells files apart where one can be replaced while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl Identity {
    #[cfg(unix)]
    fn of(there: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self { device_and_inode: (there.dev(), there.ino()) }
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self {}
    }
}

fn identity(path: &Path) -> Result<Option<Identity>, BackendError> {
    let there = metadata(path).map_err(|error| cannot_be_read(path, &error))?;
    Ok(there.as_ref().map(Identity::of))
}

fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files that SQLite makes beside this one.
fn beside(path: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|end| {
        let mut name = OsString::from(path);
        name.push(end);
        name.into()
    })
}

/// Makes a file for its owner alone, if there is none. It has its name only when it is closed.
fn make_file(path: &Path) -> Result<(), BackendError> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&real);
    // Looked for first: in a database that begins they come after its first page.
    let are_left = beside.iter().any(|path| path.exists());
    match metadata(path).map_err(|error| cannot_be_read(path, &error))? {
        Some(there) if !there.is_file() => return Err(says(path, "is not a file: give the path of a file")),
        Some(there) if there.len() > 0 || !are_left => return Ok(()),
        _ => {}
    }
    if are_left {
        // Of a file that was removed or emptied. Others may have it open still, so nothing of it is used again.
        for path in beside.iter().chain([&real]) {
            // What cannot be removed is found when it is opened.
            let _ = fs::remove_file(path);
        }
    }
    new_file(path)
}

fn new_file(path: &Path) -> Result<(), BackendError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = tempfile::NamedTempFile::new_in(folder)
        .and_then(|file| file.into_temp_path().persist_noclobber(path).map_err(|failed| failed.error));
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(says(
            path,
            &format!("cannot be made: {error}: its folder must be there, be writable and have room"),
        )),
        _ => Ok(()),
    }
}

fn connect(path: &Path, wait_at_most: Duration) -> Result<Connection, BackendError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let explain = |error: rusqlite::Error| trouble::explain(path, &error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(explain)?;
    connection.busy_timeout(patience::OF_SQLITE).map_err(explain)?;
    if connection.is_readonly(MAIN_DB).map_err(explain)? {
        return Err(says(
            path,
            "may only be read: the file and its folder must be writable for this process",
        ));
    }
    let content = patience::retry(wait_at_most, || schema::content(&connection)).map_err(explain)?;
    accept(path, &content)?;
    let mode = patience::retry(wait_at_most, || prepare(&connection)).map_err(explain)?;
    if mode != "wal" {
        return Err(says(path, "is on a disk without shared memory for files: put it on a local one"));
    }
    if content == Content::Nothing {
        let made = patience::retry(wait_at_most, || schema::make(&mut connection)).map_err(explain)?;
        accept(path, &made)?;
    }
    Ok(connection)
}

fn accept(path: &Path, content: &Content) -> Result<(), BackendError> {
    match content {
        Content::Nothing | Content::Ours => Ok(()),
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
    connection.pragma_update_and_check(None, "journal_size_limit", JOURNAL_AT_MOST, |_| Ok(()))?;
    Ok(mode)
}

fn cannot_be_read(path: &Path, error: &io::Error) -> BackendError {
    says(path, &format!("cannot be read: {error}"))
}
