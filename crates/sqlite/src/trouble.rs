//! What is said of an error: what is wrong, and what to do.

use std::path::Path;

use rusqlite::{Error, ErrorCode};
use sealed_session::revocation::BackendError;

/// What to do about a file that cannot be used as it is.
pub(super) const MOVE_IT: &str = "move it away together with its -wal and -shm; a new one is made, and the servers \
     that run write down there which revocations they know";

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    Sqlite(Error),
    /// What was asked for cannot be.
    Refused(BackendError),
}

impl Failure {
    /// Whether it is only that others are writing.
    pub(super) fn will_pass(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// Whether opening the file anew may be all it takes.
    pub(super) fn may_be_the_connection(&self) -> bool {
        matches!(self, Self::Sqlite(_)) && !self.will_pass() && self.code() != Some(ErrorCode::DiskFull)
    }

    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Refused(_) => None,
        }
    }

    pub(super) fn explain(self, path: &Path) -> BackendError {
        match self {
            Self::Sqlite(error) => explain(path, &error),
            Self::Refused(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        Self::Refused(error)
    }
}

fn explain(path: &Path, error: &Error) -> BackendError {
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
