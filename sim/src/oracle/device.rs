//! Sessions that are bound to devices: which of the cookies of a request count, by what the world knows, and what may and
//! has to become of them.

use std::collections::BTreeMap;

use sealed_session::RootId;
use sealed_session::dbsc::Binding;

use super::{Checked, Ending, Form, LEEWAY_MS, Oracle, Trace, hold};
use crate::app::View;
use crate::cookies::Kind;
use crate::records::{Lists, MARGIN_MS, Record, refuses};
use crate::script::Client;
use crate::witness::Token;

#[derive(Default)]
pub struct Devices {
    proofs: BTreeMap<String, Proof>,
    /// By their identifiers.
    pub(crate) known: BTreeMap<String, Device>,
    /// What browsers were asked to register for.
    pub(super) offers: BTreeMap<String, Offer>,
}

/// By the clock of the server that gave it.
struct Proof {
    binding: Binding,
    root: Option<RootId>,
    /// By the time of the world, or a little before.
    made_ms: u64,
    since_ms: u64,
    good_until_ms: u64,
    over_ms: u64,
}

/// A device that has registered.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(super) binding: Binding,
    /// The root that its identifier is under.
    pub(super) root: Option<RootId>,
    /// The exchange that registered it.
    pub(super) id: u64,
    pub(super) key: u64,
    pub(super) owner: Client,
    pub(super) tenant: u8,
    pub user: Option<String>,
    pub(super) registered_ms: u64,
    /// Its session has ended, or perhaps has.
    pub(crate) is_over: bool,
    /// So much of it that no refresh gives a proof any more.
    pub left: Record,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub uid: sealed_session::SessionUid,
    pub since_there_ms: u64,
}

/// A proof, whose it is, and the root that it is under.
pub type Proven<'a> = (&'a str, Binding, Option<RootId>);

/// Whether a request brings the proof of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Surely,
    Perhaps,
    Not,
}

impl Devices {
    pub(super) fn learn_proof(
        &mut self,
        (text, binding, root): Proven<'_>,
        trace: &Trace,
        ending: &Ending<'_>,
        ahead_ms: u64,
    ) {
        let ttl_ms = trace.house.binds.map_or(0, |binds| binds.proof_ttl_ms());
        let (one, other) = (trace.head_there_ms, ending.now_there_ms);
        let proof = Proof {
            binding,
            root,
            made_ms: trace.head_ms,
            since_ms: one.max(other) + ahead_ms,
            good_until_ms: one.min(other) + ttl_ms,
            over_ms: one.max(other) + ttl_ms + ahead_ms,
        };
        self.proofs.insert(text.to_owned(), proof);
    }

    /// Where everything was revoked since it was made, it may be as well, or not yet.
    fn shown(&self, text: &str, trace: &Trace, lists: &Lists) -> Option<(Binding, Shows)> {
        let proof = self.proofs.get(text)?;
        let shows = match trace.head_there_ms {
            _ if !trace.ring.opens(proof.root) => Shows::Not,
            now if now >= proof.over_ms => Shows::Not,
            _ if lists.revoked_everything_since(proof.made_ms) => Shows::Perhaps,
            now if now < proof.good_until_ms && proof.since_ms <= now + LEEWAY_MS => Shows::Surely,
            _ => Shows::Perhaps,
        };
        Some((proof.binding, shows))
    }
}

impl Oracle {
    /// The devices whose proofs a request brings, planted ones among them.
    pub(crate) fn bindings(&self, trace: &Trace) -> Vec<Binding> {
        self.all_shown(trace).into_iter().map(|(binding, _)| binding).collect()
    }

    fn all_shown(&self, trace: &Trace) -> Vec<(Binding, Shows)> {
        let planted = trace.planted.iter().filter(|(kind, _)| *kind == Kind::Proof).map(|(_, text)| text);
        let proofs = trace.brought.get(Kind::Proof).into_iter().chain(planted);
        proofs.filter_map(|text| self.devices.shown(text, trace, &self.lists)).collect()
    }

    fn shows(&self, trace: &Trace, binding: Option<Binding>) -> Shows {
        let proof = trace.brought.get(Kind::Proof);
        match proof.and_then(|text| self.devices.shown(text, trace, &self.lists)) {
            Some((of, shows)) if Some(of) == binding => shows,
            _ => Shows::Not,
        }
    }

    fn brought(&self, trace: &Trace, kind: Kind) -> Option<&Token> {
        let token = trace.brought.get(kind).and_then(|text| self.tokens.get(text));
        token.filter(|token| token.tenant == trace.tenant)
    }

