//! What browsers that know device bound sessions ask the endpoints for: registrations, after an answer that asks for one,
//! and refreshes, before a request that would lack its proof.

use std::task::{Context, Poll, Waker};

use http::{Response, header};
use sealed_session::RootId;

use super::{Event, World};
use crate::backend::Way;
use crate::browser::Brought;
use crate::cookies::{Kind, Sent};
use crate::device::{Arrival, Fate, Held, Key, Signed, challenged, offered};
use crate::oracle::{Ending, Exchange, Proven, Trace, Violation};
use crate::request::{exchange, host_of, scope};
use crate::script::{Client, SECOND, Site};
use crate::server::Answer;
use crate::witness::Token;

/// A browser signs no more often for one refresh.
const MOST_SIGNED: usize = 3;

/// So much later comes what comes once more.
const AGAIN_MS: u64 = 20 * SECOND;

/// Browsers make a key for that long, and give up on a site that asks them again and again.
const SOONEST_MS: u64 = 20;
const MOST_EXCHANGES: usize = 300;

/// An exchange on its way.
pub(super) struct InExchange {
    who: Client,
    tenant: u8,
    server: usize,
    fate: Fate,
    asks: Asks,
    stage: Stage,
}

#[derive(Clone)]
enum Asks {
    ToRegister { key: Key, challenge: String },
    ToRefresh(Held),
}

enum Stage {
    ToSend,
    Sent(Box<Trace>, Answer),
    Answered(Arrives),
}

/// What a browser gets.
#[derive(Clone, Default)]
struct Arrives {
    status: u16,
    sets: Vec<String>,
    identifier: Option<String>,
    challenge: Option<String>,
    offer: Option<String>,
}

impl Arrives {
    fn of(response: &Response<String>) -> Self {
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let sets = response.headers().get_all(header::SET_COOKIE).iter();
        let json: Option<serde_json::Value> = serde_json::from_str(response.body()).ok();
        let identifier = json.and_then(|json| Some(json.get("session_identifier")?.as_str()?.to_owned()));
        Self {
            status: response.status().as_u16(),
            sets: sets.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect(),
            identifier,
            challenge: text("secure-session-challenge").and_then(challenged).map(|(challenge, _)| challenge),
            offer: text("secure-session-registration").and_then(offered),
        }
    }
}

impl World {
    /// Whether a client knows of device bound sessions.
    fn knows_devices(&self, who: Client) -> bool {
        let Some(binds) = self.house.binds else { return false };
        match who {
            Client::Browser(number) => binds.ignorant & (1 << (number % 8)) == 0,
            Client::Thief => true,
        }
    }

    fn fate(&mut self) -> Fate {
        self.exchanged += 1;
        let at = self.exchanged.checked_rem(self.fates.len());
        at.and_then(|at| self.fates.get(at)).copied().unwrap_or_default()
    }

    pub(super) fn key(&mut self) -> Key {
        self.count += 1;
        Key::new(self.seed, self.count)
    }

    /// A client was asked to register.
    pub(super) fn is_offered(&mut self, who: Client, tenant: u8, server: usize, challenge: &str) {
        if !self.knows_devices(who) || self.exchanged >= MOST_EXCHANGES {
            return;
        }
        let offer = (host_of(tenant), challenge.to_owned());
        self.browsers.entry(who).or_default().offer = Some(offer);
        let fate = self.fate();
        for late_ms in if fate.parallel { &[0, AGAIN_MS][..] } else { &[0] } {
            let asks = Asks::ToRegister { key: self.key(), challenge: challenge.to_owned() };
            let server = (server + usize::from(fate.server)) % self.servers.len();
            let (after_ms, network_ms) = (fate.after_ms.max(SOONEST_MS), fate.network_ms + late_ms);
            let fate = Fate { bare: false, after_ms, network_ms, ..fate };
            self.begin(InExchange { who, tenant, server, fate, asks, stage: Stage::ToSend });
        }
    }

    /// A thief has copied what a browser was asked.
    pub(super) fn tries_the_offer(&mut self) {
        let Some((host, challenge)) = self.browser(Client::Thief).offer.clone() else { return };
        let tenant = u8::from(self.house.tenants && host == host_of(1));
        self.is_offered(Client::Thief, tenant, 0, &challenge);
    }

    fn begin(&mut self, exchange: InExchange) -> u64 {
        self.count += 1;
        let (id, after_ms) = (self.count, exchange.fate.after_ms);
        self.exchanges.insert(id, exchange);
        self.later(after_ms, Event::Exchange(id));
        id
    }

