//! Challenges that do not count, and texts that are over.

use sealed_session::SessionUid;
use sealed_session::dbsc::DbscReason::*;

use crate::common::{MINUTE, SECOND};
use crate::device::Device;
use crate::server::{LOGIN, Server, USER};

#[test]
fn a_challenge_of_another_session_is_refused() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    // The same key may be registered twice, and still each has challenges of its own.
    let other = server.registered(&device);
    let crossed = device.refresh(&other.challenge);
    assert_eq!(server.refusal(&registered.identifier, &crossed), ChallengeOfAnother);

    let of_another_login = server.devices.offer(SessionUid::from_bytes([8; 16])).unwrap();
    let proof = device.registration(&of_another_login);
    assert_eq!(server.refused_registration(&proof), ChallengeOfAnother);
}

#[test]
fn a_challenge_of_another_purpose_is_refused() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let offered = server.devices.offer(LOGIN).unwrap();
    assert_eq!(server.refusal(&registered.identifier, &device.refresh(&offered)), ChallengeKind);
    assert_eq!(server.refused_registration(&device.registration(&registered.challenge)), ChallengeKind);
}

#[test]
fn a_challenge_that_is_over_is_answered_with_a_new_one() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    server.clock.advance(20 * MINUTE - 1);
    server.proven(&registered.identifier, &device.refresh(&registered.challenge));
    server.clock.advance(1);
    let challenge = server.asked(&registered.identifier, Some(&device.refresh(&registered.challenge)));
    server.proven(&registered.identifier, &device.refresh(&challenge));
}

#[test]
fn who_cannot_sign_gets_no_new_challenge_for_an_old_one() {
    let server = Server::new();
    let registered = server.registered(&Device::new(1));
    server.clock.advance(20 * MINUTE);
    let thief = Device::new(2).refresh(&registered.challenge);
    assert_eq!(server.refusal(&registered.identifier, &thief), Signature);
}

#[test]
fn a_device_registers_within_a_minute() {
    let (server, device) = (Server::new(), Device::new(1));
    let proof = device.registration(&server.devices.offer(LOGIN).unwrap());
    server.clock.advance(MINUTE - 1);
    assert!(server.devices.register(&proof, LOGIN, USER).is_ok());
    server.clock.advance(1);
    assert_eq!(server.refused_registration(&proof), ChallengeExpired);
}

#[test]
fn a_proof_is_good_for_its_ttl() {
    let server = Server::new();
    let registered = server.registered(&Device::new(1));
    server.clock.advance(10 * MINUTE - 1);
    assert!(server.devices.open_proof(registered.proof.as_str()).is_ok());
    server.clock.advance(1);
    assert!(server.devices.open_proof(registered.proof.as_str()).unwrap_err().is_not_found());
}

#[test]
fn an_identifier_is_refused_when_it_is_over_or_was_changed() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let identifier = &registered.identifier;
    for at in 0..identifier.len() {
        let mut changed = identifier.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let error = server.devices.refresh(&changed, None).unwrap_err();
        assert_eq!((error.reason(), error.is_transient()), (Identifier, false), "character {at}");
    }
    server.clock.advance(30 * 24 * 60 * MINUTE - 1);
    server.asked(identifier, None);
    server.clock.advance(1);
    assert_eq!(server.devices.refresh(identifier, None).unwrap_err().reason(), IdentifierExpired);
}

#[test]
fn a_proof_captured_from_the_wire_is_good_until_its_challenge_is_over() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let captured = device.refresh(&registered.challenge);
    server.proven(&registered.identifier, &captured);
    server.clock.advance(20 * MINUTE - SECOND);
    server.proven(&registered.identifier, &captured);
    server.clock.advance(SECOND);
    server.asked(&registered.identifier, Some(&captured));
}
