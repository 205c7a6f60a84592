//! What a response carries of a session: `Set-Cookie`, and what keeps caches from giving it to others.

use std::error::Error;

use http::header::{Entry, InvalidHeaderValue, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::caches;
use super::carrier::Opened;
use super::cookie::CookiePolicy;
use super::decide::{Came, Clear, Decision, Facts, Now, Send, Timing, decide};
use super::few::Few;
use super::handle::Session;
use super::session::Persistence;
use super::settle::{Keys, Settling, Waiting, settle};
use super::state::{Finished, State, Upkeep};
use super::telemetry;
use crate::key::KeyId;

/// What becomes of a handler's answer.
#[derive(Default)]
pub(super) struct Reply {
    /// The answer must not say that all is well: these values of `Set-Cookie` go with a 500 instead.
    pub(super) fail: Option<Vec<HeaderValue>>,
    /// What is to be recorded before it goes.
    pub(super) settling: Option<Settling>,
}

/// Decides what the response carries, once, and ends all changes. What is still to be recorded is on its way.
pub(super) fn finish(session: &Session, status: StatusCode, headers: &mut HeaderMap) -> Reply {
    let mut progress = session.progress();
    let is_over = std::mem::replace(&mut progress.sent, true);
    let rules = &session.config().rules;
    let eager = rules.open_unread || rules.creation == super::Creation::Always;
    if progress.opened.is_none() && (is_over || !eager) {
        return Reply::default();
    }
    let opened = session.opened(&mut progress);
    answers_depend_on_the_cookie(headers);
    let counts = counts(status) || rules.save_on_server_error;
    let decided = Decided::new(session, opened, counts, headers);
    decided.carry_out(session, opened, headers)
}

/// The handler was cut off, and no answer goes: what it ended has ended all the same.
pub(super) fn cut_off(session: &Session) {
    let mut progress = session.progress();
    let is_over = std::mem::replace(&mut progress.sent, true);
    if let (Some(opened), false) = (&mut progress.opened, is_over)
        && opened.state.is_out()
    {
        let decided = Decided::new(session, opened, false, &HeaderMap::new());
        // It is on its way, and nobody is left to be told of it.
        drop(settle(session, &mut opened.state, &decided.decision, None));
    }
}

/// A time-out has cut its handler off, as a server error may have.
fn counts(status: StatusCode) -> bool {
    !status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT
}

/// What a response does, and the cookie of the session that it sends.
struct Decided {
    facts: Facts,
    decision: Decision,
    finished: Option<Cookies>,
}

/// The values of `Set-Cookie` that bring a session to the client, and when it expires.
struct Cookies {
    values: Few<HeaderValue>,
    expires_at_ms: u64,
    /// The key that has sealed it.
    key_id: KeyId,
}

impl Decided {
    fn new(session: &Session, opened: &mut Opened, counts: bool, headers: &HeaderMap) -> Self {
        let rules = &session.config().rules;
        let store = session.jar(&opened.state).store;
        let upkeep = opened.state.upkeep(store, rules, session.may_renew(), session.head_ms());
        let facts =
            Facts { beside: session.carrier().beside(opened), ..opened.state.facts(rules, upkeep, counts) };
        let decision = decide(&facts);
        let mut decided = Self { facts, decision, finished: None };
        // Most responses send nothing, whatever else there is to know.
        if decision.send != Send::Nothing || decision.clear != Clear::Nothing {
            let now_ms = store.now_ms();
            decided.look_again(session, opened, headers, upkeep, now_ms);
            decided.seal(session, opened, upkeep, now_ms);
        }
        decided.tell();
        decided
    }

    /// With what takes a look at the clock, at what was revoked meanwhile, and at the answer.
    fn look_again(
        &mut self,
        session: &Session,
        opened: &Opened,
        headers: &HeaderMap,
        upkeep: Upkeep,
        now_ms: u64,
    ) {
        let facts = as_of(now_ms, self.facts, session, &opened.state, upkeep);
        if self.facts.counts && !facts.counts && facts.did.now != Now::AsItCame {
            telemetry::changed_after_end();
        }
        self.facts = Facts { caches: caches::of(headers, now_ms), ..facts };
        self.decision = decide(&self.facts);
    }

    fn seal(&mut self, session: &Session, opened: &mut Opened, upkeep: Upkeep, now_ms: u64) {
        if self.decision.send != Send::Session {
            return;
        }
        match sealed(session, opened, upkeep, now_ms) {
            Ok(cookies) => self.finished = Some(cookies),
            Err(error) => {
                self.facts.sealed = false;
                self.decision = decide(&self.facts);
                let tell = if self.decision.fail { telemetry::not_saved } else { telemetry::not_extended };
                tell(&*error);
            }
        }
    }

    /// Operators learn what was decided, and of changes that reach nobody.
    fn tell(&self) {
        telemetry::decided(&self.facts, &self.decision);
        let Facts { came, did, counts, ended, moved, .. } = self.facts;
        if !counts || did.out || !matches!(did.now, Now::Changed | Now::Cycled) {
            return;
        }
        match came {
            Came::Left(_) => telemetry::cookie_left_in_place(),
            #[cfg(feature = "dbsc")]
            Came::Good if moved => crate::dbsc::telemetry::changed_after_moving(),
            Came::Good if ended => telemetry::changed_after_end(),
            _ => {}
        }
        let _ = moved;
    }

    fn carry_out(mut self, session: &Session, opened: &mut Opened, headers: &mut HeaderMap) -> Reply {
        let expires_at_ms = self.finished.as_ref().map(|finished| finished.expires_at_ms);
        let key_id = self.finished.as_ref().map(|finished| finished.key_id);
        let settling = settle(session, &mut opened.state, &self.decision, expires_at_ms);
        let mut cookies = self.cookies(session, opened, &self.decision);
        cookies.extend(self.finished.take().into_iter().flat_map(|finished| finished.values));
        if !self.decision.fail {
            caches::say(self.decision.say, headers);
        }
        // What waits for a backend goes when that has answered.
        let cookies_now = if settling.is_some() { Few::new() } else { std::mem::take(&mut cookies) };
        let mut beside = HeaderMap::new();
        session.carrier().offer_to(opened, &self.decision, &mut beside);
        let beside_now = if settling.is_some() { HeaderMap::new() } else { std::mem::take(&mut beside) };
        let settling = settling.map(|settling| {
            let jar = session.jar(&opened.state);
            let without = decide(&Facts { counts: false, ..self.facts });
            let unrecorded = Facts { recorded: false, ..self.facts };
            settling.then(Waiting {
                cookies: cookies.into_vec(),
                beside,
                session: opened.state.brought(jar.store).filter(|_| self.decision.send == Send::Session),
                keys: key_id.map(|key_id| keys(session, &opened.state, key_id)).unwrap_or_default(),
                unrecorded: Some(unrecorded),
                without: self.cookies(session, opened, &without).into_vec(),
                fails_without: without.fail,
                endings: self.cookies(session, opened, &decide(&unrecorded)).into_vec(),
            })
        });
        if self.decision.fail {
            return Reply { fail: Some(cookies_now.into_vec()), settling };
        }
        for cookie in cookies_now {
            headers.append(SET_COOKIE, cookie);
        }
        headers.extend(beside_now);
        Reply { fail: None, settling }
    }

    /// All cookies but the session's own.
    fn cookies(&self, session: &Session, opened: &Opened, decision: &Decision) -> Few<HeaderValue> {
        let mut cookies = Few::new();
        if decision.send == Send::Removal {
            let jar = session.jar(&opened.state);
            cookies.extend(removals(jar.cookies, opened.has_second_of_jar()));
        }
        cookies.extend(session.carrier().removals_beside(session.request(), opened, decision));
        cookies
    }
}

/// What becomes of a change of the session, were its answer to go now, and well.
pub(super) fn persistence(session: &Session, state: &State) -> Persistence {
    let (rules, store) = (&session.config().rules, session.jar(state).store);
    // A change extends what is due, whatever the request is for.
    let upkeep = state.upkeep(store, rules, true, session.head_ms());
    let facts = as_of(store.now_ms(), state.facts_of_a_change(rules), session, state, upkeep);
    match (decide(&facts).send, facts.came) {
        (Send::Session, _) => Persistence::Sent,
        (_, Came::Left(why)) if facts.counts && !facts.did.out => Persistence::RequestOnly(why),
        _ => Persistence::Ended,
    }
}

/// With what is known at this time of what came, and of what would be sent.
fn as_of(now_ms: u64, facts: Facts, session: &Session, state: &State, upkeep: Upkeep) -> Facts {
    let (store, head_ms) = (session.jar(state).store, session.head_ms());
    let timing = match session.is_late() {
        false => Timing::InTime,
        true if store.knows_revocations() => Timing::LateAndKnown,
        true => Timing::Late,
    };
    // A login that was revoked since it was asked for is none, and so is what has expired before it is sent.
    let is_revoked = session.has_withdrawn_key(state, now_ms);
    let is_over = state.is_over_when_sent(store, upkeep, head_ms, now_ms) || (is_revoked && state.goes_on());
    let counts = facts.counts && !(is_over && decide(&facts).send == Send::Session);
    let ended = is_revoked || state.has_ended(store, now_ms);
    let moved = session.carrier().has_moved(session.request(), state);
    Facts { timing, ended, moved, counts, ..facts }
}

/// The cookies of a session that is sealed now.
fn sealed(
    session: &Session,
    opened: &mut Opened,
    upkeep: Upkeep,
    now_ms: u64,
) -> Result<Cookies, Box<dyn Error>> {
    let has_second = opened.has_second_of_jar();
    let jar = session.jar(&opened.state);
    let Finished { token, key_id, expires_at_ms } =
        opened.state.seal(jar.store, upkeep, session.head_ms(), now_ms, &jar.associated_data)?;
    let values = jar.cookies.values_of(token, expires_at_ms, now_ms, has_second)?;
    let values = values.into_iter().map(set_cookie).collect::<Result<_, _>>()?;
    Ok(Cookies { values, expires_at_ms, key_id })
}

/// The keys that must not have been withdrawn when the session goes that one of them has sealed.
fn keys(session: &Session, state: &State, key_id: KeyId) -> Keys {
    let came_by = state.key_id().filter(|_| state.is_of_what_came());
    Keys { ids: [Some(key_id), came_by], stores: session.stores().map(Option::<&_>::cloned) }
}

/// The values that remove a cookie. Those of our own making stand in any header.
pub(super) fn removals(cookies: &CookiePolicy, has_second: bool) -> impl Iterator<Item = HeaderValue> {
    cookies.removals(has_second).into_iter().filter_map(|value| set_cookie(value).ok())
}

/// The value of a header `Set-Cookie`.
pub(super) fn set_cookie(value: impl Into<Vec<u8>>) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(value.into())?;
    value.set_sensitive(true);
    Ok(value)
}

/// A cache must not answer others with what it was told for this session.
fn answers_depend_on_the_cookie(headers: &mut HeaderMap) {
    let named = |value: &HeaderValue| {
        value.as_bytes().split(|&octet| octet == b',').any(|name| {
            let name = name.trim_ascii();
            name == b"*" || name.eq_ignore_ascii_case(b"cookie")
        })
    };
    let cookie = const { HeaderValue::from_static("Cookie") };
    match headers.entry(VARY) {
        Entry::Vacant(vary) => drop(vary.insert(cookie)),
        Entry::Occupied(mut vary) => {
            if !vary.iter().any(named) {
                vary.append(cookie);
            }
        }
    }
}
