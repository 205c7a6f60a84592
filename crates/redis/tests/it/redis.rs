//! What every backend does. What expires in Redis does so by its own clock, which the other files look at.

use sealed_session_conformance::backend::Storage;
use sealed_session_conformance::backend_tests;
use sealed_session_redis::RedisBackend;

use crate::server::Server;

/// Nodes with connections of their own to a server of their own.
fn storage() -> Storage {
    let server = Server::start(&[]);
    Storage::new(move || RedisBackend::open(&server.url()).unwrap()).expires_by_itself()
}

backend_tests!(storage, expires_by_itself);
