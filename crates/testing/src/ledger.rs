//! What was acknowledged, and who is logged in.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use crate::node::Node;
use crate::within;

/// The copy of a session that has ended.
#[derive(Clone)]
pub struct Ended {
    pub id: String,
    pub by: usize,
    pub how: &'static str,
    pub at: Instant,
}

/// A session that nobody ended, as far as is known.
#[derive(Clone)]
pub struct Live {
    pub id: String,
    /// Whether it has to be open everywhere. Not once something failed that would have ended it.
    pub is_sure: bool,
    /// For one that is spared by the entry of its user: what the backend had lost when it began. What is lost since may
    /// be that.
    pub spared_at: Option<u64>,
}

pub struct User {
    pub name: String,
    pub live: Vec<Live>,
    /// All sessions that were created before are ended, or may be.
    pub ended_before_ms: u64,
}

pub struct Ledger {
    pub nodes: Vec<Arc<Node>>,
    pub users: Vec<Mutex<User>>,
    pub ended: Mutex<Vec<Ended>>,
    /// Held for writing while nothing may be asked of the servers.
    pub asking: RwLock<()>,
    pub stopped: AtomicBool,
    /// Whether there is no fault, nor anything to be made good after one.
    pub is_calm: AtomicBool,
    /// How many rounds of faults there were.
    pub rounds: AtomicU64,
    /// How much of what ended was looked for on all servers.
    pub settled: AtomicUsize,
    /// How often the backend lost something.
    pub losses: AtomicU64,
    pub operations: AtomicU64,
    pub acknowledged: AtomicU64,
    pub failed: AtomicU64,
    /// After how long others refused what was ended, without any fault, and in all.
    pub known_after: Mutex<[Vec<Duration>; 2]>,
}

impl Ledger {
    pub fn new(nodes: Vec<Arc<Node>>, users: usize) -> Self {
        let user = |number| User { name: format!("user-{number}"), live: Vec::new(), ended_before_ms: 0 };
        Self {
            nodes,
            users: (0..users).map(user).map(Mutex::new).collect(),
            ended: Mutex::default(),
            asking: RwLock::default(),
            stopped: AtomicBool::new(false),
            is_calm: AtomicBool::new(true),
            rounds: AtomicU64::new(0),
            settled: AtomicUsize::new(0),
            losses: AtomicU64::new(0),
            operations: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            known_after: Mutex::default(),
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Since which round of faults it is calm, if it is.
    pub fn calm(&self) -> Option<u64> {
        let rounds = self.rounds.load(Ordering::Acquire);
        self.is_calm.load(Ordering::Acquire).then_some(rounds)
    }

    pub fn losses(&self) -> u64 {
        self.losses.load(Ordering::Acquire)
    }

    /// Lets the backend lose something. What is recorded while that is done may be lost as well, so it is counted before
    /// and afterwards.
    pub fn lose<T>(&self, lose: impl FnOnce() -> T) -> T {
        self.losses.fetch_add(1, Ordering::AcqRel);
        let lost = lose();
        self.losses.fetch_add(1, Ordering::AcqRel);
        lost
    }

    /// All that ended from this one on.
    pub fn ended_from(&self, from: usize) -> Vec<Ended> {
        self.ended.lock().unwrap()[from..].to_vec()
    }

    /// Whether a server answers nobody for now, so that those who ask it wait.
    pub fn hangs(&self) -> bool {
        self.nodes.iter().any(|node| node.is_stopped())
    }

    /// Whether all but one know within a second what ended since it was last looked for: that one may then be killed, or
    /// the backend lose it. Those whose clock is wrong cannot say so.
    pub fn all_know(&self, but: Option<usize>) -> bool {
        let ended = self.ended_from(self.settled.load(Ordering::Acquire));
        let others = self.nodes.iter().enumerate().filter(|(number, _)| Some(*number) != but);
        let mut others: Vec<_> = others
            .filter(|(_, node)| !node.is_down() && node.has_time())
            .map(|(_, node)| (node, ended.iter().map(|ended| &ended.id).collect::<Vec<_>>()))
            .collect();
        !others.is_empty()
            && !self.hangs()
            && within(Duration::from_secs(1), &mut || {
                others.iter_mut().all(|(node, open)| {
                    open.retain(|id| node.opens(id) != Some(false));
                    open.is_empty()
                })
            })
    }

    pub fn count_ended(&self) -> usize {
        self.ended.lock().unwrap().len()
    }

    /// Those that must be open everywhere.
    pub fn sure(&self) -> Vec<String> {
        let losses = self.losses();
        let is_sure = |live: &&Live| live.is_sure && live.spared_at.is_none_or(|at| at == losses);
        let of = |user: &Mutex<User>| {
            user.lock().unwrap().live.iter().filter(is_sure).map(|live| live.id.clone()).collect::<Vec<_>>()
        };
        self.users.iter().flat_map(of).collect()
    }
}
