//! What every backend does.

use sealed_session_conformance::backend::Storage;
use sealed_session_conformance::backend_tests;
use sealed_session_sqlite::SqliteBackend;

/// Nodes of one process, each with a connection of its own.
fn storage() -> Storage {
    let folder = tempfile::tempdir().unwrap();
    Storage::new(move || SqliteBackend::open(folder.path().join("revocations.db")).unwrap())
}

backend_tests!(storage);
