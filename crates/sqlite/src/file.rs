//! The files of a database: which may be used, and whether they still are those that are open.
//!
//! No file of a database may be opened here: closing it again would end the locks that SQLite has on it. So they are
//! judged by what the file system says of them.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sealed_session::revocation::BackendError;

use super::trouble::{MOVE_IT, says};

/// The files of a database that is open. All servers with one database have the same three in the same folder.
pub(super) struct Files {
    /// The path that was given.
    path: PathBuf,
    /// Where they really are.
    main: PathBuf,
    folder: PathBuf,
    was_folder: Identity,
    was_main: Identity,
    was_beside: [Identity; 2],
}

/// What is there in the place of the files that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    Same,
    /// Nothing, or another database, which shares no file with the one that is open. Every server that uses that one
    /// looks for it in the same folder, and finds the same before it acknowledges anything more.
    Another,
}

impl Files {
    /// The files that have just been opened; nothing if some are gone again.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, BackendError> {
        let main = fs::canonicalize(path).map_err(|error| cannot_be_read(path, &error))?;
        let folder = folder(&main).to_owned();
        let [wal, shm] = beside(&main);
        let there = (identity(&folder)?, identity(&main)?, identity(&wal)?, identity(&shm)?);
        let (Some(was_folder), Some(was_main), Some(was_wal), Some(was_shm)) = there else { return Ok(None) };
        let path = path.to_owned();
        Ok(Some(Self { path, main, folder, was_folder, was_main, was_beside: [was_wal, was_shm] }))
    }

    /// Whether they still are what has their names.
    ///
    /// | Folder | File | `-wal`, `-shm` | |
    /// |---|---|---|---|
    /// | same | same | same | go on |
    /// | same | gone, or another | gone, or others | another database |
    /// | same | gone, or another, or a link to it | one is the same | an error: it would be taken for a part of another database |
    /// | same | same | one is gone, or another | an error: what is written there, others would not see |
    /// | gone, or another | | | an error: others may go on in the one that was |
    pub(super) fn now(&self) -> Result<Now, BackendError> {
        let path = &self.path;
        if identity(&self.folder)? != Some(self.was_folder) {
            return Err(says(path, FOLDER));
        }
        // A link in its place has its `-wal` beside the name that it leads to, and so has whoever opens it by that.
        let main = found(fs::symlink_metadata(&self.main)).map_err(|error| cannot_be_read(path, &error))?;
        if identity(path)? != main.as_ref().map(Identity::of) {
            return Err(says(path, LINK));
        }
        let mut are_same = [true; 2];
        for ((is_same, was), path) in are_same.iter_mut().zip(self.was_beside).zip(beside(&self.main)) {
            *is_same = identity(&path)? == Some(was);
        }
        let Some(main) = main.filter(|main| Identity::of(main) == self.was_main) else {
            return if are_same.contains(&true) { Err(says(path, LEFT)) } else { Ok(Now::Another) };
        };
        match are_same {
            [true, true] => check_names(path, &main).map(|()| Now::Same),
            _ => Err(says(path, BESIDE)),
        }
    }

    /// Something that changes when the file is written, but for what is in its `-wal`.
    pub(super) fn written(&self) -> Result<Option<Written>, BackendError> {
        let there = metadata(&self.main).map_err(|error| cannot_be_read(&self.main, &error))?;
        Ok(there.and_then(|there| there.modified().ok().map(|at| Written { at, len: there.len() })))
    }

    /// How long the `-wal` is.
    pub(super) fn wal_len(&self) -> u64 {
        let [wal, _] = beside(&self.main);
        metadata(&wal).ok().flatten().map_or(0, |there| there.len())
    }
}

/// When a file was last written, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    at: SystemTime,
    pub(super) len: u64,
}

const FOLDER: &str = "its folder is gone, or is another one, while servers use it: put it back as it was, or stop all \
     servers that use it and start them again";
const LINK: &str = "leads to another file than when it was opened: set the link as it was, or stop all servers that use \
     it and start them again";
const BESIDE: &str = "its -wal or its -shm was removed or replaced while servers use it, so nothing more is written there; \
     what they know is in their memory: move the file away, with what there is of -wal and -shm; a new one is made, and \
     the servers that run write down there which revocations they know";
const LEFT: &str = "was removed or replaced while servers use it, and its -wal or its -shm was not: put it back, or move \
     away all three; a new one is made, and the servers that run write down there which revocations they know";

/// Tells files apart where one can be replaced while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
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

pub(super) fn identity(path: &Path) -> Result<Option<Identity>, BackendError> {
    let there = metadata(path).map_err(|error| cannot_be_read(path, &error))?;
    Ok(there.as_ref().map(Identity::of))
}

fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    found(fs::metadata(path))
}

