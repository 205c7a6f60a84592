//! Three Redis servers, of which one is the primary, and what can go wrong with them.

use std::collections::VecDeque;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use ::redis::FromRedisValue;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rustix::process::{Pid, Signal, kill_process};
use sealed_session_redis::RedisBackend;
use sealed_session_testing::ledger::Ledger;
use sealed_session_testing::node::{Node, Running};
use sealed_session_testing::server::Server;
use sealed_session_testing::{mix, until};

use crate::proxy::Proxy;
use crate::redis_server::Server as Redis;

const NODES: usize = 5;
/// How durable each of the servers is.
const SETTINGS: [&[&str]; 3] =
    [&["--appendonly", "yes", "--appendfsync", "always"], &[], &["--appendonly", "yes"]];

pub(crate) struct Backing {
    ledger: Arc<Ledger>,
    redis: Vec<Redis>,
    states: [State; 3],
    /// The processes of those that are stopped.
    stopped: [Option<Pid>; 3],
    primary: usize,
    ways: Vec<Proxy>,
    faults: VecDeque<Fault>,
    /// A snapshot of a server without `appendonly`.
    snapshot: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Stopped,
    Killed,
}

#[derive(Clone, Copy)]
enum Fault {
    Cut(usize),
    Held(usize),
    Stopped(usize),
    Killed(usize),
    /// There are two primaries, or one that is away.
    Split,
    Set(usize, &'static str),
    /// It was over as soon as it was there.
    Over,
}

impl Backing {
    pub(crate) fn start() -> Self {
        let redis: Vec<_> = SETTINGS.into_iter().map(Redis::start).collect();
        let ways: Vec<_> = (0..NODES).map(|_| Proxy::to(redis[0].port())).collect();
        let nodes = (0..NODES).map(|_| Node::new()).collect();
        let ledger = Arc::new(Ledger::new(nodes, 400));
        let (faults, states) = (VecDeque::new(), [State::Up; 3]);
        let mut backing =
            Self { ledger, redis, states, stopped: [None; 3], primary: 0, ways, faults, snapshot: None };
        backing.lead();
        mix::Backing::revive(&mut backing);
        backing
    }

    fn is_up(&self, number: usize) -> bool {
        self.states[number] == State::Up
    }

    /// Asks a server that answers.
    fn ask<T: FromRedisValue>(&self, number: usize, words: &[&str]) -> Option<T> {
        let client = ::redis::Client::open(self.redis[number].url()).ok()?;
        let time = Duration::from_secs(1);
        let mut connection = client.get_connection_with_timeout(time).ok().filter(|_| self.is_up(number))?;
        connection.set_read_timeout(Some(time)).ok()?;
        ::redis::cmd(words[0]).arg(&words[1..]).query(&mut connection).ok()
    }

    /// All servers follow the primary, and all names lead to it.
    fn lead(&self) {
        let port = self.redis[self.primary].port();
        self.ask::<()>(self.primary, &["REPLICAOF", "NO", "ONE"]);
        for number in (0..self.redis.len()).filter(|number| *number != self.primary) {
            self.ask::<()>(number, &["REPLICAOF", "127.0.0.1", &port.to_string()]);
        }
        self.ways.iter().for_each(|way| way.lead_to(port));
    }

    /// What it says itself.
    fn is_primary(&self, number: usize) -> Option<bool> {
        Some(self.ask::<String>(number, &["INFO", "replication"])?.contains("role:master"))
    }

    /// Another that could be the primary.
    fn another(&self, rng: &mut StdRng) -> Option<usize> {
        let other = (self.primary + rng.random_range(1..3)) % 3;
        self.is_up(other).then_some(other)
    }

    fn kill(&mut self, number: usize) {
        self.states[number] = State::Killed;
        self.redis[number].kill();
    }

    fn revive_redis(&mut self, number: usize) {
        self.redis[number].revive();
        self.states[number] = State::Up;
        self.lead();
    }

