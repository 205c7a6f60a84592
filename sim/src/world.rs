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
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::Pending;
use sealed_session::{KeyRing, Root, RootSecret};

use crate::app::{Plan, user_name};
use crate::backend::{Shelf, Way};
use crate::browser::Browser;
use crate::cache::{Cache, TARGETED};
use crate::device::Fate;
use crate::oracle::{Oracle, Trace, Violation};
use crate::request::scope;
use crate::script::{Action, Client, LONGEST_LIFETIME_MIN, MINUTE, Policy, Script};
use crate::server::{Answer, Dice, Server};
use crate::settings::House;
use crate::witness::Witness;
use devices::InExchange;

mod devices;
mod requests;

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
    ring: Ring,
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

/// The ring as operators have it, in its file.
struct Ring(String);

impl Ring {
    fn load(&self) -> KeyRing {
        KeyRing::from_json(&self.0).expect("it was written by the library")
    }
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
        let root = Root::new(secret(&dice)).rotating_every(Duration::from_secs(script.period_s));
        // No longer than a session lives: an hourly key for each of 30 days would be most of what a world does.
        let max_ttl = Duration::from_millis(LONGEST_LIFETIME_MIN * MINUTE);
        let ring = KeyRing::new_with_max_ttl(vec![root.expect("whole seconds")], max_ttl).expect("one root");
        let written = ring.to_json().expect("it can be written");
        let mut world = Self {
            now_ms: START_MS,
            dice,
            servers: Vec::new(),
            ring: Ring(written.to_string()),
            shelf: Shelf::default(),
            witness: Witness::new(ring),
            house: script.house,
            browsers: BTreeMap::new(),
            queue: BTreeMap::new(),
            requests: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            fates: script.fates.clone(),
            exchanged: 0,
            seed: script.seed,
            caches: TARGETED.map(Cache::new),
            oracle: Oracle::default(),
            count: 0,
            events: 0,
            transcript: String::new(),
        };
        for policy in &script.servers {
            let server = world.server(*policy, ManualClock::at(START_MS), 0);
            world.servers.push(server);
            world.work(world.servers.len() - 1);
        }
        world
    }

    fn server(&self, policy: Policy, clock: ManualClock, skew_ms: i64) -> Server {
        Server::start(self.house, policy, clock, skew_ms, self.ring.load(), &self.shelf, &self.dice)
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
                self.servers[at].skew_ms = i64::from(*seconds) * 1000;
                self.servers[at].clock.set(self.there_ms(at));
            }
            Action::Deploy { server, policy } => self.deploy(index(*server), *policy)?,
            Action::Rotate { minutes } => self.rotate(u64::from(*minutes) * MINUTE),
            Action::RevokeUser { server, user, tenant, in_all_scopes } => {
                let (user, at) = (user_name(*user), index(*server));
                let tenant = if self.house.tenants { *tenant % 2 } else { 0 };
                let store = self.servers[at].store.in_scope(scope(self.house, tenant));
                let pending = match in_all_scopes {
                    true => store.revoke_user_in_all_scopes(&user),
                    false => store.revoke_user(&user),
                };
                let tenant = (!in_all_scopes).then_some(tenant);
                match self.settle(at, pending) {
                    true => self.oracle.end_user(tenant, &user, None, None, at, self.now_ms),
                    false => self.oracle.perhaps_user(&user),
                }
            }
            Action::RevokeEverything { server } => {
                let at = index(*server);
                let pending = self.servers[at].store.revoke_everything();
                match self.settle(at, pending) {
                    true => self.oracle.end_everything(at, self.now_ms),
                    false => self.oracle.perhaps_everything(at, self.now_ms),
                }
            }
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
            }
        }
        self.say(&format!("{action:?}"));
        Ok(())
    }

    fn steal(&mut self, from: Client, keeps_proof: bool) {
        let (now_ms, key) = (self.now_ms, self.key());
        let from = self.browsers.entry(from).or_default();
        let mut thief = Browser::default();
        if thief.copy(now_ms, from, keeps_proof, &key) {
            self.browsers.insert(Client::Thief, thief);
            self.tries_the_offer();
        }
    }

    fn browser(&mut self, who: Client) -> &Browser {
        self.browsers.entry(who).or_default()
    }

    fn deploy(&mut self, at: usize, policy: Policy) -> Result<(), Violation> {
        let cut_off = |(id, request): (&u64, &InFlight)| {
            (request.server == at && request.answer.is_some()).then_some(*id)
        };
        let ids: Vec<_> = self.requests.iter().filter_map(cut_off).collect();
        for id in ids {
            self.cut_off(id, "cut off by a restart")?;
        }
        self.cut_exchanges_off(at);
        let Server { clock, skew_ms, .. } = &self.servers[at];
        let server = self.server(policy, clock.clone(), *skew_ms);
        self.servers[at] = server;
        self.oracle.restarted(at);
        self.work(at);
        Ok(())
    }

    fn rotate(&mut self, in_ms: u64) {
        let mut ring = self.ring.load();
        let at_ms = self.now_ms + in_ms;
        if ring.add(Root::new(secret(&self.dice)).activating_at(at_ms), self.now_ms).is_err() {
            return;
        }
        self.ring = Ring(ring.to_json().expect("it can be written").to_string());
        self.witness.replace_ring(self.ring.load());
        for server in &self.servers {
            server.store.replace_ring(self.ring.load()).expect("a ring of ours");
        }
    }
}

fn secret(dice: &Dice) -> RootSecret {
    let mut bytes = [0; 32];
    dice.fill(&mut bytes);
    RootSecret::from_bytes(&bytes).expect("32 bytes")
}
