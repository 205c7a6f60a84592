//! What happens in a world, as data: drawn from a seed, shrunk by proptest, printed, kept as a file, and run again.
//!
//! A script is total: every number in it is taken modulo what there is, so that any part of it can be left out.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::backend::Way;
use crate::cache::{Words, words};
use crate::device::{Fate, fates};
use crate::jar::{Form, other_form};
use crate::op::{Op, ops};
use crate::ring::{Garbage, garbage};
use crate::sender::{Act, Sender, sender};
use crate::settings::{House, Settings, house, settings};
use crate::theme::theme;
use crate::witness::Token;

pub const SECOND: u64 = 1_000;
pub const MINUTE: u64 = 60 * SECOND;
/// No policy lets sessions live longer.
pub const LONGEST_LIFETIME_MIN: u64 = 120;

/// A world and what happens in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Script {
    pub seed: u64,
    #[serde(default)]
    pub house: House,
    pub servers: Vec<Policy>,
    /// Seconds between two sealing keys; 0 for a fixed one.
    pub period_s: u64,
    /// How the exchanges with endpoints for devices fare.
    #[serde(default)]
    pub fates: Vec<Fate>,
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
    #[serde(default)]
    pub settings: Settings,
}

impl Policy {
    /// Until when a token is good here.
    pub fn until_ms(&self, token: &Token) -> u64 {
        let (ttl_ms, lifetime_ms) = (self.ttl_min * MINUTE, self.lifetime_min * MINUTE);
        token.expires_ms.min(token.created_ms + lifetime_ms).min(token.renewed_ms + ttl_ms)
    }
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
    /// A server's clock is wrong by so many seconds from now on; by minutes where clocks are wild.
    Skew {
        server: u8,
        seconds: i8,
    },
    /// A server ends and starts again, perhaps with another policy. Requests in flight are cut off.
    Deploy {
        server: u8,
        policy: Policy,
    },
    /// All servers are deployed with another Domain, Path or Partitioned of the cookie.
    Reform {
        form: Form,
    },
    /// A new root seals after some minutes. Each server gets it so many seconds late.
    Rotate {
        minutes: u8,
        #[serde(default)]
        late_s: Vec<u16>,
    },
    /// A root is withdrawn. So that nothing is left to seal with, only by force.
    RevokeRoot {
        which: u8,
        force: bool,
        late_s: Vec<u16>,
    },
    /// What nobody needs is taken out of the ring.
    Prune,
    /// The ring's file has something else in it, for so many seconds.
    Garble {
        garbage: Garbage,
        seconds: u16,
    },
    RevokeUser {
        server: u8,
        user: u8,
        #[serde(default)]
        tenant: u8,
        #[serde(default)]
        in_all_scopes: bool,
    },
    RevokeEverything {
        server: u8,
    },
    /// A thief copies the cookies of a browser.
    Steal {
        browser: u8,
        /// And brings the proof for longer than a browser would.
        #[serde(default)]
        keeps_proof: bool,
    },
    /// A neighbour plants a cookie of his own in a browser.
    Plant {
        browser: u8,
        name: u8,
    },
    /// A browser forgets its cookies.
    Clear {
        browser: u8,
    },
    /// A browser closes and begins again.
    Restart {
        browser: u8,
    },
    /// A browser's clock is set forward by so much, or back.
    SetBrowserClock {
        browser: u8,
        minutes: i16,
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
    /// Whose host is asked for, where there are tenants.
    #[serde(default)]
    pub tenant: u8,
    #[serde(default)]
    pub host: HostForm,
    pub site: Site,
    pub first: Vec<Op>,
    /// So long the handler waits before it does the rest.
    pub handler_ms: u64,
    pub rest: Vec<Op>,
    pub outcome: Outcome,
    /// So long the answer is on its way.
    pub network_ms: u64,
    /// The handler lets shared caches reuse its answer, whatever else it says.
    pub public: bool,
    #[serde(default)]
    pub words: Words,
    /// The shared cache that it goes through; 0 for none.
    #[serde(default)]
    pub cache: u8,
    /// What it says of itself, where there is a defence against forged requests.
    #[serde(default)]
    pub sender: Sender,
    /// What is tried once the answer has gone.
    #[serde(default)]
    pub afterwards: Vec<Op>,
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
    /// A page of another site has one of ours in it.
    Frame,
    /// A page of another host of the same site sends it, with cookies.
    Sibling,
    /// The browser says nothing of where it comes from, and holds nothing back.
    Unsaid,
}

/// How a request names its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum HostForm {
    /// As HTTP/2 does.
    #[default]
    Target,
    /// As HTTP/1.1 does.
    Header,
    Both,
    UpperCase,
    TrailingDot,
    DefaultPort,
    Missing,
    Twice,
    Contradicted,
}

impl Ask {
    /// Whether others may get its answer from a cache.
    pub fn lets_others_reuse(&self) -> bool {
        self.public || self.words.let_others_reuse()
    }

