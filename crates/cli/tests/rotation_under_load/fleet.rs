//! Server processes that share a ring file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use crate::RELOAD_INTERVAL;
use crate::common::Folder;
use crate::common::running::{Lines, Running};
use crate::connection::Connections;

pub(crate) const SERVERS: usize = 3;
pub(crate) const NAME: &str = "sid";
pub(crate) const APP: &str = "shop.example";

/// How a server learns of a new ring.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Following {
    Notified,
    /// Within the test only when a token names a key that it does not know.
    OnDemand,
}

/// The servers, and the folder with their ring file.
pub(crate) struct Fleet {
    pub(crate) folder: Folder,
    servers: [Server; SERVERS],
}

struct Server {
    command: Vec<String>,
    following: Following,
    process: Mutex<Process>,
}

struct Process {
    running: Running,
    lines: Lines,
    address: Option<SocketAddr>,
}

impl Fleet {
    /// The clock of the last one is ahead.
    pub(crate) fn start(following: [Following; SERVERS], skew_s: i32) -> Self {
        let folder = Folder::with_ring();
        let ring = folder.path("ring.json").to_str().unwrap().to_owned();
        let mut number = 0;
        let servers = following.map(|following| {
            number += 1;
            let command = arguments(&ring, following, if number == SERVERS { skew_s } else { 0 });
            Server { process: Mutex::new(Process::start(&command)), command, following }
        });
        Self { folder, servers }
    }

    /// None while it is down: somebody else may have its port.
    pub(crate) fn address(&self, server: usize) -> Option<SocketAddr> {
        self.servers[server].process.lock().unwrap().address
    }

    /// Those that learn of a new ring by themselves.
    pub(crate) fn notified(&self) -> impl Iterator<Item = usize> {
        (0..SERVERS).filter(|&server| self.servers[server].following == Following::Notified)
    }

    /// Kills it with SIGKILL, and starts it again after something was done without it.
    pub(crate) fn kill_and_restart(&self, server: usize, while_down: impl FnOnce()) {
        let Server { command, process, .. } = &self.servers[server];
        {
            let mut process = process.lock().unwrap();
            process.address = None;
            process.running.child.kill().unwrap();
            process.running.child.wait().unwrap();
        }
        while_down();
        let started = Process::start(command);
        *process.lock().unwrap() = started;
    }

    /// The id of the key with which a server seals now.
    pub(crate) fn key(&self, server: usize, connections: &mut Connections<'_>) -> String {
        let answer = connections.ask(server, "KEY").expect("the server is up");
        answer.strip_prefix("OK ").unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// What a server says of its health: how many rings it took up, or why it is ill.
    pub(crate) fn health(&self, server: usize, connections: &mut Connections<'_>) -> Result<u64, String> {
        let answer = connections.ask(server, "HEALTH").expect("the server is up");
        answer.strip_prefix("OK ").map(|rings| rings.parse().unwrap()).ok_or(answer)
    }

    /// They end by themselves when their standard input ends.
    pub(crate) fn stop(self) {
        for server in self.servers {
            let Process { mut running, lines, .. } = server.process.into_inner().unwrap();
            drop(running.stdin());
            assert_eq!(lines.next(), "stopped");
            lines.assert_end();
            assert!(running.child.wait().unwrap().success());
        }
    }
}

impl Process {
    fn start(arguments: &[String]) -> Self {
        let mut command = Command::new(program());
        command.args(arguments);
        let mut running = Running::start(command);
        let lines = running.lines();
        let line = lines.next();
        let address = line.strip_prefix("listening on ").expect("it tells where it listens");
        Self { address: Some(address.parse().unwrap()), running, lines }
    }
}

fn arguments(ring: &str, following: Following, clock_offset_s: i32) -> Vec<String> {
    let poll_ms = match following {
        Following::Notified => RELOAD_INTERVAL.as_millis(),
        Following::OnDemand => 5 * 60 * 1000,
    };
    let mut arguments =
        format!("{ring} --app {APP} --cookie {NAME} --poll-ms {poll_ms} --clock-offset {clock_offset_s}");
    if following == Following::OnDemand {
        arguments.push_str(" --polling-only");
    }
    arguments.split(' ').map(str::to_owned).collect()
}

fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(crate::program::built)
}
