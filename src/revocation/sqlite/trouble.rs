//! What is said of an error: what is wrong, and what to do.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use super::BackendError;

/// What to do about a file that cannot be used as it is.
pub(super) const MOVE_IT: &str = "move it away together with its -wal and -shm; a new one is made, and the servers \
     that run write down there which revocations they know";

/// Whether it is only that others are writing.
pub(super) fn will_pass(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

pub(super) fn explain(path: &Path, error: &Error) -> BackendError {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            return says(
                path,
                &format!("is no SQLite database, or is damaged: {MOVE_IT}, or give another path"),
            );
        }
        Some(ErrorCode::DatabaseCorrupt) | None => format!("the database is damaged: {MOVE_IT}"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the file and its folder must be readable and writable, since two more files are made beside it"
                .into()
        }
        Some(ErrorCode::ReadOnly) => "the file and its folder must be writable".into(),
        Some(ErrorCode::DiskFull) => "the disk is full: make room; nothing has to be restarted".into(),
        Some(ErrorCode::SystemIoFailure) => {
            "the disk may be full or failing, or a limit on the size of files may be reached".into()
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process has been writing for longer than this one waits".into()
        }
        Some(_) => format!("if this stays, {MOVE_IT}"),
    };
    says(path, &format!("{error}: {advice}"))
}

pub(super) fn says(path: &Path, text: &str) -> BackendError {
    BackendError::new(format!("{}: {text}", path.display()))
}
