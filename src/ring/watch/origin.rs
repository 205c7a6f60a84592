//! Whether the file at a path is still the one that operators replace.

use std::path::Path;

use super::mount::Mount;
use super::place::{Identity, has_no_name};
use crate::error::KeyError;
use crate::ring::file::ring_file;

/// Where a followed file comes from.
#[derive(Default)]
pub(super) struct Origin {
    file: Option<Identity>,
    /// If what is mounted can be replaced where it comes from.
    mount: Option<Mount>,
    /// Whether it was told that the file is mounted by itself.
    told: bool,
}

impl Origin {
    /// Fails when the file that the path leads to was replaced where this process cannot see it.
    pub(super) fn check(&mut self, path: &Path) -> Result<(), KeyError> {
        let file = ring_file(path)?;
        let replaced = self.mount_was_replaced(&file);
        match (replaced && !self.is_mounted_by_itself(&file), replaced || has_no_name(&file)) {
            (true, _) => Err(KeyError::new(
                "its folder was renamed, replaced or removed where it is mounted from, so this file is no longer the one \
                 that is followed, and a key that was revoked in the other goes on opening here: replace the file in \
                 its folder and not the folder, and restart to mount it anew",
            )),
            (false, true) => Err(KeyError::new(
                "the file that is followed is gone: it was renamed, replaced or removed where it is mounted from, so a \
                 key that was revoked in the new one goes on opening here: mount its folder and not the file by itself \
                 (Kubernetes: without `subPath`), and restart",
            )),
            (false, false) => Ok(()),
        }
        .map_err(|error| error.at(file.display()))
    }

    /// Mounts are read only where that can matter: there may be thousands.
    fn mount_was_replaced(&mut self, file: &Path) -> bool {
        let identity = Identity::at(file);
        if self.mount.is_none() && identity == self.file {
            return false;
        }
        self.file = identity;
        let now = Mount::of(file).filter(Mount::can_be_replaced);
        match (&self.mount, now) {
            (Some(before), Some(now)) if before.is_same(&now) => before.was_replaced(&now),
            (_, now) => {
                self.told = false;
                let is_gone = now.as_ref().is_some_and(Mount::is_gone);
                self.mount = now;
                is_gone
            }
        }
    }

    fn is_mounted_by_itself(&self, file: &Path) -> bool {
        self.mount.as_ref().is_some_and(|mount| mount.is_of_the_file_alone(file))
    }

    /// Whether nobody was told so yet.
    pub(super) fn is_newly_mounted_by_itself(&mut self, path: &Path) -> bool {
        let is_news = !self.told && ring_file(path).is_ok_and(|file| self.is_mounted_by_itself(&file));
        self.told |= is_news;
        is_news
    }
}
