//! What must hold, as predicates over what the world knows: who logged in where and when, who ended what, who wrote what.
//!
//! Nothing here asks the code under test what it decided. Tokens that were sent are read by a *witness*, a store without a
//! list and without limits, at the moment when they are sent: that a token says what was sealed is tested elsewhere.
//!
//! A *form* is a session under one uid: a login begins one, and so do `cycle` and `logout_others`, which end the one
//! before. Where the promises allow several outcomes, a form ends *perhaps*, and nothing is claimed of it afterwards.

use std::collections::BTreeMap;

use sealed_session::SessionUid;

use crate::app::{Report, View, user_name};
use crate::browser::Brought;
use crate::cache::Stored;
use crate::cookies::{Kind, Tokens};
use crate::op::Op;
use crate::records::{Lists, Record, refuses};
use crate::ring::Rings;
pub use crate::rules::Violation;
use crate::rules::{Checked, hold};
use crate::script::{MINUTE, SECOND};
use crate::witness::Token;

mod answer;
mod csrf;
mod data;
mod device;
mod exchange;
mod form;
mod health;
mod messages;
mod other;
mod registry;
mod seen;
mod settings;
mod trace;

pub use csrf::{Brings, Guarded};
pub(crate) use device::Devices;
pub use device::Proven;
use device::Shows;
pub use exchange::Exchange;
pub(crate) use form::Form;
pub use health::Says;
use health::Weather;
use registry::Rolls;
pub use trace::{Ending, Trace};

/// How far the clocks of servers may be apart, both ways; and what a session may begin ahead after everything was revoked.
const SLACK_MS: u64 = 150 * SECOND;
/// And where they are wild, besides.
const WILD_MS: u64 = 50 * MINUTE;
/// For so long a cookie stays that is over only by the limits of one server.
const STRICTER_MS: u64 = 10 * MINUTE;
const LEEWAY_MS: u64 = MINUTE;

#[derive(Default)]
pub struct Oracle {
    pub(crate) forms: BTreeMap<SessionUid, Form>,
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Who wrote an item: a user, or nobody.
    items: BTreeMap<u64, Option<Writer>>,
    /// Who has which sessions, as a registry should have them.
    pub(crate) rolls: Rolls,
    /// Tokens for forms, by their sessions, and when they were made.
    csrf: BTreeMap<SessionUid, (String, u64)>,
    pub(crate) lists: Lists,
    pub(crate) devices: Devices,
    pub(crate) rings: Rings,
    /// What was sent of the second sessions, and when.
    counts: BTreeMap<String, (u64, u64)>,
    weather: Weather,
    /// Clocks may be wrong by minutes: whom something by a time is about is not known then.
    pub(crate) wild: bool,
}

/// A tenant and a user of it.
type Writer = (u8, String);

impl Oracle {
    pub fn new(wild: bool) -> Self {
        Self { wild, ..Self::default() }
    }

    /// What a handler reported so far.
    pub fn hear(&mut self, trace: &mut Trace, now_ms: u64, reports: Vec<Report>) -> Checked {
        for report in reports {
            match report {
                Report::Reached => trace.is_reached = true,
                Report::Saw(view) => self.saw(trace, now_ms, view)?,
                Report::Does { op, before } => self.does(trace, op, &before),
                Report::Did { op, item, before, after, went_well } => {
                    if !went_well {
                        self.fails(trace, op, now_ms);
                    }
                    self.wrote(trace, op, item, &before, &after, went_well)?;
                    Self::minds_messages(trace, op, item, &before, &after, went_well);
                    self.did(trace, now_ms, op, &before, &after, went_well)?;
                }
                Report::Counted { seen, counted } => self.counted(trace, seen, counted)?,
                Report::Token { uid, token } => {
                    trace.token_of = uid;
                    self.made_token(uid, token, now_ms);
                }
                Report::Flashes { user, items } => {
                    Self::shows_messages(trace, &items)?;
                    self.check_items(trace.tenant, &View { user, items, ..View::default() })?;
                }
                Report::Listed { user, sessions } => {
                    self.listed(trace, now_ms, user.as_deref(), &sessions)?;
                }
                Report::EndedListed(ended) => self.ended_listed(trace, now_ms, &ended)?,
                Report::Last(view) => (trace.last, trace.last_ms) = (Some(view), now_ms),
            }
        }
        Ok(())
    }

