//! Arbitrary text as a ring file: accepted if and only if a second reading of SPEC.md accepts it, with the
//! same roots and the same states at all times; written and read again it is the same ring; and no error
//! gives a secret away, nor does `Debug`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sealed_session::{KeyRing, KeyState};
use sealed_session_fuzz::ring::Ring;
use sealed_session_fuzz::ring_file::{self, NoRing};
use sealed_session_fuzz::{DAY, NOW, base64url, root_secret, text};

const LEEWAY: u64 = 60_000;

fuzz_target!(|data: &[u8]| {
    let text = text(data);
    let expected = ring_file::read(&text);
    match KeyRing::from_json(&text) {
        Ok(ring) => {
            assert_ne!(expected, Err(NoRing::Refused), "accepted against the specification");
            check_ring(&ring, &text);
            if let Ok(expected) = expected {
                check_facts(&ring, &expected);
            }
        }
        Err(error) => {
            assert!(expected.is_err(), "refused against the specification: {error}");
            check_secrecy(&error.to_string(), &text);
        }
    }
});

/// What is read survives being written.
fn check_ring(ring: &KeyRing, text: &str) {
    check_secrecy(&format!("{ring:?} {ring:#?}"), text);
    let written = ring.to_json().expect("what a file held fits a file");
    let again = KeyRing::from_json(&written).expect("what is written can be read");
    assert_eq!(*again.to_json().unwrap(), *written);
    for now in times(ring) {
        assert_eq!(again.states_at(now), ring.states_at(now));
    }
    let expected = ring_file::read(&written).expect("what is written is to the specification");
    check_facts(ring, &expected);
    check_facts(&again, &expected);
}

fn check_facts(ring: &KeyRing, expected: &Ring) {
    assert!(expected.is(ring));
    for now in times(ring) {
        let states: Vec<KeyState> = (0..expected.roots.len()).map(|at| expected.state(at, now)).collect();
        assert_eq!(ring.states_at(now), states);
        let sealing = expected.sealing(now).map(|at| ring.roots()[at].id());
        assert_eq!(ring.sealing_root_at(now).map(|root| root.id()), sealing);
    }
    for now in epoch_turns(expected) {
        check_keys(ring, expected, now);
    }
}

/// Now, and the leeway before a root's next epoch, when that is opened already.
fn epoch_turns(expected: &Ring) -> Vec<u64> {
    let periods = expected.roots.iter().map(|root| root.period_s).filter(|period_s| *period_s > 0);
    let next =
        periods.map(|period_s| (NOW / 1000 / period_s + 1).saturating_mul(period_s).saturating_mul(1000));
    let turns = next.map(|turn| turn.saturating_sub(LEEWAY)).flat_map(|turn| [turn - 1, turn]);
    turns.take(4).chain([NOW]).collect()
}

/// The epochs that each root opens with, and the state of their keys.
fn check_keys(ring: &KeyRing, expected: &Ring, now: u64) {
    let windows = expected.roots.iter().map(|root| expected.window(root, now, LEEWAY));
    if windows.clone().map(|window| window.end() - window.start()).sum::<u64>() > 64 {
        return; // Deriving them all would take long.
    }
    let keys = ring.keys_at("app", "name", now, LEEWAY).unwrap().into_iter();
    let slots = windows.enumerate().flat_map(|(at, window)| window.map(move |epoch| (at, epoch)));
    let slots = slots.map(|(at, epoch)| (ring.roots()[at].id(), epoch, expected.key_state(at, epoch, now)));
    assert!(keys.map(|key| (key.root_id, key.epoch, key.state)).eq(slots));
}

/// Times at which something changes, and the millisecond before each.
fn times(ring: &KeyRing) -> Vec<u64> {
    let turns = ring.roots().iter().flat_map(|root| [Some(root.activate_at_ms()), root.retire_at_ms()]);
    let edges = turns.flatten().flat_map(|turn| [turn.saturating_sub(1), turn]);
    edges.take(64).chain([0, NOW, NOW + 40 * DAY, u64::MAX]).collect()
}

fn check_secrecy(message: &str, text: &str) {
    let quoted = message.match_indices("ssr1_").any(|(at, prefix)| {
        let next = message.as_bytes().get(at + prefix.len());
        next.is_some_and(|&octet| base64url::value(octet).is_some())
    });
    assert!(!quoted, "{message}");
    for secret in root_secret::all_in(text) {
        assert!(!root_secret::leaks(message, secret, text), "{message}");
    }
}
