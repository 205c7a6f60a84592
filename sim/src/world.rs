//! A world: runs a script, one event after the other, and lets the oracle judge each.
//!
//! Time is a number that the script moves. Futures are polled here, by hand, and go on only when the world says so.
//!
//! Each server has a list of revocations with one backend behind all of them. Its threads are run by hand, too: whenever
//! time has passed, and when a request waits for them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Response, header};
use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::Pending;
use sealed_session::{KeyRing, Root, RootSecret};

use crate::app::{Plan, comes_too_late, user_name};
use crate::backend::{Shelf, Way};
use crate::browser::{Browser, sent};
use crate::cache::{Cache, TARGETED};
use crate::oracle::{Brings, Ending, Guarded, Oracle, Trace, Violation};
use crate::request::{holds_back, host_of, request, scope, tenant};
use crate::script::{Action, Ask, Client, MINUTE, Outcome, Policy, Script};
use crate::sender::{Act, Proof};
use crate::server::{Answer, Dice, Server};
use crate::settings::House;
use crate::witness::{Token, Witness};

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
        let ring = KeyRing::new(vec![root.expect("whole seconds")]).expect("one root");
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
            Action::Steal { browser } => {
                let now_ms = self.now_ms;
                if let Some(token) = self.browser(Client::Browser(*browser)).any_session(now_ms) {
                    self.browsers.entry(Client::Thief).or_default().copy(now_ms, &token);
                }
            }
            Action::Plant { browser, name } => {
                let now_ms = self.now_ms;
                if let Some(token) = self.browser(Client::Thief).any_session(now_ms) {
                    self.browsers.entry(Client::Browser(*browser)).or_default().plant(*name, &token);
                }
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

    fn ask(&mut self, ask: &Ask) -> Result<(), Violation> {
        let server = usize::from(ask.server) % self.servers.len();
        let (now_ms, there_ms, policy) = (self.now_ms, self.there_ms(server), self.servers[server].policy);
        let tenant = tenant(self.house, ask);
        let host = host_of(tenant);
        let (cookies, token) = self.browser(ask.who).header(now_ms, host, ask.site);
        if let Some(cache) = self.cache(ask)
            && let Some(stored) = self.caches[cache].serve(now_ms, host, cookies.as_deref())
        {
            self.oracle.came_from_a_cache(stored, cookies.as_deref())?;
            self.say(&format!("a cache answers {ask:?}"));
            return Ok(());
        }
        self.count += 10;
        let mut plan = Plan::new(ask.clone(), self.count);
        plan.foreign = self.oracle.session_of_another(ask.who, tenant);
        let (id, plan) = (self.count, Arc::new(plan));
        let mut trace = Trace::new(ask.who, id, server, policy, now_ms, there_ms);
        (trace.tenant, trace.house) = (tenant, self.house);
        trace.is_refused = self.house.tenants && !ask.host.names_a_host();
        (trace.token, trace.public) = (token, ask.lets_others_reuse());
        trace.held_back = trace.token.is_none() && holds_back(policy.settings.same_site, ask.site);
        let proof = self.proof(&mut trace, ask);
        let request = request(self.house, ask, host, cookies.as_deref(), proof.as_deref(), &plan);
        let answer = Some(self.servers[server].ask(request));
        self.requests.insert(id, InFlight { trace, plan, server, answer, cookies, sets: Vec::new() });
        self.say(&format!("#{id} {ask:?}"));
        self.poll(id)?;
        if self.requests.get(&id).is_some_and(|request| request.answer.is_some()) {
            self.later(ask.handler_ms, Event::Resume(id));
        }
        Ok(())
    }

    /// The shared cache that a request goes through.
    fn cache(&self, ask: &Ask) -> Option<usize> {
        let is_get = matches!(ask.act(self.house), Act::Get) && ask.host.names_a_host();
        usize::from(ask.cache).checked_sub(1).filter(|at| is_get && *at < self.caches.len())
    }

    /// The token that stands in a form, as far as its page has one.
    fn proof(&self, trace: &mut Trace, ask: &Ask) -> Option<String> {
        let requires_token = self.house.csrf?;
        let cookie = trace.token.as_deref();
        let found = match ask.sender.token {
            Proof::Nothing => None,
            Proof::InHeader | Proof::InForm => self.oracle.csrf_token(cookie),
            Proof::OfAnother => self.oracle.csrf_token_of_another(cookie),
            Proof::Garbage => None,
        };
        let (brings, token) = match (found, ask.sender.token) {
            (Some((uid, token, at_ms)), _) => (Brings::Of(uid, at_ms), Some(token)),
            (None, Proof::Garbage) => (Brings::Garbage, Some("garbage".to_owned())),
            (None, _) => (Brings::Nothing, None),
        };
        trace.guarded = Some(Guarded {
            act: ask.act(self.house),
            origin: ask.sender.origin,
            site: ask.site,
            names_a_host: ask.host.names_a_host(),
            requires_token,
            brings,
        });
        token
    }

    fn resume(&mut self, id: u64) -> Result<(), Violation> {
        self.events += 1;
        let Some(request) = self.requests.get(&id).filter(|request| request.answer.is_some()) else {
            return Ok(());
        };
        if request.plan.ask.outcome == Outcome::Dropped {
            return self.cut_off(id, "dropped");
        }
        request.plan.goes_on.store(true, Ordering::SeqCst);
        self.poll(id)?;
        // It waits for the backend.
        if self.requests.get(&id).is_some_and(|request| request.answer.is_some()) {
            self.later(250, Event::Resume(id));
        }
        Ok(())
    }

    /// The handler goes on as far as it can.
    fn poll(&mut self, id: u64) -> Result<(), Violation> {
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        let Some(mut answer) = request.answer.take() else { return Ok(()) };
        let server = request.server;
        let mut cx = Context::from_waker(Waker::noop());
        // A handler may wait for the backend more than once, and for the world.
        for _ in 0..10 {
            let polled = catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(&mut cx)));
            self.heard(id)?;
            let response = match polled {
                Ok(Poll::Pending) if self.work_for(id, server) => continue,
                Ok(Poll::Pending) => break,
                Ok(Poll::Ready(Ok(response))) => Some(response),
                Err(_) => None,
            };
            drop(answer);
            self.work_for(id, server);
            return self.answered(id, response);
        }
        if let Some(request) = self.requests.get_mut(&id) {
            request.answer = Some(answer);
        }
        Ok(())
    }

    /// What the list grows by now is for a request.
    fn work_for(&mut self, id: u64, server: usize) -> bool {
        self.servers[server].wire.take_grew();
        let any = self.work(server);
        let grew = self.servers[server].wire.take_grew();
        if let Some(request) = self.requests.get_mut(&id) {
            request.trace.grew += grew;
        }
        any
    }

    fn heard(&mut self, id: u64) -> Result<(), Violation> {
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        let reports = std::mem::take(&mut *request.plan.reports.lock().expect("nothing panics with it"));
        for report in &reports {
            let _ = writeln!(self.transcript, "          #{id} {report:?}");
        }
        self.oracle.hear(&mut request.trace, self.now_ms, reports)
    }

    fn cut_off(&mut self, id: u64, why: &str) -> Result<(), Violation> {
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        request.answer = None;
        let server = request.server;
        self.work_for(id, server);
        self.say(&format!("#{id} {why}"));
        self.heard(id)?;
        self.answered(id, None)
    }

    fn answered(&mut self, id: u64, response: Option<Response<()>>) -> Result<(), Violation> {
        let Some(server) = self.requests.get(&id).map(|request| request.server) else { return Ok(()) };
        let header = |name: header::HeaderName| {
            let values = response.iter().flat_map(move |response| response.headers().get_all(&name));
            values.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect::<Vec<_>>()
        };
        let sets = header(header::SET_COOKIE);
        let (tokens, removes) = sent(&sets);
        let tokens = tokens.iter().map(|token| self.witness(id, token)).collect();
        let cache_control = header(header::CACHE_CONTROL).join(", ");
        let status = response.as_ref().map(|response| response.status().as_u16());
        self.say(&format!("#{id} answers {status:?} {cache_control:?} {sets:?}"));
        let ending = Ending {
            now_ms: self.now_ms,
            now_there_ms: self.there_ms(server),
            is_recorded: self.servers[server].wire.way() == Way::Open,
            status,
            not_recorded: response.as_ref().is_some_and(|response| {
                response.headers().get("sealed-session-refused").is_some_and(|why| why == "not_recorded")
            }),
            cache_control: &cache_control,
            sets: tokens,
            removes,
        };
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        let network_ms = request.plan.ask.network_ms;
        request.sets = sets;
        self.oracle.ends(&mut request.trace, ending)?;
        self.keep_in_cache(id, response.as_ref());
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        let late = comes_too_late(&request.plan);
        self.oracle.comes_too_late(late)?;
        match status {
            Some(_) => self.later(network_ms, Event::Deliver(id)),
            None => drop(self.requests.remove(&id)),
        }
        Ok(())
    }

    /// What a token says that is sent now.
    fn witness(&self, id: u64, text: &str) -> Option<(String, Token)> {
        let request = self.requests.get(&id)?;
        let (tenant, there_ms) = (request.trace.tenant, self.there_ms(request.server));
        let token = self.witness.read(text, (tenant, scope(self.house, tenant)), there_ms, self.now_ms)?;
        Some((text.to_owned(), token))
    }

    fn keep_in_cache(&mut self, id: u64, response: Option<&Response<()>>) {
        let Some((request, response)) = self.requests.get(&id).zip(response) else { return };
        if let (Some(cache), 200) = (self.cache(&request.plan.ask), response.status().as_u16()) {
            let (host, cookies) = (host_of(request.trace.tenant), request.cookies.as_deref());
            let of_session = request.trace.has_session();
            self.caches[cache].store(self.now_ms, host, cookies, of_session, response.headers());
        }
    }

    fn deliver(&mut self, id: u64) -> Result<(), Violation> {
        self.events += 1;
        let Some(request) = self.requests.remove(&id) else { return Ok(()) };
        let browser = self.browsers.entry(request.trace.who).or_default();
        let host = host_of(request.trace.tenant);
        request.sets.iter().for_each(|set| browser.take(self.now_ms, host, set));
        let has = browser.session(self.now_ms, host);
        self.say(&format!("#{id} arrives"));
        self.oracle.delivered(&request.trace, has.as_deref())
    }
}

fn secret(dice: &Dice) -> RootSecret {
    let mut bytes = [0; 32];
    dice.fill(&mut bytes);
    RootSecret::from_bytes(&bytes).expect("32 bytes")
}
