//! The sessions of users, and that what nobody strikes off goes away by itself.

use sealed_session::revocation::Backend as _;
use sealed_session_redis::RedisBackend;

use crate::known::{info, scope};
use crate::server::Server;
use crate::{DAY, HOUR, now, uid};

#[test]
fn what_nobody_strikes_off_is_removed_a_day_after_it_expired() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let length =
        |command: &str, key: &str| server.ask::<u64>(&[command, &format!("{{sealed-session}}:{key}")]);
    backend.put_session(&scope("a", "s"), &info("u", 0, now() + DAY)).unwrap();
    for number in 1..=9 {
        backend.put_session(&scope("a", "s"), &info("u", number, now() + HOUR)).unwrap();
    }
    assert_eq!((length("HLEN", "registry:1:1:asu"), length("ZCARD", "expiries")), (10, 10));
    for number in 1..=8 {
        backend.put_session(&scope("a", "s"), &info("u", number, now() - DAY - HOUR)).unwrap();
    }
    backend.put_session(&scope("a", "s"), &info("u", 9, now() - HOUR)).unwrap();
    backend.put_session(&scope("a", "s"), &info("v", 10, now() + HOUR)).unwrap();
    assert_eq!((length("HLEN", "registry:1:1:asu"), length("ZCARD", "expiries")), (2, 3));
    assert_eq!(backend.strike_expired(now()).unwrap(), 1);
    assert_eq!(backend.sessions(&scope("a", "s"), "u", now()).unwrap().len(), 1);
}

#[test]
fn a_user_is_forgotten_a_day_after_the_last_session_expired() {
    let server = Server::start(&[]);
    if !Server::is_7() {
        return; // It cannot be asked when a key expires.
    }
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let expiry = || server.ask::<u64>(&["PEXPIRETIME", "{sealed-session}:registry:1:1:asu"]);
    let now = now();
    backend.put_session(&scope("a", "s"), &info("u", 1, now + DAY)).unwrap();
    assert_eq!(expiry(), now + 2 * DAY);
    backend.put_session(&scope("a", "s"), &info("u", 2, now + HOUR)).unwrap();
    assert_eq!(expiry(), now + 2 * DAY);
    backend.put_session(&scope("a", "s"), &info("u", 3, now + 2 * DAY)).unwrap();
    assert_eq!(expiry(), now + 3 * DAY);
    backend.put_session(&scope("a", "s"), &info("u", 4, u64::MAX)).unwrap();
    assert_eq!(expiry(), i64::MAX.unsigned_abs());
}

#[test]
fn a_session_that_is_none_is_an_error() {
    let server = Server::start(&[]);
    server.ask::<()>(&["HSET", "{sealed-session}:registry:1:1:asu", &uid(1).to_string(), "soon"]);
    let error = RedisBackend::open(&server.url())
        .unwrap()
        .sessions(&scope("a", "s"), "u", 0)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "Redis holds a session that is none");
}