    /// Everything that is in a session was put there by its user, or by nobody.
    pub(super) fn check_items(&self, tenant: u8, view: &View) -> Checked {
        let reader = view.user.clone().map(|user| (tenant, user));
        view.items.iter().try_for_each(|item| {
            let writer = self.items.get(item).cloned().flatten();
            hold(writer.is_none() || writer == reader, "nothing leaks across users", || {
                format!("{reader:?} sees item {item} of {writer:?}")
            })
        })
    }

    fn did(
        &mut self,
        trace: &mut Trace,
        now_ms: u64,
        op: Op,
        before: &View,
        after: &View,
        went_well: bool,
    ) -> Checked {
        trace.did_anything = true;
        trace.unfinished = false;
        trace.about_a_user |= before.user.is_some() || after.user.is_some();
        match op {
            Op::Login(user) | Op::Switch(user) => {
                let keeps = matches!(op, Op::Switch(_));
                self.logged_in(trace, now_ms, &user_name(user), (before, after), keeps, went_well)?;
            }
            Op::Logout | Op::Invalidate => {
                (trace.out, trace.went_on, trace.ttl_ms) = (true, false, None);
                trace.is_invalidated |= op == Op::Invalidate;
            }
            Op::Ttl(minutes) => trace.asks_for(u64::from(minutes) * MINUTE),
            Op::Anyway => trace.anyway = true,
            Op::Everywhere => {
                (trace.out, trace.went_on, trace.ttl_ms) = (true, false, None);
                match &before.user {
                    Some(user) if went_well => {
                        self.end_user(Some(trace.tenant), user, None, Some(trace.id), trace.server, now_ms);
                    }
                    Some(user) => self.perhaps_user(user),
                    None => {}
                }
            }
            Op::Others if !went_well => before.user.iter().for_each(|user| self.perhaps_user(user)),
            Op::Others if went_well && before.user.is_some() => self.others(trace, now_ms, before, after)?,
            Op::Cycle if went_well && before.uid.is_some() && after.uid != before.uid => {
                let form = before.uid.and_then(|uid| self.forms.get(&uid)).cloned();
                if let (Some(form), Some(uid)) = (form, after.uid) {
                    let moved = Record::default();
                    self.forms.insert(uid, Form { owner: trace.who, moved, ..form });
                    trace.cycled = Some(uid);
                }
            }
            _ => {}
        }
        self.check_items(trace.tenant, after)
    }

    fn logged_in(
        &mut self,
        trace: &mut Trace,
        now_ms: u64,
        user: &str,
        (before, after): (&View, &View),
        keeps: bool,
        went_well: bool,
    ) -> Checked {
        if trace.is_invalidated {
            return hold(after.user.is_none(), "nothing counts after invalidate", || format!("{after:?}"));
        }
        if !went_well && refuses(trace.policy, self.lists.age_ms(trace.server, now_ms)).1 {
            return Ok(());
        }
        hold(went_well, "a visitor can log in", || format!("{user} cannot, with {before:?}"))?;
        hold(after.user.as_deref() == Some(user), "a login works", || format!("{user} is {:?}", after.user))?;
        let another = before.user.as_deref().is_some_and(|before| before != user);
        Self::check_data_across_login(before, after, another, keeps)?;
        let Some(uid) = after.uid else { return Ok(()) };
        let known = self.forms.contains_key(&uid);
        hold(!known, "a login has a fresh uid", || format!("{uid:?} was there before"))?;
        let user = Some(user.to_owned());
        self.may_be_refused(trace, user.as_deref(), now_ms);
        let perhaps = self.lists.may_begin_revoked(trace.server, user.as_deref());
        self.forms.insert(uid, Form { perhaps, ..Form::new(trace, user, now_ms) });
        self.competes(trace, uid, now_ms);
        (trace.login, trace.login_ms) = (Some(uid), now_ms);
        Ok(())
    }