    /// A client whose proof is over refreshes before it asks for anything else, and goes on without if that takes longer.
    pub(super) fn refresh_first(&mut self, who: Client, tenant: u8, server: usize) -> Result<(), Violation> {
        let host = host_of(tenant);
        if !self.knows_devices(who) {
            return Ok(());
        }
        let held: Vec<_> = self.browser(who).held.iter().filter(|held| held.host == host).cloned().collect();
        for held in held {
            let now_ms = self.now_ms;
            let place = self.place(tenant, Site::Same);
            if self.browser(who).has_proof(now_ms, place) {
                break;
            }
            let fate = self.fate();
            let server = (server + usize::from(fate.server)) % self.servers.len();
            let fate = Fate { after_ms: 0, ..fate };
            let asks = Asks::ToRefresh(held);
            self.count += 1;
            let id = self.count;
            self.exchanges.insert(id, InExchange { who, tenant, server, fate, asks, stage: Stage::ToSend });
            self.exchange(id)?;
            if fate.network_ms == 0 {
                self.exchange(id)?;
            } else {
                self.later(fate.network_ms, Event::Exchange(id));
            }
        }
        Ok(())
    }

    /// The next of what becomes of an exchange.
    pub(super) fn exchange(&mut self, id: u64) -> Result<(), Violation> {
        let Some(exchange) = self.exchanges.remove(&id) else { return Ok(()) };
        self.events += 1;
        let InExchange { stage, asks, .. } = &exchange;
        match (stage, asks) {
            (Stage::ToSend, Asks::ToRegister { .. }) => self.register(id, exchange),
            (Stage::ToSend, Asks::ToRefresh(_)) => self.refresh(id, exchange),
            (Stage::Sent(..), _) => self.poll_exchange(id, exchange),
            (Stage::Answered(_), _) => {
                self.arrives(id, exchange);
                Ok(())
            }
        }
    }

    /// The head of an exchange, with the cookies that go with it.
    fn head(&mut self, id: u64, exchange: &InExchange) -> (Trace, Option<String>) {
        let (who, server, now_ms) = (exchange.who, exchange.server, self.now_ms);
        let policy = self.servers[server].policy;
        let brought = match exchange.fate.bare {
            true => Brought::default(),
            false => {
                let place = self.place(exchange.tenant, Site::Same);
                self.browser(who).brings(now_ms, place)
            }
        };
        let mut trace = Trace::new(who, id, server, policy, now_ms, self.there_ms(server));
        (trace.tenant, trace.house, trace.ring) = (exchange.tenant, self.house, self.oracle.rings.of(server));
        let header = brought.header.clone();
        trace.brings(brought);
        (trace, header)
    }

    fn register(&mut self, id: u64, mut exchange: InExchange) -> Result<(), Violation> {
        let Asks::ToRegister { key, challenge } = &exchange.asks else { return Ok(()) };
        let (mut trace, cookies) = self.head(id, &exchange);
        self.oracle.registers(&mut trace);
        let signed = [("secure-session-response", key.registration(challenge))];
        let request = self::exchange(host_of(exchange.tenant), "/dbsc/register", cookies.as_deref(), &signed);
        let answer = self.servers[exchange.server].ask(request);
        self.say(&format!("#{id} {:?} registers, at {}", exchange.who, exchange.server));
        exchange.stage = Stage::Sent(Box::new(trace), answer);
        self.poll_exchange(id, exchange)
    }

    fn poll_exchange(&mut self, id: u64, mut exchange: InExchange) -> Result<(), Violation> {
        let Stage::Sent(_, answer) = &mut exchange.stage else { return Ok(()) };
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..10 {
            match answer.as_mut().poll(&mut cx) {
                Poll::Ready(Ok(response)) => return self.is_registered(id, exchange, &response),
                Poll::Ready(Err(never)) => match never {},
                Poll::Pending if self.work(exchange.server) => {}
                Poll::Pending => break,
            }
        }
        if let Stage::Sent(trace, _) = &exchange.stage {
            self.oracle.waits(exchange.who, self.now_ms.saturating_sub(trace.head_ms))?;
        }
        self.exchanges.insert(id, exchange);
        self.later(250, Event::Exchange(id));
        Ok(())
    }

