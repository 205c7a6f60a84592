//! A primary that is demoted while others are connected to it: none of its answers counts.

use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::{Backend as _, BackendError, Revocations};
use sealed_session_redis::RedisBackend;

use crate::known::{info, scope, sharer};
use crate::proxy::Proxy;
use crate::server::Server;
use crate::{HOUR, SECOND, node, now, quick, revoke, session, until};

const REPLICA: &str = "is a read-only replica: name the primary";

type Question<'q> = dyn Fn(&mut RedisBackend) -> Result<(), BackendError> + 'q;

fn is_in_trouble(revocations: &Revocations, what: &str) -> bool {
    revocations.trouble().is_some_and(|error| error.to_string().ends_with(what))
}

#[test]
fn no_answer_of_a_server_that_was_demoted_beneath_a_connection_counts() {
    let (first, second) = (Server::start(&[]), Server::start(&[]));
    let mut backend = RedisBackend::open(&first.url()).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    backend.news().unwrap();
    let scope = scope("a", "s");
    // The connection that was there is asked each time, so it is made anew in between.
    let questions: [&Question<'_>; 9] = [
        &|backend| backend.news().map(drop),
        &|backend| backend.record(&revoke(&[session(1)])),
        &|backend| backend.record(&revoke(&[session(2)])),
        &|backend| backend.purge(now(), Duration::ZERO).map(drop),
        &|backend| backend.put_sharer(&sharer(1, now())),
        &|backend| backend.sharers().map(drop),
        &|backend| backend.add_session(&scope, &info("u", 1, now() + HOUR), now()).map(drop),
        &|backend| backend.sessions(&scope, "u", now()).map(drop),
        &|backend| backend.strike_expired(now()).map(drop),
    ];
    for (number, question) in questions.iter().enumerate() {
        for (writable, said) in
            [("yes", REPLICA), ("no", "is a replica, though it can be written to: name the primary")]
        {
            first.ask::<()>(&["CONFIG", "SET", "replica-read-only", writable]);
            first.follow(Some(&second));
            for at in ["the open connection", "a new one"] {
                let error = question(&mut backend).unwrap_err().to_string();
                assert!(error.ends_with(said), "{number}, {at}: {error}");
            }
            first.follow(None);
            question(&mut backend).unwrap();
        }
    }
}

#[test]
fn news_of_a_server_that_was_demoted_grow_old() {
    let first = Server::start(&[]);
    let clock = ManualClock::at(now());
    let builder = Revocations::builder().poll_every(Duration::from_millis(20)).clock(clock.clone());
    let builder = builder.refuse_after(Duration::from_secs(3));
    let revocations = builder.with_backend(quick(&first.url()).open().unwrap()).unwrap();
    revocations.revoke(session(1)).wait().unwrap();
    for _ in 0..2 {
        first.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
        until("it is in trouble", || is_in_trouble(&revocations, REPLICA));
        clock.advance(20 * SECOND);
        assert!(revocations.revoke(session(2)).wait().unwrap_err().to_string().ends_with(REPLICA));
        assert!(revocations.age().unwrap() >= Duration::from_secs(20));
        first.follow(None);
        until("it is well", || revocations.trouble().is_none());
        assert!(revocations.age().unwrap() < Duration::from_secs(20));
    }
}

/// One and another are on the first of two servers; the second is promoted, and a third goes on there; then the first
/// is demoted, with their connections open, and its name leads to the second.
#[test]
fn every_revocation_that_was_acknowledged_holds_everywhere_after_a_failover() {
    let (first, second) = (Server::start(&[]), Server::start(&[]));
    let way = Proxy::to(first.port());
    let (one, other) = (node(&way.url()), node(&way.url()));
    one.revoke(session(1)).wait().unwrap();
    second.follow(Some(&first));
    second.until_it_has_followed();
    second.follow(None);
    let third = node(&second.url());
    (10..15).for_each(|number| one.revoke(session(number)).wait().unwrap());
    (20..28).for_each(|number| third.revoke(session(number)).wait().unwrap());
    way.lead_to(second.port());
    first.follow(Some(&second));
    until("all know all", || [&one, &other, &third].iter().all(|node| node.len() == 14));
    until("all are well", || [&one, &other, &third].iter().all(|node| node.trouble().is_none()));
    assert_eq!(node(&second.url()).len(), 14);
    let kept = || first.ask::<Vec<String>>(&["KEYS", "{sealed-session}:revoked:*"]).len();
    until("the first is a copy that has them too", || kept() == 14);
}

/// The same, but the name leads to the first still.
#[test]
fn whoever_is_left_on_a_server_that_was_demoted_says_so_until_it_leads_again() {
    let (first, second) = (Server::start(&[]), Server::start(&[]));
    let one = node(&first.url());
    one.revoke(session(1)).wait().unwrap();
    second.follow(Some(&first));
    second.until_it_has_followed();
    second.follow(None);
    let third = node(&second.url());
    (10..15).for_each(|number| one.revoke(session(number)).wait().unwrap());
    (20..28).for_each(|number| third.revoke(session(number)).wait().unwrap());
    first.follow(Some(&second));
    until("it is in trouble", || is_in_trouble(&one, REPLICA));
    assert!(one.revoke(session(30)).wait().is_err());
    first.until_it_has_followed();
    second.follow(Some(&first));
    first.follow(None);
    until("it is well", || one.trouble().is_none());
    until("it knows what the other revoked", || one.len() == 14);
    until("and those that start know all", || node(&first.url()).len() == 14);
}

/// Polls are far apart: only a push can tell.
#[test]
fn a_listener_follows_the_primary_as_well() {
    let (first, second) = (Server::start(&[]), Server::start(&[]));
    let way = Proxy::to(first.port());
    let builder = Revocations::builder().poll_every(Duration::from_secs(3600));
    let seldom = builder.with_backend(RedisBackend::open(&way.url()).unwrap()).unwrap();
    let on_first = node(&first.url());
    on_first.revoke(session(1)).wait().unwrap();
    until("it is told", || seldom.len() == 1);
    first.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    until("it is in trouble", || is_in_trouble(&seldom, REPLICA));
    way.lead_to(second.port());
    // One server: each has threads and connections of its own.
    let (on_second, mut number) = (node(&second.url()), 100);
    until("it is told by the second", || {
        number += 1;
        on_second.revoke(session(number)).wait().unwrap();
        seldom.trouble().is_none() && seldom.len() > 1
    });
}

/// As documented: without INFO a replica is found out by the first write.
#[test]
fn whoever_may_not_ask_what_a_server_is_finds_a_replica_by_writing() {
    let first = Server::start(&[]);
    first.ask::<()>(&["ACL", "SETUSER", "few", "on", ">pw", "~{sealed-session}:*", "+@all", "-info"]);
    let mut backend = RedisBackend::open(&first.url().replace("//", "//few:pw@")).unwrap();
    backend.news().unwrap();
    first.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    backend.news().unwrap();
    for error in [backend.put_sharer(&sharer(1, now())), backend.record(&revoke(&[session(1)]))] {
        assert!(error.unwrap_err().to_string().ends_with(REPLICA));
    }
}