    /// What it is about to do. Of pages of other sites, only a form changes something.
    pub fn act(&self, house: House) -> Act {
        match self.site {
            Site::Post => Act::Post,
            Site::Link | Site::Frame => Act::Get,
            Site::Same | Site::Sibling | Site::Unsaid if house.csrf.is_some() => self.sender.act,
            Site::Same | Site::Sibling | Site::Unsaid => Act::Get,
        }
    }
}

impl HostForm {
    pub fn names_a_host(self) -> bool {
        !matches!(self, Self::Missing | Self::Twice | Self::Contradicted)
    }
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

fn host_form() -> impl Strategy<Value = HostForm> {
    prop_oneof![
        8 => Just(HostForm::Target),
        8 => Just(HostForm::Header),
        2 => Just(HostForm::Both),
        2 => Just(HostForm::UpperCase),
        2 => Just(HostForm::TrailingDot),
        2 => Just(HostForm::DefaultPort),
        1 => Just(HostForm::Missing),
        1 => Just(HostForm::Twice),
        1 => Just(HostForm::Contradicted),
    ]
}

fn afterwards() -> impl Strategy<Value = Vec<Op>> {
    prop_oneof![9 => Just(Vec::new()), 1 => ops()]
}

fn ask() -> impl Strategy<Value = Ask> {
    let site = prop_oneof![8 => Just(Site::Same), 1 => Just(Site::Link), 1 => Just(Site::Post), 1 => Just(Site::Frame), 1 => Just(Site::Sibling), 2 => Just(Site::Unsaid)];
    let what = (ops(), delay(), ops(), outcome(), delay(), (words(), 0..3_u8, sender()), afterwards());
    (client(), any::<u8>(), (0..2_u8, host_form()), site, what).prop_map(
        |(
            who,
            server,
            (tenant, host),
            site,
            (first, handler_ms, rest, outcome, network_ms, told, afterwards),
        )| Ask {
            who,
            server,
            tenant,
            host,
            site,
            first,
            handler_ms,
            rest,
            outcome,
            network_ms,
            public: false,
            words: told.0,
            cache: told.1,
            sender: told.2,
            afterwards,
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let ttl = prop_oneof![Just(5), Just(15), Just(30)];
    let lifetime = prop_oneof![Just(30), Just(45), Just(LONGEST_LIFETIME_MIN)];
    let refuse_after = prop_oneof![3 => Just(0), 1 => Just(10), 1 => Just(120)];
    (ttl, lifetime, refuse_after, prop::bool::weighted(0.2), settings()).prop_map(
        |(ttl_min, lifetime_min, refuse_after_s, nested, settings)| Policy {
            ttl_min,
            lifetime_min,
            refuse_after_s,
            nested,
            settings,
        },
    )
}

fn revoke_user() -> impl Strategy<Value = Action> {
    (any::<u8>(), 0..3_u8, 0..2_u8, any::<bool>()).prop_map(|(server, user, tenant, in_all_scopes)| {
        Action::RevokeUser { server, user, tenant, in_all_scopes }
    })
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

fn of_the_ring() -> impl Strategy<Value = Action> {
    let late = || prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(0..1800_u16, 1..4)];
    let minutes = prop_oneof![1 => Just(0), 3 => 1..20_u8];
    prop_oneof![
        4 => (minutes, late()).prop_map(|(minutes, late_s)| Action::Rotate { minutes, late_s }),
        3 => (any::<u8>(), prop::bool::weighted(0.3), late())
            .prop_map(|(which, force, late_s)| Action::RevokeRoot { which, force, late_s }),
        1 => Just(Action::Prune),
        1 => (garbage(), 1..1200_u16).prop_map(|(garbage, seconds)| Action::Garble { garbage, seconds }),
    ]
}

fn of_a_browser() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0..3_u8).prop_map(|browser| Action::Restart { browser }),
        (0..3_u8, -90..90_i16).prop_map(|(browser, minutes)| Action::SetBrowserClock { browser, minutes }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        24 => ask().prop_map(Action::Ask).boxed(),
        1 => (any::<u8>(), -25..=25_i8).prop_map(|(server, seconds)| Action::Skew { server, seconds }),
        1 => (any::<u8>(), policy()).prop_map(|(server, policy)| Action::Deploy { server, policy }).boxed(),
        2 => of_the_ring(),
        1 => other_form().prop_map(|form| Action::Reform { form }),
        1 => revoke_user(),
        1 => any::<u8>().prop_map(|server| Action::RevokeEverything { server }),
        2 => (0..3_u8, any::<bool>()).prop_map(|(browser, keeps_proof)| Action::Steal { browser, keeps_proof }),
        3 => (0..3_u8, any::<u8>()).prop_map(|(browser, name)| Action::Plant { browser, name }),
        1 => (0..3_u8).prop_map(|browser| Action::Clear { browser }),
        1 => of_a_browser(),
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
    let servers = prop::collection::vec(policy(), 1..4);
    let steps = (theme(), prop::collection::vec(step(), 1..60)).prop_map(|(theme, mut steps)| {
        theme.set(&mut steps);
        steps
    });
    (servers, house(), period, fates(), steps).prop_map(move |(servers, house, period_s, fates, steps)| {
        Script { seed, house, servers, period_s, fates, steps }
    })
}