    /// Which process it is, as it says.
    fn pid(&self, number: usize) -> Option<Pid> {
        let info = self.ask::<String>(number, &["INFO", "server"])?;
        let pid = info.lines().find_map(|line| line.strip_prefix("process_id:")?.trim().parse().ok());
        pid.and_then(Pid::from_raw)
    }

    fn signal(&mut self, number: usize, stop: bool) {
        let (signal, pid) =
            if stop { (Signal::STOP, self.pid(number)) } else { (Signal::CONT, self.stopped[number]) };
        let Some(pid) = pid else { return };
        kill_process(pid, signal).unwrap();
        self.stopped[number] = Some(pid).filter(|_| stop);
        self.states[number] = if stop { State::Stopped } else { State::Up };
    }

    /// Faults of the way to Redis, and of its resources: nothing is lost.
    fn hinder(&mut self, rng: &mut StdRng) -> Option<(&'static str, Fault)> {
        let (node, primary) = (rng.random_range(0..NODES), self.primary);
        let way = &self.ways[node];
        Some(match rng.random_range(0..11) {
            0 => {
                way.cut(true);
                ("cut", Fault::Cut(node))
            }
            1 => {
                way.cut(false);
                ("connections cut", Fault::Over)
            }
            2 => {
                way.hold(true);
                ("answers held up", Fault::Held(node))
            }
            3 => {
                way.cut_at_answer(rng.random_range(0..4));
                ("an answer lost", Fault::Over)
            }
            4 if self.is_up(primary) => {
                self.signal(primary, true);
                ("primary stopped", Fault::Stopped(primary))
            }
            5 => {
                let (ms, what) = (rng.random_range(100..2_000), if rng.random() { "ALL" } else { "WRITE" });
                self.ask::<()>(primary, &["CLIENT", "PAUSE", &i32::to_string(&ms), what])?;
                ("clients paused", Fault::Over)
            }
            6 => {
                self.ask::<()>(primary, &["CONFIG", "SET", "maxmemory", "1"])?;
                ("memory full", Fault::Set(primary, "maxmemory"))
            }
            7 => {
                self.ask::<()>(primary, &["CONFIG", "SET", "min-replicas-to-write", "5"])?;
                ("replicas missing", Fault::Set(primary, "min-replicas-to-write"))
            }
            8 => {
                self.ask::<u64>(primary, &["CLIENT", "KILL", "TYPE", "normal"]);
                ("clients killed", Fault::Over)
            }
            9 if self.is_up(primary) && primary == 0 => {
                self.kill(0);
                ("primary killed, appendfsync always", Fault::Killed(0))
            }
            10 => return self.restart(node),
            _ => return None,
        })
    }

    /// A server of ours starts again.
    fn restart(&mut self, number: usize) -> Option<(&'static str, Fault)> {
        let ledger = Arc::clone(&self.ledger);
        let _nobody_asks = ledger.asking.write().unwrap();
        if !ledger.all_know(Some(number)) {
            return None;
        }
        ledger.nodes[number].set(None);
        self.start_node(number);
        Some(("server restarted", Fault::Over))
    }

    fn start_node(&self, number: usize) {
        let (way, node) = (&self.ways[number], &self.ledger.nodes[number]);
        let server = open(&way.url()).and_then(|backend| Server::start(backend, node.skew_ms()));
        node.set(server.ok().map(Running::Here));
    }

