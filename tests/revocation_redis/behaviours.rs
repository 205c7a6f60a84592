//! What every backend does, whatever it is made of. Times are those of the machine's clock.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend, Change, Reach, Revocation, Scope, SessionInfo, Sharer};

use crate::{DAY, HOUR, SECOND, now, revoke, session, uid};

/// Storage with nothing in it yet.
pub(crate) trait Storage: Sync {
    /// One more server that uses it.
    fn node(&self) -> Box<dyn Backend>;

    /// Whether what is over is so by a clock of its own.
    fn has_a_clock(&self) -> bool;
}

type Behaviour = fn(&dyn Storage);

pub(crate) const BEHAVIOURS: &[(&str, Behaviour)] = &[
    ("what one records is news to others, once", what_one_records_is_news_to_others_once),
    ("the first call gives all", the_first_call_gives_all),
    ("later ends win and later ones end more", later_ends_win_and_later_ones_end_more),
    ("exceptions are those of the newest", exceptions_are_those_of_the_newest),
    ("what is restored spares nobody else", what_is_restored_spares_nobody_else),
    ("others are revoked and one goes on", others_are_revoked_and_one_goes_on),
    ("one that is revoked ends nobody", one_that_is_revoked_ends_nobody),
    ("an exception moves", an_exception_moves),
    ("what has ended does not go on", what_has_ended_does_not_go_on),
    ("a session that begins is spared", a_session_that_begins_is_spared),
    ("all of it or nothing", all_of_it_or_nothing),
    ("several changes of one entry are one", several_changes_of_one_entry_are_one),
    ("reaches are kept apart", reaches_are_kept_apart),
    ("what is over is forgotten", what_is_over_is_forgotten),
    ("time to purge does not leap", time_to_purge_does_not_leap),
    ("sharers are kept until they run out", sharers_are_kept_until_they_run_out),
    ("the largest times", the_largest_times),
    ("any user", any_user),
    ("ten thousand", ten_thousand),
    ("many at once", many_at_once),
    ("many are restored", many_are_restored),
    ("of two that are added one sees the other", of_two_that_are_added_one_sees_the_other),
    ("sessions are listed", sessions_are_listed),
    ("scopes have sessions of their own", scopes_have_sessions_of_their_own),
    ("sessions are struck off", sessions_are_struck_off),
    ("expired sessions are counted", expired_sessions_are_counted),
];

/// What there is of each thing: the two times and the exceptions.
pub(crate) type Known = HashMap<String, (u64, u64, Vec<SessionUid>)>;

/// As a server has it in the end.
pub(crate) fn known(revocations: &[Revocation]) -> Known {
    let of = |revocation: &Revocation| match revocation.clone() {
        Revocation::Session { uid, until_ms } => (uid.to_string(), (0, until_ms, Vec::new())),
        Revocation::User { reach, user_id, created_before_ms, except, until_ms } => {
            let name = match reach {
                Reach::Backend => format!("user {user_id}"),
                reach => format!("user {reach:?} {user_id:?}"),
            };
            (name, (created_before_ms, until_ms, except))
        }
        Revocation::Everything { app_id, created_before_ms, until_ms } => {
            let name = app_id.map_or("all".to_owned(), |app_id| format!("all of {app_id:?}"));
            (name, (created_before_ms, until_ms, Vec::new()))
        }
    };
    revocations.iter().map(of).collect()
}

pub(crate) fn all(backend: &mut dyn Backend) -> Known {
    known(&backend.news().unwrap().revocations)
}

pub(crate) fn user(user_id: &str, created_before_ms: u64, until_ms: u64) -> Revocation {
    of_user(Reach::Backend, user_id, created_before_ms, until_ms, &[])
}

fn of_user(
    reach: Reach,
    user_id: &str,
    created_before_ms: u64,
    until_ms: u64,
    except: &[SessionUid],
) -> Revocation {
    let (user_id, except) = (user_id.to_owned(), except.to_vec());
    Revocation::User { reach, user_id, created_before_ms, except, until_ms }
}

