//! The state of each root at each time.

use sealed_session::KeyState::{Accepted, Gone, Revoked, Sealing, Staged};
use sealed_session::Root;

use crate::common::{ring, root};

#[test]
fn a_single_root_seals_at_every_time() {
    let ring = ring(vec![root(1)]);
    for now in [0, 1, u64::MAX - 1, u64::MAX] {
        assert_eq!(ring.states_at(now), [Sealing]);
        assert_eq!(ring.sealing_root_at(now).unwrap().id(), root(1).id());
    }
}

#[test]
fn a_root_is_staged_until_its_activation_and_gone_from_its_retirement_on() {
    let ring = ring(vec![root(1).activating_at(100).retiring_at(200)]);
    for (now, state) in
        [(0, Staged), (99, Staged), (100, Sealing), (199, Sealing), (200, Gone), (u64::MAX, Gone)]
    {
        assert_eq!(ring.states_at(now), [state], "at {now}");
    }
}

#[test]
fn the_root_that_activated_last_seals_and_the_others_are_accepted() {
    let ring = ring(vec![
        root(1).activating_at(100).retiring_at(350),
        root(2).activating_at(200).retiring_at(400),
        root(3).activating_at(300),
    ]);
    let table = [
        (99, [Staged, Staged, Staged]),
        (100, [Sealing, Staged, Staged]),
        (199, [Sealing, Staged, Staged]),
        (200, [Accepted, Sealing, Staged]),
        (299, [Accepted, Sealing, Staged]),
        (300, [Accepted, Accepted, Sealing]),
        (349, [Accepted, Accepted, Sealing]),
        (350, [Gone, Accepted, Sealing]),
        (400, [Gone, Gone, Sealing]),
    ];
    for (now, states) in table {
        assert_eq!(ring.states_at(now), states, "at {now}");
    }
}

#[test]
fn the_order_in_the_list_names_no_sealing_key() {
    // Flask sealed with the oldest fallback (CVE-2025-47278).
    let make = |number: u8| root(number).activating_at(u64::from(number));
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let ring = ring(order.map(make).into());
        assert_eq!(ring.sealing_root_at(100).unwrap().id(), root(3).id(), "{order:?}");
        let ids: Vec<_> = ring.roots().iter().map(Root::id).collect();
        assert_eq!(ids, order.map(|number| root(number).id()), "listed as given");
    }
}

#[test]
fn revoked_stands_above_every_other_state() {
    let make = |root: Root| ring(vec![root.revoked()]);
    for now in [0, 100, 200, u64::MAX] {
        assert_eq!(make(root(1)).states_at(now), [Revoked]);
        assert_eq!(make(root(1).activating_at(100).retiring_at(200)).states_at(now), [Revoked]);
        assert!(make(root(1)).sealing_root_at(now).is_none());
    }
}

#[test]
fn when_the_sealing_root_is_revoked_or_gone_the_one_before_it_seals() {
    let revoked = ring(vec![root(1), root(2).activating_at(100).revoked()]);
    assert_eq!(revoked.states_at(150), [Sealing, Revoked]);
    let gone = ring(vec![root(1), root(2).activating_at(100).retiring_at(200)]);
    assert_eq!(gone.states_at(199), [Accepted, Sealing]);
    assert_eq!(gone.states_at(200), [Sealing, Gone]);
}

#[test]
fn a_staged_root_that_retires_first_is_gone() {
    let ring = ring(vec![root(1).activating_at(100).retiring_at(101)]);
    assert_eq!(ring.states_at(99), [Staged]);
    assert_eq!(ring.states_at(100), [Sealing]);
    assert_eq!(ring.states_at(101), [Gone]);
}

#[test]
fn the_ends_of_time_are_boundaries_like_any_other() {
    let ring = ring(vec![root(1).retiring_at(u64::MAX), root(2).activating_at(u64::MAX)]);
    assert_eq!(ring.states_at(u64::MAX - 1), [Sealing, Staged]);
    assert_eq!(ring.states_at(u64::MAX), [Gone, Sealing]);
}

#[test]
fn an_empty_ring_seals_with_nothing() {
    let ring = ring(vec![]);
    assert_eq!(ring.states_at(0), []);
    assert!(ring.sealing_root_at(0).is_none());
    assert!(ring.keys_at("", "sid", 0, 0).unwrap().is_empty());
}

#[test]
fn staged_sealing_and_accepted_open_and_each_state_has_a_name() {
    let all = [
        (Staged, "staged"),
        (Sealing, "sealing"),
        (Accepted, "accepted"),
        (Revoked, "revoked"),
        (Gone, "gone"),
    ];
    for (state, name) in all {
        assert_eq!(state.opens(), matches!(state, Staged | Sealing | Accepted));
        assert_eq!((state.as_str(), state.to_string()), (name, name.to_owned()));
    }
    assert_eq!(format!("[{:<9}]", Gone), "[gone     ]", "columns of a listing line up");
}