    fn others(&mut self, trace: &mut Trace, now_ms: u64, before: &View, after: &View) -> Checked {
        let Some((old, form)) = before.uid.and_then(|uid| Some((uid, self.forms.get(&uid)?.clone()))) else {
            return Ok(());
        };
        if after.uid == before.uid {
            // Others know a session that was cycled a moment ago by the uid that it came with.
            let cycled = before.uid == trace.cycled;
            let known = if cycled { trace.saw.as_ref().and_then(|saw| saw.uid) } else { before.uid };
            let form = known.and_then(|uid| self.forms.get(&uid));
            let by_root = self.is_of_a_revoked_root(trace, self.came(trace).as_ref());
            let lives = form.is_some_and(|form| form.is_going_on_but_for(trace.id)) && !by_root;
            return hold(!lives || self.wild, "others are logged out", || format!("{form:?} kept its uid"));
        }
        // A login beside a cookie that is left in place ended nothing that came.
        if trace.out || trace.saw.as_ref().is_some_and(|saw| saw.uid.is_some()) {
            trace.went_on |= !trace.out;
            trace.out = true;
        }
        if let (Some(uid), true) = (after.uid, after.user == before.user) {
            let claims = form.is_going_on();
            let form = Form {
                owner: trace.who,
                perhaps: !claims,
                // What ended the one before may have come after this.
                ended_ms: None,
                record: Record::default(),
                sent: false,
                server: trace.server,
                may_have_moved: false,
                moved_to: None,
                is_contested: false,
                moved: Record::default(),
                given: true,
                ..form.clone()
            };
            self.forms.insert(uid, form);
            self.competes(trace, uid, now_ms);
            (trace.login, trace.login_ms) = (Some(uid), now_ms);
        }
        self.end(old, trace.server, now_ms);
        if let Some(user) = &form.user {
            self.end_user(Some(trace.tenant), user, after.uid, Some(trace.id), trace.server, now_ms);
        }
        Ok(())
    }

    fn end(&mut self, uid: SessionUid, server: usize, now_ms: u64) {
        if let Some(form) = self.forms.get_mut(&uid) {
            form.end(server, now_ms);
        }
    }

    fn perhaps(&mut self, uid: SessionUid) {
        if let Some(form) = self.forms.get_mut(&uid) {
            form.perhaps = true;
        }
    }

    /// All sessions of a user are revoked, but for one.
    pub fn end_user(
        &mut self,
        tenant: Option<u8>,
        user: &str,
        but: Option<SessionUid>,
        asked: Option<u64>,
        server: usize,
        now_ms: u64,
    ) {
        self.lists.revoked_user(user);
        let of =
            |of: u8, other: Option<&str>| other == Some(user) && tenant.is_none_or(|tenant| of == tenant);
        self.devices_end(of, asked, server, now_ms);
        let of_user = |form: &Form| {
            form.user.as_deref() == Some(user) && tenant.is_none_or(|tenant| form.tenant == tenant)
        };
        for (uid, form) in &mut self.forms {
            if !of_user(form) || Some(*uid) == but {
                continue;
            }
            // What began since it was asked for may have begun after it was done.
            match self.wild || asked.is_some_and(|id| !form.doubts.contains(&id)) {
                true => form.perhaps = true,
                false => form.end_with_all(server, now_ms),
            }
        }
    }

    pub fn end_everything(&mut self, server: usize, now_ms: u64) {
        self.lists.revoked_everything(server, now_ms);
        self.devices_end(|_, _| true, None, server, now_ms);
        for form in self.forms.values_mut() {
            match self.wild {
                true => form.perhaps = true,
                false => form.end_with_all(server, now_ms),
            }
        }
    }

