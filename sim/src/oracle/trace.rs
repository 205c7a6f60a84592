//! What the world knows of a request, and of its answer.

use sealed_session::SessionUid;

use super::csrf::Guarded;
use crate::app::View;
use crate::browser::Brought;
use crate::cookies::{Kind, Sent, Tokens};
use crate::ring::Version;
use crate::script::{Client, Policy};
use crate::settings::House;
use crate::witness::Token;

/// What is known of a request.
pub struct Trace {
    pub who: Client,
    pub policy: Policy,
    pub head_ms: u64,
    /// The same, by the server's clock.
    pub head_there_ms: u64,
    /// What the server has of the ring then.
    pub ring: Version,
    /// What came in the session's own cookie.
    pub token: Option<String>,
    /// And in all of them.
    pub brought: Tokens,
    /// Likewise, of what a neighbour planted under a name of ours.
    pub planted: Vec<(Kind, String)>,
    /// There is any cookie of ours.
    pub brings_cookie: bool,
    pub house: House,
    pub tenant: u8,
    /// It does not say which tenant it is for.
    pub is_refused: bool,
    pub public: bool,
    /// There is a defence against forged requests.
    pub guarded: Option<Guarded>,
    /// The browser keeps the session's cookie back from such a request, should it have one.
    pub held_back: bool,
    pub id: u64,
    pub server: usize,
    /// By how much the list grew.
    pub grew: usize,
    pub(super) saw: Option<View>,
    pub(super) last: Option<View>,
    /// When that was.
    pub(super) last_ms: u64,
    pub(super) came_alive: bool,
    /// Until when what came is good, by this server's clock and limits.
    pub(super) until_ms: u64,
    pub(super) must_stay: bool,
    /// When its handler looked at it first.
    pub(super) looked_ms: u64,
    /// Several good sessions came in cookies of one name.
    pub(super) disagrees: bool,
    /// What came in the second session's cookie, and what a middleware counted in it.
    pub other: Option<String>,
    pub(super) counted: Option<u64>,
    /// What is set of it has kept the answer from shared caches before the session's layer looks.
    pub(super) is_kept_out: bool,
    /// What came ended some time ago.
    pub(super) is_over: bool,
    pub(super) out: bool,
    /// It ended all other sessions, for what came or a login to go on; nobody asked for a logout.
    pub(super) went_on: bool,
    /// What is stored counts even if a cookie is left in place.
    pub(super) anyway: bool,
    pub(super) is_invalidated: bool,
    pub(super) ttl_ms: Option<u64>,
    /// The shortest that was asked for.
    pub(super) least_ttl_ms: u64,
    /// Flash messages that are there by now, if that is known.
    pub(super) messages: Option<Vec<u64>>,
    /// A token for a form was made, of this session.
    pub(super) token_of: Option<SessionUid>,
    /// Its handler was called, and has perhaps not looked at its session yet.
    pub is_reached: bool,
    pub(super) did_anything: bool,
    pub login: Option<SessionUid>,
    pub(super) login_ms: u64,
    pub(super) cycled: Option<SessionUid>,
    pub(super) about_a_user: bool,
    /// It has asked for more than a login or a logout.
    pub asked_for_more: bool,
    /// It is in the middle of something that takes its time.
    pub unfinished: bool,
    /// Its server was stopped: nobody knows what it has recorded.
    pub is_stopped: bool,
}

impl Trace {
    pub fn new(
        who: Client,
        id: u64,
        server: usize,
        policy: Policy,
        head_ms: u64,
        head_there_ms: u64,
    ) -> Self {
        Self {
            who,
            id,
            server,
            policy,
            head_ms,
            head_there_ms,
            ring: Version::default(),
            token: None,
            brought: Tokens::default(),
            planted: Vec::new(),
            brings_cookie: false,
            house: House::default(),
            tenant: 0,
            is_refused: false,
            public: false,
            guarded: None,
            held_back: false,
            grew: 0,
            saw: None,
            last: None,
            last_ms: 0,
            came_alive: false,
            until_ms: 0,
            must_stay: false,
            disagrees: false,
            looked_ms: head_ms,
            other: None,
            counted: None,
            is_kept_out: false,
            is_over: false,
            out: false,
            went_on: false,
            anyway: false,
            is_invalidated: false,
            ttl_ms: None,
            least_ttl_ms: u64::MAX,
            messages: None,
            token_of: None,
            is_reached: false,
            did_anything: false,
            login: None,
            login_ms: 0,
            cycled: None,
            about_a_user: false,
            asked_for_more: false,
            unfinished: false,
            is_stopped: false,
        }
    }
}

