//! The backend in a SQLite file.

use sealed_session::revocation::SqliteBackend;

use crate::suite;

/// Nodes of one process, each with a connection of its own.
fn fresh() -> impl Fn() -> SqliteBackend {
    let folder = tempfile::tempdir().unwrap();
    move || SqliteBackend::open(folder.path().join("revocations.db")).unwrap()
}

suite::behaves!(fresh);
suite::forgets_when_told!(fresh);
