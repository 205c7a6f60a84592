//! Times that are as large as can be, and more sessions than are asked for at a time.

use std::time::Duration;

use sealed_session::revocation::{Backend as _, Change, Revocation};
use sealed_session_redis::RedisBackend;

use crate::known::{all, info, known, scope, user};
use crate::server::Server;
use crate::{DAY, HOUR, SECOND, now, revoke, uid};

#[test]
fn the_largest_times_are_kept_and_purged_by_the_clock_of_redis() {
    let server = Server::start(&[]);
    let recorded = [
        Revocation::Session { uid: uid(u64::MAX), until_ms: u64::MAX },
        user("i64", i64::MAX.unsigned_abs() + 1, i64::MAX.unsigned_abs() + 1),
        user("f64", (1 << 53) + 1, (1 << 53) + 1),
        Revocation::Everything { app_id: None, created_before_ms: u64::MAX, until_ms: u64::MAX },
        user("least", 0, now() + DAY),
    ];
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.record(&revoke(&recorded)).unwrap();
    backend.record(&[Change::Restore(user("f64", 1 << 53, 1 << 53))]).unwrap();
    assert_eq!(all(&mut RedisBackend::open(&server.url()).unwrap()), known(&recorded));
    backend.record(&revoke(&[Revocation::Session { uid: uid(0), until_ms: 0 }])).unwrap();
    assert!(backend.purge(u64::MAX, Duration::MAX).unwrap() >= now() - SECOND);
    assert!(backend.purge(u64::MAX, Duration::MAX).unwrap() <= now() + SECOND);
    assert_eq!(all(&mut RedisBackend::open(&server.url()).unwrap()), known(&recorded));
}

#[test]
fn expired_sessions_are_counted_over_many_pages() {
    let server = Server::start(&[]);
    let scope = scope("a", "s");
    let (mut one, mut other, now) =
        (RedisBackend::open(&server.url()).unwrap(), RedisBackend::open(&server.url()).unwrap(), now());
    for number in 0..2100 {
        one.put_session(&scope, &info(&format!("u{}", number % 3), number, now + number)).unwrap();
    }
    one.put_session(&scope, &info("u0", 9999, u64::MAX)).unwrap();
    one.put_session(&scope, &info("u0", 9998, u64::MAX - 1)).unwrap();
    assert_eq!(other.strike_expired(now - 1).unwrap(), 0);
    assert_eq!(other.strike_expired(now + 9).unwrap(), 10);
    assert_eq!(one.strike_expired(now + 9).unwrap(), 0);
    // One that is renewed has not expired.
    one.put_session(&scope, &info("u1", 10, now + DAY)).unwrap();
    assert_eq!(one.strike_expired(now + HOUR).unwrap(), 2089);
    assert_eq!(one.sessions(&scope, "u1", 0).unwrap(), [info("u1", 10, now + DAY)]);
    assert_eq!(one.strike_expired(u64::MAX - 1).unwrap(), 2);
    assert_eq!(one.sessions(&scope, "u0", 0).unwrap(), [info("u0", 9999, u64::MAX)]);
    assert_eq!(one.strike_expired(u64::MAX).unwrap(), 1);
}
