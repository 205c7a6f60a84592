//! Many, at once, of any name and time.

use std::thread;
use std::time::Duration;

use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{Backend, Change, Reach, Revocation, Sharer};

use super::Storage;
use super::common::{HOUR, now, revoke, uid};
use super::known::{DAY, SECOND, all, info, known, of_user, scope, session, user};

/// How far the time to purge by may move when so much has passed.
const WEEKS: Duration = Duration::from_secs(4 * 7 * 86_400);

pub(super) fn what_is_over_is_forgotten(storage: &Storage) {
    let mut backend = storage.node();
    let over = Revocation::Session { uid: uid(1), until_ms: now() - SECOND };
    backend.record(&revoke(&[over, user("over", 1, now() - SECOND), session(2)])).unwrap();
    let time = now();
    // The first purge of all removes nothing where there is no clock but the server's.
    backend.purge(time, WEEKS).unwrap();
    assert_eq!(backend.purge(time, WEEKS).unwrap(), time);
    assert_eq!(all(&mut *storage.node()), known(&[session(2)]));
}

pub(super) fn time_to_purge_does_not_leap(storage: &Storage) {
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

fn sharer(number: u8, seen_at_ms: u64) -> Sharer {
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

pub(super) fn sharers_are_kept_until_they_run_out(storage: &Storage) {
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

/// Some users, and others whose names are easily taken for theirs.
fn odd_users() -> Vec<String> {
    let odd =
        ["", " ", "0", "a", "A", "a:b", "all", "user:", "*", "[a]", "{", "}", "\0", "\r\n", "ü", "u\u{308}"];
    let odd = odd.into_iter().map(str::to_owned);
    odd.chain(["a".repeat(65_534), "\u{1F980}".repeat(16_383), "a".repeat(65_533)]).collect()
}

pub(super) fn any_user_id_is_told_from_any_other(storage: &Storage) {
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

pub(super) fn ten_thousand_changes_of_one_call_are_recorded(storage: &Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    let _ = all(&mut *other);
    let recorded: Vec<_> = (0..10_000).map(session).collect();
    one.record(&revoke(&recorded)).unwrap();
    assert_eq!(all(&mut *other).len(), 10_000);
    assert_eq!(all(&mut *storage.node()), known(&recorded));
}

pub(super) fn many_are_restored(storage: &Storage) {
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

pub(super) fn of_two_that_are_added_one_sees_the_other(storage: &Storage) {
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