    /// All sessions of the cookies that came.
    pub(crate) fn all_brought(&self, trace: &Trace) -> impl Iterator<Item = &Token> {
        let planted = trace.planted.iter().filter_map(|(_, text)| self.tokens.get(text));
        let own = Kind::OF_SESSION.into_iter().filter_map(|kind| self.brought(trace, kind));
        own.chain(planted.filter(|token| token.tenant == trace.tenant)).collect::<Vec<_>>().into_iter()
    }

    /// The session that came: that of another tenant is none. Where a handler saw one of several, it is that one.
    pub(super) fn came(&self, trace: &Trace) -> Option<Token> {
        let (ordinary, bound) = (self.brought(trace, Kind::Ordinary), self.brought(trace, Kind::Bound));
        let bound = bound.filter(|token| self.shows(trace, token.binding) != Shows::Not);
        if let Some(seen) = trace.saw.as_ref().and_then(|saw| saw.uid) {
            let seen = |token: &&Token| token.uid == seen;
            return bound.filter(seen).or(ordinary.filter(seen)).cloned();
        }
        bound.or(ordinary).cloned()
    }

    /// Whether an ordinary session comes together with what moves it to a device, and to which.
    pub(super) fn moves(&self, trace: &Trace, token: &Token) -> (Option<Binding>, Shows) {
        let pending = self.brought(trace, Kind::Pending);
        let pending = pending.filter(|pending| token.kind == Kind::Ordinary && pending.uid == token.uid);
        let binding = pending.and_then(|pending| pending.binding);
        match binding.map_or(Shows::Not, |_| self.shows(trace, binding)) {
            Shows::Surely if pending.is_some_and(|pending| !self.is_in_time(trace, pending)) => {
                (binding, Shows::Perhaps)
            }
            shows => (binding, shows),
        }
    }

    /// Whether what came opens as far as devices go; and whether nothing else came that may open.
    pub(super) fn opens(&self, trace: &Trace, token: &Token, form: &Form) -> (bool, bool) {
        let (bound, pending) = (self.brought(trace, Kind::Bound), self.brought(trace, Kind::Pending));
        if token.kind == Kind::Bound {
            let shows = self.shows(trace, token.binding) == Shows::Surely;
            return (shows, shows && pending.is_none() && trace.brought.ordinary().is_none());
        }
        let alone = bound.is_none() && pending.is_none();
        // One that is proven may be over, or may not.
        let beside = bound.is_some_and(|bound| self.shows(trace, bound.binding) != Shows::Not);
        let (binding, moves) = self.moves(trace, token);
        if moves == Shows::Surely && form.moves_to(binding) {
            return (!beside, false);
        }
        let limit_ms = trace.house.binds.and_then(|binds| binds.refused_after_ms());
        let age_ms = trace.head_there_ms.saturating_sub(token.created_ms);
        let in_time = token.user.is_none() || limit_ms.is_none_or(|limit_ms| age_ms < limit_ms);
        (!beside && in_time && !form.may_have_moved, alone)
    }

    /// From now on copies of the ordinary cookie may be worth nothing.
    pub(super) fn begins_to_move(&mut self, trace: &Trace) {
        let Some(token) = self.came(trace) else { return };
        let (binding, moves) = self.moves(trace, &token);
        let moves = (token.kind == Kind::Bound && token.binding.is_some()) || moves != Shows::Not;
        if let (true, Some(form)) = (moves, self.forms.get_mut(&token.uid)) {
            form.may_have_moved = true;
            let to = token.binding.or(binding);
            form.is_contested |= form.moved_to.is_some_and(|before| Some(before) != to);
            form.moved_to = form.moved_to.or(to);
        }
    }