fn all_before(app_id: Option<&str>, created_before_ms: u64, until_ms: u64) -> Revocation {
    Revocation::Everything { app_id: app_id.map(str::to_owned), created_before_ms, until_ms }
}

pub(crate) fn scope(app_id: &str, name: &str) -> Scope {
    Scope { app_id: app_id.to_owned(), name: name.to_owned() }
}

fn what_one_records_is_news_to_others_once(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    assert!(all(&mut *one).is_empty() && all(&mut *other).is_empty());
    for number in 1..=3 {
        let revocations = [session(number), user("u", number, now() + DAY)];
        one.record(&revoke(&revocations)).unwrap();
        let news = other.news().unwrap();
        assert_eq!((known(&news.revocations), news.lost), (known(&revocations), false));
        assert!(all(&mut *other).is_empty());
    }
    one.record(&[]).unwrap();
    assert!(all(&mut *other).is_empty());
    other.record(&revoke(&[session(4)])).unwrap();
    assert!(all(&mut *one).contains_key(&uid(4).to_string()));
}

fn the_first_call_gives_all(storage: &dyn Storage) {
    let recorded = [session(1), session(2), user("u", 5, now() + DAY), all_before(None, 7, now() + DAY)];
    storage.node().record(&revoke(&recorded)).unwrap();
    for _ in 0..2 {
        let mut late = storage.node();
        let news = late.news().unwrap();
        assert_eq!((known(&news.revocations), news.lost), (known(&recorded), false));
        assert!(all(&mut *late).is_empty());
    }
}

fn later_ends_win_and_later_ones_end_more(storage: &dyn Storage) {
    let (mut one, mut other, day) = (storage.node(), storage.node(), now() + DAY);
    one.record(&revoke(&[user("u", 20, day), all_before(None, 30, day + 1)])).unwrap();
    other.record(&revoke(&[user("u", 10, day + 2), all_before(None, 40, day)])).unwrap();
    let of_session = |until_ms| Revocation::Session { uid: uid(1), until_ms };
    one.record(&revoke(&[of_session(day + 5), of_session(day + 3)])).unwrap();
    other.record(&revoke(&[of_session(day + 4)])).unwrap();
    // What is recorded later ends more, whatever its clock says.
    let expected = [user("u", 21, day + 2), all_before(None, 40, day + 1), of_session(day + 5)];
    for backend in [&mut one, &mut other, &mut storage.node()] {
        assert_eq!(all(&mut **backend), known(&expected));
    }
}

/// What others are told in the end.
fn in_the_end(storage: &dyn Storage, changes: &[Change]) -> Known {
    let (mut one, mut other) = (storage.node(), storage.node());
    let mut told = all(&mut *other);
    for change in changes {
        one.record(std::slice::from_ref(change)).unwrap();
        told.extend(all(&mut *other));
    }
    assert_eq!(all(&mut *storage.node()), told, "whoever starts is told the same");
    told
}

fn exceptions_are_those_of_the_newest(storage: &dyn Storage) {
    let reach = Reach::Scope(scope("a", "s"));
    let of = |before, until_ms, except: &[SessionUid]| {
        Change::Revoke(of_user(reach.clone(), "u", before, until_ms, except))
    };
    let day = now() + DAY;
    let told = in_the_end(
        storage,
        &[of(9, day + 1, &[uid(1), uid(2)]), of(8, day, &[uid(3)]), of(7, day, &[uid(4)])],
    );
    assert_eq!(told, known(&[of_user(reach.clone(), "u", 11, day + 1, &[uid(4)])]));
    let told = in_the_end(storage, &[of(6, day, &[])]);
    assert_eq!(told, known(&[of_user(reach.clone(), "u", 12, day + 1, &[])]), "it ends an earlier exception");
}

