//! A Redis that is slow, or cut off: what is known counts, operators are told, and it passes by itself.

use std::thread;
use std::time::{Duration, Instant};

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::{Backend as _, Revocations};
use sealed_session_redis::RedisBackend;

use crate::known::{info, scope};
use crate::proxy::Proxy;
use crate::server::Server;
use crate::{HOUR, SECOND, node, now, quick, revoke, session, uid, until, with};

const SLOW: &str = "did not answer in time";

fn is_in_trouble(revocations: &Revocations, what: &str) -> bool {
    revocations.trouble().is_some_and(|error| error.to_string().contains(what))
}

/// A server behind a proxy, with one revocation, at a time that stands still.
fn behind(proxy: &Proxy) -> (Revocations, ManualClock) {
    let clock = ManualClock::at(now());
    let builder = Revocations::builder().poll_every(Duration::from_millis(20)).clock(clock.clone());
    let revocations = builder.with_backend(quick(&proxy.url()).open().unwrap()).unwrap();
    revocations.revoke(session(1)).wait().unwrap();
    (revocations, clock)
}

#[test]
fn answers_that_do_not_come_are_given_up_and_what_is_known_counts() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port());
    let (revocations, clock) = behind(&proxy);
    proxy.hold(true);
    until("it is in trouble", || is_in_trouble(&revocations, SLOW));
    clock.advance(10 * SECOND);
    assert!(revocations.age().unwrap() >= Duration::from_secs(10));
    assert_eq!(revocations.len(), 1);
    let error = revocations.revoke(session(2)).wait().unwrap_err().to_string();
    assert!(error.contains(SLOW) || error.contains("has not answered within"), "{error}");
    assert_eq!(revocations.len(), 1, "what may not have been recorded does not count here yet");
    node(&server.url()).revoke(session(3)).wait().unwrap();
    proxy.hold(false);
    until("it is well", || revocations.trouble().is_none());
    assert!(revocations.age().unwrap() < Duration::from_secs(10));
    until("it has learnt what it missed", || revocations.len() >= 2);
    revocations.revoke(session(4)).wait().unwrap();
}

#[test]
fn of_many_who_log_out_while_no_answer_comes_each_waits_for_one_of_them() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port());
    let timeout = Duration::from_secs(2);
    let revocations = with(RedisBackend::builder(&proxy.url()).response_timeout(timeout));
    proxy.hold(true);
    let asked = Instant::now();
    thread::scope(|scope| {
        for number in 0..15 {
            let revocations = &revocations;
            scope.spawn(move || {
                let error = revocations.revoke(session(number)).wait().unwrap_err().to_string();
                assert!(error.contains(SLOW) || error.contains("has not answered within"), "{error}");
                // One after another they would take fifteen times as long.
                assert!(asked.elapsed() < timeout * 7, "{:?}", asked.elapsed());
            });
        }
    });
    assert!(revocations.trouble().is_some());
    proxy.hold(false);
    until("it is well", || revocations.trouble().is_none());
}

#[test]
fn a_server_that_stands_still_is_given_up() {
    let server = Server::start(&[]);
    let revocations = with(quick(&server.url()));
    revocations.revoke(session(1)).wait().unwrap();
    let stopped: [&[&str]; 2] = [&["CLIENT", "PAUSE", "3000", "ALL"], &["DEBUG", "SLEEP", "1"]];
    for stop in stopped {
        server.ask::<()>(stop);
        if stop[0] == "CLIENT" {
            until("it is in trouble", || is_in_trouble(&revocations, SLOW));
        }
        until("it is well", || revocations.trouble().is_none());
        assert_eq!(revocations.len(), 1);
    }
}

#[test]
fn an_answer_that_comes_too_late_is_not_taken_for_another() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port());
    let scope = scope("a", "s");
    let mut backend = quick(&proxy.url()).open().unwrap();
    for number in 1..=3 {
        backend.put_session(&scope, &info(&format!("u{number}"), number, now() + HOUR)).unwrap();
    }
    proxy.hold(true);
    assert!(backend.sessions(&scope, "u1", now()).unwrap_err().to_string().contains(SLOW));
    assert!(backend.sessions(&scope, "u2", now()).unwrap_err().to_string().contains(SLOW));
    proxy.hold(false);
    for number in (1..=3).rev() {
        let found = backend.sessions(&scope, &format!("u{number}"), now()).unwrap();
        assert_eq!(found.iter().map(|found| found.uid).collect::<Vec<_>>(), [uid(number)]);
    }
}

#[test]
fn a_line_that_is_cut_is_trouble_until_it_is_there_again() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port());
    let (revocations, clock) = behind(&proxy);
    for round in 1..=3_u64 {
        proxy.cut(true);
        until("it is in trouble", || is_in_trouble(&revocations, "cannot be reached"));
        clock.advance(10 * SECOND);
        assert!(revocations.age().unwrap() >= Duration::from_secs(10));
        assert!(revocations.revoke(session(100)).wait().is_err());
        node(&server.url()).revoke(session(1 + round)).wait().unwrap();
        proxy.cut(false);
        until("it knows what it missed", || revocations.len() == 1 + usize::try_from(round).unwrap());
        until("it is well", || revocations.trouble().is_none());
    }
}

#[test]
fn a_server_that_is_away_is_found_again() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let revocations = node(&server.url());
    revocations.revoke(session(1)).wait().unwrap();
    server.kill();
    until("it is in trouble", || is_in_trouble(&revocations, "cannot be reached"));
    assert!(revocations.revoke(session(2)).wait().is_err());
    assert_eq!(revocations.len(), 1);
    server.revive();
    until("it is well", || revocations.trouble().is_none());
    revocations.revoke(session(2)).wait().unwrap();
    assert_eq!(revocations.len(), 2);
}

/// A stalled server costs one wait a question: a question that was not answered in time is not asked again, and none is
/// asked after it.
#[test]
fn what_was_not_answered_in_time_is_not_asked_again() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port());
    server.ask::<()>(&["ACL", "SETUSER", "u", "on", ">pw", "~*", "+@all"]);
    let url = format!("{}/3", proxy.url().replace("//", "//u:pw@"));
    let mut backend =
        RedisBackend::builder(&url).response_timeout(Duration::from_millis(200)).open().unwrap();
    backend.news().unwrap();
    proxy.hold(true);
    let before = proxy.uses();
    assert!(backend.record(&revoke(&[session(1)])).unwrap_err().to_string().contains(SLOW));
    assert_eq!(proxy.uses(), (before.0, before.1 + 1), "on the connection that was there");
    for more in 1..=3 {
        assert!(backend.record(&revoke(&[session(1)])).unwrap_err().to_string().contains(SLOW));
        assert_eq!(
            proxy.uses(),
            (before.0 + more, before.1 + 1 + more),
            "one connection, and one question on it"
        );
    }
    assert!(backend.purge(now(), Duration::ZERO).unwrap_err().to_string().contains(SLOW));
    assert_eq!(proxy.uses(), (before.0 + 4, before.1 + 5));
    proxy.hold(false);
    backend.record(&revoke(&[session(1)])).unwrap();
    // Nor is what was refused.
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    let before = proxy.uses();
    assert!(backend.record(&revoke(&[session(2)])).is_err());
    assert_eq!(proxy.uses(), (before.0, before.1 + 1));
}
