//! How news are kept, missed and pushed, and when entries expire.

use std::time::Duration;

use sealed_session::revocation::{Backend as _, Change, Revocation, Revocations};
use sealed_session_redis::RedisBackend;

use crate::known::{all, user};
use crate::server::Server;
use crate::{DAY, HOUR, now, revoke, session, uid, until};

#[test]
fn news_that_were_missed_are_made_up_for_by_reading_everything() {
    let server = Server::start(&["--stream-node-max-entries", "10"]);
    let mut backend = RedisBackend::builder(&server.url()).news_kept(10).open().unwrap();
    let mut other = RedisBackend::open(&server.url()).unwrap();
    assert!(all(&mut other).is_empty());
    let recorded: Vec<_> = (0..500).map(session).collect();
    backend.record(&revoke(&recorded)).unwrap();
    assert!(server.ask::<u64>(&["XLEN", "{sealed-session}:news"]) < 50);
    let news = other.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (500, false), "Redis has lost nothing");
    backend.record(&revoke(&[session(1000)])).unwrap();
    assert_eq!(other.news().unwrap().revocations.len(), 1);
    // As well if there are more than are asked for at a time.
    let mut backend = RedisBackend::builder(&server.url()).news_kept(2500).open().unwrap();
    backend.record(&revoke(&(2000..5000).map(session).collect::<Vec<_>>())).unwrap();
    let news = other.news().unwrap();
    assert_eq!(
        (news.revocations.len(), news.lost),
        (3501, true),
        "nobody remembers whether it is the same history"
    );
    backend.record(&revoke(&[session(1001)])).unwrap();
    let news = other.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (1, false));
}

#[test]
fn news_that_are_all_gone_are_made_up_for_as_well() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    assert!(all(&mut backend).is_empty());
    RedisBackend::open(&server.url()).unwrap().record(&revoke(&[session(1), session(2)])).unwrap();
    server.ask::<u64>(&["XTRIM", "{sealed-session}:news", "MAXLEN", "0"]);
    let news = backend.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (2, false));
    assert!(all(&mut backend).is_empty());
    backend.record(&revoke(&[session(3)])).unwrap();
    assert_eq!(all(&mut backend).len(), 1);
}

#[test]
fn more_news_than_are_asked_for_at_a_time_are_all_read() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let mut other = RedisBackend::open(&server.url()).unwrap();
    for count in [1000, 2000, 2001, 999] {
        assert!(all(&mut other).is_empty());
        let recorded: Vec<_> = (count * 10_000..count * 10_001).map(session).collect();
        backend.record(&revoke(&recorded)).unwrap();
        let news = other.news().unwrap().revocations;
        assert_eq!(news, recorded);
    }
}

#[test]
fn a_session_that_is_known_already_is_no_news_and_a_user_is_who_may_have_begun_one_since() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let length = || server.ask::<u64>(&["XLEN", "{sealed-session}:news"]);
    for expected in [2, 3] {
        backend.record(&revoke(&[session(1), user("u", 5, now() + DAY)])).unwrap();
        assert_eq!(length(), expected);
    }
    backend.record(&[Change::Restore(user("u", 4, now() + HOUR))]).unwrap();
    assert_eq!(length(), 3);
}

const AN_HOUR: Duration = Duration::from_secs(3600);

#[test]
fn old_news_are_forgotten_but_for_the_last_that_was_read() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let length = || server.ask::<u64>(&["XLEN", "{sealed-session}:news"]);
    let record = |backend: &mut RedisBackend, number| {
        backend.record(&revoke(&[session(number)])).unwrap();
        assert!(!backend.news().unwrap().revocations.is_empty());
    };
    record(&mut backend, 1);
    backend.purge(now(), AN_HOUR).unwrap();
    record(&mut backend, 2);
    record(&mut backend, 3);
    backend.purge(now() + 9 * DAY, AN_HOUR - Duration::from_secs(1)).unwrap();
    backend.purge(now(), Duration::from_secs(1)).unwrap();
    assert_eq!(length(), 3, "the first was the last that was read an hour ago");
    record(&mut backend, 4);
    backend.purge(now(), AN_HOUR).unwrap();
    assert_eq!(length(), 2, "what came within the last hour is kept");
    for _ in 0..3 {
        backend.purge(now(), AN_HOUR).unwrap();
    }
    assert_eq!(length(), 1, "where nothing happens one is left, by which the history is known");
    let mut other = RedisBackend::open(&server.url()).unwrap();
    assert_eq!(all(&mut other).len(), 4);
    record(&mut backend, 5);
    let news = other.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (1, false));
}

