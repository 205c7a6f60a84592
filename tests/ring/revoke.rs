//! Withdrawing root secrets.

use sealed_session::KeyState::{Accepted, Revoked, Sealing, Staged};
use sealed_session::{KeyRing, Root};

use crate::KEPT;
use crate::common::{DAY, NOW, ring, root};

/// Root 1 seals until NOW, root 2 from then on, root 3 is staged.
fn rotated() -> KeyRing {
    let mut ring = ring(vec![root(1)]);
    ring.add(root(2).activating_at(NOW), NOW).unwrap();
    ring.add(root(3).activating_at(NOW + DAY), NOW).unwrap();
    ring
}

fn retirements(ring: &KeyRing) -> Vec<Option<u64>> {
    ring.roots().iter().map(Root::retire_at_ms).collect()
}

#[test]
fn a_revoked_root_stays_in_the_ring_and_opens_nothing() {
    let mut ring = rotated();
    let done = ring.revoke(root(1).id(), NOW, false).unwrap();
    assert_eq!((done.already, done.left, done.sealing), (false, 2, Some(root(2).id())));
    assert_eq!(ring.states_at(NOW), [Revoked, Sealing, Staged]);
}

#[test]
fn the_root_before_the_revoked_one_takes_over_and_no_longer_retires() {
    let mut ring = ring(vec![root(1)]);
    ring.add(root(2).activating_at(NOW), NOW).unwrap();
    assert_eq!(retirements(&ring), [Some(NOW + KEPT), None]);
    let done = ring.revoke(root(2).id(), NOW + DAY, false).unwrap();
    assert_eq!((done.left, done.sealing), (1, Some(root(1).id())));
    assert_eq!(retirements(&ring), [None, None]);
    assert_eq!(ring.states_at(NOW + 1_000 * DAY), [Sealing, Revoked]);
}

#[test]
fn the_root_that_takes_over_retires_after_the_next_successor() {
    let mut ring = rotated();
    ring.revoke(root(2).id(), NOW, false).unwrap();
    assert_eq!(ring.states_at(NOW), [Sealing, Revoked, Staged]);
    assert_eq!(retirements(&ring)[0], Some(NOW + DAY + KEPT));
    assert_eq!(ring.states_at(NOW + DAY), [Accepted, Revoked, Sealing]);
}

#[test]
fn revoking_a_staged_root_keeps_the_sealing_one() {
    let mut ring = rotated();
    assert_eq!(retirements(&ring)[1], Some(NOW + DAY + KEPT));
    let done = ring.revoke(root(3).id(), NOW, false).unwrap();
    assert_eq!((done.left, done.sealing), (2, Some(root(2).id())));
    assert_eq!(retirements(&ring), [Some(NOW + KEPT), None, None]);
}

#[test]
fn revoking_an_accepted_root_brings_no_retirement_forward() {
    let mut ring = rotated();
    let before = retirements(&ring);
    ring.revoke(root(1).id(), NOW, false).unwrap();
    assert_eq!(retirements(&ring), before);
}

#[test]
fn the_only_sealing_root_is_revoked_by_force_only() {
    let mut ring = ring(vec![root(1), root(2).activating_at(NOW + DAY)]);
    let error = ring.revoke(root(1).id(), NOW, false).unwrap_err();
    assert!(error.to_string().contains("the only one that seals now"), "{error}");
    assert_eq!(ring.states_at(NOW), [Sealing, Staged], "unchanged");
    let done = ring.revoke(root(1).id(), NOW, true).unwrap();
    assert_eq!((done.already, done.left, done.sealing), (false, 1, None));
    assert_eq!(ring.states_at(NOW), [Revoked, Staged]);
}

#[test]
fn a_ring_that_does_not_seal_anyway_needs_no_force() {
    let mut ring = ring(vec![root(1).activating_at(NOW + 1), root(2).retiring_at(NOW)]);
    assert_eq!(ring.revoke(root(1).id(), NOW, false).unwrap().left, 0);
}

#[test]
fn a_gone_root_does_not_take_over() {
    let mut ring = ring(vec![root(1).retiring_at(NOW), root(2).activating_at(1)]);
    assert!(ring.revoke(root(2).id(), NOW, false).is_err());
    assert_eq!(ring.revoke(root(2).id(), NOW, true).unwrap().sealing, None);
    assert_eq!(retirements(&ring), [Some(NOW), None], "and stays gone");
}

#[test]
fn revoking_twice_changes_nothing() {
    let mut ring = rotated();
    ring.revoke(root(2).id(), NOW, false).unwrap();
    let before = retirements(&ring);
    let done = ring.revoke(root(2).id(), NOW + DAY, false).unwrap();
    assert_eq!((done.already, done.left), (true, 2));
    assert_eq!(retirements(&ring), before);
}

#[test]
fn an_unknown_root_is_an_error_that_lists_the_known_ones() {
    let mut ring = rotated();
    let error = ring.revoke(root(9).id(), NOW, true).unwrap_err().to_string();
    for number in [1, 2, 3, 9] {
        assert!(error.contains(&root(number).id().to_string()), "{error}");
    }
    assert_eq!(ring.states_at(NOW), [Accepted, Sealing, Staged]);
}
