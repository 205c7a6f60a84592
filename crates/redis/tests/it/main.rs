//! Revocations in Redis, against a redis-server that the tests start. Nothing sleeps: what happens elsewhere is
//! waited for, with a deadline.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod failover;
mod history;
mod known;
mod limits;
mod lost;
mod news;
mod processes;
mod proxy;
mod redis;
mod refused;
mod registry;
mod server;
mod slow;

use std::net::TcpListener;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use sealed_session::revocation::{Backend as _, Change, Revocation, Revocations};
use sealed_session::{Clock as _, SessionUid, SystemClock};
use sealed_session_conformance::backend::{self, Storage};
use sealed_session_redis::{RedisBackend, RedisBackendBuilder};

use server::Server;

/// Far more than anything here takes: what has not happened by then does not happen.
const DEADLINE: Duration = Duration::from_secs(120);
const SECOND: u64 = 1_000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// The time by the clock that Redis has as well: it lets keys expire.
fn now() -> u64 {
    SystemClock.now_ms()
}

fn uid(number: u64) -> SessionUid {
    SessionUid::from_bytes(u128::from(number).to_be_bytes())
}

/// The same revocation whenever it is asked for.
fn session(number: u64) -> Revocation {
    static TOMORROW: LazyLock<u64> = LazyLock::new(|| now() + DAY);
    Revocation::Session { uid: uid(number), until_ms: *TOMORROW }
}

fn revoke(revocations: &[Revocation]) -> Vec<Change> {
    revocations.iter().cloned().map(Change::Revoke).collect()
}

/// One server, which asks for news often.
fn node(url: &str) -> Revocations {
    with(RedisBackend::builder(url))
}

fn with(backend: RedisBackendBuilder) -> Revocations {
    let backend = backend.open().unwrap();
    Revocations::builder().poll_every(Duration::from_millis(20)).with_backend(backend).unwrap()
}

/// For servers that give up soon.
fn quick(url: &str) -> RedisBackendBuilder {
    RedisBackend::builder(url).response_timeout(Duration::from_millis(500))
}

/// Waits until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// Waits until an entry is in Redis.
fn until_kept(server: &Server, number: u64) {
    let key = format!("{{sealed-session}}:revoked:session:{}", uid(number));
    until("recorded again", || server.ask::<u64>(&["EXISTS", &key]) == 1);
}

#[test]
fn a_node_of_a_cluster_behaves_as_every_backend_does() {
    if !Server::is_7() {
        return; // The port of its bus cannot be chosen.
    }
    let bus = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let server = Server::start(&["--cluster-enabled", "yes", "--cluster-port", &bus]);
    let opened = RedisBackend::open(&server.url()).unwrap().record(&revoke(&[session(1)]));
    assert!(opened.unwrap_err().to_string().contains("CLUSTERDOWN"), "it has no slots yet");
    server.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until("the cluster is up", || server.ask::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    let mut number = 0;
    let report = backend::run(|| {
        number += 1;
        let (url, prefix) = (server.url(), format!("case {number}"));
        Storage::new(move || RedisBackend::builder(&url).prefix(&prefix).open().unwrap()).expires_by_itself()
    });
    report.assert_passed();
}