impl Trace {
    /// With the cookies of its request.
    pub fn brings(&mut self, brought: Brought) {
        self.token = brought.tokens.ordinary().cloned();
        self.other = brought.other;
        self.brought = brought.tokens;
        self.brings_cookie = brought.header.is_some_and(|header| {
            header.split("; ").any(|pair| {
                let name = pair.split_once('=').map(|(name, _)| self.house.form.as_named_here(name));
                Kind::ALL.iter().flat_map(|kind| kind.names()).any(|of_ours| Some(of_ours) == name.as_deref())
            })
        });
        let planted = brought.planted.into_iter();
        let planted = planted.filter_map(|planted| Some((planted.kind?, planted.token)));
        self.planted = planted.chain(brought.doubles).collect();
    }

    /// A handler asks for a TTL; 0 is the default.
    pub(super) fn asks_for(&mut self, ttl_ms: u64) {
        self.ttl_ms = Some(ttl_ms);
        self.least_ttl_ms = self.least_ttl_ms.min(if ttl_ms == 0 { u64::MAX } else { ttl_ms });
    }

    /// Whether a neighbour has planted what may be taken for the session's or a device's.
    pub(super) fn is_mixed(&self) -> bool {
        !self.planted.is_empty()
    }

    pub fn brings_nothing(&self) -> bool {
        self.brought.is_empty() && !self.is_mixed()
    }

    /// Whether any session comes, good or not.
    pub(super) fn brings_session(&self) -> bool {
        Kind::OF_SESSION.iter().any(|kind| self.brought.get(*kind).is_some()) || self.is_mixed()
    }

    /// Whether its handler had a session to look at.
    pub fn has_session(&self) -> bool {
        self.saw.as_ref().is_some_and(|saw| saw.uid.is_some())
    }

    /// Whether its handler has looked at the session, as of when its head came.
    pub(super) fn has_looked(&self) -> bool {
        self.saw.is_some()
    }

    /// Whether an answer carries what its handler began.
    pub(super) fn counts(&self, ending: &Ending<'_>) -> bool {
        let saves = self.policy.settings.saves_on_server_error;
        ending.status.is_some_and(|status| saves || (status < 500 && status != 408)) && !ending.not_recorded
    }
}

/// What came of a request.
pub struct Ending<'a> {
    pub now_ms: u64,
    pub now_there_ms: u64,
    /// Nothing for a handler that panicked or was dropped.
    pub status: Option<u16>,
    pub not_recorded: bool,
    /// The server gets through to the backend, and says so where something was not recorded.
    pub is_recorded: bool,
    /// All that is there can be read, and could all the time.
    pub is_clean: bool,
    /// It could seal all the time.
    pub can_seal: bool,
    pub cache_control: &'a str,
    /// Tokens that are set, as the witness reads them; nothing for what it cannot read.
    pub sets: Vec<Option<(String, Token)>>,
    /// The session that came is taken away, and no other comes.
    pub removes: bool,
    pub sent: &'a Sent,
}

impl Ending<'_> {
    /// How long the request took, at least and at most: clocks may be set meanwhile.
    pub(super) fn took_ms(&self, trace: &Trace) -> (u64, u64) {
        let took_ms = self.now_ms.saturating_sub(trace.head_ms);
        let took_there_ms = self.now_there_ms.saturating_sub(trace.head_there_ms);
        (took_ms.min(took_there_ms), took_ms.max(took_there_ms))
    }

    /// Whether a session that has ended all others, and does not go on after all, may stay in the browser: what comes late
    /// must not remove what another answer has brought.
    pub(super) fn may_leave(&self, trace: &Trace) -> bool {
        trace.went_on && self.sets.is_empty() && self.took_ms(trace).1 >= trace.policy.settings.late_ms()
    }
}
