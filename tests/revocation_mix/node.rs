//! One of the servers, here or in another process; it may be down.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::server::{LEEWAY_MS, Server};

const DOWN: &str = "this server is down";
/// What is said of a process that was killed.
pub(crate) const GONE: &str = "this server is gone";

#[derive(Clone)]
pub(crate) enum Running {
    Here(Server),
}

pub(crate) struct Node {
    running: Mutex<Option<Running>>,
    /// It answers nobody for now.
    is_stopped: AtomicBool,
    skew_ms: AtomicI64,
    /// How often its clock was set.
    sets: AtomicU64,
}

impl Node {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            running: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            skew_ms: AtomicI64::new(0),
            sets: AtomicU64::new(0),
        })
    }

    pub(crate) fn running(&self) -> Option<Running> {
        self.running.lock().unwrap().clone()
    }

    pub(crate) fn is_down(&self) -> bool {
        self.running().is_none()
    }

    pub(crate) fn set(&self, running: Option<Running>) {
        *self.running.lock().unwrap() = running;
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    pub(crate) fn act(&self, command: &str) -> Result<String, String> {
        match self.running() {
            Some(Running::Here(server)) => server.act(command),
            None => Err(DOWN.to_owned()),
        }
    }

    /// Whether it opens a session; nothing while it is down.
    pub(crate) fn opens(&self, id: &str) -> Option<bool> {
        match self.act(&format!("read {id}")) {
            Ok(_) => Some(true),
            Err(error) if error == DOWN || error == GONE => None,
            Err(_) => Some(false),
        }
    }

    pub(crate) fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Acquire)
    }

    /// Sets its clock, also for when it starts again.
    pub(crate) fn skew(&self, ms: i64) {
        self.skew_ms.store(ms, Ordering::Release);
        self.sets.fetch_add(1, Ordering::AcqRel);
        let _ = self.act(&format!("skew {ms}"));
    }

    /// Since which setting its clock is as right as clocks have to be, if it is: what it does in between goes by that.
    pub(crate) fn right_since(&self) -> Option<u64> {
        let sets = self.sets.load(Ordering::Acquire);
        self.has_time().then_some(sets)
    }

    /// Whether its clock is as right as clocks have to be.
    pub(crate) fn has_time(&self) -> bool {
        self.skew_ms().unsigned_abs() <= LEEWAY_MS / 2
    }
}
