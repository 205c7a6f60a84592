//! Having the system tell when a ring file changes.
//!
//! The folder is watched and not the file: a file that is replaced is another one. Links that lead elsewhere
//! are left to polling.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Shared;
use crate::ring::file::NAME_IN_FOLDER;

/// Tells `shared` of every change until it is dropped.
pub(super) fn watch(path: &Path, shared: &Arc<Shared>) -> notify::Result<RecommendedWatcher> {
    let (folder, name) = match path.is_dir() {
        true => (path, OsStr::new(NAME_IN_FOLDER)),
        false => (path.parent().unwrap_or(path), path.file_name().unwrap_or_default()),
    };
    let (name, shared) = (name.to_owned(), Arc::clone(shared));
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An error means that something may have been missed.
        if event.map_or(true, |event| concerns(&event, &name)) {
            shared.notice();
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Whether something may have happened to the file of this name, or to the link `..data` through which
/// Kubernetes swaps it.
fn concerns(event: &Event, name: &OsStr) -> bool {
    let changes = match event.kind {
        // Reading the file is such an event too.
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let ours = |path: &std::path::PathBuf| {
        let other = path.file_name().unwrap_or_default();
        other == name || other.as_encoded_bytes().starts_with(b"..")
    };
    changes && (event.paths.is_empty() || event.paths.iter().any(ours))
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, ModifyKind, RenameMode};

    use super::*;

    fn of(kind: EventKind, path: &str) -> bool {
        concerns(&Event::new(kind).add_path(path.into()), OsStr::new("ring.json"))
    }

    #[test]
    fn only_changes_of_the_file_or_of_a_kubernetes_link_count() {
        let create = EventKind::Create(CreateKind::Any);
        let rename = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        let close = |mode| EventKind::Access(AccessKind::Close(mode));
        for kind in [create, rename, close(AccessMode::Write)] {
            assert!(of(kind, "/etc/shop/ring.json") && of(kind, "/etc/shop/..data"));
            assert!(!of(kind, "/etc/shop/.ring.json.lock") && !of(kind, "/etc/shop/.sealed-session-a"));
        }
        for kind in [EventKind::Access(AccessKind::Open(AccessMode::Any)), close(AccessMode::Read)] {
            assert!(!of(kind, "/etc/shop/ring.json"), "each reading would cause the next");
        }
        assert!(concerns(&Event::new(EventKind::Other), OsStr::new("ring.json")), "it does not say of what");
    }
}