fn what_is_restored_spares_nobody_else(storage: &dyn Storage) {
    let (reach, day) = (Reach::Application("a".to_owned()), now() + DAY);
    let of = |before, until_ms, except: &[SessionUid]| of_user(reach.clone(), "u", before, until_ms, except);
    let changes = [
        Change::Restore(of(5, day, &[uid(1), uid(2), uid(3)])),
        Change::Restore(of(9, day - 1, &[uid(3), uid(4), uid(2)])),
    ];
    assert_eq!(in_the_end(storage, &changes), known(&[of(9, day, &[uid(2), uid(3)])]));
    assert_eq!(in_the_end(storage, &[Change::Restore(of(1, day, &[]))]), known(&[of(9, day, &[])]));
}

pub(crate) fn revoke_others(
    scope: &Scope,
    asks: u64,
    created_at_ms: u64,
    instead: u64,
    until_ms: u64,
) -> Change {
    Change::RevokeOthers {
        scope: scope.clone(),
        user_id: "u".to_owned(),
        created_before_ms: 100,
        uid: uid(asks),
        created_at_ms,
        instead: uid(instead),
        until_ms,
    }
}

fn others_are_revoked_and_one_goes_on(storage: &dyn Storage) {
    let (one, until_ms) = (scope("a", "s"), now() + DAY);
    let reach = |before, except| of_user(Reach::Scope(one.clone()), "u", before, until_ms, &[uid(except)]);
    let ended = |number| Revocation::Session { uid: uid(number), until_ms };
    let changes = [revoke_others(&one, 1, 50, 2, until_ms)];
    assert_eq!(in_the_end(storage, &changes), known(&[ended(1), reach(100, 2)]));
    // The one that goes on may do so again.
    let wider = [
        of_user(Reach::Backend, "u", 60, until_ms, &[uid(2), uid(9)]),
        of_user(Reach::Application("a".to_owned()), "u", 60, until_ms, &[uid(2)]),
    ];
    storage.node().record(&revoke(&wider)).unwrap();
    let told = in_the_end(storage, &[revoke_others(&one, 2, 50, 3, until_ms)]);
    let moved = [
        of_user(Reach::Backend, "u", 60, until_ms, &[uid(3), uid(9)]),
        of_user(Reach::Application("a".to_owned()), "u", 60, until_ms, &[uid(3)]),
    ];
    let expected: Vec<_> = [ended(1), ended(2), reach(101, 3)].into_iter().chain(moved).collect();
    assert_eq!(told, known(&expected));
}

fn one_that_is_revoked_ends_nobody(storage: &dyn Storage) {
    let until_ms = now() + DAY;
    let revoked_by = |app_id: &str, number| -> [Revocation; 6] {
        let (scope, user) = (scope(app_id, "s"), "u");
        [
            Revocation::Session { uid: uid(number), until_ms },
            of_user(Reach::Scope(scope), user, 51, until_ms, &[]),
            of_user(Reach::Application(app_id.to_owned()), user, 51, until_ms, &[uid(77)]),
            of_user(Reach::Backend, user, 51, until_ms, &[]),
            all_before(Some(app_id), 51, until_ms),
            all_before(None, 51, until_ms),
        ]
    };
    // Those that speak of other applications as well come last.
    for (number, at) in (0..).zip([0, 1, 2, 4, 3, 5]) {
        let (app_id, asks) = (format!("app {number}"), 10 * number);
        let mut node = storage.node();
        node.record(&revoke(&revoked_by(&app_id, asks)[at..=at])).unwrap();
        let before = all(&mut *storage.node());
        node.record(&[revoke_others(&scope(&app_id, "s"), asks, 50, asks + 1, until_ms)]).unwrap();
        assert_eq!(all(&mut *storage.node()), before, "{at}");
    }
    let untouched = scope("other", "s");
    storage.node().record(&[revoke_others(&untouched, 500, 51, 501, until_ms)]).unwrap();
    let expected = of_user(Reach::Scope(untouched), "u", 100, until_ms, &[uid(501)]);
    let all = all(&mut *storage.node());
    known(&[expected]).into_iter().for_each(|(name, value)| assert_eq!(all[&name], value, "created later"));
}

