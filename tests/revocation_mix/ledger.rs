//! What was acknowledged, and who is logged in.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use crate::node::Node;
use crate::within;

/// The copy of a session that has ended.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) id: String,
    pub(crate) by: usize,
    pub(crate) how: &'static str,
    pub(crate) at: Instant,
}

/// A session that nobody ended, as far as is known.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) id: String,
    /// Whether it has to be open everywhere. Not once something failed that would have ended it.
    pub(crate) is_sure: bool,
    /// For one that is spared by the entry of its user: what the backend had lost when it began. What is lost since may
    /// be that.
    pub(crate) spared_at: Option<u64>,
}

pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) live: Vec<Live>,
    /// All sessions that were created before are ended, or may be.
    pub(crate) ended_before_ms: u64,
}

pub(crate) struct Ledger {
    pub(crate) nodes: Vec<Arc<Node>>,
    pub(crate) users: Vec<Mutex<User>>,
    pub(crate) ended: Mutex<Vec<Ended>>,
    /// Held for writing while nothing may be asked of the servers.
    pub(crate) asking: RwLock<()>,
    pub(crate) stopped: AtomicBool,
    /// Whether there is no fault, nor anything to be made good after one.
    pub(crate) is_calm: AtomicBool,
    /// How many rounds of faults there were.
    pub(crate) rounds: AtomicU64,
    /// How much of what ended was looked for on all servers.
    pub(crate) settled: AtomicUsize,
    /// How often the backend lost something.
    pub(crate) losses: AtomicU64,
    pub(crate) operations: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) failed: AtomicU64,
    /// After how long others refused what was ended, without any fault, and in all.
    pub(crate) known_after: Mutex<[Vec<Duration>; 2]>,
}

impl Ledger {
    pub(crate) fn new(nodes: Vec<Arc<Node>>, users: usize) -> Self {
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

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Since which round of faults it is calm, if it is.
    pub(crate) fn calm(&self) -> Option<u64> {
        let rounds = self.rounds.load(Ordering::Acquire);
        self.is_calm.load(Ordering::Acquire).then_some(rounds)
    }

    pub(crate) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Acquire)
    }

    /// All that ended from this one on.
    pub(crate) fn ended_from(&self, from: usize) -> Vec<Ended> {
        self.ended.lock().unwrap()[from..].to_vec()
    }

    /// Whether a server answers nobody for now, so that those who ask it wait.
    pub(crate) fn hangs(&self) -> bool {
        self.nodes.iter().any(|node| node.is_stopped())
    }

    /// Whether all but one know within a second what ended since it was last looked for: that one may then be killed, or
    /// the backend lose it. Those whose clock is wrong cannot say so.
    pub(crate) fn all_know(&self, but: Option<usize>) -> bool {
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

    pub(crate) fn count_ended(&self) -> usize {
        self.ended.lock().unwrap().len()
    }

    /// Those that must be open everywhere.
    pub(crate) fn sure(&self) -> Vec<String> {
        let losses = self.losses();
        let is_sure = |live: &&Live| live.is_sure && live.spared_at.is_none_or(|at| at == losses);
        let of = |user: &Mutex<User>| {
            user.lock().unwrap().live.iter().filter(is_sure).map(|live| live.id.clone()).collect::<Vec<_>>()
        };
        self.users.iter().flat_map(of).collect()
    }
}
