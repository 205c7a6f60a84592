//! Which rings are refused, and what the error says.

use std::time::Duration;

use sealed_session::{KeyError, KeyRing, Root, RootSecret};

use crate::common::{ring, root, secret};
use crate::rotating;

fn refused(roots: Vec<Root>) -> String {
    let error: KeyError = KeyRing::new(roots).unwrap_err();
    error.to_string()
}

#[test]
fn the_same_secret_twice_is_refused_even_if_one_is_revoked_or_gone() {
    let later = || root(1).activating_at(5);
    for (first, second) in [
        (root(1), later()),
        (root(1).revoked(), later()),
        (root(1), later().revoked()),
        (root(1).revoked(), later().revoked()),
        (root(1).retiring_at(1), later()),
        (rotating(1, 86_400), later()),
    ] {
        let message = refused(vec![root(2).activating_at(9), first, second]);
        assert!(message.contains("the same secret stands in keys[1]"), "{message}");
        assert!(message.starts_with(&format!("root {}, secret:", root(1).id())), "{message}");
    }
}

#[test]
fn equal_activation_times_are_refused_unless_one_root_is_revoked() {
    let message = refused(vec![root(1).activating_at(7), root(2), root(3).activating_at(7)]);
    assert!(message.contains("activates at the same time as keys[0]"), "{message}");
    assert!(message.starts_with(&format!("root {}, activate_at:", root(3).id())), "{message}");
    assert!(KeyRing::new(vec![root(1).revoked(), root(2)]).is_ok());
    assert!(KeyRing::new(vec![root(1), root(2).revoked()]).is_ok());
    assert!(KeyRing::new(vec![root(1).revoked(), root(2).revoked()]).is_ok());
    assert!(KeyRing::new(vec![root(1).revoked(), root(2), root(3)]).is_err());
    assert!(KeyRing::new(vec![root(1).retiring_at(5), root(2)]).is_err(), "gone is not revoked");
    assert!(KeyRing::new(vec![root(1), root(2).activating_at(1)]).is_ok());
}

#[test]
fn a_root_that_retires_before_it_activates_is_refused() {
    for (activate, retire) in [(7, 6), (7, 7), (1, 0), (0, 0), (u64::MAX, u64::MAX)] {
        let message = refused(vec![root(1).activating_at(activate).retiring_at(retire)]);
        assert!(message.contains("retires before it activates"), "{message}");
    }
    assert!(KeyRing::new(vec![root(1).activating_at(7).retiring_at(8)]).is_ok());
    assert!(KeyRing::new(vec![root(1).activating_at(7).retiring_at(6).revoked()]).is_err());
}

#[test]
fn more_than_1024_epochs_at_a_time_are_refused() {
    // 31 days and the leeway of a minute are 2,678,460 s; with the current one, 1023 periods are left.
    assert!(KeyRing::new(vec![rotating(1, 2_619)]).is_ok());
    let message = refused(vec![root(2).activating_at(1), rotating(1, 2_618)]);
    assert!(message.contains("up to 1025 epochs") && message.contains("at most 1024"), "{message}");
    assert!(message.starts_with(&format!("root {}, period_s:", root(1).id())), "{message}");
    for period in [1, 60] {
        assert!(KeyRing::new(vec![rotating(1, period)]).is_err());
    }
    for period in [0, 3_600, 86_400, u64::MAX] {
        assert!(KeyRing::new(vec![rotating(1, period)]).is_ok());
    }
}

#[test]
fn the_window_follows_the_rings_longest_life() {
    let with = |days: u64, period| {
        ring(vec![rotating(1, period)]).with_max_ttl(Duration::from_secs(days * 86_400)).map(|_| ())
    };
    assert!(with(41, 3_600).is_ok());
    assert!(with(42, 3_600).is_err());
    assert!(with(365_000, 86_400).is_err());
    assert!(with(365_000, 0).is_ok(), "a fixed root has one key, however long its tokens live");
    assert!(ring(vec![root(1)]).with_max_ttl(Duration::from_secs(u64::MAX)).is_ok());
}

#[test]
fn periods_are_whole_seconds() {
    for period in [Duration::from_millis(1), Duration::from_millis(86_400_500), Duration::new(60, 1)] {
        let error = root(1).rotating_every(period).unwrap_err();
        assert_eq!(error.to_string(), "a rotation period is a whole number of seconds");
    }
    assert_eq!(root(1).rotating_every(Duration::ZERO).unwrap().period_s(), 0);
    assert_eq!(rotating(1, 86_400).period_s(), 86_400);
}

#[test]
fn the_longest_life_is_whole_seconds_and_not_0() {
    for max_ttl in [Duration::ZERO, Duration::from_millis(999), Duration::from_millis(1_001)] {
        let error = ring(vec![root(1)]).with_max_ttl(max_ttl).unwrap_err();
        assert!(error.to_string().contains("whole number of seconds, 1 or more"), "{error}");
    }
    assert_eq!(ring(vec![root(1)]).max_ttl_s(), 2_592_000);
    let ring = ring(vec![root(1)]).with_max_ttl(Duration::from_secs(1)).unwrap();
    assert_eq!(ring.max_ttl_s(), 1);
}

#[test]
fn a_root_says_what_it_was_given() {
    let root = root(1).created_at(3).activating_at(5).retiring_at(7).revoked();
    assert_eq!((root.created_at_ms(), root.activate_at_ms(), root.retire_at_ms()), (Some(3), 5, Some(7)));
    assert!(root.is_revoked());
    assert_eq!(root.id(), secret(1).id());
    let plain = Root::new(secret(1));
    assert_eq!((plain.created_at_ms(), plain.activate_at_ms(), plain.retire_at_ms()), (None, 0, None));
    assert!(!plain.is_revoked());
    assert_eq!(plain.period_s(), 0);
}

#[test]
fn a_ring_of_one_secret_is_fixed_and_seals_since_1970() {
    let ring = KeyRing::single(RootSecret::generate().unwrap());
    let root = &ring.roots()[0];
    assert_eq!((ring.roots().len(), root.period_s(), root.activate_at_ms()), (1, 0, 0));
    assert_eq!((root.retire_at_ms(), root.is_revoked()), (None, false));
}
