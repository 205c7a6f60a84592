//! Entries and sharers, node by node.

use std::thread;
use std::time::Duration;

use sealed_session::revocation::{Backend, Change, Reach, Revocation, Scope, Sharer};

use super::Storage;
use super::common::{HOUR, Told, everything, now, odd_user_ids, revoke, scope, session, uid, user};

/// The greatest time that every backend keeps exactly; from there on it may become the greatest of all.
const EXACT: u64 = i64::MAX as u64 - 1;
const DAY: u64 = 24 * HOUR;
const MINUTE: Duration = Duration::from_secs(60);
/// So long it takes at most until the time to purge by has caught up.
const FOUR_DAYS: Duration = Duration::from_secs(4 * 24 * 3600);

/// A user of `scope()`, and which sessions of theirs are spared.
fn sparing(user_id: &str, created_before_ms: u64, except: &[u64], until_ms: u64) -> Revocation {
    of_reach(Reach::Scope(scope()), user_id, created_before_ms, except, until_ms)
}

fn of_reach(
    reach: Reach,
    user_id: &str,
    created_before_ms: u64,
    except: &[u64],
    until_ms: u64,
) -> Revocation {
    let except = except.iter().copied().map(uid).collect();
    Revocation::User { reach, user_id: user_id.to_owned(), created_before_ms, except, until_ms }
}

/// Everything that can be revoked, of ann: the reach of each is another one.
fn one_of_each(now: u64) -> Vec<Revocation> {
    let of_app = |app_id: &str| Revocation::Everything {
        app_id: Some(app_id.into()),
        created_before_ms: now - HOUR,
        until_ms: now + HOUR,
    };
    let scopes = [("app", ""), ("app", "a"), ("app", "b"), ("other", "a"), ("appa", ""), ("", "")];
    let scopes =
        scopes.map(|(app_id, name)| Reach::Scope(Scope { app_id: app_id.into(), name: name.into() }));
    let reaches = [Reach::Application("app".into()), Reach::Application(String::new()), Reach::Backend];
    let users = scopes.into_iter().chain(reaches).zip(1..);
    let mut all: Vec<_> =
        users.map(|(reach, number)| of_reach(reach, "ann", now + number, &[number], now + HOUR)).collect();
    all.extend([session(1, now + HOUR), everything(now - HOUR, now + HOUR), of_app("app"), of_app("")]);
    all
}

pub(super) fn what_is_recorded_is_news_to_every_other_node_once(storage: &Storage) {
    let (mut one, mut two, mut three, now) = (storage.node(), storage.node(), storage.node(), now());
    for node in [&mut one, &mut two, &mut three] {
        let news = node.news().unwrap();
        assert!(news.revocations.is_empty() && !news.lost);
    }
    let all = [session(1, now + HOUR), user("ann", now, now + HOUR), everything(now - HOUR, now + HOUR)];
    one.record(&revoke(&all)).unwrap();
    one.record(&[]).unwrap();
    for other in [&mut two, &mut three] {
        assert_eq!(Told::by(other), Told::of(&all));
        assert!(Told::by(other).is_empty(), "once");
    }
    two.record(&revoke(&[session(2, now + HOUR)])).unwrap();
    three.record(&revoke(&[session(3, now + HOUR)])).unwrap();
    assert!(Told::by(&mut one).has(&session(2, now + HOUR)));
    assert!(Told::by(&mut two).has(&session(3, now + HOUR)), "its own write hides none of another");
}

pub(super) fn a_node_that_starts_later_learns_all_that_there_is(storage: &Storage) {
    let now = now();
    let all = one_of_each(now);
    let mut gone = storage.node();
    gone.record(&revoke(&all[..2])).unwrap();
    gone.record(&revoke(&all[2..])).unwrap();
    drop(gone);
    for _ in 0..2 {
        let news = storage.node().news().unwrap();
        assert!(!news.lost);
        assert_eq!(Told::of(&news.revocations), Told::of(&all));
    }
}

pub(super) fn things_of_different_reach_are_told_apart(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let all = one_of_each(now);
    for revocation in &all {
        one.record(&revoke(std::slice::from_ref(revocation))).unwrap();
        assert_eq!(Told::by(&mut other), Told::of(std::slice::from_ref(revocation)));
    }
    assert_eq!(Told::by(&mut storage.node()).len(), all.len());
}

