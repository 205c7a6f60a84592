//! Sessions, as a registry writes them down.

use sealed_session::revocation::{Backend, SessionInfo};

use super::odd_user_ids;
use crate::{HOUR, now, uid};

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

pub(crate) fn sessions_are_listed_by_user_the_one_seen_last_first<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    for number in [2, 3, 1] {
        one.put_session(&info("ann", number, now)).unwrap();
    }
    other.put_session(&info("bob", 4, now)).unwrap();
    for node in [&mut one, &mut other, &mut node()] {
        let anns = [3, 2, 1].map(|number| info("ann", number, now));
        assert_eq!(node.sessions("ann", now).unwrap(), anns);
        assert_eq!(node.sessions("bob", now).unwrap(), [info("bob", 4, now)]);
        assert_eq!(node.sessions("an", now).unwrap(), []);
    }
    assert!(node().news(now).unwrap().revocations.is_empty(), "a session is no revocation");
}

pub(crate) fn a_session_that_is_put_again_is_replaced<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    one.put_session(&info("ann", 1, now)).unwrap();
    one.put_session(&info("ann", 2, now)).unwrap();
    let changed = SessionInfo {
        last_seen_at_ms: now + 9,
        expires_at_ms: now + 2 * HOUR,
        label: "another name".into(),
        ..info("ann", 1, now)
    };
    other.put_session(&changed).unwrap();
    assert_eq!(one.sessions("ann", now).unwrap(), [changed.clone(), info("ann", 2, now)]);
    assert_eq!(one.sessions("ann", now + HOUR).unwrap(), [changed], "it expires later");
}

pub(crate) fn a_session_that_is_put_again_may_expire_earlier<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    let late = SessionInfo { expires_at_ms: now + 2 * HOUR, ..info("ann", 1, now) };
    one.put_session(&late).unwrap();
    other.put_session(&info("ann", 1, now)).unwrap();
    assert_eq!(one.sessions("ann", now + HOUR - 1).unwrap(), [info("ann", 1, now)]);
    assert_eq!(one.sessions("ann", now + HOUR).unwrap(), []);
    assert_eq!(one.strike_expired(now + HOUR - 1).unwrap(), 0);
    assert_eq!(one.strike_expired(now + HOUR).unwrap(), 1);
    assert_eq!(one.strike_expired(u64::MAX).unwrap(), 0, "once");
}

pub(crate) fn sessions_that_have_expired_are_not_listed_and_struck_off_with_a_count<B: Backend>(
    node: impl Fn() -> B,
) {
    let (mut one, mut other, now) = (node(), node(), now());
    for number in 0..20 {
        let expires_at_ms = now + HOUR * (1 + number % 2);
        let user_id = ["ann", "bob"][(number / 10) as usize];
        one.put_session(&SessionInfo { expires_at_ms, ..info(user_id, number, now) }).unwrap();
    }
    assert_eq!(other.sessions("ann", now + HOUR - 1).unwrap().len(), 10);
    assert_eq!(other.sessions("ann", now + HOUR).unwrap().len(), 5);
    assert_eq!(other.strike_expired(now + HOUR - 1).unwrap(), 0);
    assert_eq!(other.strike_expired(now + HOUR).unwrap(), 10);
    assert_eq!(one.strike_expired(now + HOUR).unwrap(), 0, "once");
    assert_eq!(one.sessions("ann", now).unwrap().len(), 5, "struck off, not just left out");
    assert_eq!(one.strike_expired(u64::MAX).unwrap(), 10);
}

pub(crate) fn striking_a_session_off_says_whether_it_was_there<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    one.put_session(&info("ann", 1, now)).unwrap();
    one.put_session(&info("ann", 2, now)).unwrap();
    assert!(!other.strike_session("bob", uid(1)).unwrap(), "it is another's");
    assert!(!other.strike_session("ann", uid(3)).unwrap());
    assert!(other.strike_session("ann", uid(1)).unwrap());
    assert!(!one.strike_session("ann", uid(1)).unwrap(), "once");
    assert_eq!(one.sessions("ann", now).unwrap(), [info("ann", 2, now)]);
}

pub(crate) fn odd_user_ids_and_labels_come_back_as_they_were<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    let odd: Vec<_> = (0..)
        .zip(odd_user_ids())
        .map(|(number, name)| SessionInfo { label: name.clone(), ..info(&name, number, now) })
        .collect();
    for session in &odd {
        one.put_session(session).unwrap();
    }
    for session in &odd {
        let listed = other.sessions(&session.user_id, now).unwrap();
        assert!(listed == std::slice::from_ref(session), "{:.40?}", session.user_id);
    }
    assert!(other.strike_session("", odd[0].uid).unwrap());
    assert_eq!(other.sessions("\0", now).unwrap().len(), 1);
}

pub(crate) fn extreme_times_of_sessions_do_not_wrap<B: Backend>(node: impl Fn() -> B) {
    let (mut one, now) = (node(), now());
    let for_ever = SessionInfo { created_at_ms: 0, expires_at_ms: u64::MAX, ..info("ann", 1, now) };
    let odd = SessionInfo { created_at_ms: u64::MAX, last_seen_at_ms: u64::MAX, ..info("ann", 2, now) };
    one.put_session(&for_ever).unwrap();
    one.put_session(&odd).unwrap();
    assert_eq!(one.strike_expired(now).unwrap(), 0);
    let listed = one.sessions("ann", now).unwrap();
    assert_eq!(listed.iter().map(|session| session.uid).collect::<Vec<_>>(), [uid(2), uid(1)]);
    let great = i64::MAX as u64;
    assert!(listed[0].created_at_ms >= great && listed[0].last_seen_at_ms >= great);
    assert!(listed[1].created_at_ms == 0 && listed[1].expires_at_ms >= great);
}
