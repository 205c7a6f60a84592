//! A Redis that will not do, or not now: what is said of it, and that no password is.

use std::fmt::Debug;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::Duration;

use sealed_session::hazmat::{ManualClock, ManualWorker};
use sealed_session::revocation::{Backend as _, Change, Revocations};
use sealed_session_redis::RedisBackend;

use crate::known::{info, scope, sharer};
use crate::server::Server;
use crate::{DAY, node, now, quick, revoke, session, until};

const PASSWORD: &str = "hunter2-and-more";

fn refusal<T: Debug, E: ToString>(result: Result<T, E>) -> String {
    let error = result.map(|there| format!("{there:?}")).map_err(|error| error.to_string()).unwrap_err();
    assert!(!error.contains(PASSWORD), "{error}");
    error
}

/// Answers everything in this way, on any connection.
fn other_server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut connections = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            // The other end may have given up.
            let _ = connection.write_all(answer);
            if !answer.is_empty() {
                let _ = connection.shutdown(Shutdown::Write);
            }
            connections.push(connection);
        }
    });
    format!("redis://:{PASSWORD}@127.0.0.1:{port}")
}

#[test]
fn a_wrong_password_is_said_and_not_shown() {
    let server = Server::start(&["--requirepass", PASSWORD]);
    let with = |who: &str| server.url().replace("//", &format!("//{who}@"));
    let backend = RedisBackend::open(&with(&format!(":{PASSWORD}"))).unwrap();
    assert!(!format!("{backend:?}").contains(PASSWORD));
    for who in [":wrong".to_owned(), format!("nobody:{PASSWORD}")] {
        let error = refusal(RedisBackend::open(&with(&who)));
        assert!(error.ends_with("refuses the user or the password"), "{error}");
    }
    let error = refusal(RedisBackend::open(&server.url()));
    assert_eq!(error, format!("Redis at 127.0.0.1:{} wants a password", server.port()));
}

#[test]
fn a_password_is_in_no_text() {
    let builder = RedisBackend::builder(&format!("redis://u:{PASSWORD}@127.0.0.1"));
    assert!(!format!("{builder:?}").contains(PASSWORD));
    for url in
        ["http://:P@host", "redis://:P@host:port", "redis://:P@", "P", "", "redis://:P@h/db", "rediss://:P@h"]
    {
        refusal(RedisBackend::open(&url.replace('P', PASSWORD)));
    }
    // Some servers repeat what they do not understand.
    let url = other_server(b"-ERR unknown command 'AUTH', with args beginning with: 'hunter2-and-more'\r\n");
    refusal(RedisBackend::open(&url));
}

#[test]
fn where_nobody_answers_is_said() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refusal(RedisBackend::open(&format!("redis://:{PASSWORD}@127.0.0.1:{port}")));
    assert!(error.starts_with(&format!("Redis at 127.0.0.1:{port} cannot be reached: ")), "{error}");
    let error = refusal(RedisBackend::open(&format!("redis://:{PASSWORD}@nowhere.invalid")));
    assert!(error.starts_with("Redis at nowhere.invalid:6379 cannot be reached: "), "{error}");
    let silent = quick(&other_server(b"")).connect_timeout(Duration::from_millis(200));
    let error = refusal(silent.open());
    assert!(error.ends_with("did not answer in time"), "{error}");
}

#[test]
fn another_server_is_not_taken_for_redis() {
    for answer in
        [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"220 mail ESMTP\r\n", b"\x16\x03\x01\x00\x2a", b"$-7\r\n"]
    {
        let url = other_server(answer).replace(&format!(":{PASSWORD}@"), "");
        let error = refusal(RedisBackend::open(&url));
        assert!(error.ends_with("does not answer as Redis does: is it another server?"), "{error}");
    }
}

