//! Having the system tell when a ring file changes.
//!
//! The folder is watched and not the file: a file that is replaced is another one. A folder can be replaced as well, and
//! then nothing tells of what happens in the new one. So it is looked at now and then whether the path still leads
//! through the folders that are watched.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Shared;
use super::place::Place;

/// Why the system does not tell of changes.
pub(super) const AS_ASKED_FOR: &str = "as asked for";
const NO_FOLDER: &str = "the folder of the ring file does not exist";
const NO_MORE: &str = "the system watches no more folders: raise `fs.inotify.max_user_watches`, \
                       `fs.inotify.max_user_instances` or the limit of open files";
const NOT_ALLOWED: &str = "this process may not watch the folder of the ring file";
const UNABLE: &str = "the system cannot watch the folder of the ring file";

/// The system tells of changes in these places until this is dropped.
pub(super) struct Notices {
    places: Vec<Place>,
    state: Arc<State>,
    _watcher: RecommendedWatcher,
}

#[derive(Default)]
struct State {
    /// A folder that is watched was removed or renamed.
    lost: AtomicBool,
    /// The library's thread has ended.
    ended: AtomicBool,
}

impl Notices {
    /// Has `shared` told of every change.
    pub(super) fn of(path: &Path, places: &[Place], shared: &Arc<Shared>) -> Result<Self, &'static str> {
        if !places.iter().all(Place::exists) {
            return Err(NO_FOLDER);
        }
        let state = Arc::new(State::default());
        let told = Told { places: places.to_vec(), state: Arc::clone(&state), shared: Arc::clone(shared) };
        let watched = notify::recommended_watcher(move |event| told.hear(event)).and_then(|mut watcher| {
            for place in places {
                watcher.watch(&place.folder, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        let mut watcher = watched.map_err(|error| reason(&error))?;
        if cfg!(target_os = "linux") && !path.is_dir() {
            // One that is mounted by itself loses its name in a folder that cannot be seen from here. What is not told
            // of is found by reading.
            drop(watcher.watch(path, RecursiveMode::NonRecursive));
        }
        Ok(Self { places: places.to_vec(), state, _watcher: watcher })
    }

    /// Whether the system still tells of all that happens in these places.
    pub(super) fn cover(&self, places: &[Place]) -> bool {
        let is_set = |flag: &AtomicBool| flag.load(Ordering::Acquire);
        self.places == places && !is_set(&self.state.lost) && !is_set(&self.state.ended)
    }
}

/// What a watcher of the library calls, on a thread of its own.
struct Told {
    places: Vec<Place>,
    state: Arc<State>,
    shared: Arc<Shared>,
}

impl Told {
    fn hear(&self, event: notify::Result<Event>) {
        let concern = event.map_or(Concern::File, |event| concern(&event, &self.places));
        if concern == Concern::Folder {
            self.state.lost.store(true, Ordering::Release);
        }
        if concern != Concern::Nothing {
            self.shared.notice();
        }
    }
}

impl Drop for Told {
    /// Before its time only if that thread ends.
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Release);
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    Nothing,
    /// Something may have happened to the file, or to the link `..data` through which Kubernetes swaps it. So it may
    /// where something was missed.
    File,
    /// A folder that is watched is not where it was.
    Folder,
}

fn concern(event: &Event, places: &[Place]) -> Concern {
    let is_change = match event.kind {
        // Reading the file is such an event too.
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let is_ours = |path: &Path| {
        let other = path.file_name().unwrap_or_default();
        is_swapped(other) || places.iter().any(|place| place.name == other)
    };
    let is_folder = |path: &Path| places.iter().any(|place| place.folder == path);
    let paths = || event.paths.iter().map(AsRef::as_ref);
    match is_change {
        true if is_gone(event.kind) && paths().any(is_folder) => Concern::Folder,
        true if event.paths.is_empty() || paths().any(is_ours) => Concern::File,
        _ => Concern::Nothing,
    }
}

fn is_swapped(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"..")
}

fn is_gone(kind: EventKind) -> bool {
    use notify::event::ModifyKind;
    matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
}

fn reason(error: &notify::Error) -> &'static str {
    use std::io::ErrorKind as Io;
    match &error.kind {
        ErrorKind::PathNotFound => NO_FOLDER,
        ErrorKind::MaxFilesWatch => NO_MORE,
        ErrorKind::Io(error) => match error.kind() {
            Io::NotFound => NO_FOLDER,
            Io::PermissionDenied => NOT_ALLOWED,
            _ if is_limit(error) => NO_MORE,
            _ => UNABLE,
        },
        _ => UNABLE,
    }
}

/// Too many open files: of this process, or of all.
fn is_limit(error: &std::io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    cfg!(unix) && matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, MetadataKind, ModifyKind, RemoveKind, RenameMode};

    use super::*;

    fn of(kind: EventKind, path: &str) -> Concern {
        let places = Place::of(Path::new("/etc/no-such-shop/ring.json"));
        concern(&Event::new(kind).add_path(path.into()), &places)
    }

    #[test]
    fn only_changes_of_the_file_of_a_kubernetes_link_and_of_the_folder_count() {
        let create = EventKind::Create(CreateKind::Any);
        let rename = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        let close = |mode| EventKind::Access(AccessKind::Close(mode));
        for kind in [create, rename, close(AccessMode::Write)] {
            for name in ["ring.json", "..data"] {
                assert_eq!(of(kind, &format!("/etc/no-such-shop/{name}")), Concern::File, "{kind:?}");
            }
            for name in [".ring.json.lock", ".sealed-session-a"] {
                assert_eq!(of(kind, &format!("/etc/no-such-shop/{name}")), Concern::Nothing, "{kind:?}");
            }
        }
        for kind in [EventKind::Access(AccessKind::Open(AccessMode::Any)), close(AccessMode::Read)] {
            let concern = of(kind, "/etc/no-such-shop/ring.json");
            assert_eq!(concern, Concern::Nothing, "each reading would cause the next");
        }
        assert_eq!(concern(&Event::new(EventKind::Other), &[]), Concern::File, "it does not say of what");
    }

    #[test]
    fn a_folder_that_is_removed_or_renamed_is_lost_and_one_that_changes_is_not() {
        let folder = "/etc/no-such-shop";
        for gone in [
            EventKind::Remove(RemoveKind::Folder),
            EventKind::Remove(RemoveKind::Other),
            EventKind::Modify(ModifyKind::Name(RenameMode::From)),
        ] {
            assert_eq!(of(gone, folder), Concern::Folder);
        }
        let changed = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));
        assert_eq!(of(changed, folder), Concern::Nothing);
        assert_eq!(of(changed, "/etc/no-such-shop/ring.json"), Concern::File);
    }

    #[test]
    fn a_reason_says_what_the_limit_is_called() {
        for (error, words) in [
            (notify::Error::new(ErrorKind::MaxFilesWatch), "fs.inotify.max_user_watches"),
            (notify::Error::path_not_found(), "does not exist"),
            (notify::Error::io(std::io::Error::from_raw_os_error(24)), "limit of open files"),
            (notify::Error::io(std::io::ErrorKind::PermissionDenied.into()), "may not watch"),
            (notify::Error::generic("else"), "cannot watch"),
        ] {
            assert!(reason(&error).contains(words), "{error:?}");
        }
    }
}
