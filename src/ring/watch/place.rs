//! Where a path leads: what has to be watched for it, and whether it still leads to the same.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::ring::file::NAME_IN_FOLDER;

/// A folder that has a say in which ring file a path leads to, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// What matters in it.
    pub(super) name: OsString,
    /// Nothing while there is no such folder.
    identity: Option<Identity>,
}

impl Place {
    /// The folder that a path names, and the one that links lead to from there.
    pub(super) fn of(path: &Path) -> Vec<Self> {
        let file = if path.is_dir() { path.join(NAME_IN_FOLDER) } else { path.to_owned() };
        let target = fs::canonicalize(&file).ok();
        let mut places = vec![Self::holding(&file)];
        places.extend(target.map(|target| Self::holding(&target)).filter(|place| place.is_other(&places)));
        places
    }

    fn holding(file: &Path) -> Self {
        let folder = file.parent().unwrap_or(file).to_owned();
        let name = file.file_name().unwrap_or(OsStr::new(NAME_IN_FOLDER)).to_owned();
        Self { identity: Identity::at(&folder), folder, name }
    }

    fn is_other(&self, places: &[Self]) -> bool {
        places.iter().all(|place| (&place.identity, &place.name) != (&self.identity, &self.name))
    }

    pub(super) fn exists(&self) -> bool {
        self.identity.is_some()
    }
}

/// Which file or folder something is: another one that took over its name is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    inode: Option<(u64, u64)>,
    /// Numbers of files that are gone are used again.
    created: Option<SystemTime>,
}

impl Identity {
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        Self { inode: inode(metadata), created: metadata.created().ok() }
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Whether a path leads to a file that has no name any more, and so can be replaced by nobody.
///
/// Asked twice: a file loses its name shortly before the path leads to the one that replaces it. Reading the folder waits for
/// that. The other one may be replaced in the same way, but is another.
#[cfg(unix)]
pub(super) fn has_no_name(path: &Path) -> bool {
    let Some(before) = nameless(path) else { return false };
    if let Some(folder) = fs::canonicalize(path).ok().as_deref().and_then(Path::parent) {
        let _ = fs::read_dir(folder).map(|mut entries| entries.next().is_some());
    }
    nameless(path) == Some(before)
}

/// The file that a path leads to, if it has no name any more.
#[cfg(unix)]
fn nameless(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).ok().filter(|metadata| metadata.nlink() == 0)?;
    Some(Identity::of(&metadata))
}

#[cfg(not(unix))]
pub(super) fn has_no_name(_: &Path) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_file_that_is_replaced_over_and_over_always_has_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("ring.json"), folder.path().join("other"));
        fs::write(&path, "").unwrap();
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    fs::write(&other, "").unwrap();
                    fs::rename(&other, &path).unwrap();
                }
                is_done.store(true, Ordering::Release);
            });
            while !is_done.load(Ordering::Acquire) {
                assert!(!has_no_name(&path));
            }
        });
    }
}
