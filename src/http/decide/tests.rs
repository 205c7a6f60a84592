//! Every combination of facts, against rules that do not repeat the table.

use super::*;

const CAME: [Came; 9] = [
    Came::Nothing,
    Came::Good,
    Came::Expired,
    Came::Refused,
    Came::Left(LeftInPlace::Transient),
    Came::Left(LeftInPlace::Ambiguous),
    Came::Left(LeftInPlace::JustRevoked),
    Came::Left(LeftInPlace::StricterLimits),
    Came::Left(LeftInPlace::HeldBack),
];
const ACTS: [Act; 5] = [Act::Changed, Act::Cycled, Act::LoggedIn, Act::LoggedOut, Act::Ended];
const TIMINGS: [Timing; 3] = [Timing::InTime, Timing::LateAndKnown, Timing::Late];
const CACHES: [Caches; 4] = [Caches::Silent, Caches::KeptOut, Caches::Ask, Caches::Reuse];
const BESIDE: [Beside; 7] = [
    Beside::Nothing,
    Beside::Unseen,
    Beside::Told,
    Beside::Waived,
    Beside::Unproven,
    Beside::WrongProof,
    Beside::Over,
];
const CLEAR: [Clear; 4] = [Clear::Nothing, Clear::Proof, Clear::Cookies, Clear::Told];

/// All that handlers can leave behind.
fn all_deeds() -> Vec<Did> {
    let mut deeds = vec![Did::default()];
    for _ in 0..4 {
        for at in 0..deeds.len() {
            for act in ACTS {
                let next = deeds[at].then(act);
                if !deeds.contains(&next) {
                    deeds.push(next);
                }
            }
        }
    }
    deeds
}

/// All decisions that could be made.
fn all_decisions() -> Vec<Decision> {
    let mut all = Vec::new();
    for send in [Send::Nothing, Send::Session, Send::Removal] {
        for say in [Say::Nothing, Say::NoStore, Say::Private, Say::Instead] {
            for revoke in [Revoke::No, Revoke::OnClient, Revoke::OnList] {
                for (clear, fail) in CLEAR.into_iter().flat_map(|clear| [(clear, false), (clear, true)]) {
                    all.push(Decision { send, revoke, clear, say, fail });
                }
            }
        }
    }
    all
}

fn for_all(mut then: impl FnMut(Facts)) {
    let mut facts = Facts {
        came: Came::Nothing,
        did: Did::default(),
        nobodys: false,
        begins_always: false,
        counts: true,
        ended: false,
        went_on: false,
        moved: false,
        is_answered: false,
        beside: Beside::Nothing,
        due: false,
        timing: Timing::InTime,
        caches: Caches::Silent,
        sealed: true,
        recorded: true,
    };
    for (did, came) in all_deeds().into_iter().flat_map(|did| CAME.map(|came| (did, came))) {
        for (timing, caches) in TIMINGS.into_iter().flat_map(|timing| CACHES.map(|caches| (timing, caches))) {
            for beside in BESIDE {
                facts = Facts { did, came, timing, caches, beside, ..facts };
                for bits in 0_u32..512 {
                    let bit = |at: u32| bits >> at & 1 == 1;
                    (facts.begins_always, facts.counts, facts.ended) = (bit(0), bit(1), bit(2));
                    (facts.moved, facts.due, facts.went_on) = (bit(3), bit(4), bit(8));
                    (facts.sealed, facts.recorded, facts.nobodys) = (bit(5), bit(6), bit(7));
                    // Only what came can have ended, moved, be due, or be nobody's.
                    let of_what_came = facts.ended || facts.moved || facts.due || facts.nobodys;
                    if (came == Came::Good || !of_what_came) && (did.out || !facts.went_on) {
                        then(facts);
                    }
                    // A registration writes to the session that came.
                    if came == Came::Good && did == REGISTERED && !facts.went_on {
                        then(Facts { is_answered: true, ..facts });
                    }
                }
            }
        }
    }
}

/// The handler ended what came, or put another session in its place.
fn is_deliberate(facts: &Facts) -> bool {
    facts.did.out || facts.did.now == Now::LoggedIn
}

