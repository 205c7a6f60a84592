//! Requests on their way: sent, at their handlers, answered, and back at their clients.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use http::{Response, header};

use super::devices::cache_control;
use super::{Event, InFlight, World};
use crate::app::{Plan, comes_too_late};
use crate::cache::Answered;
use crate::cookies::{Kind, Sent};
use crate::device::offered;
use crate::oracle::{Brings, Guarded, Trace, Violation};
use crate::other;
use crate::request::{holds_back, host_of, request, tenant};
use crate::script::{Ask, Client, Outcome, Site};
use crate::sender::{Act, Proof};

impl World {
    pub(super) fn ask(&mut self, ask: &Ask) -> Result<(), Violation> {
        let server = usize::from(ask.server) % self.servers.len();
        self.check_health(server)?;
        let (now_ms, there_ms, policy) = (self.now_ms, self.there_ms(server), self.servers[server].policy);
        let tenant = tenant(self.house, ask);
        let host = host_of(tenant);
        self.plant(ask.who, server)?;
        self.refresh_first(ask.who, tenant, server)?;
        let place = self.place(tenant, ask.site);
        let brought = self.browser(ask.who).brings(now_ms, place);
        let cookies = brought.header.clone();
        let mut revalidates = false;
        if let Some(cache) = self.cache(ask)
            && let Some((stored, is_fresh)) = self.caches[cache].find(now_ms, host, cookies.as_deref())
        {
            if is_fresh {
                self.oracle.came_from_a_cache(stored, cookies.as_deref())?;
                self.say(&format!("a cache answers {ask:?}"));
                return Ok(());
            }
            revalidates = true;
        }
        self.count += 10;
        let mut plan = Plan::new(ask.clone(), self.count);
        plan.revalidates = revalidates;
        plan.foreign = self.oracle.session_of_another(ask.who, tenant);
        let (id, plan) = (self.count, Arc::new(plan));
        let mut trace = Trace::new(ask.who, id, server, policy, now_ms, there_ms);
        (trace.tenant, trace.house, trace.ring) = (tenant, self.house, self.oracle.rings.of(server));
        trace.is_refused = self.house.tenants && !ask.host.names_a_host();
        trace.public = ask.lets_others_reuse();
        trace.brings(brought);
        trace.held_back = trace.brings_nothing() && holds_back(policy.settings.same_site, ask.site);
        let proof = self.proof(&mut trace, ask);
        let request = request(self.house, ask, host, cookies.as_deref(), proof.as_deref(), &plan);
        let answer = Some(self.servers[server].ask(request));
        self.requests
            .insert(id, InFlight { trace, plan, server, answer, cookies, sets: Vec::new(), offer: None });
        self.say(&format!("#{id} {ask:?}"));
        self.poll(id)?;
        if self.requests.get(&id).is_some_and(|request| request.answer.is_some()) {
            self.later(ask.handler_ms, Event::Resume(id));
        }
        Ok(())
    }

