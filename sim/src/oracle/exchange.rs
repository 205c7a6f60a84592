//! Registrations and refreshes: what they may give, and what they have to.

use sealed_session::RootId;

use super::device::{Device, Offer, Proven};
use super::{Checked, Ending, Form, Oracle, Trace, hold};
use crate::cookies::Kind;
use crate::records::{FRESH_MS, Record, refuses};
use crate::script::MINUTE;
use crate::witness::Token;

/// So long no identifier is over, and no limit of a server ends it.
const SURE_MS: u64 = 20 * MINUTE;

/// What a browser asked an endpoint for, and what it got.
pub struct Exchange<'a> {
    pub id: u64,
    pub key: u64,
    /// It has sent what another has signed, over a challenge that was got then.
    pub copied_ms: Option<u64>,
    /// The identifier that it asked for, or that it got.
    pub identifier: Option<&'a str>,
    /// What it signed, if it did.
    pub challenge: Option<&'a str>,
    /// The proof that it got, and whose it is.
    pub proof: Option<Proven<'a>>,
    /// The roots of the identifier and of the challenge.
    pub roots: [Option<RootId>; 2],
}

impl Oracle {
    /// A registration arrives.
    pub fn registers(&mut self, trace: &mut Trace) {
        if let Some(token) = self.came(trace) {
            self.weigh(trace, &token);
        }
        self.begins_to_move(trace);
    }

    /// And is answered.
    pub fn registered(
        &mut self,
        trace: &mut Trace,
        ending: Ending<'_>,
        exchange: &Exchange<'_>,
        offered: Option<&str>,
    ) -> Checked {
        let came = self.came(trace);
        let at_once = ending.now_ms == trace.head_ms;
        let offer = exchange.challenge.and_then(|challenge| self.devices.offers.get(challenge)).copied();
        let in_time = |offer: Offer| {
            let age_ms = trace.head_there_ms.checked_sub(offer.since_there_ms);
            age_ms.is_some_and(|ms| ms < MINUTE - FRESH_MS)
        };
        let may = came.as_ref().zip(offer).is_some_and(|(came, offer)| {
            trace.came_alive
                && came.kind == Kind::Ordinary
                && came.user.is_some()
                && offer.uid == came.uid
                && trace.ring.opens(exchange.roots[1])
                && in_time(offer)
        });
        let may = may
            && ending.can_seal
            && ending.is_recorded
            && ending.is_clean
            && at_once
            && trace.brought.get(Kind::Bound).is_none();
        let well = ending.status == Some(200);
        hold(!may || well, "a browser can register", || format!("{came:?} gets {:?}", ending.status))?;
        if well && at_once {
            let only = ending.sent.tokens.iter().all(|(kind, _)| matches!(kind, Kind::Pending | Kind::Proof));
            let removes = Kind::ALL.iter().any(|kind| ending.sent.removes(*kind));
            hold(only && !removes, "a registration changes nothing of the session", || {
                format!("{:?}", ending.sent)
            })?;
            let gives = ending.sent.sets(Kind::Pending) && exchange.proof.is_some();
            hold(gives, "a registration gives what it has to", || format!("{:?}", ending.sent))?;
            let of_offer = ending.sets.iter().flatten().all(|(_, token)| {
                offer.is_some_and(|offer| offer.uid == token.uid)
                    && came.as_ref().is_some_and(|came| came.uid == token.uid)
            });
            hold(of_offer, "a registration is for the session that was asked", || {
                format!("{offer:?}, {came:?}, {:?}", ending.sets)
            })?;
        }
        self.check_sent(trace, &ending)?;
        if let Some(challenge) = offered {
            self.is_asked(trace, &ending, challenge)?;
        }
        if let (Some(identifier), Some(proof)) = (exchange.identifier, exchange.proof) {
            self.devices.learn_proof(proof, trace, &ending, self.lists.ahead_ms());
            let user = came.as_ref().and_then(|came| came.user.clone());
            let device = Device {
                binding: proof.1,
                root: exchange.roots[0],
                id: exchange.id,
                key: exchange.key,
                owner: trace.who,
                tenant: trace.tenant,
                is_over: self.lists.may_begin_revoked(trace.server, user.as_deref()),
                user,
                registered_ms: ending.now_ms,
                left: Record::default(),
            };
            self.devices.known.insert(identifier.to_owned(), device);
        }
        for (text, token) in ending.sets.into_iter().flatten() {
            self.learn(trace, &text, token)?;
        }
        Ok(())
    }