#[test]
fn a_replica_that_cannot_be_written_to_is_refused() {
    let primary = Server::start(&[]);
    let replica = Server::start(&[]);
    replica.follow(Some(&primary));
    let error = refusal(RedisBackend::open(&replica.url()));
    assert!(error.ends_with("is a read-only replica: name the primary"), "{error}");
    replica.ask::<()>(&["CONFIG", "SET", "replica-read-only", "no"]);
    let error = refusal(RedisBackend::open(&replica.url()));
    assert!(error.ends_with("is a replica, though it can be written to: name the primary"), "{error}");
    // One that becomes a replica is found out by the first write.
    let mut backend = RedisBackend::open(&primary.url()).unwrap();
    primary.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = refusal(backend.record(&revoke(&[session(1)])));
    assert!(error.ends_with("is a read-only replica: name the primary"), "{error}");
    primary.ask::<()>(&["REPLICAOF", "NO", "ONE"]);
    backend.record(&revoke(&[session(1)])).unwrap();
}

#[test]
fn full_memory_is_said_and_passes() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = refusal(backend.record(&revoke(&[session(2)])));
    assert!(error.ends_with("has no memory left: raise its maxmemory"), "{error}");
    assert_eq!(backend.news().map(|news| news.revocations.len()), Ok(1), "reading goes on");
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    backend.record(&revoke(&[session(2)])).unwrap();
    assert_eq!(backend.news().unwrap().revocations.len(), 1);
}

/// Whatever keeps Redis from being written to: all that write are told what to do, and reading goes on.
fn takes_no_writes(server: &Server, backend: &mut RedisBackend, said: &str) {
    let scope = scope("a", "s");
    let errors = [
        backend.record(&revoke(&[session(2)])),
        backend.record(&[Change::Restore(session(2))]),
        backend.put_sharer(&sharer(1, now())),
        backend.add_session(&scope, &info("u", 1, now() + DAY), now()).map(drop),
        backend.put_session(&scope, &info("u", 1, now() + DAY)),
    ];
    for (number, error) in errors.into_iter().enumerate() {
        assert!(error.is_err(), "{number}: not {said}");
        let error = refusal(error);
        assert!(error.ends_with(said), "{error}");
    }
    assert_eq!(backend.news().map(|news| news.revocations.len()), Ok(0), "reading goes on");
    assert_eq!(backend.sharers(), Ok(Vec::new()));
    let keys = server.ask::<Vec<String>>(&["KEYS", "{sealed-session}:*"]);
    assert!(keys.iter().all(|key| !key.contains("registry")), "{keys:?}");
}

#[test]
fn whatever_keeps_redis_from_being_written_to_is_said_with_what_to_do() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.news().unwrap();
    let set = |name: &str, value: &str| server.ask::<()>(&["CONFIG", "SET", name, value]);
    set("maxmemory", "1");
    takes_no_writes(&server, &mut backend, "has no memory left: raise its maxmemory");
    set("maxmemory", "0");
    set("min-replicas-to-write", "1");
    let replicas = "has fewer replicas than it needs to be written to: bring them back, or lower its \
                    min-replicas-to-write";
    takes_no_writes(&server, &mut backend, replicas);
    set("min-replicas-to-write", "0");
    // A folder stands where its snapshot would be.
    set("save", "3600 100000");
    std::fs::create_dir(server.folder().join("dump.rdb")).unwrap();
    server.ask::<()>(&["BGSAVE"]);
    let status = |what: &str| server.ask::<String>(&["INFO", "persistence"]).contains(what);
    until("the snapshot fails", || status("rdb_last_bgsave_status:err"));
    takes_no_writes(&server, &mut backend, "cannot write to its disk, and takes no writes: see its log");
    set("stop-writes-on-bgsave-error", "no");
    backend.record(&revoke(&[session(2)])).unwrap();
    assert_eq!(backend.news().unwrap().revocations.len(), 1);
}

#[test]
fn health_says_so_while_logouts_fail() {
    let server = Server::start(&[]);
    let revocations = node(&server.url());
    for (number, name) in (1..).zip(["maxmemory", "min-replicas-to-write"]) {
        server.ask::<()>(&["CONFIG", "SET", name, "1"]);
        assert!(revocations.revoke(session(number)).wait().is_err());
        // It is asked for news and tried again in between.
        let asked = || server.ask::<String>(&["INFO", "commandstats"]).contains("cmdstat_eval");
        server.ask::<()>(&["CONFIG", "RESETSTAT"]);
        until("it has asked again", asked);
        assert!(revocations.trouble().is_some(), "{name}");
        server.ask::<()>(&["CONFIG", "SET", name, "0"]);
        until("it is well", || revocations.trouble().is_none());
        revocations.revoke(session(number)).wait().unwrap();
    }
}