pub(super) fn of_two_revocations_the_later_end_counts_and_the_later_one_ends_more(storage: &Storage) {
    let (mut one, mut two, mut follower, now) = (storage.node(), storage.node(), storage.node(), now());
    let until = |hours: u64| now + hours * HOUR;
    let (mut first, mut second, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (a, b)) in [(1, 2), (2, 1), (1, 1)].into_iter().enumerate() {
        let (number, name) = (number as u64, format!("user-{number}"));
        first.extend([session(number, until(a)), user(&name, now + a, until(b))]);
        second.extend([session(number, until(b)), user(&name, now + b, until(a))]);
        // What is recorded later ends more, whatever its clock says.
        let before = now + b.max(a + 1);
        expected.extend([session(number, until(a.max(b))), user(&name, before, until(a.max(b)))]);
    }
    first.push(everything(now - 1, until(3)));
    second.push(everything(now - 2, until(4)));
    expected.push(everything(now, until(4)));

    one.record(&revoke(&first)).unwrap();
    let mut told = follower.news().unwrap().revocations;
    two.record(&revoke(&second)).unwrap();
    told.extend(follower.news().unwrap().revocations);
    assert_eq!(Told::of(&told), Told::of(&expected), "followed");
    assert_eq!(Told::by(&mut storage.node()), Told::of(&expected), "read from the beginning");
}

pub(super) fn a_later_time_is_news_and_a_repetition_does_no_harm(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.record(&revoke(&[session(1, now + HOUR)])).unwrap();
    one.record(&revoke(&[session(1, now + HOUR), session(1, now + HOUR)])).unwrap();
    assert_eq!(Told::by(&mut other), Told::of(&[session(1, now + HOUR)]));
    one.record(&revoke(&[session(1, now + 2 * HOUR)])).unwrap();
    assert_eq!(Told::by(&mut other), Told::of(&[session(1, now + 2 * HOUR)]));
    one.record(&revoke(&[session(1, now + HOUR)])).unwrap();
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[session(1, now + 2 * HOUR)]));
}

pub(super) fn of_two_revocations_of_a_user_the_exceptions_of_the_later_count(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.record(&revoke(&[sparing("ann", now + 5, &[1, 2], now + HOUR)])).unwrap();
    other.record(&revoke(&[sparing("ann", now, &[3], now + HOUR)])).unwrap();
    let expected = sparing("ann", now + 6, &[3], now + HOUR);
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[expected]), "by the backend's order, not by clocks");
    other.record(&revoke(&[user("ann", now, now + HOUR)])).unwrap();
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[user("ann", now + 7, now + HOUR)]));
}

pub(super) fn what_is_restored_spares_only_what_both_spare(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.record(&revoke(&[sparing("ann", now, &[1, 2], now + HOUR)])).unwrap();
    let known = [sparing("ann", now + 1, &[2, 3], now), sparing("bob", now, &[4], now + HOUR)];
    other.record(&known.clone().map(Change::Restore)).unwrap();
    let [_, bob] = known;
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[sparing("ann", now + 1, &[2], now + HOUR), bob]));
}

/// Ends all other sessions of ann's than the one with this number, which gets the next one.
fn others(number: u64, now: u64) -> Change {
    Change::RevokeOthers {
        scope: scope(),
        user_id: "ann".into(),
        created_before_ms: now,
        uid: uid(number),
        created_at_ms: now - HOUR,
        instead: uid(number + 1),
        until_ms: now + HOUR,
    }
}

pub(super) fn revoking_all_others_revokes_what_asked_and_spares_what_takes_its_place(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let wider = of_reach(Reach::Application("app".into()), "ann", now - 1, &[1, 9], now + HOUR);
    one.record(&revoke(&[wider])).unwrap();
    other.record(&[others(1, now)]).unwrap();
    let wider = of_reach(Reach::Application("app".into()), "ann", now - 1, &[2, 9], now + HOUR);
    let expected = [session(1, now + HOUR), sparing("ann", now, &[2], now + HOUR), wider];
    assert_eq!(Told::by(&mut storage.node()), Told::of(&expected), "also by what reaches further");
}

pub(super) fn a_session_that_is_revoked_revokes_no_others(storage: &Storage) {
    let now = now();
    let by_app =
        Revocation::Everything { app_id: Some("app".into()), created_before_ms: now, until_ms: now + HOUR };
    let of_other_app = of_reach(Reach::Application("other".into()), "ann", now, &[], now + HOUR);
    let everywhere = of_reach(Reach::Backend, "ann", now, &[7], now + HOUR);
    let cases = [(session(1, now + HOUR), true), (by_app, true), (everywhere, true), (of_other_app, false)];
    for (before, is_revoked) in cases {
        let (mut one, mut other) = (storage.node(), storage.node());
        // Of the case before, nothing counts any more.
        for _ in 0..2 {
            one.purge(now + 2 * HOUR, Duration::from_secs(u64::MAX)).unwrap();
        }
        one.record(&revoke(std::slice::from_ref(&before))).unwrap();
        other.record(&[others(1, now)]).unwrap();
        let ended = sparing("ann", now, &[2], now + HOUR);
        assert_eq!(Told::by(&mut storage.node()).has(&ended), !is_revoked, "{before:?}");
    }
}