    fn is_registered(
        &mut self,
        id: u64,
        mut exchange: InExchange,
        response: &Response<String>,
    ) -> Result<(), Violation> {
        let arrives = Arrives::of(response);
        let Stage::Sent(mut trace, _) = std::mem::replace(&mut exchange.stage, Stage::ToSend) else {
            return Ok(());
        };
        let Asks::ToRegister { key, challenge } = &exchange.asks else { return Ok(()) };
        self.work(exchange.server);
        self.say(&format!("#{id} registration: {} {:?}", arrives.status, arrives.sets));
        let sent = Sent::of(&arrives.sets);
        let asked = Exchange {
            id,
            key: key.number,
            copied_ms: None,
            identifier: arrives.identifier.as_deref(),
            challenge: Some(challenge),
            proof: self.proof_of(&sent, exchange.server),
            roots: self.roots_of([arrives.identifier.as_deref(), Some(challenge)], exchange.server),
        };
        let mut bindings = self.oracle.bindings(&trace);
        bindings.extend(asked.proof.map(|(_, binding, _)| binding));
        let cache_control = cache_control(response);
        let ending = self.ending(&trace, Some(response), &cache_control, &sent, &bindings);
        let offer = arrives.offer.as_deref();
        self.oracle.registered(&mut trace, ending, &asked, offer)?;
        let network_ms = exchange.fate.network_ms;
        exchange.stage = Stage::Answered(arrives);
        self.exchanges.insert(id, exchange);
        self.later(network_ms, Event::Exchange(id));
        Ok(())
    }

