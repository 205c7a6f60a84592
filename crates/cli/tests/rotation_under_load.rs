//! Server processes that share a ring file, under load, while the ring is rotated, one of them is killed, the
//! file is damaged, and a clock is wrong: no session is lost. Without a delay before activation some are.
//!
//! The servers are those of `examples/rotating_server` of the library, and the ring is changed by the command. Nothing sleeps:
//! whatever takes time is waited for, with a deadline.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[path = "rotation_under_load/clients.rs"]
mod clients;
#[path = "rotation_under_load/connection.rs"]
mod connection;
#[path = "rotation_under_load/fleet.rs"]
mod fleet;
#[path = "rotation_under_load/operator.rs"]
mod operator;
#[path = "rotation_under_load/program.rs"]
mod program;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clients::{Held, Load, key_of};
use connection::Connections;
use fleet::{Fleet, Following, SERVERS};
use operator::Operator;

const SESSIONS: usize = 2_000;
const CLIENTS: usize = 4;
const ROTATIONS: usize = 20;

/// The load lasts no longer.
const BOUND: Duration = Duration::from_secs(60);
/// The clock of the last server is ahead by so much.
const SKEW_S: i32 = 45;
/// More than that, and two seconds in which each server takes up the file.
const STAGED_FOR: &str = "47s";
/// How often servers read the file even if nothing tells them that it has changed.
const RELOAD_INTERVAL: Duration = Duration::from_secs(5);

/// Each test would take the processors from the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn no_session_is_lost_while_keys_rotate_servers_die_and_a_clock_is_wrong() {
    let _alone = alone();
    let fleet = Fleet::start([Following::Notified; SERVERS], SKEW_S);
    let load = Load::new(&fleet);
    let (held, operator) = load.run(CLIENTS, SESSIONS, || {
        let mut operator = Operator::new(&fleet, &load);
        operator.rotate_often(ROTATIONS, STAGED_FOR);
        operator.until_all_seal_with_the_newest(load.started + BOUND);
        operator
    });
    let took = load.started.elapsed();
    println!("{load:?}, {ROTATIONS} rotations, {} kills, in {took:?}", operator.kills);
    load.assert_nothing_lost();
    let sealed_with = operator.assert_no_key_sealed_before_all_had_it(&load.first_asked());
    assert!(sealed_with > ROTATIONS, "every key took its turn, and not only {sealed_with}");
    assert_all_open(&fleet, &held);
    revoke_the_newest(&fleet, &held);
    fleet.stop();
}

/// The newest data of each session, at every server.
fn assert_all_open(fleet: &Fleet, held: &[Held]) {
    each_server(fleet, |server, connections| {
        for session in held {
            let answer = connections.ask(server, &format!("READ {}", session.token)).unwrap();
            assert!(session.is_told_by(&answer), "server {server}: {answer}");
            let answer = connections.ask(server, &format!("READ {}", session.first_token)).unwrap();
            assert!(answer.starts_with("OK "), "server {server}, the oldest token: {answer}");
        }
    });
}

/// Every session is sealed with the newest key, and that is then revoked.
fn revoke_the_newest(fleet: &Fleet, held: &[Held]) {
    let mut connections = Connections::to(fleet);
    let newest = fleet.key(0, &mut connections);
    let reseal = |session: &Held| {
        let answer = connections.ask(0, &format!("RESEAL {}", session.token)).unwrap();
        answer.strip_prefix("OK ").unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    let tokens: Vec<String> = held.iter().map(reseal).collect();
    assert!(tokens.iter().all(|token| key_of(token) == newest));
    let root = fleet.folder.root_id(ROTATIONS);
    fleet.folder.run(&format!("ring revoke ring.json {root} --yes")).succeeds();
    let revoked = Instant::now();
    each_server(fleet, |server, connections| {
        let refused = || connections.ask(server, &format!("READ {}", tokens[0])).unwrap() == "INVALID";
        wait_until(RELOAD_INTERVAL, "the revoked key is refused", refused);
        println!("server {server} refuses the revoked key after {:?}", revoked.elapsed());
    });
    assert_refused_for_good(fleet, &tokens, held);
}

fn assert_refused_for_good(fleet: &Fleet, tokens: &[String], held: &[Held]) {
    each_server(fleet, |server, connections| {
        for token in tokens {
            let answer = connections.ask(server, &format!("READ {token}")).unwrap();
            assert_eq!(answer, "INVALID", "server {server}");
        }
        for session in held {
            let answer = connections.ask(server, &format!("READ {}", session.first_token)).unwrap();
            assert!(answer.starts_with("OK "), "another key is not touched, but server {server}: {answer}");
        }
    });
}

fn each_server(fleet: &Fleet, check: impl Fn(usize, &mut Connections) + Sync) {
    thread::scope(|scope| {
        for server in 0..SERVERS {
            let check = &check;
            scope.spawn(move || check(server, &mut Connections::to(fleet)));
        }
    });
}

/// Only the first server learns of a new ring by itself; the others read the file when a token names a key that
/// they do not know, which is once a second at most.
#[test]
fn without_a_delay_before_activation_sessions_are_lost() {
    let _alone = alone();
    let fleet = Fleet::start([Following::Notified, Following::OnDemand, Following::OnDemand], SKEW_S);
    let load = Load::new(&fleet);
    let (_, operator) = load.run(CLIENTS, SESSIONS, || {
        let mut operator = Operator::new(&fleet, &load);
        operator.rotate_often(ROTATIONS, "0s");
        operator
    });
    println!("{load:?}, {ROTATIONS} rotations, {} kills, in {:?}", operator.kills, load.started.elapsed());
    assert!(load.lost() > 0);
    fleet.stop();
}

/// Waits for a condition that others bring about, and that is found out by asking them.
#[track_caller]
fn wait_until(deadline: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < deadline, "not within {deadline:?}: {what}");
    }
}
