//! A world: runs a script, one event after the other, and lets the oracle judge each.
//!
//! Time is a number that the script moves. Futures are polled here, by hand, and go on only when the world says so.
//!
//! Each server has a list of revocations with one backend behind all of them. Its threads are run by hand, too: whenever
//! time has passed, and when a request waits for them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future as _;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::Pending;

use crate::app::Plan;
use crate::backend::{Shelf, Way};
use crate::browser::Browser;
use crate::cache::{Cache, TARGETED};
use crate::device::Fate;
use crate::jar::{Form, Place};
use crate::oracle::{Oracle, Trace, Violation};
use crate::request::host_of;
use crate::ring::Operators;
use crate::row::Row;
use crate::script::{Action, Client, Policy, Script, Site};
use crate::server::{Answer, Dice, Server};
use crate::settings::House;
use crate::witness::Witness;
use devices::InExchange;

mod devices;
mod operators;
mod requests;
mod rows;

/// When every world begins.
const START_MS: u64 = 1_795_000_000_000;

/// What became of a world.
pub struct Ran {
    pub transcript: String,
    pub violation: Option<Violation>,
    pub events: u64,
}

enum Event {
    Resume(u64),
    Deliver(u64),
    /// Of a browser and an endpoint for devices.
    Exchange(u64),
    /// A server gets through to the backend again.
    Open(usize),
    /// Or gets the ring.
    Bring(usize),
    /// The ring can be read again.
    Mend,
    /// A row of the backend is taken out that cannot be read.
    Clean(Row),
}

struct InFlight {
    trace: Trace,
    plan: Arc<Plan>,
    server: usize,
    answer: Option<Answer>,
    cookies: Option<String>,
    sets: Vec<String>,
    offer: Option<String>,
}

struct World {
    now_ms: u64,
    dice: Dice,
    servers: Vec<Server>,
    operators: Operators,
    shelf: Shelf,
    witness: Witness,
    house: House,
    browsers: BTreeMap<Client, Browser>,
    queue: BTreeMap<(u64, u64), Event>,
    requests: BTreeMap<u64, InFlight>,
    exchanges: BTreeMap<u64, InExchange>,
    /// How the exchanges fare, and how many there were.
    fates: Vec<Fate>,
    exchanged: usize,
    seed: u64,
    caches: [Cache; 2],
    oracle: Oracle,
    count: u64,
    events: u64,
    transcript: String,
}

/// Runs a script to its end, or to the first promise that is broken.
pub fn run(script: &Script) -> Ran {
    let mut world = World::new(script);
    let violation = world.play(script).err();
    Ran { violation, events: world.events, transcript: world.transcript }
}