/// What a registration does to the session that came.
const REGISTERED: Did = Did { out: false, now: Now::Changed };

/// The client is to have nothing of what came. Where nobody logged out, that is so for as long as nothing else can be there.
fn is_to_go(facts: &Facts) -> bool {
    facts.did.out && (!facts.went_on || facts.timing == Timing::InTime)
}

/// The handler did nothing that takes a cookie.
fn is_mere(facts: &Facts) -> bool {
    !facts.did.out && facts.did.now == Now::AsItCame
}

/// What came can be gone on with.
fn goes_on(facts: &Facts) -> bool {
    !(facts.ended || facts.moved || matches!(facts.came, Came::Left(_)))
}

/// A session that the handler asked for.
fn is_asked_for(facts: &Facts) -> bool {
    let begins = facts.did.now == Now::LoggedIn || (facts.did.out && facts.did.now == Now::Changed);
    let changed = matches!(facts.did.now, Now::Changed | Now::Cycled) && goes_on(facts);
    facts.counts && (begins || changed)
}

/// A session that is due without anybody's asking.
fn is_upkeep(facts: &Facts) -> bool {
    let extended = facts.came == Came::Good && facts.due && facts.timing != Timing::Late;
    let begun = facts.begins_always && facts.came != Came::Good && facts.timing == Timing::InTime;
    is_mere(facts) && facts.counts && goes_on(facts) && facts.caches != Caches::Reuse && (extended || begun)
}

fn sends(decision: &Decision) -> bool {
    decision.send != Send::Nothing || decision.clear != Clear::Nothing
}

/// No cookie of a device came that would say what its session is.
fn is_blank(beside: Beside) -> bool {
    matches!(beside, Beside::Nothing | Beside::Unseen | Beside::Told | Beside::Waived)
}

/// All that the browser may have of a device goes.
fn clears(decision: &Decision) -> bool {
    matches!(decision.clear, Clear::Cookies | Clear::Told)
}

/// The session's cookie is set or removed as the handler wants it, whatever the browser has.
fn overwrites(facts: &Facts, decision: &Decision) -> bool {
    let begins = is_deliberate(facts) || facts.beside == Beside::Waived;
    (begins && decision.send == Send::Session) || (is_to_go(facts) && decision.send == Send::Removal)
}

