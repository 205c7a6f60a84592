//! Sessions, as a registry writes them down.

use std::thread;

use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{Backend, Scope};

use super::Storage;
use super::common::{HOUR, now, odd_user_ids, scope, uid};

fn info(user_id: &str, number: u64, now: u64) -> SessionInfo {
    SessionInfo {
        user_id: user_id.to_owned(),
        uid: uid(number),
        created_at_ms: now,
        last_seen_at_ms: now + number,
        expires_at_ms: now + HOUR,
        label: format!("device {number}"),
    }
}

pub(super) fn sessions_are_listed_by_user_the_one_seen_last_first(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    for number in [2, 3, 1] {
        one.put_session(&scope(), &info("ann", number, now)).unwrap();
    }
    other.put_session(&scope(), &info("bob", 4, now)).unwrap();
    for node in [&mut one, &mut other, &mut storage.node()] {
        let anns = [3, 2, 1].map(|number| info("ann", number, now));
        assert_eq!(node.sessions(&scope(), "ann", now).unwrap(), anns);
        assert_eq!(node.sessions(&scope(), "bob", now).unwrap(), [info("bob", 4, now)]);
        assert_eq!(node.sessions(&scope(), "an", now).unwrap(), []);
    }
    assert!(storage.node().news().unwrap().revocations.is_empty(), "a session is not a revocation");
}

pub(super) fn sessions_of_another_scope_or_application_are_not_seen(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let scopes = [("app", "tenant"), ("app", ""), ("app", "other"), ("other", "tenant"), ("", "apptenant")];
    let scopes = scopes.map(|(app_id, name)| Scope { app_id: app_id.into(), name: name.into() });
    for (number, scope) in (1..).zip(&scopes) {
        one.put_session(scope, &info("1", number, now)).unwrap();
        let added = other.add_session(scope, &info("1", 100 + number, now), now).unwrap();
        assert_eq!(added, [info("1", number, now), info("1", 100 + number, now)]);
    }
    assert!(one.strike_session(&scopes[0], "1", uid(1)).unwrap());
    assert!(!one.strike_session(&scopes[0], "1", uid(2)).unwrap(), "it is another tenant's");
    for (number, scope) in (2..).zip(&scopes[1..]) {
        let expected = [info("1", 100 + number, now), info("1", number, now)];
        assert_eq!(other.sessions(scope, "1", now).unwrap(), expected);
    }
}

fn numbers(sessions: &[SessionInfo]) -> Vec<u64> {
    let number = |session: &SessionInfo| u64::from_le_bytes(session.uid.as_bytes()[..8].try_into().unwrap());
    sessions.iter().map(number).collect()
}

pub(super) fn a_session_that_is_added_sees_those_that_were_added_before(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let mut add = |session: &SessionInfo, now| numbers(&one.add_session(&scope(), session, now).unwrap());
    assert_eq!(add(&info("ann", 3, now), now), [3]);
    assert_eq!(add(&info("ann", 1, now), now), [3, 1]);
    let short = SessionInfo { expires_at_ms: now + 5, ..info("ann", 7, now) };
    assert_eq!(add(&short, now), [3, 1, 7]);
    let again = SessionInfo { last_seen_at_ms: now + 50, label: "renamed".into(), ..info("ann", 3, now) };
    assert_eq!(add(&again, now), [3, 1, 7], "it keeps its place");
    other.put_session(&scope(), &info("ann", 1, now)).unwrap();
    assert_eq!(add(&info("ann", 2, now), now + 5), [3, 1, 2], "without what has expired");
    assert!(other.strike_session(&scope(), "ann", uid(3)).unwrap());
    assert_eq!(add(&info("ann", 3, now), now + 5), [1, 2, 3]);
    assert_eq!(other.sessions(&scope(), "ann", now).unwrap()[0].label, "device 7");
}

pub(super) fn sessions_that_are_added_at_once_are_in_one_order(storage: &Storage) {
    let now = now();
    for round in 0..10 {
        let user_id = format!("user-{round}");
        let nodes = [1, 2, 3].map(|number| (storage.node(), info(&user_id, number, now)));
        let seen = thread::scope(|threads| {
            let add = |(mut node, session): (Box<dyn Backend>, SessionInfo)| {
                threads.spawn(move || node.add_session(&scope(), &session, now).unwrap())
            };
            nodes.map(add).map(|thread| numbers(&thread.join().unwrap()))
        });
        let mut all = seen.to_vec();
        all.sort_by_key(Vec::len);
        assert_eq!([all[0].len(), all[1].len(), all[2].len()], [1, 2, 3], "{seen:?}");
        assert!(all[1].starts_with(&all[0]) && all[2].starts_with(&all[1]), "{seen:?}");
    }
}

