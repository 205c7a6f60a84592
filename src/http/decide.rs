//! What a response does about the session of its request: one pure function.
//!
//! | what came | what the handler did | the answer | sends | revokes |
//! |---|---|---|---|---|
//! | anything | logged out; nothing since, or it does not count | any | removal, if there may be a cookie | what came |
//! | anything | ended all others of the user, to go on itself or as a login | does not count | removal if in time, if there may be a cookie | what came |
//! | anything | logged out, then wrote or logged in | counts | the new session | what came |
//! | anything | logged in | counts | the new session | what came |
//! | left in place | wrote, or nothing | any | nothing | nothing |
//! | good | cycled | counts | the session under its new uid | what came |
//! | good | wrote | counts | the session | nothing |
//! | good, ended or moved meanwhile | wrote, cycled, or nothing | any | nothing | nothing |
//! | good | nothing, and a renewal is due | counts, in time, not in a shared cache | the session | nothing |
//! | nothing, expired, refused | wrote | counts | a new session | nothing |
//! | nothing, expired, refused | nothing, and every client gets a session | counts, in time, not in a shared cache | a new session | nothing |
//! | expired, refused | otherwise | in time, not in a shared cache | removal | nothing |
//! | otherwise | | | nothing | nothing |
//!
//! An answer that is about a session alone, as that to a registration, is an error where no session is sent.
//!
//! What a device has beside the session:
//!
//! | beside | the response | removes |
//! |---|---|---|
//! | nothing that could be | any | nothing |
//! | none came, and the browser may have some | overwrites or removes the session's cookie on purpose | the cookies |
//! | so, or likewise without any but one that tells of an end; waived | overwrites or removes it on purpose | the cookies, and tells of the end |
//! | cookies of a session that may be good or is over; a wrong proof | ends what came, or overwrites it on purpose | the cookies, and tells of the end |
//! | cookies of a session that is over | otherwise, in time, not in a shared cache | the cookies, and tells of the end |
//! | a wrong proof: of another device, or one that is over | otherwise, in time, not in a shared cache | the proof |
//! | otherwise | | nothing |
//!
//! A login and a logout are on purpose; so is what is stored over a cookie that the handler waives.
//!
//! What is revoked is written down for other servers, unless it was nobody's and what is there now is nobody's either.
//!
//! The first row that fits counts. An answer counts unless it is a server error or a time-out, whose handler may have
//! been cut off half-way: what it ended has ended, and what it began has not begun.
//!
//! Two things can go wrong afterwards. A session that cannot be sealed makes the answer a 500 where the handler relies on
//! it, and what the handler ended is removed and revoked all the same. What cannot be recorded makes it a 500 in any
//! case: no new session goes out, and one that was to end is removed from the client at least. What came and has ended
//! while its answer waited for that stays otherwise: it has ended just now, and its successor may be on its way.

#[cfg(test)]
mod tests;

/// How the session's cookie of a request turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// There is none.
    Nothing,
    /// A session that is valid.
    Good,
    /// One that is over.
    Expired,
    /// What no server of ours made, or makes any more; or a session that was revoked some time ago.
    Refused,
    /// One left in place, and why.
    Left(LeftInPlace),
}

/// Why a cookie is left in place: it may be good for another server, in a moment, or in another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftInPlace {
    /// This server cannot judge it now: its clock is behind, a key ring is being read, or what is revoked has not been
    /// heard of for too long.
    Transient,
    /// Cookies of different sessions came, or too many.
    Ambiguous,
    /// The session was revoked a moment ago, and the response that replaced it may still be on its way.
    JustRevoked,
    /// The session is over by limits of this server that others need not have, since a moment ago.
    StricterLimits,
    /// The browser held the cookie back, because another site caused the request.
    HeldBack,
}

/// A step of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Stored or removed something, or asked for something that takes a session.
    Changed,
    /// Gave it another uid.
    Cycled,
    /// Logged somebody in.
    LoggedIn,
    /// Ended it.
    LoggedOut,
    /// Ended what came, which went on meanwhile.
    #[cfg_attr(not(feature = "revocation"), allow(dead_code, reason = "nothing ends but by a logout"))]
    Ended,
}

/// What the steps of a handler come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Did {
    /// It ended what came.
    pub(crate) out: bool,
    /// What is there since.
    pub(crate) now: Now,
}

/// What a handler leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Now {
    /// What came.
    #[default]
    AsItCame,
    /// What came, changed; or a new session where there was none.
    Changed,
    /// What came, under a new uid.
    Cycled,
    /// Another session, of a user who has just logged in.
    LoggedIn,
    /// None.
    Nothing,
}

