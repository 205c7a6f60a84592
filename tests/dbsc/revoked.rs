//! Devices whose session or user was revoked.

use std::time::Duration;

use sealed_session::SessionUid;
use sealed_session::dbsc::{DbscReason, Registration};
use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::Revocations;

use crate::common::{self, DAY, HOUR, MINUTE, NOW};
use crate::device::Device;
use crate::server::{LOGIN, Server};

fn revoking() -> Server {
    Server::with(|builder| builder.revocations(Revocations::in_memory()))
}

fn refusal(server: &Server, registered: &Registration) -> DbscReason {
    let error = server.devices.refresh(&registered.identifier, None).unwrap_err();
    assert!(!error.is_transient());
    error.reason()
}

#[test]
fn a_revoked_device_is_not_refreshed() {
    let server = revoking();
    let registered = server.registered(&Device::new(1));
    let other = server.registered(&Device::new(1));
    server.store.revoke_session(registered.uid, NOW).wait().unwrap();
    assert_eq!(refusal(&server, &registered), DbscReason::IdentifierRevoked);
    server.asked(&other.identifier, None);
}

#[test]
fn revoking_the_login_leaves_the_bound_session() {
    let server = revoking();
    let registered = server.registered(&Device::new(1));
    server.store.revoke_session(LOGIN, NOW).wait().unwrap();
    server.asked(&registered.identifier, None);
}

#[test]
fn a_user_who_was_revoked_since_is_not_refreshed_and_may_register_again() {
    let server = revoking();
    let device = Device::new(1);
    let registered = server.registered(&device);
    server.clock.advance(MINUTE);
    server.store.revoke_user("user-42").wait().unwrap();
    assert_eq!(refusal(&server, &registered), DbscReason::IdentifierRevoked);
    server.asked(&server.registered(&device).identifier, None);
}

/// User "1" of one tenant is not user "1" of another.
#[test]
fn a_device_goes_by_what_is_revoked_in_its_scope() {
    let server = revoking();
    let registered = server.registered(&Device::new(1));
    let [one, other] = ["one", "other"].map(|name| server.devices.in_scope(name));
    assert_eq!(one.bound_store().scope_name(), "one");
    server.clock.advance(MINUTE);
    server.store.in_scope("one").revoke_user("user-42").wait().unwrap();
    let error = one.refresh(&registered.identifier, None).unwrap_err();
    assert_eq!(error.reason(), DbscReason::IdentifierRevoked);
    assert!(other.refresh(&registered.identifier, None).is_ok());
    server.asked(&registered.identifier, None);
    server.store.revoke_user_in_all_scopes("user-42").wait().unwrap();
    assert!(other.refresh(&registered.identifier, None).is_err());
}

#[test]
fn revoking_everything_ends_devices_and_challenges() {
    let server = revoking();
    let device = Device::new(1);
    let offered = device.registration(&server.devices.offer(LOGIN).unwrap());
    let registered = server.registered(&device);
    server.clock.advance(1);
    server.store.revoke_everything().wait().unwrap();
    assert_eq!(refusal(&server, &registered), DbscReason::IdentifierRevoked);
    let error = server.devices.register(&offered, LOGIN, None).unwrap_err();
    assert_eq!(error.reason(), DbscReason::Challenge);
    assert!(server.devices.open_proof(registered.proof.as_str()).unwrap_err().is_not_found());
}

/// What begins until clocks that are ahead say so, too, is dated behind it.
#[test]
fn a_device_registers_right_after_everything_was_revoked() {
    let server = revoking();
    server.store.revoke_everything().wait().unwrap();
    server.clock.advance(1);
    let registered = server.registered(&Device::new(1));
    assert!(server.devices.open_proof(registered.proof.as_str()).is_ok());
}

/// Identifiers may live longer than any session between two visits.
#[test]
fn what_was_revoked_is_known_for_as_long_as_an_identifier_lives() {
    let clock = ManualClock::at(NOW);
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let store = common::builder(&clock)
        .default_ttl(Duration::from_millis(HOUR))
        .max_ttl(Duration::from_millis(HOUR))
        .revocations(revocations)
        .build()
        .unwrap();
    let devices = sealed_session::dbsc::DeviceBinding::builder(&store).build().unwrap();
    let server = Server { clock, store, devices };
    let [session, user] = [1, 2].map(|number| server.registered(&Device::new(number)));
    server.store.revoke_session(session.uid, NOW).wait().unwrap();
    server.clock.advance(1);
    server.store.revoke_user("user-42").wait().unwrap();
    server.clock.advance(29 * DAY);
    // What is not needed any more is forgotten now and then, when something is added.
    for number in 0..1_100_u128 {
        server.store.revoke_session(SessionUid::from_bytes(number.to_le_bytes()), NOW).wait().unwrap();
    }
    assert_eq!(refusal(&server, &session), DbscReason::IdentifierRevoked);
    assert_eq!(refusal(&server, &user), DbscReason::IdentifierRevoked);
}
