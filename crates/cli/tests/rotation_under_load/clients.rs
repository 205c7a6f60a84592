//! Clients that hold sessions as browsers do, and bring them to any server.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use sealed_session::TokenInfo;

use crate::connection::Connections;
use crate::fleet::{Fleet, SERVERS};

/// Far more than the clients take for anything that is waited for.
const DEADLINE: Duration = Duration::from_secs(30);

/// A session that a client holds.
pub(crate) struct Held {
    pub(crate) token: String,
    pub(crate) first_token: String,
    user: String,
    /// How often it was updated; its data says so.
    updates: u64,
}

impl Held {
    /// Whether the answer to READ is this session.
    pub(crate) fn is_told_by(&self, answer: &str) -> bool {
        let Some(told) = answer.strip_prefix("OK ") else { return false };
        let told: Vec<&str> = told.splitn(3, ' ').collect();
        told.len() == 3 && told[0] == self.user && told[2] == data(self.updates)
    }
}

fn data(updates: u64) -> String {
    format!("{{\"updates\":{updates}}}")
}

/// The id of the key that a token names.
pub(crate) fn key_of(token: &str) -> String {
    TokenInfo::of(token).expect("a server made it").key_id.to_string()
}

/// When a key was first asked to seal, by key id.
pub(crate) type FirstAsked = HashMap<String, Instant>;

/// All clients, and what happened to them.
pub(crate) struct Load<'a> {
    fleet: &'a Fleet,
    pub(crate) started: Instant,
    stopped: AtomicBool,
    outcome: Mutex<Outcome>,
    progress: Condvar,
}

#[derive(Default)]
struct Outcome {
    created: usize,
    operations: usize,
    unanswered: usize,
    first_asked: FirstAsked,
    /// Why sessions were lost. One is lost when a server refuses its newest token, because then a host removes
    /// the cookie. (Those that go by `keeps_cookie` remove fewer.)
    lost: Vec<String>,
}

impl<'a> Load<'a> {
    pub(crate) fn new(fleet: &'a Fleet) -> Self {
        Self {
            fleet,
            started: Instant::now(),
            stopped: AtomicBool::new(false),
            outcome: Mutex::default(),
            progress: Condvar::new(),
        }
    }

    /// Runs clients that hold so many sessions together, for as long as `alongside` runs, which begins when all
    /// of them are made. Gives the sessions, too.
    pub(crate) fn run<T>(
        &self,
        clients: usize,
        sessions: usize,
        alongside: impl FnOnce() -> T,
    ) -> (Vec<Held>, T) {
        thread::scope(|scope| {
            let _stop = Stop(&self.stopped);
            let start = |number| scope.spawn(move || Client::new(self, number).run(sessions / clients));
            let running: Vec<_> = (0..clients).map(start).collect();
            self.wait("all sessions are made", |so_far| so_far.created >= sessions);
            let result = alongside();
            self.stopped.store(true, Ordering::Relaxed);
            let held = running.into_iter().flat_map(|client| client.join().unwrap());
            (held.collect(), result)
        })
    }

    /// Waits until the clients have done so many more operations.
    pub(crate) fn go_on_for(&self, operations: usize) {
        let until = self.outcome().operations + operations;
        self.wait("clients are served", |so_far| so_far.operations >= until);
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&Outcome) -> bool) {
        let waited =
            self.progress.wait_timeout_while(self.outcome(), DEADLINE, |so_far| !holds(so_far)).unwrap();
        assert!(!waited.1.timed_out(), "not within {DEADLINE:?}: {what}");
    }

    pub(crate) fn lost(&self) -> usize {
        self.outcome().lost.len()
    }

    pub(crate) fn first_asked(&self) -> FirstAsked {
        self.outcome().first_asked.clone()
    }

    #[track_caller]
    pub(crate) fn assert_nothing_lost(&self) {
        let lost = &self.outcome().lost;
        let first: Vec<&String> = lost.iter().take(5).collect();
        assert!(lost.is_empty(), "{} sessions are lost: {first:?}", lost.len());
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap()
    }
}

impl fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { created, operations, unanswered, lost, .. } = &*self.outcome();
        write!(f, "{created} sessions, {} lost, {operations} operations, {unanswered} unanswered", lost.len())
    }
}

/// Lets the clients end even if a test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One client thread.
struct Client<'a> {
    load: &'a Load<'a>,
    number: usize,
    connections: Connections<'a>,
    users: usize,
    random: u64,
}

impl<'a> Client<'a> {
    fn new(load: &'a Load<'a>, number: usize) -> Self {
        let random = u64::try_from(number).unwrap();
        Self { load, number, connections: Connections::to(load.fleet), users: 0, random }
    }

    fn run(mut self, sessions: usize) -> Vec<Held> {
        let mut held: Vec<Held> = (0..sessions).map(|_| self.create()).collect();
        while !self.load.stopped.load(Ordering::Relaxed) {
            let session = self.below(held.len());
            if let Err(why) = self.operate(&mut held[session]) {
                self.load.outcome().lost.push(why);
                held[session] = self.create();
            }
        }
        held
    }

    /// Somebody logs in.
    fn create(&mut self) -> Held {
        self.users += 1;
        let user = format!("user-{}-{}", self.number, self.users);
        let (_, answer) = loop {
            // A server that is down is not asked for ever.
            if let Some(answer) = self.ask(&format!("CREATE {user} {}", data(0))) {
                break answer;
            }
        };
        let token = answer.strip_prefix("OK ").unwrap_or_else(|| panic!("{answer}")).to_owned();
        let load = self.load;
        load.outcome().created += 1;
        load.progress.notify_all();
        Held { first_token: token.clone(), token, user, updates: 0 }
    }

    /// One request with a session; the error is why the session is lost.
    fn operate(&mut self, session: &mut Held) -> Result<(), String> {
        let (request, updates) = match self.below(10) {
            0..6 => return self.read(session),
            6..8 => (format!("UPDATE {} {}", session.token, data(session.updates + 1)), session.updates + 1),
            8 => (format!("TOUCH {}", session.token), session.updates),
            _ => (format!("RESEAL {}", session.token), session.updates),
        };
        // A server that is killed may have done it: the session goes on from the token that is there.
        let Some((server, answer)) = self.ask(&request) else { return Ok(()) };
        let verb = request.split(' ').next().unwrap();
        let token = answer.strip_prefix("OK ").ok_or_else(|| format!("server {server}, {verb}: {answer}"))?;
        (session.token, session.updates) = (token.to_owned(), updates);
        Ok(())
    }

    fn read(&mut self, session: &Held) -> Result<(), String> {
        match self.ask(&format!("READ {}", session.token)) {
            Some((server, answer)) if !session.is_told_by(&answer) => {
                Err(format!("server {server}, READ: {answer}"))
            }
            _ => Ok(()),
        }
    }

    /// Asks any server; tells which it was, and nothing if it is down.
    fn ask(&mut self, request: &str) -> Option<(usize, String)> {
        let (server, at) = (self.below(SERVERS), Instant::now());
        let answer = self.connections.ask(server, request);
        let mut outcome = self.load.outcome();
        let Some(answer) = answer else {
            outcome.unanswered += 1;
            return None;
        };
        outcome.operations += 1;
        self.load.progress.notify_all();
        match answer.strip_prefix("OK ") {
            // The time of asking, because the server sealed after it.
            Some(token) if !request.starts_with("READ ") => {
                outcome.first_asked.entry(key_of(token)).or_insert(at);
            }
            _ => {}
        }
        Some((server, answer))
    }

    /// A number below a bound: `SplitMix64`, whose octets are random enough to mix requests.
    fn below(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}
