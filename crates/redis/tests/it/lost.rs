//! What is acknowledged is there again after a crash, and what Redis loses it is given again.

use std::sync::Mutex;
use std::thread;

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend as _, Revocation};
use sealed_session_redis::RedisBackend;

use crate::known::{all, known, scope, user};
use crate::proxy::Proxy;
use crate::server::Server;
use crate::{DAY, node, now, revoke, session, uid, until, until_kept};

const DURABLE: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];

#[test]
fn a_restart_with_an_append_only_file_loses_nothing() {
    let mut server = Server::start(DURABLE);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let recorded: Vec<_> = (0..1000).map(session).collect();
    backend.record(&revoke(&recorded)).unwrap();
    assert_eq!(all(&mut backend).len(), 1000);
    server.restart();
    assert_eq!(all(&mut RedisBackend::open(&server.url()).unwrap()), known(&recorded));
    // The same servers go on, by the history: nothing has to be read again.
    backend.record(&revoke(&[session(5000)])).unwrap();
    let news = backend.news().unwrap();
    assert_eq!((news.revocations, news.lost), (vec![session(5000)], false));
}

#[test]
fn what_was_acknowledged_outlives_a_kill_in_the_middle_of_writes() {
    let mut server = Server::start(DURABLE);
    let acknowledged = Mutex::new(Vec::new());
    let count = || acknowledged.lock().unwrap().len();
    for round in 1..=20_u64 {
        let url = server.url();
        let enough = count() + usize::try_from(round * 7 % 50).unwrap() + 1;
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut backend = RedisBackend::open(&url).unwrap();
                for number in round * 1_000_000.. {
                    if backend.record(&revoke(&[session(number), user("u", number, now() + DAY)])).is_err() {
                        break;
                    }
                    acknowledged.lock().unwrap().push(number);
                }
            });
            until("enough is acknowledged", || count() >= enough);
            server.kill();
        });
        server.revive();
        let kept = all(&mut RedisBackend::open(&server.url()).unwrap());
        let acknowledged = acknowledged.lock().unwrap();
        for number in &*acknowledged {
            assert!(kept.contains_key(&session(*number).target()), "{number} is lost");
        }
        let last = *acknowledged.last().unwrap();
        let of_user = &kept[&user("u", 0, 0).target()];
        assert!(matches!(of_user, Revocation::User { created_before_ms, .. } if *created_before_ms >= last));
    }
    println!("{} acknowledged, 20 kills", count());
}

#[test]
fn redis_that_forgot_everything_in_a_restart_is_given_it_again() {
    let mut server = Server::start(&[]);
    let (one, other) = (node(&server.url()), node(&server.url()));
    one.revoke(session(1)).wait().unwrap();
    until("the other knows", || other.len() == 1);
    server.restart();
    until_kept(&server, 1);
    until("no trouble is left", || one.trouble().is_none() && other.trouble().is_none());
    other.revoke(session(2)).wait().unwrap();
    until("both know both", || one.len() == 2 && other.len() == 2);
}

#[test]
fn redis_that_was_flushed_is_given_everything_again() {
    let server = Server::start(&[]);
    let (one, other) = (node(&server.url()), node(&server.url()));
    for round in 1..=3 {
        one.revoke(session(round)).wait().unwrap();
        until("the other knows", || other.len() == usize::try_from(round).unwrap());
        server.ask::<()>(&["FLUSHALL"]);
        for number in 1..=round {
            until_kept(&server, number);
        }
    }
    assert_eq!(node(&server.url()).len(), 3);
}

#[test]
fn a_flush_is_seen_however_much_was_written_since() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.record(&revoke(&[session(1), session(2)])).unwrap();
    assert_eq!(backend.news().unwrap().revocations.len(), 2);
    server.ask::<()>(&["FLUSHALL"]);
    let since: Vec<_> = (10..15).map(session).collect();
    RedisBackend::open(&server.url()).unwrap().record(&revoke(&since)).unwrap();
    let news = backend.news().unwrap();
    assert_eq!((known(&news.revocations), news.lost), (known(&since), true));
    let after = backend.news().unwrap();
    assert!(!after.lost && after.revocations.is_empty());
}

#[test]
fn a_stream_that_was_deleted_is_a_loss() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    assert!(!backend.news().unwrap().lost);
    for key in ["news", "state"] {
        server.ask::<()>(&["DEL", &format!("{{sealed-session}}:{key}")]);
        backend.record(&revoke(&[session(2)])).unwrap();
        assert!(backend.news().unwrap().lost, "{key}");
        assert!(!backend.news().unwrap().lost, "{key}");
    }
}

#[test]
fn a_restart_from_an_older_snapshot_is_seen_however_much_was_written_since() {
    let mut server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    server.ask::<()>(&["SAVE"]);
    backend.record(&revoke(&[session(2)])).unwrap();
    assert_eq!(all(&mut backend).len(), 2);
    server.restart();
    // As many as were lost, and more: the numbers of the news do not tell.
    RedisBackend::open(&server.url()).unwrap().record(&revoke(&[session(3), session(4)])).unwrap();
    let news = backend.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (3, true));
    assert!(!backend.news().unwrap().lost);
}

#[test]
fn whoever_may_not_ask_what_the_server_is_knows_a_loss_by_the_history() {
    let server = Server::start(&[]);
    server.ask::<()>(&["ACL", "SETUSER", "few", "on", ">pw", "~{sealed-session}:*", "+@all", "-info"]);
    let proxy = Proxy::to(server.port());
    let mut backend = RedisBackend::open(&proxy.url().replace("//", "//few:pw@")).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    assert!(!backend.news().unwrap().lost);
    proxy.cut(false);
    let news = backend.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (0, false));
    server.ask::<()>(&["FLUSHALL"]);
    RedisBackend::open(&server.url()).unwrap().record(&revoke(&[session(2)])).unwrap();
    let news = backend.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (1, true));
}

#[test]
fn a_cut_connection_alone_is_no_loss_and_not_even_an_error() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    for number in 1..=3 {
        server.ask::<u64>(&["CLIENT", "KILL", "TYPE", "normal"]);
        backend.record(&revoke(&[session(number)])).unwrap();
        server.ask::<u64>(&["CLIENT", "KILL", "TYPE", "normal"]);
        let news = backend.news().unwrap();
        assert_eq!((news.revocations.len(), news.lost), (1, false));
    }
    assert!(!backend.strike_session(&scope("a", "s"), "u", SessionUid::from_bytes([0; 16])).unwrap());
}

/// A clock that is ahead lets entries expire, and those that are recorded meanwhile at once.
#[test]
fn what_a_wrong_clock_of_redis_let_expire_is_recorded_again_once_it_is_right() {
    let server = Server::with_a_clock();
    let (one, other) = (node(&server.url()), node(&server.url()));
    one.revoke(session(1)).wait().unwrap();
    until_kept(&server, 1);
    for round in 2..=3 {
        server.set_clock("+40d");
        let key = format!("{{sealed-session}}:revoked:session:{}", uid(1));
        until("it is gone", || server.ask::<u64>(&["EXISTS", &key]) == 0);
        other.revoke(session(round)).wait().unwrap();
        until("both know it", || {
            [&one, &other].iter().all(|node| node.len() == usize::try_from(round).unwrap())
        });
        server.set_clock("+0");
        (1..=round).for_each(|number| until_kept(&server, number));
        assert_eq!(node(&server.url()).len(), usize::try_from(round).unwrap());
    }
}
