//! What happens in a world, as data: drawn from a seed, shrunk by proptest, printed, kept as a file, and run again.
//!
//! A script is total: every number in it is taken modulo what there is, so that any part of it can be left out.

use serde::{Deserialize, Serialize};

use crate::backend::Way;
use crate::cache::Words;
use crate::device::Fate;
use crate::jar::Form;
use crate::op::Op;
use crate::ring::Garbage;
use crate::row::{Lie, Row};
use crate::sender::{Act, Sender};
use crate::settings::{House, Settings};
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
    /// A row of it cannot be read, until an operator takes it out after so many seconds.
    Spoil {
        row: Row,
        seconds: u16,
    },
    /// A row is there that lies.
    Forge {
        lie: Lie,
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
    /// It waits before it looks at its session.
    #[serde(default)]
    pub looks_late: bool,
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