fn an_exception_moves(storage: &dyn Storage) {
    let (reach, until_ms) = (Reach::Scope(scope("a", "")), now() + DAY);
    let of = |except: &[SessionUid]| of_user(reach.clone(), "u", 5, until_ms, except);
    let moved = |from, to| {
        let user_id = "u".to_owned();
        Change::Move { reach: reach.clone(), user_id, from: uid(from), to: uid(to) }
    };
    assert!(in_the_end(storage, &[moved(1, 2)]).is_empty(), "nothing is spared, so nothing moves");
    let told = in_the_end(storage, &[Change::Revoke(of(&[uid(1), uid(5)])), moved(1, 2), moved(1, 3)]);
    assert_eq!(told, known(&[of(&[uid(2), uid(5)])]));
    assert_eq!(in_the_end(storage, &[moved(7, 8)]), known(&[of(&[uid(2), uid(5)])]));
}

fn what_has_ended_does_not_go_on(storage: &dyn Storage) {
    let until_ms = now() + DAY;
    let cycle = |from, to| Change::Cycle { uid: uid(from), instead: uid(to), until_ms };
    let ended = |number| Revocation::Session { uid: uid(number), until_ms };
    assert_eq!(in_the_end(storage, &[cycle(1, 2)]), known(&[ended(1)]));
    assert_eq!(in_the_end(storage, &[cycle(1, 3)]), known(&[ended(1), ended(3)]), "it went on as another");
    assert_eq!(in_the_end(storage, &[cycle(2, 4)]), known(&[ended(1), ended(2), ended(3)]), "which goes on");
}

fn spare(reach: &Reach, number: u64) -> Change {
    let (reach, user_id) = (reach.clone(), "u".to_owned());
    Change::Spare { reach, user_id, uid: uid(number), created_before_ms: u64::MAX }
}

fn a_session_that_begins_is_spared(storage: &dyn Storage) {
    let (reach, until_ms) = (Reach::Scope(scope("a", "s")), now() + DAY);
    let of = |count: u64| of_user(reach.clone(), "u", 5, until_ms, &(0..count).map(uid).collect::<Vec<_>>());
    assert!(in_the_end(storage, &[spare(&reach, 0)]).is_empty(), "nothing is revoked");
    let changes: Vec<_> =
        [Change::Revoke(of(0))].into_iter().chain((0..64).map(|at| spare(&reach, at))).collect();
    assert_eq!(in_the_end(storage, &changes), known(&[of(64)]));
    let mut node = storage.node();
    node.record(&[spare(&reach, 63)]).unwrap();
    let error = node.record(&[Change::Revoke(session(1)), spare(&reach, 64)]).unwrap_err().to_string();
    assert!(error.contains("64 sessions of this user have begun"), "{error}");
    assert_eq!(all(&mut *storage.node()), known(&[of(64)]), "nothing of it is recorded");
    node.record(&[Change::Revoke(of(0)), spare(&reach, 64)]).unwrap();
    assert_eq!(all(&mut *storage.node()).values().next().unwrap().2, [uid(64)]);
}

fn all_of_it_or_nothing(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    let (reach, until_ms) = (Reach::Backend, now() + DAY);
    let full = of_user(reach.clone(), "u", 5, until_ms, &(0..64).map(uid).collect::<Vec<_>>());
    one.record(&revoke(std::slice::from_ref(&full))).unwrap();
    assert_eq!(all(&mut *other).len(), 1);
    let many = (1000..2500).map(|number| Change::Revoke(session(number)));
    one.record(&many.chain([spare(&reach, 64)]).collect::<Vec<_>>()).unwrap_err();
    assert!(all(&mut *other).is_empty());
    assert_eq!(all(&mut *storage.node()), known(&[full]));
}

