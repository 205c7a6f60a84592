//! The backend in Redis. What expires in it does so by its own clock, which `tests/revocation_redis` looks at.

use sealed_session::revocation::RedisBackend;

use crate::redis_server::Server;
use crate::suite;

/// Nodes with connections of their own to a server of their own.
fn fresh() -> impl Fn() -> RedisBackend {
    let server = Server::start(&[]);
    move || RedisBackend::open(&server.url()).unwrap()
}

suite::behaves!(fresh);