    /// What a handler may see of a session, by what came of its device.
    pub(super) fn check_device(&self, trace: &Trace, view: &View) -> Checked {
        if trace.house.binds.is_none() {
            return hold(!view.bound && !view.unproven, "a handler knows of the device", || {
                format!("{view:?}")
            });
        }
        if trace.is_mixed() {
            let mut sure = self.all_shown(trace);
            sure.retain(|(_, shows)| *shows == Shows::Surely);
            let disagree = sure.iter().any(|(binding, _)| *binding != sure[0].0);
            let has_bound = |kind: &Kind| *kind != Kind::Proof && *kind != Kind::Ordinary;
            let bound = Kind::ALL.iter().any(|kind| has_bound(kind) && trace.brought.get(*kind).is_some())
                || trace.planted.iter().any(|(kind, _)| has_bound(kind));
            return hold(
                !(disagree && bound) || (view.uid.is_none() && view.unproven),
                "devices that disagree are no session",
                || format!("{view:?}"),
            );
        }
        let bound = self.brought(trace, Kind::Bound);
        let unproven = bound.is_some_and(|bound| {
            self.shows(trace, bound.binding) == Shows::Not && trace.ring.opens(bound.root)
        });
        let news = !refuses(trace.policy, self.lists.age_ms(trace.server, trace.looked_ms)).1;
        if unproven && news && self.brought(trace, Kind::Pending).is_none() {
            hold(view.unproven && !view.bound, "a handler knows of the device", || format!("{view:?}"))?;
        }
        let Some(uid) = view.uid else { return Ok(()) };
        let Some(form) = self.forms.get(&uid) else { return Ok(()) };
        let of_device =
            bound.is_some_and(|bound| bound.uid == uid && self.shows(trace, bound.binding) != Shows::Not);
        let ordinary = self.brought(trace, Kind::Ordinary).filter(|token| token.uid == uid);
        hold(of_device || ordinary.is_some(), "a bound cookie is nothing without its proof", || {
            format!("{view:?} is seen without one")
        })?;
        let moves = ordinary.is_some_and(|token| self.moves(trace, token).1 != Shows::Not);
        hold(!view.bound || of_device || moves, "a handler knows of the device", || format!("{view:?}"))?;
        if of_device || moves {
            return Ok(());
        }
        let moved = form.moved.by.contains_key(&trace.server);
        hold(!moved, "what has moved to a device opens nowhere else", || {
            format!("{view:?} is seen by {:?}", trace.who)
        })?;
        let limit_ms = trace.house.binds.and_then(|binds| binds.refused_after_ms());
        let age_ms = ordinary.map_or(0, |token| trace.head_there_ms.saturating_sub(token.created_ms));
        let over = view.user.is_some() && !form.given && limit_ms.is_some_and(|limit_ms| age_ms >= limit_ms);
        hold(!over, "a session without a device is over in time", || format!("{view:?}, after {age_ms} ms"))
    }

    /// What goes beside the session's own cookie.
    pub(super) fn check_beside(&self, trace: &Trace, ending: &Ending<'_>, came: Option<&Token>) -> Checked {
        let sent = ending.sent;
        if trace.house.binds.is_none() || ending.status.is_none() {
            let none = Kind::OF_DEVICE.iter().all(|kind| !sent.overwrites(*kind));
            return hold(none, "nothing is bound where no layer binds", || format!("{sent:?}"));
        }
        for kind in Kind::OF_DEVICE.into_iter().filter(|_| trace.out && !ending.may_leave(trace)) {
            let stays = trace.brought.get(kind).is_some() && !sent.overwrites(kind);
            hold(!stays, "a logout reaches the browser", || format!("{kind:?} stays there"))?;
        }
        let began = ending.sets.iter().flatten().map(|(_, token)| token);
        let began = began.into_iter().find(|token| Some(token.uid) == trace.login);
        if let Some(began) = began {
            hold(began.kind == Kind::Ordinary, "a login has no device yet", || format!("{began:?}"))?;
            let taken = Kind::OF_DEVICE.iter().all(|kind| sent.removes(*kind));
            hold(taken, "a login takes the cookies of the device before", || format!("{sent:?}"))?;
        }
        self.check_proof_of_another(trace, ending)?;
        self.check_bound_that_is_over(trace, ending)?;
        let Some(came) = came.filter(|_| trace.came_alive && !trace.out && trace.login.is_none()) else {
            return Ok(());
        };
        let (_, moves) = self.moves(trace, came);
        let of_device = came.kind == Kind::Bound || moves == Shows::Surely;
        let fits = |token: &Token| moves == Shows::Perhaps || (token.kind == Kind::Bound) == of_device;
        hold(
            ending.sets.iter().flatten().all(|(_, token)| fits(token)),
            "a session stays where it is",
            || format!("{came:?} goes on as {:?}", ending.sets),
        )
    }

