//! Adding root secrets.

use std::time::Duration;

use sealed_session::KeyState::{Sealing, Staged};
use sealed_session::{KeyRing, Root};

use crate::common::{DAY, HOUR, MINUTE, NOW, ring, root};
use crate::{KEPT, rotating};

fn retirements(ring: &KeyRing) -> Vec<Option<u64>> {
    ring.roots().iter().map(Root::retire_at_ms).collect()
}

#[test]
fn the_root_before_retires_when_its_last_token_has_expired_and_a_day_later() {
    let mut ring = ring(vec![root(1)]);
    ring.add(root(2).activating_at(NOW + 10 * MINUTE), NOW).unwrap();
    assert_eq!(ring.states_at(NOW), [Sealing, Staged]);
    assert_eq!(retirements(&ring), [Some(NOW + 10 * MINUTE + 30 * DAY + DAY), None]);
}

#[test]
fn the_grace_is_a_period_if_that_is_longer_than_a_day() {
    for (period_s, grace) in
        [(0, DAY), (3_600, DAY), (86_400, DAY), (86_401, DAY + 1_000), (604_800, 7 * DAY)]
    {
        let mut ring = ring(vec![rotating(1, period_s)]);
        ring.add(root(2).activating_at(NOW), NOW).unwrap();
        assert_eq!(retirements(&ring)[0], Some(NOW + 30 * DAY + grace), "{period_s}");
    }
    // It is the period of the root that retires, not of the one that takes over.
    let mut ring = ring(vec![root(1)]);
    ring.add(rotating(2, 604_800).activating_at(NOW), NOW).unwrap();
    assert_eq!(retirements(&ring)[0], Some(NOW + KEPT));
}

#[test]
fn the_retirement_follows_the_rings_longest_life() {
    let mut ring = ring(vec![root(1)]).with_max_ttl(Duration::from_secs(3_600)).unwrap();
    ring.add(root(2).activating_at(NOW), NOW).unwrap();
    assert_eq!(retirements(&ring), [Some(NOW + HOUR + DAY), None]);
}

#[test]
fn a_retirement_is_never_brought_forward() {
    let late = NOW + 100 * DAY;
    let mut kept = ring(vec![root(1).retiring_at(late)]);
    kept.add(root(2).activating_at(NOW), NOW).unwrap();
    assert_eq!(retirements(&kept)[0], Some(late));
    // A root that retired too early for the tokens it will have sealed is kept for longer.
    let mut extended = ring(vec![root(1).retiring_at(NOW + DAY)]);
    extended.add(root(2).activating_at(NOW), NOW).unwrap();
    assert_eq!(retirements(&extended)[0], Some(NOW + KEPT));
}

#[test]
fn a_chain_of_roots_retires_one_after_the_other() {
    let mut ring = ring(vec![root(1)]);
    for number in 2..6 {
        let start = NOW + u64::from(number) * 40 * DAY;
        ring.add(root(number).activating_at(start), start).unwrap();
    }
    let expected = (2..6).map(|number| Some(NOW + number * 40 * DAY + KEPT)).chain([None]);
    assert_eq!(retirements(&ring), expected.collect::<Vec<_>>());
}

#[test]
fn a_root_added_between_two_retires_after_its_successor() {
    let mut ring = ring(vec![root(1)]);
    ring.add(root(3).activating_at(NOW + 20 * DAY), NOW).unwrap();
    ring.add(root(2).activating_at(NOW + 10 * DAY), NOW).unwrap();
    let third = NOW + 20 * DAY + KEPT;
    assert_eq!(retirements(&ring), [Some(third), None, Some(third)], "not brought forward for the first");
}

#[test]
fn a_root_added_before_all_others_touches_none() {
    let mut ring = ring(vec![root(2).activating_at(NOW)]);
    ring.add(root(1), NOW).unwrap();
    assert_eq!(retirements(&ring), [None, Some(NOW + KEPT)]);
    assert_eq!(ring.sealing_root_at(NOW).unwrap().id(), root(2).id());
}

