//! Removing root secrets that no valid token can need.

use sealed_session::{Kept, KeyRing, KeyState, RootId};

use crate::KEPT;
use crate::common::{DAY, NOW, ring, root};

fn ids(ring: &KeyRing) -> Vec<RootId> {
    ring.roots().iter().map(sealed_session::Root::id).collect()
}

#[test]
fn prune_removes_what_opens_nothing_and_keeps_what_opens() {
    let mut ring = ring(vec![
        root(1).retiring_at(NOW),
        root(2).activating_at(1).retiring_at(NOW + 1),
        root(3).activating_at(2).revoked(),
        root(4).activating_at(3),
        root(5).activating_at(NOW + DAY),
    ]);
    let pruned = ring.prune(NOW);
    assert_eq!(pruned.removed, [root(1).id(), root(3).id()]);
    let kept = |number, state, until_ms| Kept { id: root(number).id(), state, until_ms };
    let expected = [
        kept(2, KeyState::Accepted, Some(NOW + 1)),
        kept(4, KeyState::Sealing, None),
        kept(5, KeyState::Staged, None),
    ];
    assert_eq!(pruned.kept, expected);
    assert_eq!(ids(&ring), [root(2).id(), root(4).id(), root(5).id()]);
}

#[test]
fn a_root_is_pruned_from_its_retirement_on() {
    let mut ring = ring(vec![root(1)]);
    ring.add(root(2).activating_at(NOW), NOW).unwrap();
    assert!(ring.prune(NOW + KEPT - 1).removed.is_empty());
    assert_eq!(ring.prune(NOW + KEPT).removed, [root(1).id()]);
    assert!(ring.prune(NOW + KEPT).removed.is_empty(), "once");
    assert_eq!(ids(&ring), [root(2).id()]);
}

#[test]
fn pruning_changes_no_state_of_what_is_kept() {
    let make = || {
        ring(vec![
            root(1).retiring_at(NOW),
            root(2).activating_at(1).retiring_at(NOW + DAY),
            root(3).activating_at(2),
            root(4).activating_at(3).revoked(),
        ])
    };
    let (whole, mut pruned) = (make(), make());
    pruned.prune(NOW);
    for now in [NOW, NOW + 1, NOW + DAY - 1, NOW + DAY, u64::MAX] {
        assert_eq!(whole.states_at(now)[1..3], pruned.states_at(now)[..], "{now}");
    }
}

#[test]
fn a_pruned_secret_may_be_added_again() {
    let mut ring = ring(vec![root(1).revoked(), root(2)]);
    assert!(ring.add(root(1).activating_at(NOW), NOW).is_err());
    ring.prune(NOW);
    assert!(ring.add(root(1).activating_at(NOW), NOW).is_ok());
}

#[test]
fn an_empty_ring_has_nothing_to_prune() {
    let pruned = ring(vec![]).prune(NOW);
    assert!(pruned.removed.is_empty() && pruned.kept.is_empty());
}