#[test]
fn a_redis_that_may_evict_has_to_be_accepted() {
    let server = Server::start(&["--maxmemory-policy", "volatile-lru"]);
    RedisBackend::open(&server.url()).unwrap();
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let error = refusal(RedisBackend::open(&server.url()));
    assert!(error.contains("may evict what is revoked (its maxmemory-policy is volatile-lru)"), "{error}");
    RedisBackend::builder(&server.url()).accept_eviction().open().unwrap();
    server.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    RedisBackend::open(&server.url()).unwrap();
}

#[test]
fn a_user_with_few_rights_is_enough_and_one_with_fewer_is_told() {
    let server = Server::start(&[]);
    let commands =
        "+eval +scan +get +set +mget +del +exists +pexpireat +pttl +time +@hash +@sortedset +@stream";
    let mut rights = vec!["ACL", "SETUSER", "few", "on", ">pw", "~{sealed-session}:*"];
    rights.extend(commands.split(' '));
    server.ask::<()>(&rights);
    let url = server.url().replace("//", "//few:pw@");
    let mut backend = RedisBackend::open(&url).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    assert_eq!(backend.news().unwrap().revocations.len(), 1);
    backend.purge(now(), Duration::ZERO).unwrap();
    backend.put_sharer(&sharer(1, now())).unwrap();
    assert_eq!(backend.sharers().unwrap().len(), 1);
    let scope = scope("a", "s");
    assert_eq!(backend.add_session(&scope, &info("u", 1, now() + DAY), now()).unwrap().len(), 1);
    assert_eq!(backend.sessions(&scope, "u", now()).unwrap().len(), 1);
    assert_eq!(backend.strike_expired(now() + 2 * DAY).unwrap(), 1);
    server.ask::<()>(&["ACL", "SETUSER", "few", "-eval"]);
    let error = refusal(backend.record(&revoke(&[session(2)])));
    assert!(error.contains("does not permit its user what is needed: "), "{error}");
}

/// Before anybody logs out, and for as long as it is so.
#[test]
fn health_says_that_a_right_is_missing_which_a_logout_needs() {
    let server = Server::start(&[]);
    server.ask::<()>(&["ACL", "SETUSER", "few", "on", ">pw", "~{sealed-session}:*", "+@all"]);
    let backend = RedisBackend::open(&server.url().replace("//", "//few:pw@")).unwrap();
    let clock = ManualClock::at(now());
    let builder = Revocations::builder().clock(clock.clone());
    let (revocations, mut worker) = ManualWorker::start(builder, backend, [7; 16]).unwrap();
    let mut work = || {
        clock.advance(6_000);
        while worker.work() {}
    };
    for command in ["set", "get", "xadd", "pexpireat", "eval"] {
        server.ask::<()>(&["ACL", "SETUSER", "few", &format!("-{command}")]);
        for _ in 0..3 {
            work();
            let told = revocations.trouble().map(|trouble| trouble.to_string());
            assert!(
                told.as_ref().is_some_and(|told| told.contains("does not permit its user")),
                "{command}: {told:?}"
            );
        }
        server.ask::<()>(&["ACL", "SETUSER", "few", &format!("+{command}")]);
        work();
        assert_eq!(revocations.trouble(), None, "{command}");
    }
    assert_eq!(server.ask::<Vec<String>>(&["KEYS", "*tried*"]), [""; 0]);
}

#[test]
fn a_socket_of_this_machine_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock");
    let _server = Server::start(&["--unixsocket", socket.to_str().unwrap()]);
    let mut backend = RedisBackend::open(&format!("redis+unix://{}", socket.display())).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    assert_eq!(backend.news().unwrap().revocations.len(), 1);
}

#[test]
fn connecting_is_not_given_longer_than_an_answer() {
    let server = Server::start(&[]);
    let with = |connect, response| {
        let builder = RedisBackend::builder(&server.url()).connect_timeout(Duration::from_millis(connect));
        builder.response_timeout(Duration::from_millis(response)).open()
    };
    with(900, 900).unwrap();
    let error = refusal(with(901, 900));
    assert!(error.starts_with("connect_timeout is 901 ms and response_timeout 900 ms: "), "{error}");
    quick(&server.url()).open().unwrap();
}
