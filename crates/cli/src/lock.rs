//! One command at a time on a ring file: what one has read is not changed by another before it is written.
//!
//! The lock is on a file of its own beside the ring file, because a ring file is replaced and never written
//! to. The system lifts the lock when the process ends, however it ends; so the lock file stays, and being
//! there means nothing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// A wait of this length is explained.
const MOMENT: Duration = Duration::from_millis(500);
/// Between two attempts; the system could wait by itself, but not with a deadline.
const PAUSE: Duration = Duration::from_millis(20);

/// Keeps other commands off a ring file until it is dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the commands before this one, at most so long. `ring` is the file or its folder.
    pub(crate) fn of(ring: &Path, patience: Duration) -> Result<Self, Failure> {
        // Names that lead to one file have one lock, beside the file that will be replaced.
        let target = if ring.is_dir() { ring.join("ring.json") } else { ring.to_owned() };
        let target = fs::canonicalize(&target).map_err(|e| unreadable(&target, &e))?;
        let path = lock_file(&target);
        let file = open(&path, &target).map_err(|e| cannot(&path, &e))?;
        wait(&file, &path, patience)?;
        Ok(Self { _file: file })
    }
}

fn wait(file: &File, path: &Path, patience: Duration) -> Result<(), Failure> {
    let start = Instant::now();
    let mut explained = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(e)) => return Err(cannot(path, &e)),
            Err(TryLockError::WouldBlock) => {}
        }
        let waited = start.elapsed();
        if waited >= patience {
            return Err(Failure::Other(format!(
                "{}: another command has been changing the ring for {}: nothing was changed; look for a \
                 command that waits or hangs, or wait longer with --wait",
                path.display(),
                humantime::format_duration(patience)
            )));
        }
        if waited >= MOMENT && !explained {
            explained = true;
            // Whoever cannot read it waits all the same.
            let _ = writeln!(
                io::stderr(),
                "sealed-session: {}: waiting for another command that is changing the ring",
                path.display()
            );
        }
        thread::sleep(PAUSE.min(patience - waited));
    }
}

/// `.ring.json.lock` beside `ring.json`.
fn lock_file(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".lock");
    target.with_file_name(name)
}

/// Opens the lock file, and makes it if it is not there. Whoever may replace the ring may lock it: it has mode
/// 0600, and the owner, the group and what the group may do are the ring file's.
#[cfg(unix)]
fn open(path: &Path, target: &Path) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(e) => Err(e),
        Ok(file) => {
            let ring = fs::metadata(target)?;
            // Only root can give a file away; others own both, or share them by the group.
            let _ = std::os::unix::fs::fchown(&file, Some(ring.uid()), Some(ring.gid()));
            file.set_permissions(fs::Permissions::from_mode(0o600 | ring.mode() & 0o060))?;
            Ok(file)
        }
    }
}

#[cfg(not(unix))]
fn open(path: &Path, _: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("{}: cannot be read: {error}", path.display()))
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("{}: the ring cannot be locked, so it was not changed: {error}", path.display()))
}