impl World {
    fn new(script: &Script) -> Self {
        let dice = Dice::new(script.seed);
        let operators = Operators::new(dice.secret(), script.period_s, script.house.form);
        let mut world = Self {
            now_ms: START_MS,
            dice,
            servers: Vec::new(),
            shelf: Shelf::default(),
            witness: Witness::new(operators.all_roots(), script.house.form),
            operators,
            house: script.house,
            browsers: BTreeMap::new(),
            queue: BTreeMap::new(),
            requests: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            fates: script.fates.clone(),
            exchanged: 0,
            seed: script.seed,
            caches: TARGETED.map(Cache::new),
            oracle: Oracle::new(script.house.wild_clocks),
            count: 0,
            events: 0,
            transcript: String::new(),
        };
        for policy in &script.servers {
            let at = world.servers.len();
            // Not of the seed as it is: small ones differ in one byte.
            let skew_ms = world.house.first_skew_ms(script.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), at);
            let clock = ManualClock::at(START_MS.saturating_add_signed(skew_ms));
            if let Ok(Some(server)) = world.server(at, *policy, clock, skew_ms) {
                world.servers.push(server);
                world.work(at);
            }
        }
        world
    }

    /// A server starts, unless the ring cannot be read.
    fn server(
        &mut self,
        at: usize,
        policy: Policy,
        clock: ManualClock,
        skew_ms: i64,
    ) -> Result<Option<Server>, Violation> {
        let Some((ring, version)) = self.operators.read()? else { return Ok(None) };
        let there_ms = self.now_ms.saturating_add_signed(skew_ms);
        self.oracle.rings.has(at, version, self.now_ms, there_ms);
        Ok(Some(Server::start(self.house, policy, clock, skew_ms, ring, &self.shelf, &self.dice)))
    }

    fn play(&mut self, script: &Script) -> Result<(), Violation> {
        for step in &script.steps {
            self.pass(self.now_ms + step.after_ms)?;
            self.act(&step.action)?;
        }
        while let Some((at, _)) = self.queue.keys().next().copied() {
            self.pass(at)?;
        }
        Ok(())
    }

    fn say(&mut self, text: &str) {
        let _ = writeln!(self.transcript, "{:>9} {text}", self.now_ms - START_MS);
    }

    /// Lets time pass, and what is due happen.
    fn pass(&mut self, until_ms: u64) -> Result<(), Violation> {
        while let Some((at, number)) = self.queue.keys().next().copied().filter(|(at, _)| *at <= until_ms) {
            self.advance(at);
            match self.queue.remove(&(at, number)) {
                Some(Event::Resume(id)) => self.resume(id)?,
                Some(Event::Deliver(id)) => self.deliver(id)?,
                Some(Event::Exchange(id)) => self.exchange(id)?,
                Some(Event::Open(server)) => self.lead(server, Way::Open),
                Some(Event::Bring(server)) => self.load_ring(server)?,
                Some(Event::Mend) => self.garble(None)?,
                Some(Event::Clean(row)) => self.clean(row),
                None => {}
            }
        }
        self.advance(until_ms);
        Ok(())
    }

    fn advance(&mut self, to_ms: u64) {
        let by_ms = to_ms.saturating_sub(self.now_ms);
        self.now_ms += by_ms;
        self.servers.iter().for_each(|server| server.clock.advance(by_ms));
        self.work_all();
    }

    fn work_all(&mut self) {
        (0..self.servers.len()).for_each(|server| {
            self.work(server);
        });
    }

    /// Lets a server's threads do what they have to do by now.
    fn work(&mut self, at: usize) -> bool {
        let now_ms = self.now_ms;
        let server = &mut self.servers[at];
        let any = server.work();
        if server.wire.take_heard() {
            self.oracle.heard(at, now_ms);
        }
        if server.wire.take_restored() {
            self.oracle.restored(at);
        }
        any
    }

    fn lead(&mut self, at: usize, way: Way) {
        self.servers[at].wire.lead(way);
        self.oracle.leads(at, way, self.now_ms);
        self.work(at);
    }

    /// What came of something that the backend was asked for: whether it says that it is done.
    fn settle(&mut self, at: usize, pending: Pending<()>) -> bool {
        self.work(at);
        let polled = std::pin::pin!(pending).poll(&mut Context::from_waker(Waker::noop()));
        matches!(polled, Poll::Ready(Ok(())))
    }

    fn later(&mut self, after_ms: u64, event: Event) {
        self.count += 1;
        self.queue.insert((self.now_ms + after_ms, self.count), event);
    }

    fn there_ms(&self, server: usize) -> u64 {
        self.now_ms.saturating_add_signed(self.servers[server].skew_ms)
    }

    fn act(&mut self, action: &Action) -> Result<(), Violation> {
        self.events += 1;
        let index = |server: u8| usize::from(server) % self.servers.len();
        match action {
            Action::Ask(ask) => return self.ask(ask),
            Action::Skew { server, seconds } => {
                let at = index(*server);
                self.servers[at].skew_ms = self.house.skew_ms(*seconds);
                self.servers[at].clock.set(self.there_ms(at));
                let (ring, there_ms) = (self.oracle.rings.of(at), self.there_ms(at));
                self.oracle.rings.has(at, ring, self.now_ms, there_ms);
            }
            Action::Deploy { server, policy } => self.deploy(index(*server), *policy)?,
            Action::Reform { form } => self.reform(*form)?,
            Action::Rotate { .. } | Action::RevokeRoot { .. } | Action::Prune | Action::Garble { .. } => {
                self.operate(action)?;
            }
            Action::RevokeUser { server, user, tenant, in_all_scopes } => {
                self.revoke_user(index(*server), *user, *tenant, *in_all_scopes);
            }
            Action::RevokeEverything { server } => self.revoke_everything(index(*server)),
            Action::Spoil { row, seconds } => self.spoil(*row, *seconds),
            Action::Forge { lie } => self.forge(*lie),
            Action::Steal { browser, keeps_proof } => self.steal(Client::Browser(*browser), *keeps_proof),
            Action::Plant { browser, name } => {
                // The neighbour is a thief, or somebody with a session of his own.
                let from = if *name < 128 { Client::Thief } else { Client::Browser(*name % 3) };
                let browser = self.browsers.entry(Client::Browser(*browser)).or_default();
                browser.neighbour = Some((from, *name));
            }
            Action::Clear { browser } => {
                self.browsers.entry(Client::Browser(*browser)).or_default().clear();
            }
            Action::Restart { browser } => {
                self.browsers.entry(Client::Browser(*browser)).or_default().restart();
            }
            Action::SetBrowserClock { browser, minutes } => {
                let by_ms = i64::from(*minutes) * 60_000;
                self.browsers.entry(Client::Browser(*browser)).or_default().set_clock(by_ms);
            }
            Action::Lead { server, way, seconds } => {
                let at = index(*server);
                self.lead(at, *way);
                self.later(u64::from(*seconds) * 1000, Event::Open(at));
            }
            Action::Save => {
                self.shelf.save();
                self.oracle.saved();
            }
            Action::Lose { all } => {
                self.shelf.lose(*all);
                self.oracle.lost(*all);
                self.rows_changed();
            }
        }
        self.say(&format!("{action:?}"));
        Ok(())
    }

    fn steal(&mut self, from: Client, keeps_proof: bool) {
        let (now_ms, key, form) = (self.now_ms, self.key(), self.house.form);
        let from = self.browsers.entry(from).or_default();
        let mut thief = Browser::default();
        if thief.copy(now_ms, from, keeps_proof, form, &key) {
            self.browsers.insert(Client::Thief, thief);
            self.tries_the_offer();
        }
    }

    fn browser(&mut self, who: Client) -> &Browser {
        self.browsers.entry(who).or_default()
    }

    /// Where a client asks, and what makes it ask.
    fn place(&self, tenant: u8, site: Site) -> Place {
        Place { host: host_of(tenant), form: self.house.form, site }
    }

    /// All servers get another form of the cookie, and know of the one before.
    fn reform(&mut self, form: Form) -> Result<(), Violation> {
        let before = self.house.form;
        let is_other = before != Form::Host && form != Form::Host && form != before;
        let can_start = self.operators.read()?.is_some() && self.list_can_be_read();
        if !is_other || self.house.formerly.is_some() || !can_start {
            return Ok(());
        }
        (self.house.form, self.house.formerly) = (form, Some(before));
        (0..self.servers.len()).try_for_each(|at| self.deploy(at, self.servers[at].policy))
    }

    fn deploy(&mut self, at: usize, policy: Policy) -> Result<(), Violation> {
        // Where it cannot start, what ran before goes on.
        if self.operators.read()?.is_none() || !self.list_can_be_read() {
            return Ok(());
        }
        let cut_off = |(id, request): (&u64, &InFlight)| {
            (request.server == at && request.answer.is_some()).then_some(*id)
        };
        let ids: Vec<_> = self.requests.iter().filter_map(cut_off).collect();
        for id in ids {
            self.requests.get_mut(&id).into_iter().for_each(|request| request.trace.is_stopped = true);
            self.cut_off(id, "cut off by a restart")?;
        }
        self.cut_exchanges_off(at);
        let (clock, skew_ms) = (self.servers[at].clock.clone(), self.servers[at].skew_ms);
        let Some(server) = self.server(at, policy, clock, skew_ms)? else { return Ok(()) };
        self.servers[at] = server;
        self.oracle.restarted(at);
        self.oracle.leads(at, Way::Open, self.now_ms);
        self.work(at);
        Ok(())
    }
}