fn several_changes_of_one_entry_are_one(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    assert!(all(&mut *other).is_empty());
    let (reach, until_ms) = (Reach::Scope(scope("a", "s")), now() + DAY);
    let of = |except: &[SessionUid]| of_user(reach.clone(), "u", 5, until_ms, except);
    let user_id = "u".to_owned();
    let moved = Change::Move { reach: reach.clone(), user_id, from: uid(1), to: uid(2) };
    one.record(&[Change::Revoke(of(&[])), spare(&reach, 1), moved, spare(&reach, 3)]).unwrap();
    let expected = of(&[uid(2), uid(3)]);
    assert_eq!(known(&other.news().unwrap().revocations), known(std::slice::from_ref(&expected)));
    assert_eq!(all(&mut *storage.node()), known(&[expected]));
}

fn reaches_are_kept_apart(storage: &dyn Storage) {
    let of = |app_id: &str, name: &str| Reach::Scope(scope(app_id, name));
    let application = |app_id: &str| Reach::Application(app_id.to_owned());
    let whose = [
        (Reach::Backend, "bc"),
        (Reach::Backend, "1:1:abc"),
        (application("a"), "bc"),
        (application("ab"), "c"),
        (application(""), "1:abc"),
        (of("a", ""), "bc"),
        (of("a", "b"), "c"),
        (of("ab", ""), "c"),
        (of("", "ab"), "c"),
        (of("", ""), "1:1:abc"),
        (of("a:", ":b"), ""),
    ];
    let users = (1..).zip(whose).map(|(at, (reach, user_id))| of_user(reach, user_id, at, now() + DAY, &[]));
    let everything = [None, Some(""), Some("a"), Some("all"), Some("a:")];
    let everything = (1..).zip(everything).map(|(at, app_id)| all_before(app_id, at, now() + DAY));
    let recorded: Vec<_> = users.chain(everything).collect();
    let (mut one, mut other) = (storage.node(), storage.node());
    let _ = all(&mut *other);
    one.record(&revoke(&recorded)).unwrap();
    assert_eq!(other.news().unwrap().revocations.len(), recorded.len());
    assert_eq!(all(&mut *storage.node()), known(&recorded));
}

/// How far the time to purge by may move when so much has passed.
const WEEKS: Duration = Duration::from_secs(4 * 7 * 86_400);

fn what_is_over_is_forgotten(storage: &dyn Storage) {
    let mut backend = storage.node();
    let over = Revocation::Session { uid: uid(1), until_ms: now() - SECOND };
    backend.record(&revoke(&[over, user("over", 1, now() - SECOND), session(2)])).unwrap();
    let time = now();
    // The first purge of all removes nothing where there is no clock but the server's.
    backend.purge(time, WEEKS).unwrap();
    assert_eq!(backend.purge(time, WEEKS).unwrap(), time);
    assert_eq!(all(&mut *storage.node()), known(&[session(2)]));
}

fn time_to_purge_does_not_leap(storage: &dyn Storage) {
    let (mut one, mut other, start) = (storage.node(), storage.node(), now() - 60 * DAY);
    let minute = Duration::from_secs(60);
    one.record(&revoke(&[Revocation::Session { uid: uid(1), until_ms: start }])).unwrap();
    // The first of all begins long before anything runs out.
    one.purge(start, minute).unwrap();
    assert_eq!(one.purge(start, WEEKS).unwrap(), start);
    // A clock that is 30 days ahead for a minute, and right again.
    assert_eq!(one.purge(start + 30 * DAY, minute).unwrap(), start + 600 * SECOND);
    assert_eq!(other.purge(start + 30 * DAY, minute).unwrap(), start + 1200 * SECOND);
    assert_eq!(one.purge(start + 60 * SECOND, minute).unwrap(), start + 60 * SECOND);
    assert_eq!(other.purge(start + 120 * SECOND, minute).unwrap(), start + 120 * SECOND);
}

pub(crate) fn sharer(number: u8, seen_at_ms: u64) -> Sharer {
    Sharer {
        id: [number; 16],
        max_ttl_ms: HOUR,
        max_lifetime_ms: 12 * HOUR,
        leeway_ms: 60 * SECOND,
        poll_ms: 500,
        refuse_after_ms: number.is_multiple_of(2).then_some(9),
        seen_at_ms,
    }
}

