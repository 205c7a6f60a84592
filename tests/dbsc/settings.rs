//! Settings that contradict each other, the store or its ring.

use std::time::Duration;

use sealed_session::dbsc::{DeviceBinding, DeviceBindingBuilder};
use sealed_session::{KeyRing, SealedStore};

use crate::common::{DAY, HOUR, MINUTE, ring, root};
use crate::server::Server;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn built(set: impl FnOnce(DeviceBindingBuilder) -> DeviceBindingBuilder) -> Result<DeviceBinding, String> {
    set(DeviceBinding::builder(&Server::new().store)).build().map_err(|error| error.to_string())
}

#[test]
fn contradictions_are_errors_that_name_both_sides() {
    let lifetime = 30 * DAY;
    let cases: [(&str, &dyn Fn(DeviceBindingBuilder) -> DeviceBindingBuilder); 11] = [
        ("the proof's TTL must be a millisecond or more", &|b| b.proof_ttl(ms(0))),
        ("the challenge's TTL must be a millisecond or more", &|b| b.challenge_ttl(ms(0))),
        ("the registration's TTL must be a millisecond or more", &|b| b.registration_ttl(ms(0))),
        ("the identifier's lifetime must be a millisecond or more", &|b| b.identifier_lifetime(ms(0))),
        ("the proof's TTL (86400000 ms) is not shorter than the sessions' default TTL (86400000 ms)", &|b| {
            b.proof_ttl(ms(DAY))
        }),
        ("the proof's TTL (3600000 ms) is not shorter than the identifier's lifetime (3600000 ms)", &|b| {
            b.proof_ttl(ms(HOUR)).identifier_lifetime(ms(HOUR))
        }),
        (
            "the challenge's TTL (2592000001 ms) is longer than the identifier's lifetime (2592000000 ms)",
            &|b| b.challenge_ttl(ms(lifetime + 1)),
        ),
        ("the challenge's TTL (3600001 ms) is longer than the identifier's lifetime (3600000 ms)", &|b| {
            b.challenge_ttl(ms(HOUR + 1)).identifier_lifetime(ms(HOUR))
        }),
        ("the registration's TTL (3600001 ms) is longer than the identifier's lifetime (3600000 ms)", &|b| {
            b.registration_ttl(ms(HOUR + 1)).identifier_lifetime(ms(HOUR))
        }),
        (
            "the identifier's lifetime (2592000001 ms) is longer than the store's maximum lifetime (2592000000 ms)",
            &|b| b.identifier_lifetime(ms(lifetime + 1)),
        ),
        ("", &|b| b),
    ];
    for (expected, set) in cases {
        match built(set) {
            Ok(_) => assert_eq!(expected, ""),
            Err(error) => assert_eq!(error, expected),
        }
    }
}

fn short_ring() -> KeyRing {
    ring(vec![root(1)]).with_max_ttl(ms(2 * DAY)).unwrap()
}

#[test]
fn no_identifier_outlives_the_keys_of_its_ring() {
    let store = SealedStore::builder(short_ring()).build().unwrap();
    let longer = DeviceBinding::builder(&store).identifier_lifetime(ms(2 * DAY + 1)).build().unwrap_err();
    assert_eq!(
        longer.to_string(),
        "the identifier's lifetime (172800001 ms) is longer than the ring's longest life of a token (172800000 ms)"
    );
    assert!(DeviceBinding::builder(&store).build().is_ok(), "by default it is as long as the ring allows");
}

#[test]
fn a_ring_that_is_too_short_for_identifiers_takes_the_place_of_none() {
    let store = SealedStore::builder(ring(vec![root(1)])).max_ttl(ms(DAY)).build().unwrap();
    let devices = DeviceBinding::builder(&store).build().unwrap();
    let refused = store.replace_ring(short_ring()).unwrap_err();
    assert!(refused.to_string().starts_with("the maximum TTL (2592000000 ms) is longer than the ring's"));
    drop(devices);
    assert_eq!(store.replace_ring(short_ring()), Ok(()), "nobody needs the longer one any more");
}

#[test]
fn a_proof_of_less_than_five_minutes_is_warned_of() {
    let warning = |ttl| built(|b| b.proof_ttl(ms(ttl))).unwrap().warning();
    assert_eq!((warning(5 * MINUTE), warning(10 * MINUTE)), (None, None));
    assert!(warning(5 * MINUTE - 1).unwrap().contains("5 minutes"));
}

#[test]
fn a_name_that_leaves_no_room_for_a_bound_session_is_refused() {
    let store = SealedStore::builder(ring(vec![root(1)]))
        .cookie_name(format!("__Host-{}", "n".repeat(4096 - 147)))
        .build()
        .unwrap();
    let error = DeviceBinding::builder(&store).build().unwrap_err();
    assert!(error.to_string().contains("choose a shorter one"), "{error}");
}