pub(super) fn a_session_that_takes_the_place_of_another_is_spared_where_that_was(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let reach = Reach::Scope(scope());
    let moved = |user_id: &str, from, to| {
        [Change::Move { reach: reach.clone(), user_id: user_id.into(), from: uid(from), to: uid(to) }]
    };
    one.record(&moved("ann", 1, 2)).unwrap();
    assert!(Told::by(&mut other).is_empty(), "there is no entry");
    one.record(&revoke(&[sparing("ann", now, &[1, 3], now + HOUR)])).unwrap();
    other.record(&moved("ann", 1, 2)).unwrap();
    other.record(&moved("ann", 4, 5)).unwrap();
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[sparing("ann", now, &[2, 3], now + HOUR)]));
}

fn spare(number: u64) -> Change {
    spare_by(number, u64::MAX)
}

fn spare_by(number: u64, created_before_ms: u64) -> Change {
    let (reach, user_id) = (Reach::Scope(scope()), "ann".into());
    Change::Spare { reach, user_id, uid: uid(number), created_before_ms }
}

pub(super) fn a_session_is_not_spared_by_what_was_revoked_since_that_was_decided(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.record(&revoke(&[user("ann", now, now + HOUR)])).unwrap();
    one.record(&[spare_by(1, now)]).unwrap();
    other.record(&revoke(&[user("ann", now, now + HOUR)])).unwrap();
    one.record(&[spare_by(1, now), spare_by(2, now)]).unwrap();
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[user("ann", now + 1, now + HOUR)]));
    one.record(&[spare_by(3, now + 1)]).unwrap();
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[sparing("ann", now + 1, &[3], now + HOUR)]));
}

pub(super) fn sessions_that_begin_are_spared_up_to_a_limit(storage: &Storage) {
    let (mut one, now) = (storage.node(), now());
    one.record(&[spare(1)]).unwrap();
    assert!(Told::by(&mut storage.node()).is_empty(), "there is no entry");
    one.record(&revoke(&[user("ann", now, now + HOUR)])).unwrap();
    for number in 0..64 {
        one.record(&[spare(number), spare(number)]).unwrap();
    }
    let error = one.record(&[spare(64)]).unwrap_err().to_string();
    assert!(error.contains("64 sessions"), "{error}");
    one.record(&[spare(63)]).unwrap();
    let all: Vec<_> = (0..64).collect();
    assert_eq!(Told::by(&mut storage.node()), Told::of(&[sparing("ann", now, &all, now + HOUR)]));
}

pub(super) fn changes_of_one_call_are_recorded_together_or_not_at_all(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.record(&revoke(&[user("ann", now, now + HOUR)])).unwrap();
    let mut changes = revoke(&[session(1, now + HOUR)]);
    changes.extend((0..65).map(spare));
    one.record(&changes).unwrap_err();
    assert_eq!(Told::by(&mut other), Told::of(&[user("ann", now, now + HOUR)]));
    changes.pop();
    one.record(&changes).unwrap();
    assert_eq!(Told::by(&mut other).len(), 2);
}

pub(super) fn only_what_may_be_forgotten_is_purged(storage: &Storage) {
    let (mut one, now) = (storage.node(), now());
    let (soon, late) = (now + HOUR, now + 2 * HOUR);
    let all = [session(1, soon), session(2, late), user("ann", now, soon), user("bob", now, late)];
    one.record(&revoke(&all)).unwrap();
    one.record(&revoke(&[everything(now - HOUR, late)])).unwrap();
    assert!(one.purge(soon - 1, MINUTE).unwrap() < now, "the first that purges may have a wrong clock");
    assert_eq!(one.purge(soon - 1, FOUR_DAYS).unwrap(), soon - 1);
    assert_eq!(Told::by(&mut storage.node()).len(), 5);
    assert_eq!(one.purge(soon, MINUTE).unwrap(), soon);
    let left = [session(2, late), user("bob", now, late), everything(now - HOUR, late)];
    assert_eq!(Told::by(&mut storage.node()), Told::of(&left));
    assert_eq!(storage.node().purge(late, Duration::from_secs(3600)).unwrap(), late);
    assert!(Told::by(&mut storage.node()).is_empty());
}