fn found(there: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
    match there {
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

/// The folder of a path; a bare name is in the current one.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a file for its owner alone, if there is none, and refuses one that must not be used.
pub(super) fn prepare(path: &Path) -> Result<(), BackendError> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&real);
    // Looked for first: in a database that begins they come after its first page.
    let are_left = beside.iter().any(|path| path.exists());
    let there = metadata(path).map_err(|error| cannot_be_read(path, &error))?;
    match &there {
        Some(there) if !there.is_file() => return Err(says(path, "is not a file: give the path of a file")),
        Some(there) if there.len() > 0 || !are_left => {}
        _ if are_left => {
            return Err(says(path, &format!("is gone or empty, and its -wal or -shm is not: {MOVE_IT}")));
        }
        _ => new_file(path)?,
    }
    for path in beside.iter().chain([&real]) {
        if let Some(there) = metadata(path).map_err(|error| cannot_be_read(path, &error))? {
            check_private(path, &there)?;
            // One that another process is making has two for a moment, where a rename cannot refuse to replace.
            if there.len() > 0 {
                check_names(path, &there)?;
            }
        }
    }
    check_not_mounted(path, &fs::canonicalize(path).unwrap_or(real))
}

/// It has its name only when it is closed.
fn new_file(path: &Path) -> Result<(), BackendError> {
    let made = tempfile::NamedTempFile::new_in(folder(path))
        .and_then(|file| file.into_temp_path().persist_noclobber(path).map_err(|failed| failed.error));
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(says(
            path,
            &format!("cannot be made: {error}: its folder must be there, be writable and have room"),
        )),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn check_private(path: &Path, there: &Metadata) -> Result<(), BackendError> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = there.mode() & 0o7777;
    if mode & 0o007 == 0 {
        return Ok(());
    }
    let chmod = format!(
        "holds user ids, and its mode {mode:04o} lets every user of this machine at them: run `chmod 600 {}`",
        path.display()
    );
    Err(says(path, &chmod))
}

/// One that has two names has a `-wal` and a `-shm` beside each.
#[cfg(unix)]
fn check_names(path: &Path, there: &Metadata) -> Result<(), BackendError> {
    use std::os::unix::fs::MetadataExt as _;
    if there.nlink() <= 1 {
        return Ok(());
    }
    let names = format!(
        "has {} names (hard links), and servers that use different ones would not see what the others write: remove all \
         but one",
        there.nlink()
    );
    Err(says(path, &names))
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &Metadata) -> Result<(), BackendError> {
    Ok(())
}

#[cfg(not(unix))]
fn check_names(_: &Path, _: &Metadata) -> Result<(), BackendError> {
    Ok(())
}

/// One that is mounted without its folder has a `-wal` and a `-shm` in each place that it is mounted in.
#[cfg(target_os = "linux")]
fn check_not_mounted(path: &Path, real: &Path) -> Result<(), BackendError> {
    // Where nothing can be said of mounts, nothing is.
    let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
    if !is_mount_point(&mounts, real) {
        return Ok(());
    }
    Err(says(
        path,
        "is mounted by itself, so servers elsewhere would not see what is written here: mount its folder instead, for \
         example `-v /var/lib/shop:/var/lib/shop` with Docker, a volume without `subPath` in Kubernetes",
    ))
}

#[cfg(not(target_os = "linux"))]
fn check_not_mounted(_: &Path, _: &Path) -> Result<(), BackendError> {
    Ok(())
}

/// Whether something is mounted there: the fifth field of a line, whose odd characters are written in octal.
#[cfg(target_os = "linux")]
fn is_mount_point(mounts: &[u8], path: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    let mut escaped = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => escaped.extend(format!("\\{byte:03o}").into_bytes()),
            other => escaped.push(*other),
        }
    }
    let mut points =
        mounts.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    points.any(|point| point == escaped)
}

fn cannot_be_read(path: &Path, error: &io::Error) -> BackendError {
    says(path, &format!("cannot be read: {error}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_mounted_is_found_among_the_mounts() {
        let mounts = b"36 35 98:0 / / rw,noatime - ext4 /dev/root rw\n\
            37 36 98:0 /a.db /srv/my\\040shop/a.db rw,noatime master:1 - ext4 /dev/root rw,errors=continue\n\
            38 36 0:5 / /srv/b.db.d rw - tmpfs none rw\n";
        assert!(is_mount_point(mounts, Path::new("/srv/my shop/a.db")));
        for other in ["/srv/b.db", "/a.db", "/srv/my shop", "/srv/my\\040shop/a.db"] {
            assert!(!is_mount_point(mounts, Path::new(other)), "{other}");
        }
        assert!(!is_mount_point(b"", Path::new("/a.db")));
    }
}
