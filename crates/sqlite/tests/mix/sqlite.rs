//! One SQLite file, and what can go wrong with it and with the processes that use it.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, RwLockWriteGuard};
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use sealed_session::revocation::BackendError;
use sealed_session_sqlite::SqliteBackend;
use sealed_session_testing::child::Process;
use sealed_session_testing::ledger::Ledger;
use sealed_session_testing::node::{Node, Running};
use sealed_session_testing::server::Server;
use sealed_session_testing::{mix, pause};
use tempfile::TempDir;

/// Of the servers, so many are here, and the others are processes.
const HERE: usize = 2;
const NODES: usize = 5;

pub(crate) struct Backing {
    ledger: Arc<Ledger>,
    disk: Disk,
    faults: VecDeque<Fault>,
    /// Since servers were last looked at: whether a process was killed that alone may have known something, and whether
    /// the file may have lost something.
    killed: bool,
    lost: bool,
    moved: usize,
}

/// A folder, in a file system of its own where that is allowed.
struct Disk {
    folder: TempDir,
    is_own: bool,
}

enum Fault {
    Killed(usize),
    Stopped(usize),
    Limited(usize),
    Locked(#[expect(dead_code, reason = "it holds the lock")] Connection),
    Full,
    Mode,
    /// It was over as soon as it was there.
    Over,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=128m", "none"])
            .arg(folder.path())
            .output();
        let is_own = mount.is_ok_and(|ended| ended.status.success());
        if !is_own {
            println!("not tried: a disk that is full for all (no file system of one's own is allowed here)");
        }
        Self { folder, is_own }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_own {
            // What is left of it is in memory.
            let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        }
    }
}

pub(crate) fn open(file: &Path) -> Result<SqliteBackend, BackendError> {
    Ok(SqliteBackend::open(file)?.wait_at_most(Duration::from_secs(2)))
}

impl Backing {
    pub(crate) fn start() -> Self {
        let nodes = (0..NODES).map(|_| Node::new()).collect();
        let (ledger, faults) = (Arc::new(Ledger::new(nodes, 400)), VecDeque::new());
        let mut backing = Self { ledger, disk: Disk::new(), faults, killed: false, lost: false, moved: 0 };
        mix::Backing::revive(&mut backing);
        backing
    }

    fn file(&self) -> PathBuf {
        self.disk.path("revocations.db")
    }

    fn beside(&self) -> [PathBuf; 3] {
        ["", "-wal", "-shm"].map(|end| self.disk.path(&format!("revocations.db{end}")))
    }

    fn backup(&self) -> PathBuf {
        self.disk.path("backup.db")
    }

    fn start_node(&self, number: usize) {
        let (node, file) = (&self.ledger.nodes[number], self.file());
        let started = if number >= HERE {
            Process::start(&file, node.skew_ms()).map(|process| Running::There(Arc::new(process)))
        } else {
            let server = open(&file).and_then(|backend| Server::start(backend, node.skew_ms()));
            server.map(Running::Here).map_err(|error| error.to_string())
        };
        node.set(started.ok());
    }

    /// Nothing is lost.
    fn hinder(&mut self, rng: &mut StdRng) -> Option<(&'static str, Fault)> {
        let number = rng.random_range(HERE..NODES);
        let process = self.ledger.nodes[number].process();
        Some(match rng.random_range(0..9) {
            0 | 1 => return self.kill(number),
            2 => {
                self.ledger.nodes[number].stop(true);
                ("process stopped", Fault::Stopped(number))
            }
            3 => {
                process?.limit_files(Some(0));
                ("disk full for one", Fault::Limited(number))
            }
            4 => ("locked", Fault::Locked(self.lock()?)),
            5 if self.disk.is_own => {
                let mut filler = fs::File::create(self.disk.path("filler")).ok()?;
                // It ends when there is no room any more.
                let _ = io::copy(&mut io::repeat(7), &mut filler);
                ("disk full", Fault::Full)
            }
            6 => {
                self.mode(0o666)?;
                ("readable by all", Fault::Mode)
            }
            7 => {
                copy_online(&self.file(), &self.backup())?;
                ("backup", Fault::Over)
            }
            _ => return self.restart(rng.random_range(0..HERE)),
        })
    }

    /// A server here starts again.
    fn restart(&mut self, number: usize) -> Option<(&'static str, Fault)> {
        let ledger = Arc::clone(&self.ledger);
        let _nobody_asks = nobody_asks(&ledger)?;
        if !ledger.all_know(Some(number)) {
            return None;
        }
        ledger.nodes[number].set(None);
        self.start_node(number);
        Some(("server restarted", Fault::Over))
    }

    /// At any moment, but for when it alone may know something that the file has lost.
    fn kill(&mut self, number: usize) -> Option<(&'static str, Fault)> {
        let ledger = Arc::clone(&self.ledger);
        if self.lost {
            let _nobody_asks = nobody_asks(&ledger)?;
            if !ledger.all_know(Some(number)) {
                return None;
            }
            ledger.nodes[number].kill();
        } else {
            self.killed = true;
            ledger.nodes[number].kill();
        }
        Some(("process killed", Fault::Killed(number)))
    }

    /// As a program does that is writing.
    fn lock(&self) -> Option<Connection> {
        let connection = existing(&self.file())?;
        connection.busy_timeout(Duration::from_millis(500)).ok()?;
        connection.execute_batch("BEGIN IMMEDIATE").ok()?;
        Some(connection)
    }

