//! A device registers and refreshes.

use sealed_session::dbsc::Binding;
use sealed_session::{CreateOptions, OpenError, SessionId};

use crate::common::{DAY, MINUTE, NOW};
use crate::device::Device;
use crate::server::{LOGIN, Server, USER};

#[test]
fn a_device_registers_and_refreshes_until_its_identifier_is_over() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    assert_eq!(registered.proof_expires_at_ms, NOW + 10 * MINUTE);
    assert_eq!(registered.identifier_expires_at_ms, NOW + 30 * DAY);
    assert_ne!(registered.uid, LOGIN, "the device has a uid of its own");
    assert_eq!(server.devices.open_proof(registered.proof.as_str()), Ok(registered.binding));

    let mut challenge = registered.challenge;
    for refreshes in 1..=3 {
        server.clock.advance(10 * MINUTE);
        let proven = server.proven(&registered.identifier, &device.refresh(&challenge));
        assert_eq!(proven.binding, registered.binding);
        assert_eq!((proven.uid, proven.user_id.as_deref()), (registered.uid, USER));
        assert_eq!(proven.registered_at_ms, NOW);
        assert_eq!(proven.proof_expires_at_ms, NOW + (refreshes + 1) * 10 * MINUTE);
        assert_eq!(server.devices.open_proof(proven.proof.as_str()), Ok(registered.binding));
        challenge = proven.challenge;
    }
}

#[test]
fn a_refresh_without_a_proof_is_asked_for_one() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let challenge = server.asked(&registered.identifier, None);
    server.proven(&registered.identifier, &device.refresh(&challenge));
}

#[test]
fn header_values_may_be_quoted() {
    let (server, device) = (Server::new(), Device::new(1));
    let quoted = |text: &str| format!("\"{text}\"");
    let proof = quoted(&device.registration(&server.devices.offer(LOGIN).unwrap()));
    let registered = server.devices.register(&proof, LOGIN, USER).unwrap();
    assert_eq!(registered.binding, Binding::of(&registered.identifier));
    let proof = quoted(&device.refresh(&registered.challenge));
    let proven = server.proven(&quoted(&registered.identifier), &proof);
    assert_eq!(proven.binding, registered.binding);
}

#[test]
fn a_bound_session_opens_only_with_the_proof_of_its_own_device() -> Result<(), OpenError> {
    let server = Server::new();
    let [mine, thiefs] = [1, 2].map(|number| server.registered(&Device::new(number)));
    let bound = server.devices.bound_store();
    let options = CreateOptions { user_id: USER.map(str::to_owned), ..CreateOptions::default() };
    let session = bound.create_with(options, &mine.binding.associated_data(b"tenant-7")).unwrap();

    let open = |proof: &SessionId, of_application: &[u8]| {
        let binding = server.devices.open_proof(proof.as_str())?;
        bound.open_with(&session, &binding.associated_data(of_application))
    };
    open(&mine.proof, b"tenant-7")?;
    assert!(open(&thiefs.proof, b"tenant-7").is_err());
    assert!(open(&mine.proof, b"tenant-8").is_err());
    assert!(bound.open_with(&session, b"tenant-7").is_err());
    assert!(server.store.open_with(&session, &mine.binding.associated_data(b"tenant-7")).is_err());
    Ok(())
}