impl Did {
    /// With one step more.
    pub(super) fn then(self, act: Act) -> Self {
        let now = match (act, self.now) {
            (Act::LoggedIn, _) => Now::LoggedIn,
            (Act::LoggedOut, _) => return Self { out: true, now: Now::Nothing },
            (Act::Ended, Now::LoggedIn) => return Self { out: true, ..self },
            (Act::Ended, _) => return Self { out: true, now: Now::Nothing },
            (Act::Changed, Now::AsItCame | Now::Changed | Now::Nothing) => Now::Changed,
            (Act::Cycled, Now::AsItCame | Now::Changed | Now::Cycled) if !self.out => Now::Cycled,
            // A session that began with this request has a uid that nobody knows yet.
            (Act::Changed | Act::Cycled, now) => now,
        };
        Self { now, ..self }
    }
}

/// What shared caches may do with a response, by what its handler says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caches {
    /// Nothing is said.
    Silent,
    /// They must not store it.
    KeptOut,
    /// They may store it, and have to ask before each use.
    Ask,
    /// They may give it to others without asking.
    Reuse,
}

/// How much time a request took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// So little that another tab hardly did anything meanwhile.
    InTime,
    /// More, and what was revoked meanwhile is known.
    LateAndKnown,
    /// More, and it is not.
    Late,
}

/// What there is of a device beside the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "dbsc"), allow(dead_code, reason = "nothing is bound to a device"))]
pub(crate) enum Beside {
    /// Nothing that the response does not set anyway.
    Nothing,
    /// No cookies came. The browser may have held some back, or may have got some since.
    Unseen,
    /// Likewise, but for one that tells of a session's end.
    Told,
    /// The handler waives what is left in place, whatever came.
    Waived,
    /// Cookies that a device may still prove.
    Unproven,
    /// A proof of another device than the bound cookie's, or one that is over.
    WrongProof,
    /// Cookies of a session that is over.
    Over,
}

/// All that counts for what a response does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) came: Came,
    pub(crate) did: Did,
    /// What came was nobody's, and what is there now is nobody's either.
    pub(crate) nobodys: bool,
    /// Every client gets a session.
    pub(crate) begins_always: bool,
    /// Neither a server error nor a time-out, or one that is to be saved all the same; and what it sends is not over by
    /// now.
    pub(crate) counts: bool,
    /// What came is known as ended, now that the answer goes.
    pub(crate) ended: bool,
    /// What came has ended with all other sessions of a user, and another is to go on. No handler asked for a logout.
    pub(crate) went_on: bool,
    /// What came in an ordinary cookie has moved to one that is bound to a device, now that the answer goes.
    pub(crate) moved: bool,
    /// The answer is about this session alone, as that to a registration, and is none without it.
    pub(crate) is_answered: bool,
    pub(crate) beside: Beside,
    /// An unchanged session is to be extended, sealed by a newer key, or moved to a device.
    pub(crate) due: bool,
    pub(crate) timing: Timing,
    pub(crate) caches: Caches,
    /// What is to be sent could be sealed, as far as that was tried.
    pub(crate) sealed: bool,
    /// What is to be recorded was, as far as that was tried.
    pub(crate) recorded: bool,
}

/// What a response does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) send: Send,
    pub(crate) revoke: Revoke,
    /// What is removed beside the session.
    pub(crate) clear: Clear,
    /// What is said to caches besides.
    pub(crate) say: Say,
    /// The handler's answer is not given.
    pub(crate) fail: bool,
}

/// What a response removes of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clear {
    Nothing,
    /// The proof alone.
    Proof,
    /// All of its cookies.
    Cookies,
    /// All of its cookies, and the browser is told that the device's session has ended.
    Told,
}

/// Whether the session that came is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revoke {
    No,
    /// It ends on the client. Nothing is written down: clients without an account make no list grow.
    OnClient,
    /// And is written down as revoked.
    OnList,
}

/// What a response sends of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Send {
    Nothing,
    Session,
    Removal,
}

/// What a response says to caches, for the sake of the cookie that it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    /// What the handler says.
    Nothing,
    /// `no-store`.
    NoStore,
    /// `private` besides.
    Private,
    /// `private, no-store` instead, and to the log that it was said.
    Instead,
}

/// What there is to do, were nothing to go wrong.
struct Plan {
    send: Send,
    revoke: bool,
    /// The handler relies on it.
    asked_for: bool,
}

impl Plan {
    const NOTHING: Self = Self { send: Send::Nothing, revoke: false, asked_for: false };
}

