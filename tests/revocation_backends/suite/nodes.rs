//! Revocations, node by node.

use std::thread;

use sealed_session::revocation::Backend;

use super::{Told, odd_user_ids};
use crate::{HOUR, everything, now, session, uid, user};

/// The greatest time that every backend keeps exactly; from there on it may become the greatest of all.
const EXACT: u64 = i64::MAX as u64 - 1;

pub(crate) fn what_is_recorded_is_news_to_every_other_node_once<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut two, mut three, now) = (node(), node(), node(), now());
    for node in [&mut one, &mut two, &mut three] {
        let news = node.news(now).unwrap();
        assert!(news.revocations.is_empty() && !news.lost);
    }
    let all = [session(1, now + HOUR), user("ann", now, now + HOUR), everything(now - HOUR, now + HOUR)];
    one.record(&all).unwrap();
    one.record(&[]).unwrap();
    for other in [&mut two, &mut three] {
        assert_eq!(Told::by(other, now), Told::of(&all));
        assert!(Told::by(other, now).is_empty(), "once");
    }
    two.record(&[session(2, now + HOUR)]).unwrap();
    three.record(&[session(3, now + HOUR)]).unwrap();
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(one.news(now).unwrap().revocations);
    }
    for (other, times) in [(2, 1..=1), (3, 1..=1), (1, 0..=1)] {
        let told = told.iter().filter(|told| **told == session(other, now + HOUR)).count();
        assert!(times.contains(&told), "{other}: one's own are told once or not at all");
    }
    assert!(Told::by(&mut two, now).sessions.contains_key(&uid(3)));
}

pub(crate) fn a_node_that_starts_later_learns_all_that_counts<B: Backend>(node: impl Fn() -> B) {
    let now = now();
    let all = [session(1, now + HOUR), user("ann", now, now + HOUR), everything(now - HOUR, now + HOUR)];
    let mut gone = node();
    gone.record(&all[..2]).unwrap();
    gone.record(&all[2..]).unwrap();
    drop(gone);
    for _ in 0..2 {
        let news = node().news(now).unwrap();
        assert!(!news.lost);
        assert_eq!(Told::of(&news.revocations), Told::of(&all));
    }
}

pub(crate) fn of_two_revocations_the_later_times_count_in_whatever_order<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut two, mut follower, now) = (node(), node(), node(), now());
    let until = |hours: u64| now + hours * HOUR;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (number, (a, b)) in [(1, 2), (2, 1), (1, 1)].into_iter().enumerate() {
        let (number, name) = (number as u64, format!("user-{number}"));
        first.extend([session(number, until(a)), user(&name, now + a, until(b))]);
        second.extend([session(number, until(b)), user(&name, now + b, until(a))]);
    }
    first.push(everything(now - 1, until(3)));
    second.push(everything(now - 2, until(4)));
    let expected = Told::of(&[first.clone(), second.clone()].concat());

    one.record(&first).unwrap();
    let mut told = follower.news(now).unwrap().revocations;
    two.record(&second).unwrap();
    told.extend(follower.news(now).unwrap().revocations);
    assert_eq!(Told::of(&told), expected, "followed");
    assert_eq!(Told::by(&mut node(), now), expected, "read from the beginning");
}

pub(crate) fn a_later_time_is_news_and_a_repetition_does_no_harm<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    one.record(&[session(1, now + HOUR)]).unwrap();
    one.record(&[session(1, now + HOUR), session(1, now + HOUR)]).unwrap();
    assert_eq!(Told::by(&mut other, now), Told::of(&[session(1, now + HOUR)]));
    one.record(&[session(1, now + 2 * HOUR)]).unwrap();
    assert_eq!(Told::by(&mut other, now), Told::of(&[session(1, now + 2 * HOUR)]));
    one.record(&[session(1, now + HOUR)]).unwrap();
    assert_eq!(Told::by(&mut node(), now), Told::of(&[session(1, now + 2 * HOUR)]));
}

pub(crate) fn only_what_has_expired_is_forgotten_and_counted<B: Backend>(node: impl Fn() -> B) {
    let (mut one, now) = (node(), now());
    let (soon, late) = (now + HOUR, now + 2 * HOUR);
    one.record(&[session(1, soon), session(2, late), user("ann", now, soon), user("bob", now, late)])
        .unwrap();
    one.record(&[everything(now - HOUR, late)]).unwrap();
    assert_eq!(one.forget(soon - 1).unwrap(), 0);
    assert_eq!(one.forget(soon).unwrap(), 2);
    assert_eq!(one.forget(soon).unwrap(), 0, "once");
    let left = [session(2, late), user("bob", now, late), everything(now - HOUR, late)];
    assert_eq!(Told::by(&mut node(), soon), Told::of(&left));
    assert_eq!(node().forget(late).unwrap(), 3);
    assert!(Told::by(&mut node(), late).is_empty());
}