pub(super) fn a_clock_that_is_ahead_for_a_while_purges_nothing_that_counts(storage: &Storage) {
    let (mut one, now) = (storage.node(), now());
    let all = [session(1, now + HOUR), user("ann", now, now + 30 * DAY)];
    one.record(&revoke(&all)).unwrap();
    one.purge(now, MINUTE).unwrap();
    assert_eq!(one.purge(now, FOUR_DAYS).unwrap(), now);
    assert_eq!(one.purge(now + 32 * DAY, MINUTE).unwrap(), now + 600_000, "ten times as far as time went");
    let mut started = storage.node();
    assert_eq!(started.purge(now + 40 * DAY, Duration::ZERO).unwrap(), now + 600_000);
    assert_eq!(Told::by(&mut storage.node()), Told::of(&all));
    assert_eq!(one.purge(now + 120_000, MINUTE).unwrap(), now + 120_000, "right again");
    assert_eq!(Told::by(&mut storage.node()), Told::of(&all));
}

pub(super) fn a_clock_that_is_ahead_when_the_first_purges_purges_nothing_that_counts(storage: &Storage) {
    let (mut ahead, mut right, now) = (storage.node(), storage.node(), now());
    for minute in 0..3 {
        assert_eq!(ahead.purge(now + 32 * DAY, MINUTE).unwrap(), 0, "{minute}: there is nothing");
    }
    let all = [session(1, now + 30 * DAY), user("ann", now, now + 30 * DAY)];
    right.record(&revoke(&all)).unwrap();
    for _ in 0..60 {
        ahead.purge(now + 32 * DAY, MINUTE).unwrap();
    }
    assert_eq!(Told::by(&mut storage.node()), Told::of(&all), "an hour later");
    right.purge(now + HOUR, MINUTE).unwrap();
    ahead.purge(now + 32 * DAY, MINUTE).unwrap();
    assert_eq!(Told::by(&mut storage.node()), Told::of(&all));
}

pub(super) fn what_is_recorded_after_a_purge_is_news(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.record(&revoke(&[session(1, now + HOUR)])).unwrap();
    assert!(!Told::by(&mut other).is_empty());
    one.purge(now, MINUTE).unwrap();
    one.purge(now + HOUR, FOUR_DAYS).unwrap();
    one.record(&revoke(&[session(2, now + 2 * HOUR)])).unwrap();
    let news = other.news().unwrap();
    assert!(!news.lost);
    assert_eq!(Told::of(&news.revocations), Told::of(&[session(2, now + 2 * HOUR)]));
}

fn sharer(number: u8, seen_at_ms: u64) -> Sharer {
    Sharer {
        id: [number; 16],
        max_ttl_ms: HOUR,
        max_lifetime_ms: 2 * HOUR,
        leeway_ms: 60_000,
        poll_ms: 500,
        refuse_after_ms: (number % 2 == 1).then_some(3_000),
        seen_at_ms,
    }
}

fn sharers(node: &mut impl Backend) -> Vec<Sharer> {
    let mut sharers = node.sharers().unwrap();
    sharers.sort_by_key(|sharer| sharer.id);
    sharers
}

pub(super) fn sharers_are_listed_and_replaced_by_their_id(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    assert_eq!(sharers(&mut one), []);
    let longest = Sharer { max_ttl_ms: 0, max_lifetime_ms: 400 * DAY, leeway_ms: 0, ..sharer(2, now) };
    one.put_sharer(&sharer(1, now)).unwrap();
    other.put_sharer(&sharer(2, now)).unwrap();
    other.put_sharer(&longest).unwrap();
    one.put_sharer(&sharer(1, now)).unwrap();
    assert_eq!(sharers(&mut one), [sharer(1, now), longest]);
    one.put_sharer(&sharer(1, now + 1)).unwrap();
    assert_eq!(sharers(&mut storage.node()), [sharer(1, now + 1), longest]);
    assert!(storage.node().news().unwrap().revocations.is_empty(), "a sharer is not a revocation");
}

pub(super) fn sharers_are_purged_when_no_session_of_theirs_can_live(storage: &Storage) {
    let (mut one, now) = (storage.node(), now());
    let (early, late) = (sharer(1, now), sharer(2, now + HOUR));
    one.put_sharer(&early).unwrap();
    one.put_sharer(&late).unwrap();
    one.purge(early.until_ms() - 1, MINUTE).unwrap();
    assert_eq!(sharers(&mut storage.node()), [early, late]);
    one.purge(early.until_ms(), MINUTE).unwrap();
    assert_eq!(sharers(&mut storage.node()), [late]);
}