fn sharers_are_kept_until_they_run_out(storage: &dyn Storage) {
    let (mut one, mut other, time) = (storage.node(), storage.node(), now());
    let sharers = |backend: &mut dyn Backend| {
        let mut sharers = backend.sharers().unwrap();
        sharers.sort_by_key(|sharer| sharer.id);
        sharers
    };
    assert!(sharers(&mut *one).is_empty());
    let endless = Sharer { max_lifetime_ms: u64::MAX, ..sharer(3, time) };
    let mut all = [sharer(1, time - 13 * HOUR), sharer(2, time - 13 * HOUR), endless];
    all.iter().for_each(|sharer| one.put_sharer(sharer).unwrap());
    assert_eq!(sharers(&mut *other), all);
    all[0] = sharer(1, time);
    one.put_sharer(&all[0]).unwrap();
    assert_eq!(sharers(&mut *other), all);
    other.purge(time - HOUR, WEEKS).unwrap();
    assert_eq!(sharers(&mut *one), all, "not before its time");
    other.purge(time, WEEKS).unwrap();
    assert_eq!(sharers(&mut *one), [all[0], all[2]]);
}

fn the_largest_times(storage: &dyn Storage) {
    let recorded = [
        Revocation::Session { uid: uid(u64::MAX), until_ms: u64::MAX },
        user("i64", i64::MAX.unsigned_abs() + 1, i64::MAX.unsigned_abs() + 1),
        user("f64", (1 << 53) + 1, (1 << 53) + 1),
        all_before(None, u64::MAX, u64::MAX),
        user("least", 0, now() + DAY),
    ];
    let mut backend = storage.node();
    backend.record(&revoke(&recorded)).unwrap();
    backend.record(&[Change::Restore(user("f64", 1 << 53, 1 << 53))]).unwrap();
    assert_eq!(all(&mut *storage.node()), known(&recorded));
    backend.record(&revoke(&[Revocation::Session { uid: uid(0), until_ms: 0 }])).unwrap();
    assert!(backend.purge(u64::MAX, Duration::MAX).unwrap() >= now() - SECOND);
    if storage.has_a_clock() {
        assert!(backend.purge(u64::MAX, Duration::MAX).unwrap() <= now() + SECOND);
        assert_eq!(all(&mut *storage.node()), known(&recorded));
    }
}

/// Some users, and others whose names are easily taken for theirs.
pub(crate) fn odd_users() -> Vec<String> {
    let odd =
        ["", " ", "0", "a", "A", "a:b", "all", "user:", "*", "[a]", "{", "}", "\0", "\r\n", "ü", "u\u{308}"];
    let odd = odd.into_iter().map(str::to_owned);
    odd.chain(["a".repeat(65_534), "\u{1F980}".repeat(16_383), "a".repeat(65_533)]).collect()
}

fn any_user(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    let _ = all(&mut *other);
    let users = odd_users();
    let reaches = [Reach::Backend, Reach::Application("a:".into()), Reach::Scope(scope("{ü", "\0"))];
    let reaches = reaches.iter().flat_map(|reach| users.iter().map(move |name| (reach.clone(), name)));
    let recorded: Vec<_> = (1..)
        .zip(reaches)
        .map(|(at, (reach, name))| of_user(reach, name, at, now() + DAY, &[uid(at)]))
        .collect();
    one.record(&revoke(&recorded)).unwrap();
    assert_eq!(known(&other.news().unwrap().revocations), known(&recorded));
    assert_eq!(all(&mut *storage.node()), known(&recorded));
    let scope = scope("a", "s");
    for (number, user_id) in (1..).zip(&users) {
        one.put_session(&scope, &info(user_id, number, now() + DAY)).unwrap();
    }
    for (number, user_id) in (1..).zip(&users) {
        let sessions = other.sessions(&scope, user_id, now()).unwrap();
        assert_eq!(
            sessions.iter().map(|found| (found.user_id.as_str(), found.uid)).collect::<Vec<_>>(),
            [(user_id.as_str(), uid(number))]
        );
        assert!(other.strike_session(&scope, user_id, uid(number)).unwrap());
    }
}