type Rule = (&'static str, fn(&Facts, &Decision) -> bool);

/// What must hold of every decision. Each is a promise of SECURITY.md, or its other side.
const RULES: [Rule; 24] = [
    ("a logout revokes, whatever else happens", |f, d| !f.did.out || d.revoke != Revoke::No),
    ("of nobody nothing is written down", |f, d| !f.nobodys || d.revoke != Revoke::OnList),
    ("what a user ends is written down", |f, d| f.nobodys || d.revoke != Revoke::OnClient),
    ("after a logout the client has no cookie of what came", |f, d| {
        !is_to_go(f) || f.came == Came::Nothing || d.send != Send::Nothing
    }),
    ("after a logout it has none of a device either", |f, d| !is_to_go(f) || is_blank(f.beside) || clears(d)),
    ("what overwrites the session on purpose leaves nothing of a device, seen or not", |f, d| {
        !overwrites(f, d) || f.beside == Beside::Nothing || clears(d)
    }),
    ("what a device has or may have is removed on purpose only, unless it is of no use", |f, d| {
        let in_time = f.timing != Timing::Late && f.caches != Caches::Reuse;
        let logout_waits = f.did.out && !is_to_go(f);
        let is_useless =
            matches!(f.beside, Beside::WrongProof | Beside::Over) && in_time && !d.fail && !logout_waits;
        let ends = is_to_go(f) && !is_blank(f.beside);
        let allowed = f.beside != Beside::Nothing && (ends || overwrites(f, d) || is_useless);
        d.clear == Clear::Nothing || allowed
    }),
    ("a browser is told of an end where there may be one to tell of", |f, d| match d.clear {
        Clear::Nothing => true,
        Clear::Cookies => f.beside == Beside::Unseen,
        Clear::Proof => f.beside == Beside::WrongProof && !f.did.out && !overwrites(f, d),
        Clear::Told => {
            let is_wrong_proof = f.beside == Beside::WrongProof && !f.did.out && !overwrites(f, d);
            f.beside != Beside::Unseen && !is_wrong_proof
        }
    }),
    ("a handler that was cut off began nothing", |f, d| f.counts || d.send != Send::Session),
    ("what was not recorded is no success, and begins nothing", |f, d| {
        f.recorded || (d.fail && d.send != Send::Session)
    }),
    ("what cannot be sealed is not sent", |f, d| f.sealed || d.send != Send::Session),
    ("what ends nothing revokes nothing", |f, d| {
        let replaced = matches!(f.did.now, Now::LoggedIn | Now::Cycled) && is_asked_for(f) && f.sealed;
        d.revoke == Revoke::No || f.did.out || replaced
    }),
    ("a session that takes another's place revokes it", |f, d| {
        let replaces = is_deliberate(f) || (f.did.now == Now::Cycled && f.came == Came::Good);
        !(replaces && is_asked_for(f) && f.sealed) || d.revoke != Revoke::No
    }),
    ("what is left in place is overwritten by a login and removed by a logout only", |f, d| {
        !matches!(f.came, Came::Left(_)) || is_deliberate(f) || d.send == Send::Nothing
    }),
    ("what has ended or moved does not come back, and its successor stays", |f, d| {
        goes_on(f) || is_deliberate(f) || d.send == Send::Nothing
    }),
    ("a cookie that may be good is removed by a logout only", |f, d| {
        matches!(f.came, Came::Expired | Came::Refused | Came::Nothing)
            || is_to_go(f)
            || d.send != Send::Removal
    }),
    ("what nobody asked for comes in time", |f, d| match d.send {
        Send::Nothing => true,
        Send::Session => {
            !is_mere(f) || f.timing == Timing::InTime || (f.due && f.timing == Timing::LateAndKnown)
        }
        Send::Removal => is_to_go(f) || (!f.did.out && f.timing != Timing::Late),
    }),
    ("what nobody asked for is no matter for a shared cache", |f, d| {
        f.did.out || is_asked_for(f) || f.caches != Caches::Reuse || d.send == Send::Nothing
    }),
    ("a session that nobody asked for is one that is due", |f, d| {
        d.send != Send::Session || is_asked_for(f) || is_upkeep(f)
    }),
    ("changes are sent", |f, d| !(is_asked_for(f) && f.sealed && f.recorded) || d.send == Send::Session),
    ("due renewals are sent", |f, d| !(is_upkeep(f) && f.sealed && f.recorded) || d.send == Send::Session),
    ("an answer fails only where the handler would be wrong", |f, d| {
        let lacks_all = f.is_answered && d.send != Send::Session;
        d.fail == (!f.recorded || (is_asked_for(f) && !f.sealed) || lacks_all)
    }),
    ("no shared cache keeps a cookie", |f, d| {
        let kept_out = match (f.caches, d.say) {
            _ if d.fail => d.say == Say::NoStore,
            (Caches::Silent, say) => say == Say::NoStore,
            (Caches::KeptOut, say) => say == Say::Nothing,
            (Caches::Ask, say) => say == Say::Private,
            (Caches::Reuse, say) => say == Say::Instead,
        };
        !sends(d) || kept_out
    }),
    ("an answer without a cookie is the handler's to cache", |_, d| sends(d) || d.say == Say::Nothing),
];

type Cell = (&'static str, fn(&Facts) -> bool);

/// Where the rules leave a choice, and why it was made as it was.
const CHOICES: [Cell; 4] = [
    ("a client that brought nothing has nothing to remove", |f| f.did.out && f.came == Came::Nothing),
    (
        "a cookie that opens nowhere is removed while no other tab can have replaced it, as it costs a refusal each time",
        |f| matches!(f.came, Came::Expired | Came::Refused) && !f.did.out,
    ),
    ("cookies of a device that are of no use go as an expired session does", |f| {
        matches!(f.beside, Beside::WrongProof | Beside::Over) && !f.did.out
    }),
    ("nobody who brought nothing is sent a removal", |f| f.came == Came::Nothing && !f.did.out),
];

fn broken(facts: &Facts, decision: &Decision) -> Option<&'static str> {
    RULES.iter().find(|(_, holds)| !holds(facts, decision)).map(|(rule, _)| *rule)
}

#[test]
fn every_combination_keeps_every_rule() {
    let mut walked = 0;
    for_all(|facts| {
        let decision = decide(&facts);
        assert_eq!(broken(&facts, &decision), None, "{facts:?} {decision:?}");
        walked += 1;
    });
    assert!(walked > 20_000, "{walked}");
}

#[test]
fn every_other_decision_breaks_a_rule_or_is_a_choice_with_a_reason() {
    let all = all_decisions();
    let mut used = [0; CHOICES.len()];
    for_all(|facts| {
        let decision = decide(&facts);
        let allowed = all.iter().filter(|other| **other != decision && broken(&facts, other).is_none());
        for other in allowed {
            let choice = CHOICES.iter().position(|(_, covers)| covers(&facts));
            let Some(choice) = choice else { panic!("{facts:?} could be {other:?} as well as {decision:?}") };
            used[choice] += 1;
        }
    });
    assert!(used.iter().all(|used| *used > 0), "choices that are none: {used:?}");
}

#[test]
fn what_takes_a_second_look_only_takes_away() {
    for_all(|facts| {
        let facts_at_first = Facts { ended: false, timing: Timing::InTime, caches: Caches::Silent, ..facts };
        let first = decide(&Facts { sealed: true, recorded: true, ..facts_at_first });
        assert!(sends(&first) || !sends(&decide(&facts)), "{facts:?}");
    });
}

#[test]
fn no_rule_is_kept_by_every_decision() {
    let all = all_decisions();
    let mut refuses = [false; RULES.len()];
    for_all(|facts| {
        for (refuses, (_, holds)) in refuses.iter_mut().zip(RULES) {
            *refuses = *refuses || all.iter().any(|decision| !holds(&facts, decision));
        }
    });
    assert_eq!(refuses, [true; RULES.len()]);
}

#[test]
fn steps_add_up_to_what_the_last_of_them_leave() {
    let did = |acts: &[Act]| acts.iter().fold(Did::default(), |did, act| did.then(*act));
    let of = |out, now| Did { out, now };
    let cases: [(&[Act], Did); 13] = [
        (&[], of(false, Now::AsItCame)),
        (&[Act::Changed], of(false, Now::Changed)),
        (&[Act::Changed, Act::Cycled, Act::Changed], of(false, Now::Cycled)),
        (&[Act::Cycled, Act::LoggedIn], of(false, Now::LoggedIn)),
        (&[Act::LoggedIn, Act::Cycled, Act::Changed], of(false, Now::LoggedIn)),
        (&[Act::LoggedOut], of(true, Now::Nothing)),
        (&[Act::LoggedOut, Act::Cycled], of(true, Now::Nothing)),
        (&[Act::LoggedOut, Act::Changed, Act::Cycled], of(true, Now::Changed)),
        (&[Act::LoggedOut, Act::LoggedIn], of(true, Now::LoggedIn)),
        (&[Act::LoggedIn, Act::LoggedOut], of(true, Now::Nothing)),
        (&[Act::Cycled, Act::Ended], of(true, Now::Nothing)),
        (&[Act::LoggedIn, Act::Ended], of(true, Now::LoggedIn)),
        (&[Act::LoggedOut, Act::Changed, Act::LoggedOut], of(true, Now::Nothing)),
    ];
    for (acts, expected) in cases {
        assert_eq!(did(acts), expected, "{acts:?}");
    }
}

#[test]
fn what_once_ended_has_ended_for_good() {
    for did in all_deeds() {
        for act in ACTS {
            assert!(did.then(act).out >= did.out, "{did:?} {act:?}");
        }
    }
}