    /// Beside a bound session that it does not prove it is of no use: the browser is to bring another.
    fn check_proof_of_another(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let proof = trace.brought.get(Kind::Proof);
        let shown = proof.and_then(|text| self.devices.shown(text, trace, &self.lists));
        let bound = self.brought(trace, Kind::Bound);
        let in_time = ending.took_ms(trace).1 < trace.policy.settings.late_ms() && !trace.public;
        let Some(((of, Shows::Surely), bound)) = shown.zip(bound) else { return Ok(()) };
        // What a registration of the same session brought that was answered when it had moved is of no use either.
        let is_late = |pending: &Token| pending.uid == bound.uid && trace.brought.ordinary().is_none();
        let pending = trace.brought.get(Kind::Pending);
        let alone = pending.is_none() || self.brought(trace, Kind::Pending).is_some_and(is_late);
        let alone = alone && !trace.is_mixed() && trace.saw.is_some();
        let lives = self.forms.get(&bound.uid).is_some_and(Form::is_going_on);
        let alone = alone && trace.ring.opens(bound.root) && !self.wild;
        let expected = Some(of) != bound.binding && alone && lives && in_time && !ending.not_recorded;
        hold(
            !expected || trace.anyway || !ending.can_seal || ending.sent.overwrites(Kind::Proof),
            "a proof of another device goes",
            || format!("{:?}", ending.sent),
        )
    }

    /// A bound session that ended some time ago is of no use to its browser, whatever else comes beside it.
    fn check_bound_that_is_over(&self, trace: &Trace, ending: &Ending<'_>) -> Checked {
        let Some(bound) = self.brought(trace, Kind::Bound) else { return Ok(()) };
        let form = self.forms.get(&bound.uid).filter(|form| form.ended_ms.is_some() && !form.perhaps);
        let known_ms = form.and_then(|form| form.record.by.get(&trace.server));
        let just_ms = trace.house.just_revoked_ms() + MARGIN_MS;
        let is_over = known_ms.is_some_and(|at_ms| trace.head_ms.saturating_sub(*at_ms) > just_ms);
        let in_time = ending.took_ms(trace).1 < trace.policy.settings.late_ms() && !trace.public;
        let alone = trace.brought.get(Kind::Pending).is_none() && !trace.is_mixed() && trace.saw.is_some();
        let shown =
            alone && self.shows(trace, bound.binding) == Shows::Surely && self.is_in_time(trace, bound);
        let kept = trace.last.as_ref().is_none_or(|last| last.kept.is_some());
        let expected = is_over && shown && in_time && !kept && !self.wild && !ending.not_recorded;
        hold(
            !expected || trace.did_anything || ending.sent.overwrites(Kind::Bound),
            "what is over is removed",
            || format!("{bound:?} stays: {:?}", ending.sent),
        )
    }

    /// The answer of a request goes that has moved a session: copies of its ordinary cookie have ended.
    pub(super) fn has_moved(&mut self, trace: &Trace, ending: &Ending<'_>, came: Option<&Token>) {
        let Some(came) = came.filter(|came| trace.came_alive && self.moves(trace, came).1 == Shows::Surely)
        else {
            return;
        };
        let seen = trace.saw.as_ref().is_some_and(|saw| saw.uid == Some(came.uid) && saw.bound);
        let is_recorded = ending.is_recorded && ending.is_clean && !ending.not_recorded;
        let is_recorded = is_recorded && ending.status.is_some();
        if let (true, Some(form)) =
            (seen && is_recorded && !trace.out && trace.login.is_none(), self.forms.get_mut(&came.uid))
        {
            form.moved.made(trace.server, ending.now_ms);
        }
    }

    /// A bound session has ended, or perhaps has: so has its device.
    pub(super) fn device_ends(&mut self, trace: &Trace, came: &Token, surely: Option<u64>) {
        let (binding, shows) = match came.kind {
            Kind::Bound => (came.binding, self.shows(trace, came.binding)),
            _ => self.moves(trace, came),
        };
        for device in self.devices.known.values_mut() {
            let own = Some(device.binding) == binding;
            if own && let (Some(now_ms), Shows::Surely, true) = (surely, shows, trace.came_alive) {
                device.left.made(trace.server, now_ms);
            }
            device.is_over |= own;
        }
    }

    /// All devices of users, or of everybody, can refresh no more.
    pub(super) fn devices_end(
        &mut self,
        of: impl Fn(u8, Option<&str>) -> bool,
        asked: Option<u64>,
        server: usize,
        now_ms: u64,
    ) {
        for device in self.devices.known.values_mut() {
            if of(device.tenant, device.user.as_deref()) {
                device.is_over = true;
                if !self.wild && asked.is_none_or(|asked| device.id < asked) {
                    device.left.made(server, now_ms);
                }
            }
        }
    }
}