    /// A neighbour sees to it that what he has planted is good.
    fn plant(&mut self, who: Client, server: usize) -> Result<(), Violation> {
        let Some((from, which)) = self.browser(who).neighbour.filter(|(from, _)| *from != who) else {
            return Ok(());
        };
        self.refresh_first(from, 0, server)?;
        let now_ms = self.now_ms;
        let (place, form) = (self.place(0, Site::Same), self.house.form);
        let has = self.browser(from).has(now_ms, place).tokens;
        if !has.is_empty() {
            self.browsers.entry(who).or_default().plant(which, &has, form);
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
        let found = match ask.sender.token {
            Proof::Nothing => None,
            Proof::InHeader | Proof::InForm => self.oracle.csrf_token(trace),
            Proof::OfAnother => self.oracle.csrf_token_of_another(trace),
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

    pub(super) fn resume(&mut self, id: u64) -> Result<(), Violation> {
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
        if let Some(request) = self.requests.get(&id).filter(|request| request.answer.is_some()) {
            let since_ms = request.trace.head_ms + request.plan.ask.handler_ms;
            self.oracle.waits(request.trace.who, self.now_ms.saturating_sub(since_ms))?;
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

    pub(super) fn cut_off(&mut self, id: u64, why: &str) -> Result<(), Violation> {
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        request.answer = None;
        let server = request.server;
        self.work_for(id, server);
        self.say(&format!("#{id} {why}"));
        self.heard(id)?;
        self.answered(id, None)
    }

    fn answered(&mut self, id: u64, response: Option<Response<String>>) -> Result<(), Violation> {
        let header = |name: header::HeaderName| {
            let values = response.iter().flat_map(move |response| response.headers().get_all(&name));
            values.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect::<Vec<_>>()
        };
        let sets = header(header::SET_COOKIE);
        let sent = Sent::of(&sets.iter().map(|set| self.house.form.as_named_here(set)).collect::<Vec<_>>());
        let cache_control = response.as_ref().map(cache_control).unwrap_or_default();
        let status = response.as_ref().map(|response| response.status().as_u16());
        self.say(&format!("#{id} answers {status:?} {cache_control:?} {sets:?}"));
        let offer = header(header::HeaderName::from_static("secure-session-registration"));
        let offer = offer.first().and_then(|offer| offered(offer));
        let Some(request) = self.requests.get(&id) else { return Ok(()) };
        let bindings = self.oracle.bindings(&request.trace);
        let ending = self.ending(&request.trace, response.as_ref(), &cache_control, &sent, &bindings);
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        let network_ms = request.plan.ask.network_ms;
        (request.sets, request.offer) = (sets, offer.clone());
        let other = request.sets.iter().find_map(|set| set.strip_prefix(other::NAME)?.strip_prefix('='));
        let other = other.and_then(|set| set.split(';').next()).map(str::to_owned);
        self.oracle.keeps_count(&mut request.trace, &ending, request.plan.ask.site, other)?;
        let not_recorded = ending.not_recorded;
        self.oracle.ends(&mut request.trace, ending, offer.as_deref())?;
        if let (true, Some(request)) = (not_recorded, self.requests.get(&id)) {
            self.check_told(&request.trace)?;
        }
        self.keep_in_cache(id, response.as_ref())?;
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        let late = comes_too_late(&request.plan);
        self.oracle.comes_too_late(late)?;
        match status {
            Some(_) => self.later(network_ms, Event::Deliver(id)),
            None => drop(self.requests.remove(&id)),
        }
        Ok(())
    }

    /// A cache keeps an answer, or learns that it may hand out again what it has.
    fn keep_in_cache(&mut self, id: u64, response: Option<&Response<String>>) -> Result<(), Violation> {
        let Some((request, response)) = self.requests.get(&id).zip(response) else { return Ok(()) };
        let Some(cache) = self.cache(&request.plan.ask) else { return Ok(()) };
        let answered = Answered {
            host: host_of(request.trace.tenant),
            cookies: request.cookies.as_deref(),
            of_session: request.trace.has_session(),
            headers: response.headers(),
        };
        match response.status().as_u16() {
            200 => self.caches[cache].store(self.now_ms, &answered),
            304 => {
                let found = self.caches[cache].find(self.now_ms, answered.host, answered.cookies);
                found
                    .map_or(Ok(()), |(stored, _)| self.oracle.came_from_a_cache(stored, answered.cookies))?;
                self.caches[cache].freshen(self.now_ms, &answered);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn deliver(&mut self, id: u64) -> Result<(), Violation> {
        self.events += 1;
        let Some(request) = self.requests.remove(&id) else { return Ok(()) };
        // Embedded pages are another site's, and so are their partitioned cookies.
        let place = self.place(request.trace.tenant, request.plan.ask.site);
        // Its body has streamed until now.
        self.oracle.comes_too_late(comes_too_late(&request.plan))?;
        let browser = self.browsers.entry(request.trace.who).or_default();
        request.sets.iter().for_each(|set| browser.take(self.now_ms, place, set));
        let has = browser.has(self.now_ms, place);
        self.say(&format!("#{id} arrives"));
        let names = request.sets.iter().map(|set| self.house.form.as_named_here(set));
        let overwrites = names.into_iter().any(|set| set.starts_with(Kind::Ordinary.names()[0]));
        self.oracle.delivered(&request.trace, &has, overwrites)?;
        if let Some(challenge) = &request.offer {
            self.is_offered(request.trace.who, request.trace.tenant, request.server, challenge);
        }
        Ok(())
    }
}
