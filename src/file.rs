//! Files that hold secrets: read only if they are private, replaced only as a whole.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::KeyError;

/// The whole text of a private file of at most `max_len` bytes, wiped when dropped.
///
/// "Private" is checked on the opened file, so a rename in between does not matter.
pub(crate) fn read_private(path: &Path, max_len: u64) -> Result<Zeroizing<String>, KeyError> {
    let failed = |e: io::Error| KeyError::new(format!("{}: cannot be read: {e}", path.display()));
    // Asked before opening too, because opening a FIFO would wait for a writer.
    check_regular(path, &fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    check_regular(path, &metadata)?;
    check_private(path, &metadata)?;
    check_len(path, metadata.len(), max_len)?;
    // One allocation of the right size, so that no half-read copy is left behind by a reallocation.
    let capacity = usize::try_from(metadata.len().min(max_len)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(max_len + 1).read_to_end(&mut bytes).map_err(failed)?;
    check_len(path, bytes.len() as u64, max_len)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| KeyError::new(format!("{}: is not UTF-8 text", path.display())))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Replaces the file by `text`, so that a crash at any point leaves the old file or the new one. A symbolic
/// link is followed. The mode is 0600; owner, group and what the group was allowed are kept.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), KeyError> {
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::ResourceBusy => KeyError::new(format!(
            "{}: cannot be replaced, because it is mounted by itself: mount its folder instead, or change it where it \
             is mounted from",
            path.display()
        )),
        _ => KeyError::new(format!("{}: cannot be written: {e}", path.display())),
    };
    let target = fs::canonicalize(path).map_err(failed)?;
    let temporary = write_beside(&target, text).map_err(failed)?;
    keep_access(&target, temporary.as_file()).map_err(failed)?;
    temporary.persist(&target).map_err(|e| failed(e.error))?;
    sync_folder(&target).map_err(failed)
}

/// Writes a new file, mode 0600, whole or not at all. An existing one is never overwritten.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), KeyError> {
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::AlreadyExists => KeyError::new(format!(
            "{}: exists, and is not overwritten: choose another name or remove it first",
            path.display()
        )),
        _ => KeyError::new(format!("{}: cannot be written: {e}", path.display())),
    };
    let temporary = write_beside(path, text).map_err(failed)?;
    temporary.persist_noclobber(path).map_err(|e| failed(e.error))?;
    sync_folder(path).map_err(failed)
}

/// The text in a temporary file of the same folder, on disk: a rename across file systems is not atomic.
fn write_beside(path: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    // `NamedTempFile` has mode 0600 and is removed again if this function fails.
    let mut temporary = tempfile::Builder::new().prefix(".sealed-session-").tempfile_in(folder(path))?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// The folder of a path; a bare name is in the current one.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the rename itself survive a loss of power.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
}

/// An operator who rotates must not lock out the server that reads the file by its owner or group.
#[cfg(unix)]
fn keep_access(old: &Path, new: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let (old, now) = (fs::metadata(old)?, new.metadata()?);
    if (old.uid(), old.gid()) != (now.uid(), now.gid()) {
        std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(fs::Permissions::from_mode(0o600 | old.mode() & 0o060))
}

#[cfg(not(unix))]
fn keep_access(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

fn check_regular(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() { "a folder" } else { "not a regular file" };
    Err(KeyError::new(format!("{}: is {what}, and a file is expected", path.display())))
}

#[cfg(unix)]
fn check_private(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o007 == 0 {
        return Ok(());
    }
    Err(KeyError::new(format!(
        "{path}: holds secrets, and its mode {mode:04o} lets every user of this machine at them: run \
         `chmod 600 {path}` (Kubernetes: set `defaultMode: 0440` on the volume)",
        path = path.display()
    )))
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}

fn check_len(path: &Path, len: u64, max_len: u64) -> Result<(), KeyError> {
    if len <= max_len {
        return Ok(());
    }
    Err(KeyError::new(format!(
        "{}: is larger than {max_len} bytes, so it is not the file that is meant",
        path.display()
    )))
}