pub(super) fn a_session_that_is_put_again_is_replaced(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.put_session(&scope(), &info("ann", 1, now)).unwrap();
    one.put_session(&scope(), &info("ann", 2, now)).unwrap();
    let changed = SessionInfo {
        last_seen_at_ms: now + 9,
        expires_at_ms: now + 2 * HOUR,
        label: "another name".into(),
        ..info("ann", 1, now)
    };
    other.put_session(&scope(), &changed).unwrap();
    assert_eq!(one.sessions(&scope(), "ann", now).unwrap(), [changed.clone(), info("ann", 2, now)]);
    assert_eq!(one.sessions(&scope(), "ann", now + HOUR).unwrap(), [changed], "it expires later");
}

pub(super) fn a_session_that_is_put_again_may_expire_earlier(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let late = SessionInfo { expires_at_ms: now + 2 * HOUR, ..info("ann", 1, now) };
    one.put_session(&scope(), &late).unwrap();
    other.put_session(&scope(), &info("ann", 1, now)).unwrap();
    assert_eq!(one.sessions(&scope(), "ann", now + HOUR - 1).unwrap(), [info("ann", 1, now)]);
    assert_eq!(one.sessions(&scope(), "ann", now + HOUR).unwrap(), []);
    assert_eq!(one.strike_expired(now + HOUR - 1).unwrap(), 0);
    assert_eq!(one.strike_expired(now + HOUR).unwrap(), 1);
    assert_eq!(one.strike_expired(u64::MAX).unwrap(), 0, "once");
}

pub(super) fn sessions_that_have_expired_are_not_listed_and_struck_off_with_a_count(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    for number in 0..20 {
        let expires_at_ms = now + HOUR * (1 + number % 2);
        let user_id = ["ann", "bob"][(number / 10) as usize];
        one.put_session(&scope(), &SessionInfo { expires_at_ms, ..info(user_id, number, now) }).unwrap();
    }
    assert_eq!(other.sessions(&scope(), "ann", now + HOUR - 1).unwrap().len(), 10);
    assert_eq!(other.sessions(&scope(), "ann", now + HOUR).unwrap().len(), 5);
    assert_eq!(other.strike_expired(now + HOUR - 1).unwrap(), 0);
    assert_eq!(other.strike_expired(now + HOUR).unwrap(), 10);
    assert_eq!(one.strike_expired(now + HOUR).unwrap(), 0, "once");
    assert_eq!(one.sessions(&scope(), "ann", now).unwrap().len(), 5, "struck off, not just left out");
    assert_eq!(one.strike_expired(u64::MAX).unwrap(), 10);
}

pub(super) fn striking_a_session_off_says_whether_it_was_there(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    one.put_session(&scope(), &info("ann", 1, now)).unwrap();
    one.put_session(&scope(), &info("ann", 2, now)).unwrap();
    assert!(!other.strike_session(&scope(), "bob", uid(1)).unwrap(), "it is another's");
    assert!(!other.strike_session(&scope(), "ann", uid(3)).unwrap());
    assert!(other.strike_session(&scope(), "ann", uid(1)).unwrap());
    assert!(!one.strike_session(&scope(), "ann", uid(1)).unwrap(), "once");
    assert_eq!(one.sessions(&scope(), "ann", now).unwrap(), [info("ann", 2, now)]);
}

pub(super) fn odd_user_ids_and_labels_come_back_as_they_were(storage: &Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    let odd: Vec<_> = (0..)
        .zip(odd_user_ids())
        .map(|(number, name)| SessionInfo { label: name.clone(), ..info(&name, number, now) })
        .collect();
    for session in &odd {
        one.put_session(&scope(), session).unwrap();
    }
    for session in &odd {
        let listed = other.sessions(&scope(), &session.user_id, now).unwrap();
        assert!(listed == std::slice::from_ref(session), "{:.40?}", session.user_id);
    }
    assert!(other.strike_session(&scope(), "", odd[0].uid).unwrap());
    assert_eq!(other.sessions(&scope(), "\0", now).unwrap().len(), 1);
}

pub(super) fn extreme_times_of_sessions_do_not_wrap(storage: &Storage) {
    let (mut one, now) = (storage.node(), now());
    let for_ever = SessionInfo { created_at_ms: 0, expires_at_ms: u64::MAX, ..info("ann", 1, now) };
    let odd = SessionInfo { created_at_ms: u64::MAX, last_seen_at_ms: u64::MAX, ..info("ann", 2, now) };
    one.put_session(&scope(), &for_ever).unwrap();
    one.put_session(&scope(), &odd).unwrap();
    assert_eq!(one.strike_expired(now).unwrap(), 0);
    let listed = one.sessions(&scope(), "ann", now).unwrap();
    assert_eq!(listed.iter().map(|session| session.uid).collect::<Vec<_>>(), [uid(2), uid(1)]);
    let great = i64::MAX as u64;
    assert!(listed[0].created_at_ms >= great && listed[0].last_seen_at_ms >= great);
    assert!(listed[1].created_at_ms == 0 && listed[1].expires_at_ms >= great);
}