pub(super) fn odd_user_ids_are_told_apart_and_come_back_as_they_were(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    assert!(other.news().unwrap().revocations.is_empty());
    let mut odd = Vec::new();
    for (before, name) in (1..).zip(odd_user_ids()) {
        odd.push(user(&name, before, now + HOUR));
        if name.len() < 100 {
            let scope = Scope { app_id: name.clone(), name: name.clone() };
            odd.push(of_reach(Reach::Scope(scope), &name, before, &[before], now + HOUR));
            odd.push(of_reach(Reach::Application(name), "ann", before, &[], now + HOUR));
        }
    }
    for revocation in &odd {
        one.record(&revoke(std::slice::from_ref(revocation))).unwrap();
    }
    assert_eq!(Told::by(&mut other), Told::of(&odd));
    assert_eq!(Told::by(&mut storage.node()).len(), odd.len());
}

pub(super) fn extreme_times_are_kept_or_last_for_ever(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let times = [EXACT - 1, EXACT, EXACT + 1, EXACT + 2, u64::MAX - 1, u64::MAX];
    for (number, time) in (0..).zip(times) {
        one.record(&revoke(&[session(number, time), user(&number.to_string(), time, time)])).unwrap();
    }
    one.record(&revoke(&[user("never", 0, u64::MAX), everything(u64::MAX, u64::MAX)])).unwrap();
    let told = Told::by(&mut other);
    let kept = |time: u64, kept: u64| kept == time || time > EXACT && kept > EXACT;
    for (number, time) in (0..).zip(times) {
        let (_, until) = told.times(&session(number, 0));
        assert!(kept(time, until), "{time}: {told:?}");
        let (before, until) = told.times(&user(&number.to_string(), 0, 0));
        assert!(kept(time, before) && kept(time, until), "{time}: {told:?}");
    }
    assert_eq!(told.times(&user("never", 0, 0)).0, 0);
    let (before, until) = told.times(&everything(0, 0));
    assert!(before > EXACT && until > EXACT);
    one.purge(now, MINUTE).unwrap();
    assert_eq!(Told::by(&mut storage.node()).len(), 2 * times.len() + 2);
}

pub(super) fn ten_thousand_revocations_are_all_told(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    assert!(other.news().unwrap().revocations.is_empty());
    let all: Vec<_> = (0..10_000).map(|number| session(number, now + HOUR + number)).collect();
    for some in all.chunks(2_500) {
        one.record(&revoke(some)).unwrap();
    }
    assert_eq!(Told::by(&mut other), Told::of(&all));
    assert_eq!(Told::by(&mut storage.node()), Told::of(&all));
    other.purge(now, MINUTE).unwrap();
    other.purge(now + HOUR + 4_999, FOUR_DAYS).unwrap();
    assert_eq!(Told::by(&mut storage.node()).len(), 5_000);
}

pub(super) fn nodes_that_write_at_once_lose_nothing(storage: &Storage) {
    const NODES: u64 = 4;
    const EACH: u64 = 50;
    let now = now();
    let work = |mut node: Box<dyn Backend>, first: u64| {
        let mut told = node.news().unwrap().revocations;
        for number in first..first + EACH {
            // Each writes its own, and all write one that they have in common.
            node.record(&revoke(&[session(number, now + HOUR), user("ann", number, now + HOUR)])).unwrap();
            told.extend(node.news().unwrap().revocations);
        }
        (node, told)
    };
    let told: Vec<_> = thread::scope(|scope| {
        let nodes: Vec<_> = (0..NODES).map(|number| (storage.node(), number * EACH)).collect();
        let threads: Vec<_> =
            nodes.into_iter().map(|(node, first)| scope.spawn(move || work(node, first))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, (mut node, mut told)) in (0..).zip(told) {
        told.extend(node.news().unwrap().revocations);
        let others = (0..NODES * EACH).filter(|it| it / EACH != number);
        let told = Told::of(&told);
        assert!(others.into_iter().all(|it| told.knows(&session(it, 0))), "by node {number}");
    }
    let all = Told::by(&mut storage.node());
    assert_eq!(all.len() as u64, NODES * EACH + 1);
    // The latest of all, and later with each that came after it.
    assert!((NODES * EACH - 1..2 * NODES * EACH).contains(&all.times(&user("ann", 0, 0)).0));
}