    /// The answer goes, or nothing does.
    pub fn ends(&mut self, trace: &mut Trace, mut ending: Ending<'_>, offered: Option<&str>) -> Checked {
        if trace.is_refused {
            let is_empty = ending.sent.is_empty() && !trace.is_reached;
            return hold(is_empty && ending.status == Some(400), "a session is a tenant's", || {
                format!("a request without a host is answered with {:?}", ending.status)
            });
        }
        let is_handled = trace.is_reached || trace.guarded.is_some() || ending.status.is_none();
        hold(is_handled, "a request reaches its handler", || format!("it gets {:?}", ending.status))?;
        self.check_guard(trace, &ending)?;
        // Who guards it has looked at the session, even if no handler did.
        let of_user = self.all_brought(trace).any(|token| token.user.is_some());
        trace.about_a_user |= of_user;
        self.begins_to_move(trace);
        // A handler that was not called has said nothing to caches.
        trace.public &= trace.is_reached && !trace.is_kept_out;
        let trace = &*trace;
        let came = self.came(trace);
        let kind = came.as_ref().map_or(Kind::Ordinary, |came| came.kind);
        ending.removes = ending.sets.is_empty() && ending.sent.removes(kind);
        let moved = came
            .as_ref()
            .is_some_and(|came| came.kind == Kind::Ordinary && self.moves(trace, came).1 != Shows::Surely);
        let ended = |form: &Form| !form.is_going_on() || (moved && form.may_have_moved);
        let ended_meanwhile = came.as_ref().and_then(|came| self.forms.get(&came.uid)).is_some_and(ended);
        self.doubt_no_longer(trace, &ending);
        self.may_have_failed(trace, &ending);
        self.check_recorded(trace, &ending, came.as_ref())?;
        self.end_what_came(trace, &ending, came.as_ref());
        self.check_sent(trace, &ending)?;
        self.check_left_in_place(trace, &ending)?;
        self.check_removed(trace, &ending)?;
        self.check_settings(trace, &ending)?;
        Self::check_messages(trace, &ending)?;
        self.check_beside(trace, &ending, came.as_ref().filter(|_| !ended_meanwhile))?;
        if !ended_meanwhile {
            self.check_other_side(trace, &ending, came.as_ref())?;
        }
        hold(trace.about_a_user || trace.grew == 0, "nobody without an account makes the list grow", || {
            format!("it grew by {}", trace.grew)
        })?;
        self.check_offer(trace, &ending, offered)?;
        self.list_what_began(trace, &ending);
        self.has_moved(trace, &ending, came.as_ref());
        for (text, token) in ending.sets.into_iter().flatten() {
            self.learn(trace, &text, token)?;
        }
        if trace.house.listless {
            self.nobody_knows();
        }
        Ok(())
    }