fn ten_thousand(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    let _ = all(&mut *other);
    let recorded: Vec<_> = (0..10_000).map(session).collect();
    one.record(&revoke(&recorded)).unwrap();
    assert_eq!(all(&mut *other).len(), 10_000);
    assert_eq!(all(&mut *storage.node()), known(&recorded));
}

fn many_are_restored(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    let restored: Vec<_> = (0..5_000).map(session).collect();
    one.record(&revoke(&restored[1_000..2_500])).unwrap();
    let changes: Vec<_> = restored.iter().cloned().map(Change::Restore).collect();
    other.record(&changes).unwrap();
    assert_eq!(all(&mut *storage.node()), known(&restored));
    let _ = all(&mut *one);
    other.record(&changes).unwrap();
    assert!(all(&mut *one).is_empty(), "it says nothing new");
}

fn many_at_once(storage: &dyn Storage) {
    let recorded = |number| (number * 100..number * 100 + 100).map(session).collect::<Vec<_>>();
    thread::scope(|scope| {
        let nodes: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn(move || {
                    let mut backend = storage.node();
                    let mut learnt = backend.news().unwrap().revocations;
                    for revocation in recorded(number) {
                        backend.record(&revoke(&[revocation, user("all", number, now() + DAY)])).unwrap();
                        learnt.extend(backend.news().unwrap().revocations);
                    }
                    (backend, learnt)
                })
            })
            .collect();
        let nodes: Vec<_> = nodes.into_iter().map(|node| node.join().unwrap()).collect();
        for (mut backend, mut learnt) in nodes {
            learnt.extend(backend.news().unwrap().revocations);
            let learnt = known(&learnt);
            assert_eq!(learnt.len(), 401);
            assert!((399..=402).contains(&learnt["user all"].0), "each ends a millisecond more");
        }
    });
}

pub(crate) fn info(user_id: &str, number: u64, expires_at_ms: u64) -> SessionInfo {
    SessionInfo {
        user_id: user_id.to_owned(),
        uid: uid(number),
        created_at_ms: number,
        last_seen_at_ms: number,
        expires_at_ms,
        label: format!("Nr. {number}, \0 Füchse"),
    }
}

