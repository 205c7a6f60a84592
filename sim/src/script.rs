//! What happens in a world, as data: drawn from a seed, shrunk by proptest, printed, kept as a file, and run again.
//!
//! A script is total: every number in it is taken modulo what there is, so that any part of it can be left out.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::backend::Way;

pub const SECOND: u64 = 1_000;
pub const MINUTE: u64 = 60 * SECOND;

/// A world and what happens in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Script {
    pub seed: u64,
    pub servers: Vec<Policy>,
    /// Seconds between two sealing keys; 0 for a fixed one.
    pub period_s: u64,
    pub steps: Vec<Step>,
}

/// How a server is set up.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Policy {
    pub ttl_min: u64,
    pub lifetime_min: u64,
    /// Seconds after which sessions are refused where the backend does not answer; 0 for never.
    #[serde(default)]
    pub refuse_after_s: u64,
    /// Two layers around each other.
    pub nested: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// So long after the step before.
    pub after_ms: u64,
    pub action: Action,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Action {
    Ask(Ask),
    /// A server's clock is wrong by so many seconds from now on.
    Skew {
        server: u8,
        seconds: i8,
    },
    /// A server ends and starts again, perhaps with another policy. Requests in flight are cut off.
    Deploy {
        server: u8,
        policy: Policy,
    },
    /// A new root is brought to all servers, and seals after some minutes.
    Rotate {
        minutes: u8,
    },
    RevokeUser {
        server: u8,
        user: u8,
    },
    RevokeEverything {
        server: u8,
    },
    /// A thief copies the cookie of a browser.
    Steal {
        browser: u8,
    },
    /// A neighbour plants a cookie of the thief's in a browser.
    Plant {
        browser: u8,
        name: u8,
    },
    /// A browser forgets its cookies.
    Clear {
        browser: u8,
    },
    /// How a server gets through to the backend, for so many seconds.
    Lead {
        server: u8,
        way: Way,
        seconds: u16,
    },
    /// The backend is saved.
    Save,
    /// And put back to what was saved last, or to nothing.
    Lose {
        all: bool,
    },
}

/// A request, and what its handler does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask {
    pub who: Client,
    pub server: u8,
    pub site: Site,
    pub first: Vec<Op>,
    /// So long the handler waits before it does the rest.
    pub handler_ms: u64,
    pub rest: Vec<Op>,
    pub outcome: Outcome,
    /// So long the answer is on its way.
    pub network_ms: u64,
    /// The handler lets shared caches reuse its answer.
    pub public: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Client {
    Browser(u8),
    Thief,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Site {
    Same,
    /// Another site links to a page.
    Link,
    /// Another site posts a form.
    Post,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Adds something to the data.
    Put,
    Flash,
    TakeFlashes,
    Csrf,
    Login(u8),
    Logout,
    Everywhere,
    Others,
    Cycle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Ok,
    NotFound,
    ServerError,
    TimeOut,
    Panic,
    /// The client goes away while the handler waits.
    Dropped,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => Just(Op::Put),
        1 => Just(Op::Flash),
        1 => Just(Op::TakeFlashes),
        1 => Just(Op::Csrf),
        5 => (0..3_u8).prop_map(Op::Login),
        2 => Just(Op::Logout),
        1 => Just(Op::Everywhere),
        2 => Just(Op::Others),
        1 => Just(Op::Cycle),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop_oneof![
        3 => Just(Vec::new()),
        4 => op().prop_map(|op| vec![op]),
        1 => (op(), op()).prop_map(|(one, other)| vec![one, other]),
    ]
}

fn client() -> impl Strategy<Value = Client> {
    prop_oneof![6 => (0..3_u8).prop_map(Client::Browser), 1 => Just(Client::Thief)]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        12 => Just(Outcome::Ok),
        1 => Just(Outcome::NotFound),
        1 => Just(Outcome::ServerError),
        1 => Just(Outcome::TimeOut),
        1 => Just(Outcome::Panic),
        1 => Just(Outcome::Dropped),
    ]
}

fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![6 => Just(0), 2 => 1..2 * SECOND, 1 => 1..3 * MINUTE]
}

fn ask() -> impl Strategy<Value = Ask> {
    let site = prop_oneof![8 => Just(Site::Same), 1 => Just(Site::Link), 1 => Just(Site::Post)];
    let what = (ops(), delay(), ops(), outcome(), delay(), prop::bool::weighted(0.05));
    (client(), any::<u8>(), site, what).prop_map(
        |(who, server, site, (first, handler_ms, rest, outcome, network_ms, public))| Ask {
            who,
            server,
            site,
            first,
            handler_ms,
            rest,
            outcome,
            network_ms,
            public,
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let ttl = prop_oneof![Just(5), Just(15), Just(30)];
    let lifetime = prop_oneof![Just(30), Just(45), Just(120)];
    let refuse_after = prop_oneof![3 => Just(0), 1 => Just(10), 1 => Just(120)];
    (ttl, lifetime, refuse_after, prop::bool::weighted(0.2)).prop_map(
        |(ttl_min, lifetime_min, refuse_after_s, nested)| Policy {
            ttl_min,
            lifetime_min,
            refuse_after_s,
            nested,
        },
    )
}

fn lead() -> impl Strategy<Value = Action> {
    let way = prop_oneof![
        2 => Just(Way::Cut),
        1 => Just(Way::ReadOnly),
        1 => Just(Way::AnswersLost),
        2 => Just(Way::Stalled),
        1 => Just(Way::Open),
    ];
    let seconds = prop_oneof![1 => 1..20_u16, 2 => 1..1200_u16, 1 => 1..7200_u16];
    (any::<u8>(), way, seconds).prop_map(|(server, way, seconds)| Action::Lead { server, way, seconds })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        24 => ask().prop_map(Action::Ask),
        1 => (any::<u8>(), -25..=25_i8).prop_map(|(server, seconds)| Action::Skew { server, seconds }),
        1 => (any::<u8>(), policy()).prop_map(|(server, policy)| Action::Deploy { server, policy }),
        1 => (5..20_u8).prop_map(|minutes| Action::Rotate { minutes }),
        1 => (any::<u8>(), 0..3_u8).prop_map(|(server, user)| Action::RevokeUser { server, user }),
        1 => any::<u8>().prop_map(|server| Action::RevokeEverything { server }),
        2 => (0..3_u8).prop_map(|browser| Action::Steal { browser }),
        1 => (0..3_u8, any::<u8>()).prop_map(|(browser, name)| Action::Plant { browser, name }),
        1 => (0..3_u8).prop_map(|browser| Action::Clear { browser }),
        2 => lead(),
        1 => Just(Action::Save),
        1 => any::<bool>().prop_map(|all| Action::Lose { all }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![4 => 0..2 * SECOND, 2 => 0..MINUTE, 3 => 0..6 * MINUTE, 1 => 0..40 * MINUTE];
    (after, action()).prop_map(|(after_ms, action)| Step { after_ms, action })
}

/// All worlds of a seed: there is one.
pub fn scripts(seed: u64) -> impl Strategy<Value = Script> {
    let period = prop_oneof![Just(0), Just(3600), Just(7 * 86_400)];
    (prop::collection::vec(policy(), 1..4), period, prop::collection::vec(step(), 1..60))
        .prop_map(move |(servers, period_s, steps)| Script { seed, servers, period_s, steps })
}
