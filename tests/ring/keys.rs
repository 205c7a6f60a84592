//! Which sealing keys a ring knows at a time, and what may be done with each.

use sealed_session::KeyState::{self, Accepted, Gone, Revoked, Sealing, Staged};
use sealed_session::hazmat::{Context, derive};
use sealed_session::{KeyInfo, KeyRing};

use crate::common::{DAY, MINUTE, NOW, ring, root, secret};
use crate::rotating;

fn keys(ring: &KeyRing, now: u64) -> Vec<KeyInfo> {
    ring.keys_at("shop", "sid", now, MINUTE).unwrap()
}

/// Epochs and states of the only root of a ring.
fn epochs(ring: &KeyRing, now: u64) -> Vec<(u64, KeyState)> {
    keys(ring, now).into_iter().map(|key| (key.epoch, key.state)).collect()
}

#[test]
fn a_fixed_root_has_one_key_of_epoch_0() {
    let keys = keys(&ring(vec![root(1), root(2).activating_at(1)]), NOW);
    let context = Context { app_id: "shop", cookie_name: "sid", period_s: 0, epoch: 0 };
    for (key, (number, state)) in keys.iter().zip([(1, Accepted), (2, Sealing)]) {
        let derived = derive(&secret(number), &context, &[0; 24]).unwrap();
        let expected = KeyInfo { root_id: derived.root_id, key_id: derived.key_id, epoch: 0, state };
        assert_eq!(*key, expected);
    }
    assert_eq!(keys.len(), 2);
}

#[test]
fn a_daily_root_has_a_key_for_each_of_the_last_31_days_and_today() {
    let keys = keys(&ring(vec![rotating(1, 86_400)]), NOW);
    assert_eq!(keys.len(), 32);
    for (key, epoch) in keys.iter().zip(20_744..) {
        let context = Context { app_id: "shop", cookie_name: "sid", period_s: 86_400, epoch };
        assert_eq!(key.key_id, derive(&secret(1), &context, &[0; 24]).unwrap().key_id);
        assert_eq!(key.state, if epoch == 20_775 { Sealing } else { Accepted });
    }
}

#[test]
fn tomorrows_key_is_staged_when_the_leeway_reaches_it() {
    let ring = ring(vec![rotating(1, 86_400)]);
    let midnight = 20_776 * DAY;
    let last = |now| epochs(&ring, now).pop().unwrap();
    assert_eq!(last(midnight - MINUTE - 1), (20_775, Sealing));
    assert_eq!(last(midnight - MINUTE), (20_776, Staged));
    assert_eq!(last(midnight - 1), (20_776, Staged));
    assert_eq!(last(midnight), (20_776, Sealing));
    let first = |now| epochs(&ring, now)[0];
    assert_eq!(first(midnight - 1), (20_775 - 31, Accepted));
    assert_eq!(first(midnight), (20_776 - 31, Accepted));
}

#[test]
fn a_period_above_a_day_is_its_own_grace() {
    // 30 days and a grace of 7 reach back 37 days, that is, five or six weeks.
    let week = 604_800;
    let ring = ring(vec![rotating(1, week)]);
    let first = |now_s: u64| epochs(&ring, now_s * 1_000)[0].0;
    let now_s = NOW / 1_000;
    assert_eq!(first(now_s), (now_s - 37 * 86_400) / week);
    let boundary = 2_960 * week + 37 * 86_400;
    assert_eq!((first(boundary - 1), first(boundary)), (2_959, 2_960));
}

#[test]
fn near_1970_there_is_nothing_before_epoch_0() {
    let ring = ring(vec![rotating(1, 86_400)]);
    assert_eq!(epochs(&ring, 0), [(0, Sealing)]);
    assert_eq!(epochs(&ring, DAY), [(0, Accepted), (1, Sealing)]);
}

#[test]
fn the_keys_of_a_root_that_does_not_open_are_listed_as_such() {
    let all = |root| epochs(&ring(vec![root]), NOW).into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    assert_eq!(all(rotating(1, 86_400).revoked()), [Revoked; 32]);
    assert_eq!(all(rotating(1, 86_400).retiring_at(NOW)), [Gone; 32]);
    assert_eq!(all(rotating(1, 86_400).activating_at(NOW + 1)), [Staged; 32]);
    assert_eq!(all(root(1).revoked()), [Revoked]);
}

#[test]
fn an_accepted_rotating_root_seals_in_no_epoch() {
    let ring = ring(vec![rotating(1, 86_400), root(2).activating_at(NOW)]);
    let before: Vec<_> = keys(&ring, NOW - 1).into_iter().map(|key| key.state).collect();
    let after: Vec<_> = keys(&ring, NOW).into_iter().map(|key| key.state).collect();
    assert_eq!(before.iter().filter(|state| **state == Sealing).count(), 1);
    assert_eq!(before.last(), Some(&Staged));
    assert_eq!(after[..32], [Accepted; 32]);
    assert_eq!(after[32..], [Sealing]);
}

#[test]
fn other_names_and_applications_have_other_keys() {
    let ring = ring(vec![root(1)]);
    let id = |app, name| ring.keys_at(app, name, NOW, 0).unwrap()[0].key_id;
    let pairs =
        [("", "sid"), ("s", "id"), ("si", "d"), ("sid", "sid"), ("", "Sid"), ("\0", "sid"), ("3", "sid")];
    let ids: std::collections::HashSet<_> = pairs.iter().map(|(app, name)| id(app, name)).collect();
    assert_eq!(ids.len(), pairs.len());
}

#[test]
fn names_that_no_browser_sends_back_have_no_keys() {
    for name in ["", " sid", "sid ", "a;b", "a=b", "a,b", "sid\0", "sid\n"] {
        let error = ring(vec![root(1)]).keys_at("", name, 0, 0).unwrap_err();
        assert!(error.to_string().contains("is no cookie name"), "{name:?}: {error}");
    }
}

#[test]
fn names_and_applications_have_at_most_65535_bytes() {
    let ring = ring(vec![root(1)]);
    let (longest, too_long) = ("x".repeat(65_535), "x".repeat(65_536));
    assert!(ring.keys_at(&longest, &longest, 0, 0).is_ok());
    for (app, name) in [(too_long.as_str(), "sid"), ("", too_long.as_str())] {
        let error = ring.keys_at(app, name, 0, 0).unwrap_err();
        assert!(error.to_string().contains("65536 bytes"), "{error}");
    }
}