/// The table of this module.
pub(super) fn decide(facts: &Facts) -> Decision {
    let plan = plan(facts);
    let Plan { send, revoke, asked_for } = plan;
    // A renewal that cannot be sealed is one that was not due.
    let lost = send == Send::Session && !facts.sealed;
    let fail = (lost && asked_for) || !facts.recorded;
    let out = facts.did.out;
    let send = match () {
        () if !lost && facts.recorded => send,
        () if removes(facts) => removal(facts.came),
        () => Send::Nothing,
    };
    let fail = fail || (facts.is_answered && send != Send::Session);
    let clear = clear(facts, send, fail);
    let is_silent = send == Send::Nothing && clear == Clear::Nothing;
    let say = if is_silent { Say::Nothing } else { say(facts.caches, fail) };
    let revoke = match revoke && (out || !lost) {
        false => Revoke::No,
        true if facts.nobodys => Revoke::OnClient,
        true => Revoke::OnList,
    };
    Decision { send, revoke, clear, say, fail }
}

/// What goes beside the session.
fn clear(facts: &Facts, send: Send, fail: bool) -> Clear {
    let Facts { did, beside, .. } = *facts;
    let overwrites = match send {
        Send::Nothing => false,
        Send::Removal => removes(facts),
        Send::Session => did.out || did.now == Now::LoggedIn || beside == Beside::Waived,
    };
    let in_passing = !fail && may_be_removed(facts);
    match beside {
        Beside::Unseen if overwrites => Clear::Cookies,
        Beside::Told | Beside::Waived if overwrites => Clear::Told,
        Beside::Nothing | Beside::Unseen | Beside::Told | Beside::Waived => Clear::Nothing,
        _ if removes(facts) || overwrites => Clear::Told,
        Beside::WrongProof if in_passing => Clear::Proof,
        Beside::Over if in_passing => Clear::Told,
        Beside::Unproven | Beside::WrongProof | Beside::Over => Clear::Nothing,
    }
}

fn plan(facts: &Facts) -> Plan {
    let Facts { came, did, counts, .. } = *facts;
    let session = |revoke| Plan { send: Send::Session, revoke, asked_for: true };
    let begins = matches!(did.now, Now::LoggedIn) || (did.out && did.now == Now::Changed);
    match (came, did.now) {
        _ if begins && counts => session(true),
        _ if removes(facts) => Plan { send: removal(came), revoke: true, asked_for: true },
        _ if did.out => Plan { revoke: true, ..Plan::NOTHING },
        (Came::Left(_), _) => Plan::NOTHING,
        (Came::Good, _) if facts.ended || facts.moved || !counts => Plan::NOTHING,
        (Came::Good, Now::Cycled) => session(true),
        (Came::Good, Now::Changed) => session(false),
        (Came::Good, _) if facts.due && may_be_renewed(facts) => Plan { asked_for: false, ..session(false) },
        (Came::Good, _) => Plan::NOTHING,
        (_, Now::Changed | Now::Cycled) if counts => session(false),
        _ if facts.begins_always && counts && may_be_removed(facts) => {
            Plan { asked_for: false, ..session(false) }
        }
        (Came::Expired | Came::Refused, _) if may_be_removed(facts) => {
            Plan { send: Send::Removal, ..Plan::NOTHING }
        }
        _ => Plan::NOTHING,
    }
}

/// What no handler asked for goes where nobody else can get it, and before another tab can have done something that it
/// would undo.
fn may_be_renewed(facts: &Facts) -> bool {
    facts.caches != Caches::Reuse && facts.timing != Timing::Late
}

/// No list of what was revoked tells of a login.
fn may_be_removed(facts: &Facts) -> bool {
    facts.caches != Caches::Reuse && facts.timing == Timing::InTime
}

/// Whether what the handler ended goes from the client as well. Not where nobody logged out: another tab may have brought a
/// session since.
fn removes(facts: &Facts) -> bool {
    facts.did.out && (!facts.went_on || facts.timing == Timing::InTime)
}

/// What ends a session on the client, if there may be one.
fn removal(came: Came) -> Send {
    if came == Came::Nothing { Send::Nothing } else { Send::Removal }
}

/// A failure is our own answer, of which its handler said nothing.
fn say(caches: Caches, fail: bool) -> Say {
    match caches {
        _ if fail => Say::NoStore,
        Caches::Silent => Say::NoStore,
        Caches::KeptOut => Say::Nothing,
        Caches::Ask => Say::Private,
        Caches::Reuse => Say::Instead,
    }
}