    /// Faults in which Redis loses what was acknowledged.
    fn lose(&mut self, rng: &mut StdRng) -> Option<(&'static str, Fault)> {
        let primary = self.primary;
        match rng.random_range(0..8) {
            0 => {
                self.ask::<()>(primary, &["FLUSHALL"])?;
                Some(("flush", Fault::Over))
            }
            1 if self.is_up(primary) => {
                self.kill(primary);
                Some(("primary killed", Fault::Killed(primary)))
            }
            2 | 7 => {
                self.primary = self.another(rng)?;
                let cuts = rng.random();
                self.lead();
                if cuts {
                    self.ways.iter().for_each(|way| way.cut(false));
                }
                Some((
                    if cuts { "failover, connections cut" } else { "failover, connections open" },
                    Fault::Over,
                ))
            }
            3 | 4 if !self.is_split() => {
                self.primary = self.another(rng)?;
                self.ask::<()>(self.primary, &["REPLICAOF", "NO", "ONE"]);
                for way in &self.ways {
                    if rng.random() {
                        way.lead_to(self.redis[self.primary].port());
                    }
                    if rng.random() {
                        way.cut(false);
                    }
                }
                let what =
                    if self.is_up(primary) { "two primaries side by side" } else { "failover, primary away" };
                Some((what, Fault::Split))
            }
            5 => {
                let saved = if self.is_up(1) { self.ask::<String>(1, &["SAVE"]) } else { None };
                saved?;
                self.snapshot = fs::read(self.redis[1].folder().join("dump.rdb")).ok();
                Some(("snapshot taken", Fault::Over))
            }
            _ => self.restore(),
        }
    }

    fn is_split(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::Split))
    }

    /// The one without `appendonly` starts from an earlier snapshot, and is the primary.
    fn restore(&mut self) -> Option<(&'static str, Fault)> {
        let snapshot = self.snapshot.take().filter(|_| self.is_up(1) && !self.is_split())?;
        self.kill(1);
        fs::write(self.redis[1].folder().join("dump.rdb"), snapshot).unwrap();
        self.primary = 1;
        self.revive_redis(1);
        Some(("snapshot restored", Fault::Over))
    }

    fn end(&mut self, fault: Fault) {
        match fault {
            Fault::Cut(node) => self.ways[node].cut(false),
            Fault::Held(node) => self.ways[node].hold(false),
            Fault::Stopped(number) if self.states[number] == State::Stopped => {
                self.signal(number, false);
                self.lead();
            }
            Fault::Killed(number) if self.states[number] == State::Killed => self.revive_redis(number),
            Fault::Split => self.lead(),
            Fault::Set(number, name) => drop(self.ask::<()>(number, &["CONFIG", "SET", name, "0"])),
            Fault::Stopped(_) | Fault::Killed(_) | Fault::Over => {}
        }
    }
}

impl mix::Backing for Backing {
    fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    fn begin(&mut self, rng: &mut StdRng, may_lose: bool) -> Option<&'static str> {
        let (what, fault) = if may_lose && rng.random_range(0..2) == 0 {
            Arc::clone(&self.ledger).lose(|| self.lose(rng))?
        } else {
            self.hinder(rng)?
        };
        self.faults.push_back(fault);
        Some(what)
    }

    fn end_one(&mut self) -> bool {
        let Some(fault) = self.faults.pop_front() else {
            // Whatever was left of several at a time.
            for number in 0..self.redis.len() {
                self.ask::<()>(number, &["CONFIG", "SET", "maxmemory", "0"]);
                self.ask::<()>(number, &["CONFIG", "SET", "min-replicas-to-write", "0"]);
            }
            // One that was stopped may not have heard of it, and go on as a primary with those it is connected to.
            until("there is one primary", || {
                self.lead();
                (0..self.redis.len()).all(|number| self.is_primary(number) == Some(number == self.primary))
            });
            return false;
        };
        self.end(fault);
        true
    }

    fn revive(&mut self) {
        for (number, node) in self.ledger.nodes.iter().enumerate() {
            if node.is_down() {
                self.start_node(number);
            }
        }
    }

    fn advise(&mut self, said: &str) -> Option<&'static str> {
        if !said.ends_with("name the primary") {
            return None;
        }
        self.lead();
        Some("operator names the primary")
    }

    fn fresh(&self) -> Result<Server, String> {
        let started = open(&self.ways[0].url()).and_then(|backend| Server::start(backend, 0));
        started.map_err(|error| error.to_string())
    }
}

fn open(url: &str) -> Result<RedisBackend, sealed_session::revocation::BackendError> {
    RedisBackend::builder(url).response_timeout(Duration::from_millis(500)).open()
}
