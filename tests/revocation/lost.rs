//! A backend that has lost what it had is given it again, by all servers that know it.

use std::sync::atomic::Ordering;

use sealed_session::SessionUid;
use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::{Change, Revocation};

use crate::by_hand::ByHand;
use crate::troubled::Troubled;
use crate::{DAY, HOUR, NOON};

fn entries(count: u16) -> Vec<Change> {
    let uid = |number: u16| {
        let mut uid = [0; SessionUid::LEN];
        uid[..2].copy_from_slice(&number.to_be_bytes());
        SessionUid::from_bytes(uid)
    };
    let entry = |number| Revocation::Session { uid: uid(number), until_ms: NOON + DAY };
    (0..count).map(entry).map(Change::Revoke).collect()
}

/// Two servers that know of so many entries.
fn pair(clock: &ManualClock, count: u16) -> (Troubled, [ByHand; 2]) {
    let backend = Troubled::default();
    backend.others_record(&entries(count));
    let mut servers = [1, 2].map(|number| ByHand::new(backend.beside(), clock, number, 12 * HOUR));
    servers.iter_mut().for_each(ByHand::work);
    (backend, servers)
}

#[test]
fn it_is_given_again_in_parts() {
    let clock = ManualClock::at(NOON);
    let (backend, [mut one, _]) = pair(&clock, 2_500);
    backend.lose();
    clock.advance(1_000);
    one.work();
    assert_eq!((backend.len(), one.revocations.trouble()), (2_500, None));
    assert_eq!(one.backend.most_recorded.load(Ordering::Acquire), 1_000, "what waits goes in between");
}

#[test]
fn what_one_server_has_given_again_no_other_does() {
    let clock = ManualClock::at(NOON);
    let (backend, [mut one, mut other]) = pair(&clock, 2_500);
    backend.lose();
    clock.advance(1_000);
    one.work();
    other.work();
    assert_eq!(other.revocations.trouble(), None);
    assert_eq!(other.backend.recorded.load(Ordering::Acquire), 0);
}

#[test]
fn what_it_still_has_is_not_written_again() {
    let clock = ManualClock::at(NOON);
    let (backend, [mut one, _]) = pair(&clock, 2_500);
    backend.lose();
    backend.others_record(&entries(2_400));
    clock.advance(1_000);
    one.work();
    assert_eq!((backend.len(), one.revocations.trouble()), (2_500, None));
    assert_eq!(one.backend.recorded.load(Ordering::Acquire), 100);
}

#[test]
fn what_is_lost_again_while_it_is_written_down_again_is_written_down_once_more() {
    let clock = ManualClock::at(NOON);
    let (backend, [mut one, _]) = pair(&clock, 2_500);
    backend.lose();
    one.backend.loses_next.store(true, Ordering::Release);
    for _ in 0..3 {
        clock.advance(1_000);
        one.work();
    }
    assert_eq!((backend.len(), one.revocations.trouble()), (2_500, None));
}

/// It has not purged for days, and the others have: how long that is says nothing of how far the time may move.
#[test]
fn a_server_that_was_cut_off_and_whose_clock_is_wrong_then_purges_nothing_that_counts() {
    let clocks = [ManualClock::at(NOON), ManualClock::at(NOON)];
    let backend = Troubled::default();
    let [mut one, mut other] = [1, 2]
        .map(|number| ByHand::new(backend.beside(), &clocks[usize::from(number) - 1], number, 12 * HOUR));
    let hours = |one: &mut ByHand, other: &mut ByHand, count: u64| {
        for _ in 0..count * 60 {
            clocks.iter().for_each(|clock| clock.advance(HOUR / 60));
            one.work();
            other.work();
        }
    };
    let first = entries(1);
    other.backend.others_record(&first);
    hours(&mut one, &mut other, 48);
    one.backend.fails.store(true, Ordering::Release);
    hours(&mut one, &mut other, 96);
    let id = other.begins("ann");
    other.gives(other.store.revoke_user("ann")).unwrap();
    let count = backend.len();
    one.backend.fails.store(false, Ordering::Release);
    clocks[0].set(NOON + 200 * HOUR);
    for _ in 0..6 {
        clocks[0].advance(1_000);
        one.work();
    }
    assert_eq!(backend.len(), count);
    assert!(other.store.open(&id).is_err());
}

/// The first time that the entry is named it is what one server had recorded again, who had not heard of the second revocation.
#[test]
fn what_is_named_twice_after_a_loss_takes_no_revocation_back() {
    let clock = ManualClock::at(NOON);
    let (backend, [mut one, mut other]) = pair(&clock, 0);
    one.gives(one.store.revoke_user("ann")).unwrap();
    let spared = one.begins("ann");
    other.work();
    assert!(other.store.open(&spared).is_ok());
    clock.advance(1_000);
    other.gives(other.store.revoke_user("ann")).unwrap();
    backend.lose();
    one.work();
    other.backend.repeats.store(true, Ordering::Release);
    for _ in 0..3 {
        clock.advance(1_000);
        other.work();
        one.work();
        assert!(other.store.open(&spared).is_err());
    }
    assert!(one.store.open(&spared).is_err());
}