pub(crate) fn what_is_recorded_after_a_forgetting_is_news<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    one.record(&[session(1, now + HOUR)]).unwrap();
    assert!(!Told::by(&mut other, now).is_empty());
    one.forget(now + HOUR).unwrap();
    one.record(&[session(2, now + 2 * HOUR)]).unwrap();
    assert_eq!(Told::by(&mut other, now), Told::of(&[session(2, now + 2 * HOUR)]));
}

pub(crate) fn odd_user_ids_are_told_apart_and_come_back_as_they_were<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    assert!(other.news(now).unwrap().revocations.is_empty());
    let odd: Vec<_> =
        (1..).zip(odd_user_ids()).map(|(before, name)| user(&name, before, now + HOUR)).collect();
    for revocation in &odd {
        one.record(std::slice::from_ref(revocation)).unwrap();
    }
    assert_eq!(Told::by(&mut other, now), Told::of(&odd));
    assert_eq!(Told::by(&mut node(), now).users.len(), odd.len());
}

pub(crate) fn extreme_times_are_kept_or_last_for_ever<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    let times = [EXACT - 1, EXACT, EXACT + 1, EXACT + 2, u64::MAX - 1, u64::MAX];
    for (number, time) in (0..).zip(times) {
        one.record(&[session(number, time), user(&number.to_string(), time, time)]).unwrap();
    }
    one.record(&[user("never", 0, u64::MAX), everything(u64::MAX, u64::MAX)]).unwrap();
    let told = Told::by(&mut other, now);
    let kept = |time: u64, kept: u64| kept == time || time > EXACT && kept > EXACT;
    for (number, time) in (0..).zip(times) {
        assert!(kept(time, told.sessions[&uid(number)]), "{time}: {told:?}");
        let (before, until) = told.users[&number.to_string()];
        assert!(kept(time, before) && kept(time, until), "{time}: {told:?}");
    }
    assert_eq!(told.users["never"].0, 0);
    assert!(told.everything.0 > EXACT && told.everything.1 > EXACT);
    assert_eq!(one.forget(now).unwrap(), 0);
}

pub(crate) fn ten_thousand_revocations_are_all_told<B: Backend>(node: impl Fn() -> B) {
    let (mut one, mut other, now) = (node(), node(), now());
    assert!(other.news(now).unwrap().revocations.is_empty());
    let all: Vec<_> = (0..10_000).map(|number| session(number, now + HOUR + number)).collect();
    for some in all.chunks(2_500) {
        one.record(some).unwrap();
    }
    assert_eq!(Told::by(&mut other, now), Told::of(&all));
    assert_eq!(Told::by(&mut node(), now), Told::of(&all));
    assert_eq!(other.forget(now + HOUR + 4_999).unwrap(), 5_000);
    assert_eq!(Told::by(&mut node(), now + HOUR + 4_999).sessions.len(), 5_000);
}

pub(crate) fn nodes_that_write_at_once_lose_nothing<B: Backend>(node: impl Fn() -> B) {
    const NODES: u64 = 4;
    const EACH: u64 = 50;
    let now = now();
    let work = |mut node: B, first: u64| {
        let mut told = node.news(now).unwrap().revocations;
        for number in first..first + EACH {
            // Each writes its own, and all write one that they have in common.
            node.record(&[session(number, now + HOUR), user("ann", number, now + HOUR)]).unwrap();
            told.extend(node.news(now).unwrap().revocations);
        }
        (node, told)
    };
    let told: Vec<_> = thread::scope(|scope| {
        let nodes: Vec<_> = (0..NODES).map(|number| (node(), number * EACH)).collect();
        let threads: Vec<_> =
            nodes.into_iter().map(|(node, first)| scope.spawn(move || work(node, first))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, (mut node, mut told)) in (0..).zip(told) {
        told.extend(node.news(now).unwrap().revocations);
        let others = (0..NODES * EACH).filter(|it| it / EACH != number);
        let told = Told::of(&told);
        assert!(others.into_iter().all(|it| told.sessions.contains_key(&uid(it))), "by node {number}");
    }
    let all = Told::by(&mut node(), now);
    assert_eq!(all.sessions.len() as u64, NODES * EACH);
    assert_eq!(all.users["ann"].0, NODES * EACH - 1);
}