    /// A refresh is answered; at last, where the browser had to sign twice.
    pub fn refreshed(
        &mut self,
        trace: &mut Trace,
        ending: &Ending<'_>,
        exchange: &Exchange<'_>,
        is_last: bool,
    ) -> Checked {
        let no_session = ending.sent.tokens.iter().all(|(kind, _)| *kind == Kind::Proof);
        hold(no_session, "a refresh changes nothing of the session", || format!("{:?}", ending.sent))?;
        let device = exchange.identifier.and_then(|identifier| self.devices.known.get(identifier)).cloned();
        let Some(device) = device else { return Ok(()) };
        if let Some(proof) = exchange.proof {
            hold(proof.1 == device.binding, "a proof is of the device that asks", || format!("{device:?}"))?;
            // What was signed is good for as long as its challenge.
            let good_ms = trace.house.binds.map_or(0, |binds| 2 * binds.proof_ttl_ms()) + self.slack_ms();
            let copied = exchange.copied_ms.is_some_and(|at_ms| ending.now_ms <= at_ms + good_ms);
            hold(copied || exchange.key == device.key, "only the device gets a proof", || {
                format!("{:?} has one of {device:?}", trace.who)
            })?;
            let left = device.left.by.contains_key(&trace.server);
            hold(!left, "no refresh gives a proof after the end", || format!("{device:?}"))?;
            hold(trace.ring.opens(device.root), "what a revoked root sealed opens nowhere", || {
                format!("{device:?} gets a proof")
            })?;
            self.devices.learn_proof(proof, trace, ending, self.lists.ahead_ms());
        }
        self.check_of_another(trace, ending, &device)?;
        if exchange.key != device.key || device.owner != trace.who {
            return Ok(());
        }
        let removed: Vec<_> = Kind::ALL.into_iter().filter(|kind| ending.sent.removes(*kind)).collect();
        let opens = exchange.roots.iter().all(|root| trace.ring.opens(*root));
        let may = opens && ending.can_seal && self.may_refresh(trace, &device);
        hold(!may || removed.is_empty(), "nobody is logged out", || format!("{removed:?} are removed"))?;
        let well = exchange.proof.is_some() || (ending.status == Some(403) && !is_last);
        hold(!may || well, "a device gets its proof", || format!("{device:?} gets {:?}", ending.status))
    }

    /// The end of one device's session is not that of another's in the same browser.
    fn check_of_another(&self, trace: &Trace, ending: &Ending<'_>, device: &Device) -> Checked {
        let own = |kind: Kind| self.all_brought(trace).find(move |token| token.kind == kind);
        let is_of_another = |kind: Kind| own(kind).is_some_and(|token| token.binding != Some(device.binding));
        let kinds = [Kind::Bound, Kind::Pending];
        let mut taken = kinds.into_iter().filter(|kind| is_of_another(*kind) && ending.sent.removes(*kind));
        let beside = is_of_another(Kind::Bound) && own(Kind::Pending).is_none();
        let takes_proof = beside && ending.sent.removes(Kind::Proof);
        let is_alone = !trace.is_mixed();
        hold(!is_alone || (taken.next().is_none() && !takes_proof), "a refresh ends no other session", || {
            format!("{:?} refreshes for {device:?}, and {:?} goes", trace.who, ending.sent)
        })
    }

    /// Whether a device has to get a proof, by the cookies that it brings.
    fn may_refresh(&self, trace: &mut Trace, device: &Device) -> bool {
        let age_ms = self.lists.age_ms(trace.server, trace.head_ms);
        let may_lag = age_ms > FRESH_MS && self.lists.was_revoked(device.user.as_deref());
        let in_time = trace.head_ms.saturating_sub(device.registered_ms) < SURE_MS;
        if self.wild
            || device.is_over
            || !in_time
            || may_lag
            || refuses(trace.policy, age_ms).1
            || trace.is_mixed()
        {
            return false;
        }
        let kinds = [Kind::Bound, Kind::Pending];
        let own: Vec<_> = self.all_brought(trace).filter(|token| kinds.contains(&token.kind)).collect();
        let [token] = own[..] else { return false };
        if token.binding != Some(device.binding) {
            return false;
        }
        let token = match token.kind {
            Kind::Pending => self.all_brought(trace).find(|other| other.kind == Kind::Ordinary),
            _ => Some(token),
        };
        let Some(token) = token.filter(|found| found.uid == own[0].uid) else { return false };
        let form = self.forms.get(&token.uid);
        let is_bound = own[0].kind == Kind::Bound;
        let to_it = |form: &Form| form.is_going_on() && (is_bound || form.moves_to(Some(device.binding)));
        self.is_in_time(trace, token) && self.is_in_time(trace, own[0]) && form.is_some_and(to_it)
    }

    /// Whether a browser is asked to register: at a login, with each renewal, and never where there is nobody.
    pub(super) fn check_offer(
        &mut self,
        trace: &Trace,
        ending: &Ending<'_>,
        offered: Option<&str>,
    ) -> Checked {
        let began = |(_, token): &(String, Token)| Some(token.uid) == trace.login && token.user.is_some();
        let asks = trace.house.binds.is_some() && ending.sets.iter().flatten().any(began);
        let at_once = ending.now_ms == trace.head_ms;
        hold(!(asks && at_once) || offered.is_some(), "who logs in is asked to register", || {
            format!("{:?} are sent", ending.sets)
        })?;
        offered.map_or(Ok(()), |challenge| self.is_asked(trace, ending, challenge))
    }

    fn is_asked(&mut self, trace: &Trace, ending: &Ending<'_>, challenge: &str) -> Checked {
        let sent = ending.sets.iter().flatten().next().map(|(_, token)| token);
        let fits = sent.filter(|token| token.kind == Kind::Ordinary && token.user.is_some());
        hold(fits.is_some(), "who has logged in is asked to register", || format!("{sent:?} is"))?;
        if let Some(token) = fits {
            let since_there_ms = trace.head_there_ms.min(ending.now_there_ms);
            self.devices.offers.insert(challenge.to_owned(), Offer { uid: token.uid, since_there_ms });
        }
        Ok(())
    }
}