#[test]
fn no_clock_makes_news_old() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    for number in 0..5 {
        backend.record(&revoke(&[session(number)])).unwrap();
        let _ = all(&mut backend);
        backend.purge(now() + number * 30 * DAY, Duration::from_secs(60)).unwrap();
    }
    assert_eq!(server.ask::<u64>(&["XLEN", "{sealed-session}:news"]), 5);
}

#[test]
fn news_since_a_flush_are_not_taken_for_old_ones() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.record(&revoke(&(0..5).map(session).collect::<Vec<_>>())).unwrap();
    assert_eq!(all(&mut backend).len(), 5);
    backend.purge(now(), AN_HOUR).unwrap();
    server.ask::<()>(&["FLUSHALL"]);
    backend.record(&revoke(&[session(6), session(7)])).unwrap();
    assert!(backend.news().unwrap().lost);
    backend.purge(now(), AN_HOUR).unwrap();
    assert_eq!(server.ask::<u64>(&["XLEN", "{sealed-session}:news"]), 2);
}

#[test]
fn every_entry_expires_when_it_may_be_forgotten() {
    let server = Server::start(&[]);
    if !Server::is_7() {
        return; // It cannot be asked when a key expires.
    }
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let until_ms = now() + DAY;
    let of = |until_ms| revoke(&[Revocation::Session { uid: uid(1), until_ms }]);
    let expiry =
        |name: &str| server.ask::<i64>(&["PEXPIRETIME", &format!("{{sealed-session}}:revoked:{name}")]);
    let name = format!("session:{}", uid(1));
    backend.record(&of(until_ms)).unwrap();
    assert_eq!(expiry(&name), i64::try_from(until_ms).unwrap());
    backend.record(&of(until_ms - 1)).unwrap();
    assert_eq!(expiry(&name), i64::try_from(until_ms).unwrap());
    backend.record(&of(until_ms + 1)).unwrap();
    assert_eq!(expiry(&name), i64::try_from(until_ms + 1).unwrap());
    backend.record(&of(u64::MAX)).unwrap();
    assert_eq!(expiry(&name), i64::MAX, "the last time that Redis has");
    backend.record(&revoke(&[user("u", 9, until_ms)])).unwrap();
    assert_eq!(expiry("user:u"), i64::try_from(until_ms).unwrap());
}

#[test]
fn an_entry_that_is_none_is_an_error() {
    let server = Server::start(&[]);
    server.ask::<()>(&["SET", "{sealed-session}:revoked:all", "soon"]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let error = backend.news().unwrap_err().to_string();
    assert_eq!(error, "Redis holds a revocation that is none");
    let everything = Revocation::Everything { app_id: None, created_before_ms: 1, until_ms: now() + DAY };
    backend.record(&revoke(&[everything])).unwrap();
    assert_eq!(all(&mut backend).len(), 1, "recording it puts it right");
}

#[test]
fn prefixes_and_databases_keep_what_is_revoked_apart() {
    let server = Server::start(&[]);
    let open = |database: &str, prefix: &str| {
        RedisBackend::builder(&format!("{}/{database}", server.url())).prefix(prefix).open().unwrap()
    };
    open("0", "a*").record(&revoke(&[session(1)])).unwrap();
    open("0", "ab").record(&revoke(&[session(2), session(3)])).unwrap();
    open("1", "a*").record(&revoke(&[session(1), session(2), session(3)])).unwrap();
    assert_eq!(all(&mut open("0", "a*")).len(), 1);
    assert_eq!(all(&mut open("0", "ab")).len(), 2);
    assert_eq!(all(&mut open("1", "a*")).len(), 3);
    assert!(all(&mut open("1", "ab")).is_empty());
}

#[test]
fn a_server_that_seldom_asks_is_told_all_the_same() {
    let server = Server::start(&[]);
    let seldom = || {
        let backend = RedisBackend::open(&server.url()).unwrap();
        Revocations::builder().poll_every(Duration::from_secs(3600)).with_backend(backend).unwrap()
    };
    let (one, other) = (seldom(), seldom());
    for number in 1..=10_u64 {
        one.revoke(session(number)).wait().unwrap();
        until("the other is told", || other.len() == usize::try_from(number).unwrap());
    }
}