    fn mode(&self, mode: u32) -> Option<()> {
        fs::set_permissions(self.file(), fs::Permissions::from_mode(mode)).ok()
    }

    /// The file loses what was acknowledged.
    fn lose(&mut self, rng: &mut StdRng) -> Option<(&'static str, Fault)> {
        if self.killed && !self.ledger.all_know(None) {
            return None;
        }
        self.lost = true;
        let [main, wal, shm] = self.beside();
        let what = match rng.random_range(0..8) {
            0 | 1 => {
                // It would be made by whoever opens it.
                if !main.exists() || !self.backup().exists() {
                    return None;
                }
                copy_online(&self.backup(), &main)?;
                "restored"
            }
            2 => {
                remove(&[&wal])?;
                "-wal removed"
            }
            3 => {
                remove(&[&shm])?;
                "-shm removed"
            }
            4 => {
                remove(&[&main])?;
                "file removed"
            }
            5 => {
                remove(&[&main, &wal, &shm])?;
                "all files removed"
            }
            6 => {
                copy(&self.backup(), &main)?;
                "copy written over it"
            }
            _ => {
                let other = self.disk.path("copy.db");
                copy(&self.backup(), &other)?;
                fs::rename(other, main).ok()?;
                "copy moved over it"
            }
        };
        Some((what, Fault::Over))
    }

    fn end(&mut self, fault: Fault) {
        let process = |number: usize| self.ledger.nodes[number].process();
        match fault {
            Fault::Killed(number) if self.ledger.nodes[number].is_down() => self.start_node(number),
            Fault::Stopped(number) => self.ledger.nodes[number].stop(false),
            Fault::Limited(number) => drop(process(number).map(|process| process.limit_files(None))),
            Fault::Full => drop(fs::remove_file(self.disk.path("filler"))),
            Fault::Mode => drop(self.mode(0o600)),
            Fault::Killed(_) | Fault::Locked(_) | Fault::Over => {}
        }
    }

    /// Out of the way, and kept for a while.
    fn move_away(&mut self) {
        self.moved += 1;
        let folder = self.disk.path(&format!("moved-{}", self.moved));
        fs::create_dir(&folder).unwrap();
        for file in self.beside() {
            // There may be none of it.
            let _ = fs::rename(&file, folder.join(file.file_name().unwrap()));
        }
        // Nobody has these open any more.
        let _ = fs::remove_dir_all(self.disk.path(&format!("moved-{}", self.moved.saturating_sub(5))));
    }
}

impl mix::Backing for Backing {
    fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    fn begin(&mut self, rng: &mut StdRng, may_lose: bool) -> Option<&'static str> {
        let loses = may_lose && rng.random_range(0..5) < 2;
        let (what, fault) =
            if loses { Arc::clone(&self.ledger).lose(|| self.lose(rng))? } else { self.hinder(rng)? };
        self.faults.push_back(fault);
        Some(what)
    }

    fn end_one(&mut self) -> bool {
        let Some(fault) = self.faults.pop_front() else { return false };
        self.end(fault);
        true
    }

    fn revive(&mut self) {
        (self.killed, self.lost) = (false, false);
        for (number, node) in self.ledger.nodes.iter().enumerate() {
            if node.is_down() {
                self.start_node(number);
            }
        }
    }

    fn advise(&mut self, said: &str) -> Option<&'static str> {
        if said.contains("chmod 600") {
            // What is made beside a file that all can read, all can read as well.
            let there = self.beside().into_iter().filter(|file| file.exists());
            for file in there {
                fs::set_permissions(file, fs::Permissions::from_mode(0o600)).ok()?;
            }
            return Some("operator changes the mode");
        }
        if !said.contains("move the file away")
            && !said.contains("move away all three")
            && !said.contains("move it away")
        {
            return None;
        }
        self.move_away();
        // All are told of it before they are asked again.
        pause(Duration::from_millis(500));
        Some("operator moves the files away")
    }

    fn fresh(&self) -> Result<Server, String> {
        let started = open(&self.file()).and_then(|backend| Server::start(backend, 0));
        started.map_err(|error| error.to_string())
    }
}

/// Not while one hangs: those who ask it would be waited for.
fn nobody_asks(ledger: &Ledger) -> Option<RwLockWriteGuard<'_, ()>> {
    (!ledger.hangs()).then(|| ledger.asking.write().unwrap())
}

fn remove(files: &[&Path]) -> Option<()> {
    files.iter().try_for_each(fs::remove_file).ok()
}

/// By another program: to close a file here would end SQLite's locks.
fn copy(from: &Path, to: &Path) -> Option<()> {
    let ended = Command::new("cp").args([from, to]).output().ok()?;
    ended.status.success().then_some(())
}

fn existing(file: &Path) -> Option<Connection> {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()
}

/// What SQLite's own program does for `.backup` and `.restore`; not where others keep it waiting.
fn copy_online(from: &Path, to: &Path) -> Option<()> {
    let (from, mut to) = (existing(from)?, Connection::open(to).ok()?);
    let backup = Backup::new(&from, &mut to).ok()?;
    for _ in 0..200 {
        match backup.step(10_000).ok()? {
            StepResult::Done => return Some(()),
            _ => pause(Duration::from_millis(5)),
        }
    }
    None
}