fn of_two_that_are_added_one_sees_the_other(storage: &dyn Storage) {
    let (scope, later) = (scope("a", "s"), now() + HOUR);
    let all: Vec<_> = thread::scope(|threads| {
        let add = |number: u64| {
            let scope = &scope;
            threads.spawn(move || {
                let mut backend = storage.node();
                let added = (0..50_u64).map(|at| info("u", 100 * number + at, later));
                added
                    .map(|one| (one.uid, backend.add_session(scope, &one, now()).unwrap()))
                    .collect::<Vec<_>>()
            })
        };
        let adding: Vec<_> = (1..=4_u64).map(add).collect();
        adding.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let uids = |sessions: &[SessionInfo]| sessions.iter().map(|session| session.uid).collect::<Vec<_>>();
    let longest = uids(&all.iter().max_by_key(|(_, live)| live.len()).unwrap().1);
    assert_eq!(longest.len(), 200);
    for (uid, live) in &all {
        assert_eq!(live.last().unwrap().uid, *uid, "each is the last of those that it sees");
        assert_eq!(uids(live), longest[..live.len()], "all see the same order");
    }
    // Being used changes nothing of that.
    let mut backend = storage.node();
    let first = SessionInfo { last_seen_at_ms: u64::MAX, ..info("u", 100, later) };
    backend.put_session(&scope, &SessionInfo { uid: longest[0], ..first.clone() }).unwrap();
    let again = backend.add_session(&scope, &SessionInfo { uid: longest[0], ..first }, now()).unwrap();
    assert_eq!(uids(&again), longest);
    assert_eq!(backend.add_session(&scope, &info("u", 9, later), later - 1).unwrap().len(), 201);
    assert_eq!(backend.add_session(&scope, &info("u", 9, u64::MAX), later).unwrap().len(), 1);
}

fn scopes_have_sessions_of_their_own(storage: &dyn Storage) {
    let (mut one, later) = (storage.node(), now() + HOUR);
    let scopes = [scope("", ""), scope("a", ""), scope("", "a"), scope("a", "b"), scope("ab", "")];
    for (number, scope) in (1..).zip(&scopes) {
        assert_eq!(one.add_session(scope, &info("u", number, later), now()).unwrap().len(), 1);
    }
    for (number, scope) in (1..).zip(&scopes) {
        assert_eq!(one.sessions(scope, "u", now()).unwrap(), [info("u", number, later)]);
        assert!(!one.strike_session(scope, "u", uid(99)).unwrap());
    }
    assert!(one.strike_session(&scopes[0], "u", uid(1)).unwrap());
    assert_eq!(one.strike_expired(later).unwrap(), 4);
}

fn sessions_are_listed(storage: &dyn Storage) {
    let scope = scope("a", "s");
    let (mut one, mut other, later) = (storage.node(), storage.node(), now() + HOUR);
    let mut sessions = [info("u", 1, later), info("u", 2, u64::MAX), info("u", 3, later)];
    for found in sessions.iter().chain([&info("other", 4, later), &info("u", 5, now() - 1)]) {
        one.put_session(&scope, found).unwrap();
    }
    sessions[0].last_seen_at_ms = u64::MAX;
    sessions[0].label = String::new();
    other.put_session(&scope, &sessions[0]).unwrap();
    let [first, second, third] = sessions;
    assert_eq!(other.sessions(&scope, "u", now()).unwrap(), [first, third, second.clone()]);
    assert_eq!(other.sessions(&scope, "u", later).unwrap(), [second]);
    assert_eq!(other.sessions(&scope, "nobody", now()).unwrap(), []);
}

fn sessions_are_struck_off(storage: &dyn Storage) {
    let scope = scope("a", "s");
    let (mut one, mut other) = (storage.node(), storage.node());
    one.put_session(&scope, &info("u", 1, now() + HOUR)).unwrap();
    one.put_session(&scope, &info("u", 2, now() + HOUR)).unwrap();
    assert!(!other.strike_session(&scope, "v", uid(1)).unwrap());
    assert!(!other.strike_session(&scope, "u", uid(3)).unwrap());
    assert!(other.strike_session(&scope, "u", uid(1)).unwrap());
    assert!(!one.strike_session(&scope, "u", uid(1)).unwrap());
    assert_eq!(one.sessions(&scope, "u", now()).unwrap().len(), 1);
    assert_eq!(one.strike_expired(now()).unwrap(), 0);
}

fn expired_sessions_are_counted(storage: &dyn Storage) {
    let scope = scope("a", "s");
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    for number in 0..2100 {
        one.put_session(&scope, &info(&format!("u{}", number % 3), number, now + number)).unwrap();
    }
    one.put_session(&scope, &info("u0", 9999, u64::MAX)).unwrap();
    one.put_session(&scope, &info("u0", 9998, u64::MAX - 1)).unwrap();
    assert_eq!(other.strike_expired(now - 1).unwrap(), 0);
    assert_eq!(other.strike_expired(now + 9).unwrap(), 10);
    assert_eq!(one.strike_expired(now + 9).unwrap(), 0);
    // One that is renewed has not expired.
    one.put_session(&scope, &info("u1", 10, now + DAY)).unwrap();
    assert_eq!(one.strike_expired(now + HOUR).unwrap(), 2089);
    assert_eq!(one.sessions(&scope, "u1", 0).unwrap(), [info("u1", 10, now + DAY)]);
    assert_eq!(one.strike_expired(u64::MAX - 1).unwrap(), 2);
    assert_eq!(one.sessions(&scope, "u0", 0).unwrap(), [info("u0", 9999, u64::MAX)]);
    assert_eq!(one.strike_expired(u64::MAX).unwrap(), 1);
}