    /// The proof that an answer gives, and whose it is.
    fn proof_of<'s>(&self, sent: &'s Sent, server: usize) -> Option<Proven<'s>> {
        let (_, proof) = sent.tokens.iter().find(|(kind, _)| *kind == Kind::Proof)?;
        let there_ms = self.there_ms(server);
        Some((proof, self.witness.device_of(proof, there_ms)?, self.operators.root_of(proof, there_ms)))
    }

    fn roots_of(&self, texts: [Option<&str>; 2], server: usize) -> [Option<RootId>; 2] {
        texts.map(|text| self.operators.root_of(text?, self.there_ms(server)))
    }

    /// What a browser signs may be copied.
    fn has_signed(&mut self, exchange: &InExchange, text: &str, times: usize) {
        let Asks::ToRefresh(asked) = &exchange.asks else { return };
        // What it signs over a challenge that it has just got is younger.
        let since_ms = if times == 1 { asked.since_ms } else { self.now_ms };
        let browser = self.browsers.entry(exchange.who).or_default();
        let held = browser.held.iter_mut().find(|held| held.identifier == asked.identifier);
        if let Some(held) = held.filter(|held| held.replays.is_none()) {
            held.signed = Some(Signed { text: text.to_owned(), since_ms });
        }
    }

    /// What a refresh comes to, at once: no handler takes its time.
    fn refresh(&mut self, id: u64, mut exchange: InExchange) -> Result<(), Violation> {
        let Asks::ToRefresh(held) = &exchange.asks else { return Ok(()) };
        let (host, server) = (host_of(exchange.tenant), exchange.server);
        let (mut trace, cookies) = self.head(id, &exchange);
        let mut challenge = held.challenge.clone();
        let mut arrives = Arrives::default();
        for signed_times in 1..=MOST_SIGNED {
            let signed = held.replays.as_ref().map(|signed| signed.text.clone());
            let signed = signed.unwrap_or_else(|| held.key.refresh(&challenge));
            self.has_signed(&exchange, &signed, signed_times);
            let headers =
                [("sec-secure-session-id", held.identifier.clone()), ("secure-session-response", signed)];
            let request = self::exchange(host, "/dbsc/refresh", cookies.as_deref(), &headers);
            let mut answer = self.servers[server].ask(request);
            let polled = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Ok(response)) = polled else { return Ok(()) };
            arrives = Arrives::of(&response);
            self.say(&format!(
                "#{id} {:?} refreshes, at {server}: {} {:?}",
                exchange.who, arrives.status, arrives.sets
            ));
            let sent = Sent::of(&arrives.sets);
            let asked = Exchange {
                id,
                key: held.key.number,
                copied_ms: held.replays.as_ref().map(|signed| signed.since_ms),
                identifier: Some(&held.identifier),
                challenge: None,
                proof: self.proof_of(&sent, server),
                roots: self.roots_of([Some(&held.identifier), Some(&challenge)], server),
            };
            let cache_control = cache_control(&response);
            let ending = self.ending(&trace, Some(&response), &cache_control, &sent, &[]);
            self.oracle.refreshed(&mut trace, &ending, &asked, signed_times == MOST_SIGNED)?;
            match (arrives.status, &arrives.challenge) {
                (403, Some(next)) => challenge.clone_from(next),
                _ => break,
            }
        }
        exchange.stage = Stage::Answered(arrives);
        self.exchanges.insert(id, exchange);
        Ok(())
    }

    /// What an answer sets of sessions, as the witness reads it.
    pub(super) fn ending<'a>(
        &self,
        trace: &Trace,
        response: Option<&Response<String>>,
        cache_control: &'a str,
        sent: &'a Sent,
        bindings: &[sealed_session::dbsc::Binding],
    ) -> Ending<'a> {
        let there_ms = self.there_ms(trace.server);
        let tenant = (trace.tenant, scope(self.house, trace.tenant));
        let read = |(kind, text): &(Kind, String)| {
            let bindings = bindings.iter().copied().map(Some).chain([None]);
            let mut read =
                bindings.filter_map(|of| self.witness.read((*kind, text), of, tenant, there_ms, self.now_ms));
            let root = self.operators.root_of(text, there_ms);
            read.next().map(|token| (text.clone(), Token { root, ..token }))
        };
        let tokens = sent.tokens.iter().filter(|(kind, _)| *kind != Kind::Proof);
        let is_open = self.servers[trace.server].wire.way() == Way::Open;
        let is_clean = self.oracle.was_clean_since(trace.head_ms);
        let refused = response.and_then(|response| response.headers().get("sealed-session-refused"));
        Ending {
            now_ms: self.now_ms,
            now_there_ms: there_ms,
            is_recorded: is_open && (is_clean || response.is_some()),
            is_clean,
            can_seal: self.oracle.rings.sealed_since(trace.server, trace.head_ms, there_ms),
            status: response.map(|response| response.status().as_u16()),
            not_recorded: refused.is_some_and(|why| why == "not_recorded"),
            cache_control,
            sets: tokens.map(read).collect(),
            removes: false,
            sent,
        }
    }

    /// The browser gets an answer, or not, or twice.
    fn arrives(&mut self, id: u64, mut exchange: InExchange) {
        let Stage::Answered(arrives) = &exchange.stage else { return };
        let (who, tenant, now_ms) = (exchange.who, exchange.tenant, self.now_ms);
        let host = host_of(tenant);
        if exchange.fate.answer == Arrival::Never {
            self.say(&format!("#{id} is lost"));
            return;
        }
        self.say(&format!("#{id} arrives"));
        let place = self.place(tenant, Site::Same);
        let browser = self.browsers.entry(who).or_default();
        arrives.sets.iter().for_each(|set| browser.take(now_ms, place, set));
        let is_whole = exchange.fate.answer != Arrival::CookiesOnly;
        match (&exchange.asks, &arrives.challenge) {
            _ if !is_whole => {}
            (Asks::ToRegister { key, .. }, Some(challenge)) if arrives.status == 200 => {
                if let Some(identifier) = arrives.identifier.clone() {
                    let is_new = browser.held.iter().all(|held| held.identifier != identifier);
                    let (challenge, key) = (challenge.clone(), key.clone());
                    let held = Held {
                        host,
                        identifier,
                        challenge,
                        since_ms: now_ms,
                        key,
                        signed: None,
                        replays: None,
                    };
                    browser.held.extend(is_new.then_some(held));
                }
            }
            (Asks::ToRefresh(asked), challenge) => {
                let same = |held: &Held| held.identifier == asked.identifier;
                if arrives.status == 401 {
                    browser.held.retain(|held| !same(held));
                } else if let (Some(challenge), Some(held)) =
                    (challenge, browser.held.iter_mut().find(|held| same(held)))
                {
                    held.challenge.clone_from(challenge);
                    held.since_ms = now_ms;
                }
            }
            _ => {}
        }
        let offer = arrives.offer.clone();
        let arrives = arrives.clone();
        if exchange.fate.answer == Arrival::Twice {
            let fate = Fate { answer: Arrival::Once, ..exchange.fate };
            let stage = Stage::Answered(Arrives { offer: None, ..arrives });
            (exchange.fate, exchange.stage) = (fate, stage);
            let again_ms = AGAIN_MS + fate.network_ms * 2;
            let server = exchange.server;
            self.exchanges.insert(id, exchange);
            self.later(again_ms, Event::Exchange(id));
            if let Some(offer) = offer {
                self.is_offered(who, tenant, server, &offer);
            }
        } else if let Some(offer) = offer {
            self.is_offered(who, tenant, exchange.server, &offer);
        }
    }

    /// A server restarts: what it has not answered it never will.
    pub(super) fn cut_exchanges_off(&mut self, server: usize) {
        self.exchanges
            .retain(|_, exchange| exchange.server != server || !matches!(exchange.stage, Stage::Sent(..)));
    }
}

pub(super) fn cache_control(response: &Response<String>) -> String {
    let values = response.headers().get_all(header::CACHE_CONTROL).iter();
    values.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(", ")
}