#[test]
fn revoked_and_gone_roots_do_not_stand_before_another() {
    let roots = vec![
        root(1),
        root(2).activating_at(NOW - 3).retiring_at(NOW - 1),
        root(3).activating_at(NOW - 2).revoked(),
    ];
    let mut ring = ring(roots);
    ring.add(root(4).activating_at(NOW), NOW).unwrap();
    let [first, rest @ ..] = &retirements(&ring)[..] else { panic!() };
    assert!(first.is_some());
    assert_eq!(rest, [Some(NOW - 1), None, None]);
}

#[test]
fn what_a_ring_refuses_is_not_added() {
    let mut ring = ring(vec![root(1), root(2).activating_at(NOW)]);
    let refused = [
        root(1).activating_at(NOW + 1),
        root(3).activating_at(NOW),
        root(3).activating_at(NOW + 1).retiring_at(NOW + 1),
        rotating(3, 60).activating_at(NOW + 1),
    ];
    for root in refused {
        let shown = format!("{root:?}");
        assert!(ring.add(root, NOW).is_err(), "{shown}");
        assert_eq!(retirements(&ring), [None, None], "{shown}");
    }
    assert!(ring.add(root(3).activating_at(NOW + 1), NOW).is_ok());
}

#[test]
fn a_retirement_fits_a_ring_file() {
    let mut ring = ring(vec![root(1)]).with_max_ttl(Duration::from_secs(u64::MAX)).unwrap();
    ring.add(root(2).activating_at(NOW), NOW).unwrap();
    let again = KeyRing::from_json(&ring.to_json().unwrap()).unwrap();
    assert!(retirements(&again)[0].unwrap() > NOW + 7_000 * 365 * DAY);
}

#[test]
fn a_root_that_is_said_to_have_activated_before_now_logs_nobody_out() {
    let mut ring = ring(vec![root(1)]);
    ring.add(root(2).activating_at(NOW - 40 * DAY), NOW).unwrap();
    assert_eq!(retirements(&ring), [Some(NOW + 30 * DAY + DAY), None]);
}

#[test]
fn a_root_that_is_put_before_the_sealing_one_opens_for_a_lifetime() {
    let mut ring = ring(vec![root(1).activating_at(NOW - 40 * DAY)]);
    ring.add(root(2).activating_at(NOW - 90 * DAY), NOW).unwrap();
    assert_eq!(retirements(&ring), [None, Some(NOW + 30 * DAY + DAY)]);
}

#[test]
fn a_root_that_activates_at_the_end_of_what_a_file_can_hold_never_retires() {
    const LAST: u64 = 253_402_207_200_000;
    for (activate, retire) in [(LAST, None), (LAST - 1, Some(LAST))] {
        let mut ring = ring(vec![root(1).activating_at(activate)]);
        ring.add(root(2).activating_at(LAST + 1), NOW).unwrap();
        assert_eq!(retirements(&ring), [retire, None], "{activate}");
    }
}

#[test]
fn a_gone_root_is_no_successor() {
    let gone = root(2).activating_at(NOW - 90 * DAY).retiring_at(NOW - 80 * DAY);
    let mut ring = ring(vec![root(1), gone]);
    ring.add(root(3).activating_at(NOW + DAY), NOW).unwrap();
    assert_eq!(retirements(&ring)[0], Some(NOW + DAY + 30 * DAY + DAY));
}

#[test]
fn a_retirement_that_is_said_is_kept() {
    let mut ring = ring(vec![root(1).retiring_at(NOW + 500 * DAY)]);
    ring.add(root(2).activating_at(NOW + DAY).retiring_at(NOW + 600 * DAY), NOW).unwrap();
    ring.add(root(3).activating_at(NOW + DAY).revoked(), NOW).unwrap();
    assert_eq!(retirements(&ring), [Some(NOW + 500 * DAY), Some(NOW + 600 * DAY), None]);
}
