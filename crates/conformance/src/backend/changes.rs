//! What becomes of entries by changes, for those that follow and for those that start later.

use sealed_session::SessionUid;
use sealed_session::revocation::{Change, Reach, Revocation, Scope};

use super::Storage;
use super::common::{now, revoke, uid};
use super::known::{DAY, all, all_before, in_the_end, known, of_user, scope, session, spare};

pub(super) fn exceptions_are_those_of_the_newest(storage: &Storage) {
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

pub(super) fn what_is_restored_spares_nobody_else(storage: &Storage) {
    let (reach, day) = (Reach::Application("a".to_owned()), now() + DAY);
    let of = |before, until_ms, except: &[SessionUid]| of_user(reach.clone(), "u", before, until_ms, except);
    let changes = [
        Change::Restore(of(5, day, &[uid(1), uid(2), uid(3)])),
        Change::Restore(of(9, day - 1, &[uid(3), uid(4), uid(2)])),
    ];
    assert_eq!(in_the_end(storage, &changes), known(&[of(9, day, &[uid(2), uid(3)])]));
    assert_eq!(in_the_end(storage, &[Change::Restore(of(1, day, &[]))]), known(&[of(9, day, &[])]));
}

fn revoke_others(scope: &Scope, asks: u64, created_at_ms: u64, instead: u64, until_ms: u64) -> Change {
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

pub(super) fn others_are_revoked_and_one_goes_on(storage: &Storage) {
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

pub(super) fn one_that_is_revoked_ends_nobody(storage: &Storage) {
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

pub(super) fn an_exception_moves(storage: &Storage) {
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

pub(super) fn what_has_ended_does_not_go_on(storage: &Storage) {
    let until_ms = now() + DAY;
    let cycle = |from, to| Change::Cycle { uid: uid(from), instead: uid(to), until_ms };
    let ended = |number| Revocation::Session { uid: uid(number), until_ms };
    assert_eq!(in_the_end(storage, &[cycle(1, 2)]), known(&[ended(1)]));
    assert_eq!(in_the_end(storage, &[cycle(1, 3)]), known(&[ended(1), ended(3)]), "it went on as another");
    assert_eq!(in_the_end(storage, &[cycle(2, 4)]), known(&[ended(1), ended(2), ended(3)]), "which goes on");
}

pub(super) fn a_session_that_begins_is_spared(storage: &Storage) {
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
    let spares = |told: &Revocation| matches!(told, Revocation::User { except, .. } if *except == [uid(64)]);
    let told = all(&mut *storage.node());
    assert!(told.len() == 1 && told.values().all(spares), "{told:?}");
}

pub(super) fn all_of_it_or_nothing(storage: &Storage) {
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

pub(super) fn several_changes_of_one_entry_are_one(storage: &Storage) {
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

pub(super) fn reaches_are_kept_apart(storage: &Storage) {
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
