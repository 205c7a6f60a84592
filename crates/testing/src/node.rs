//! One of the servers, here or in another process; it may be down.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;

use crate::child::Process;
use crate::server::{LEEWAY_MS, Server};

const DOWN: &str = "this server is down";
/// What is said of a process that was killed.
pub const GONE: &str = "this server is gone";

#[derive(Clone)]
pub enum Running {
    Here(Server),
    There(Arc<Process>),
}

pub struct Node {
    running: Mutex<Option<Running>>,
    /// It answers nobody for now.
    is_stopped: AtomicBool,
    skew_ms: AtomicI64,
    /// How often its clock was set.
    sets: AtomicU64,
}

impl Node {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            running: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            skew_ms: AtomicI64::new(0),
            sets: AtomicU64::new(0),
        })
    }

    pub fn running(&self) -> Option<Running> {
        self.running.lock().unwrap().clone()
    }

    pub fn is_down(&self) -> bool {
        self.running().is_none()
    }

    pub fn set(&self, running: Option<Running>) {
        *self.running.lock().unwrap() = running;
    }

    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    pub fn stop(&self, stop: bool) {
        let Some(process) = self.process() else { return };
        self.is_stopped.store(stop, Ordering::Release);
        process.signal(if stop { Signal::STOP } else { Signal::CONT });
    }

    pub fn kill(&self) {
        if let Some(process) = self.process() {
            process.signal(Signal::KILL);
        }
        self.is_stopped.store(false, Ordering::Release);
        self.set(None);
    }

    pub fn process(&self) -> Option<Arc<Process>> {
        match self.running()? {
            Running::There(process) => Some(process),
            Running::Here(_) => None,
        }
    }

    pub fn act(&self, command: &str) -> Result<String, String> {
        match self.running() {
            Some(Running::Here(server)) => server.act(command),
            Some(Running::There(process)) => process.act(command),
            None => Err(DOWN.to_owned()),
        }
    }

    /// Whether it opens a session; nothing while it is down.
    pub fn opens(&self, id: &str) -> Option<bool> {
        match self.act(&format!("read {id}")) {
            Ok(_) => Some(true),
            Err(error) if error == DOWN || error == GONE => None,
            Err(_) => Some(false),
        }
    }

    pub fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Acquire)
    }

    /// Sets its clock, also for when it starts again.
    pub fn skew(&self, ms: i64) {
        self.skew_ms.store(ms, Ordering::Release);
        self.sets.fetch_add(1, Ordering::AcqRel);
        let _ = self.act(&format!("skew {ms}"));
    }

    /// Since which setting its clock is as right as clocks have to be, if it is: what it does in between goes by that.
    pub fn right_since(&self) -> Option<u64> {
        let sets = self.sets.load(Ordering::Acquire);
        self.has_time().then_some(sets)
    }

    /// Whether its clock is as right as clocks have to be.
    pub fn has_time(&self) -> bool {
        self.skew_ms().unsigned_abs() <= LEEWAY_MS / 2
    }
}