    /// What this request ended.
    fn end_what_came(&mut self, trace: &Trace, ending: &Ending<'_>, came: Option<&Token>) {
        // What came beside it has ended as well, or has not.
        let beside: Vec<_> = self.all_brought(trace).map(|token| token.uid).collect();
        let uid = came.map(|came| came.uid).filter(|_| !trace.is_mixed());
        if trace.out || trace.login.is_some() || trace.cycled.is_some() {
            beside.into_iter().filter(|beside| Some(*beside) != uid).for_each(|uid| self.perhaps(uid));
        }
        let Some(came) = came else { return };
        let opened = trace.saw.as_ref().is_some_and(|saw| saw.uid == Some(came.uid));
        let sent = |uid: Option<SessionUid>| {
            uid.is_some() && ending.sets.iter().flatten().any(|(_, token)| Some(token.uid) == uid)
        };
        let replaced = sent(trace.login) || (sent(trace.cycled) && came.user.is_some());
        let mut ends_surely = false;
        match () {
            () if ending.not_recorded => self.perhaps(came.uid),
            () if !ending.is_recorded && (trace.out || replaced) => self.perhaps(came.uid),
            () if trace.disagrees && trace.out => self.end_all_of_several(trace, ending),
            () if trace.is_mixed() => {}
            // What a server cannot read it does not end.
            () if !trace.ring.opens(came.root) => self.perhaps(came.uid),
            // Nor what its clock does not let it judge; without an answer nobody is told.
            () if self.wild && !opened && ending.status.is_none() => self.perhaps(came.uid),
            () if (trace.out && came.user.is_some()) || (replaced && opened) => {
                self.end(came.uid, trace.server, ending.now_ms);
                ends_surely = true;
            }
            // A login that does not count leaves what came as it was.
            () if !trace.out && !trace.counts(ending) && !trace.is_stopped => {}
            () if trace.out || trace.login.is_some() || trace.cycled.is_some() => self.perhaps(came.uid),
            () => {}
        }
        if trace.out || trace.login.is_some() {
            let surely = ends_surely && came.user.is_some() && !ending.not_recorded;
            self.device_ends(trace, came, surely.then_some(ending.now_ms));
        }
    }

    /// A logout ends all sessions that came.
    fn end_all_of_several(&mut self, trace: &Trace, ending: &Ending<'_>) {
        let all: Vec<_> = self.all_brought(trace).filter(|token| token.user.is_some()).collect::<Vec<_>>();
        let uids: Vec<_> = all.iter().map(|token| token.uid).collect();
        if !ending.not_recorded && ending.is_recorded {
            uids.into_iter().for_each(|uid| self.end(uid, trace.server, ending.now_ms));
        }
    }

    /// A token that is on its way to somebody.
    fn learn(&mut self, trace: &Trace, text: &str, token: Token) -> Checked {
        let view = View { user: token.user.clone(), items: token.items.clone(), ..View::default() };
        self.check_items(trace.tenant, &view)?;
        let user = token.user.clone();
        let perhaps = self.lists.may_begin_revoked(trace.server, user.as_deref());
        // What begins after everything was revoked is dated behind that.
        let is_behind = self.lists.revoked_everything_since(trace.head_ms);
        let born_ms = if is_behind { token.sent_ms } else { trace.head_ms };
        let new = || Form { perhaps, ..Form::new(trace, user, born_ms) };
        let form = self.forms.entry(token.uid).or_insert_with(new);
        form.sent = true;
        if trace.is_mixed() {
            form.taken_by.insert(trace.who);
        }
        self.tokens.insert(text.to_owned(), token);
        Ok(())
    }

    /// A shared cache has answered in place of a server.
    pub fn came_from_a_cache(&self, stored: &Stored, cookies: Option<&str>) -> Checked {
        hold(stored.sets.is_empty(), "never in a shared cache", || {
            format!("it hands out {:?}", stored.sets)
        })?;
        let of_another = stored.of_session.as_deref().is_some_and(|of| Some(of) != cookies);
        hold(!of_another, "never in a shared cache", || "a page of one session is shown to another".into())
    }

    /// The answer of a logout has arrived, and this is what the browser has now.
    pub fn delivered(&self, trace: &Trace, has: &Brought, overwrites: bool) -> Checked {
        let is_former = trace.house.formerly.is_some() && overwrites;
        hold(!is_former || has.doubles.is_empty(), "a former cookie goes with today's", || {
            format!("{:?} stay", has.doubles)
        })?;
        let uid = |text: &String| self.tokens.get(text).map(|token| token.uid);
        let of = |tokens: &Tokens, kind: Kind| tokens.get(kind).and_then(uid);
        let stays = |kind: &&Kind| {
            let came = of(&trace.brought, **kind);
            came.is_some() && of(&has.tokens, **kind) == came && trace.out && !trace.went_on
        };
        let stays = Kind::OF_SESSION.iter().find(stays);
        hold(stays.is_none(), "a logout reaches the browser", || format!("it still has {stays:?}"))
    }
}
