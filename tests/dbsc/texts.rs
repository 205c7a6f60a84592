//! The four texts: none stands in for another, and each opens where the ring says so.

use sealed_session::dbsc::{DbscReason, DeviceBinding, Registration};
use sealed_session::hazmat::{Context, decode_token, seal_plaintext};
use sealed_session::{CreateOptions, OpenError, Reason, Root, SessionId};

use crate::common::{self, DAY, FIELDS, HOUR, MINUTE, NOW, SECOND, ring, root, secret};
use crate::device::{Device, payload};
use crate::server::{LOGIN, Server};

#[test]
fn no_text_stands_in_for_another() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let bound = server.devices.bound_store();
    let associated_data = registered.binding.associated_data(b"");
    let texts = [
        ("login session", server.store.create_with(CreateOptions::default(), &associated_data).unwrap().0),
        ("bound session", bound.create_with(CreateOptions::default(), &associated_data).unwrap().0),
        ("proof", registered.proof.0.clone()),
        ("identifier", registered.identifier.clone()),
        ("challenge", registered.challenge.clone()),
    ];
    for (what, text) in &texts {
        let id = SessionId::new(text.clone());
        let opened = [
            ("login session", server.store.open_with(&id, &associated_data).is_ok()),
            ("bound session", bound.open_with(&id, &associated_data).is_ok()),
            ("proof", server.devices.open_proof(text).is_ok()),
            ("identifier", server.devices.refresh(text, None).is_ok()),
            (
                "challenge",
                server.devices.refresh(&registered.identifier, Some(&device.refresh(text))).is_ok(),
            ),
        ];
        for (place, opened) in opened {
            assert_eq!(opened, place == *what, "a {what} as a {place}");
        }
    }
}

/// What stands in a sealed text, opened here without the crate's stores.
fn record(text: &str, name: &str) -> (String, Option<String>, [u64; 3]) {
    let octets = decode_token(text).unwrap();
    let salt: [u8; 24] = octets[17..41].try_into().unwrap();
    let context = Context { cookie_name: name, ..Context::default() };
    let derived = sealed_session::hazmat::derive(&secret(1), &context, &salt).unwrap();
    assert_eq!(&octets[1..17], derived.key_id.as_bytes(), "another name");
    let (header, rest) = octets.split_at(41);
    let (sealed, tag) = rest.split_at(rest.len() - 16);
    let mut plain = sealed.to_vec();
    let provider = sealed_session::hazmat::Provider::in_use();
    assert!(provider.open(&derived.message_key, &[0; 12], header, &mut plain, tag.try_into().unwrap()));
    let (fields, padding) = sealed_session::hazmat::parse_record(&plain).unwrap();
    assert_eq!((padding, fields.created_at_ms), (0, fields.renewed_at_ms));
    let times = [fields.created_at_ms, fields.renewed_at_ms, fields.expires_at_ms];
    (fields.data.to_owned(), fields.user_id.map(str::to_owned), times)
}

#[test]
fn each_text_has_the_name_the_data_and_the_times_of_the_specification() {
    let (server, device) = (Server::new(), Device::new(1));
    let offered = server.devices.offer(LOGIN).unwrap();
    let registered = server.registered(&device);
    let binding = common::encode(registered.binding.as_bytes());
    let challenge = "__Host-session;dbsc-challenge";
    let of = |data: String, user: Option<&str>, life| (data, user.map(str::to_owned), [NOW, NOW, NOW + life]);

    let expected = of(r#"{"register":"BwcHBwcHBwcHBwcHBwcHBw"}"#.into(), None, MINUTE);
    assert_eq!(record(&offered, challenge), expected);
    let expected = of(format!(r#"{{"refresh":"{binding}"}}"#), None, 20 * MINUTE);
    assert_eq!(record(&registered.challenge, challenge), expected);
    let expected = of(format!(r#"{{"dbsc":"{binding}"}}"#), None, 10 * MINUTE);
    assert_eq!(record(registered.proof.as_str(), "__Host-session;dbsc-proof"), expected);
    let (x, y) = device.x_y();
    let expected = of(format!(r#"{{"x":"{x}","y":"{y}"}}"#), Some("user-42"), 30 * DAY);
    assert_eq!(record(&registered.identifier, "__Host-session;dbsc-identifier"), expected);
}

/// A text of this name with other data than there should be.
fn forged(name: &str, data: &str) -> String {
    let fields = sealed_session::hazmat::Fields { data, ..FIELDS };
    let context = Context { cookie_name: name, ..Context::default() };
    seal_plaintext(&secret(1), &context, &[5; 24], b"", &fields.encode(0)).unwrap()
}

#[test]
fn a_text_with_other_data_is_refused() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let proof = forged("__Host-session;dbsc-proof", "{}");
    assert_eq!(server.devices.open_proof(&proof).unwrap_err().reason(), Reason::RecordData);
    let identifier = forged("__Host-session;dbsc-identifier", r#"{"x":"","y":""}"#);
    assert_eq!(server.devices.refresh(&identifier, None).unwrap_err().reason(), DbscReason::Identifier);
    let challenge = forged("__Host-session;dbsc-challenge", r#"{"refresh":""}"#);
    let refusal = server.refusal(&registered.identifier, &device.refresh(&challenge));
    assert_eq!(refusal, DbscReason::Challenge);
}

#[test]
fn a_sealed_key_off_the_curve_has_signed_nothing() {
    let server = Server::new();
    let zero = common::encode(&[0; 32]);
    let identifier = forged("__Host-session;dbsc-identifier", &format!(r#"{{"x":"{zero}","y":"{zero}"}}"#));
    let challenge = server.asked(&identifier, None);
    let proof = Device::new(1).signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, &payload(&challenge));
    assert_eq!(server.refusal(&identifier, &proof), DbscReason::Signature);
}

/// Everything that a device holds opens at this server.
fn goes_on(server: &Server, device: &Device, registered: &Registration) {
    assert_eq!(server.devices.open_proof(registered.proof.as_str()), Ok(registered.binding));
    let proven = server.proven(&registered.identifier, &device.refresh(&registered.challenge));
    assert_eq!(server.devices.open_proof(proven.proof.as_str()), Ok(registered.binding));
}

fn rotated() -> Vec<Root> {
    vec![root(1), root(2).activating_at(NOW + SECOND)]
}

#[test]
fn a_rotation_between_registration_and_refresh_ends_no_session() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    server.clock.advance(MINUTE);
    server.store.replace_ring(ring(rotated())).unwrap();
    goes_on(&server, &device, &registered);

    let challenge = server.asked(&registered.identifier, None);
    let context = Context { cookie_name: "__Host-session;dbsc-challenge", ..Context::default() };
    let new = sealed_session::hazmat::derive(&secret(2), &context, &[0; 24]).unwrap();
    let sealed = decode_token(&challenge).unwrap();
    assert_eq!(&sealed[1..17], new.key_id.as_bytes(), "the new key seals, also for what is no session");
}

#[test]
fn another_server_with_the_same_ring_goes_on() {
    let [here, there] = [Server::new(), Server::new()];
    let device = Device::new(1);
    let proof = device.registration(&here.devices.offer(LOGIN).unwrap());
    let registered = there.devices.register(&proof, LOGIN, None).unwrap();
    goes_on(&here, &device, &registered);
}

#[test]
fn a_server_that_has_the_new_key_only_staged_opens_what_it_sealed() {
    let ahead = Server::with_ring(ring(rotated()));
    let behind = Server::with_ring(ring(rotated()));
    let device = Device::new(1);
    ahead.clock.advance(SECOND);
    goes_on(&behind, &device, &ahead.registered(&device));
}

#[test]
fn epochs_go_on_for_as_long_as_the_identifier() {
    let daily = || root(1).rotating_every(std::time::Duration::from_secs(86_400)).unwrap();
    let server = Server::with_ring(ring(vec![daily()]));
    let device = Device::new(1);
    let registered = server.registered(&device);
    server.clock.advance(30 * DAY - HOUR);
    let challenge = server.asked(&registered.identifier, None);
    server.proven(&registered.identifier, &device.refresh(&challenge));
    server.clock.advance(DAY);
    let over = server.devices.refresh(&registered.identifier, None).unwrap_err();
    assert_eq!(over.reason(), DbscReason::IdentifierExpired, "in its grace, and told by name");
}

#[test]
fn a_challenge_whose_key_was_revoked_is_answered_with_a_new_one() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    server.clock.advance(SECOND);
    server.store.replace_ring(ring(rotated())).unwrap();
    let challenge = server.asked(&registered.identifier, None);
    let revoked = vec![root(1), root(2).activating_at(NOW + SECOND).revoked()];
    server.store.replace_ring(ring(revoked)).unwrap();
    let again = server.asked(&registered.identifier, Some(&device.refresh(&challenge)));
    server.proven(&registered.identifier, &device.refresh(&again));
}

#[test]
fn what_the_server_cannot_do_now_ends_no_session() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let transient = |server: &Server, identifier: &str| {
        let error = server.devices.refresh(identifier, None).unwrap_err();
        assert!(error.is_transient(), "{:?}", error.reason());
        assert_eq!(error.to_string(), "the device's proof cannot be checked at the moment");
        error.reason()
    };
    server.store.replace_ring(ring(vec![root(1).activating_at(NOW + HOUR)])).unwrap();
    assert_eq!(transient(&server, &registered.identifier), DbscReason::NotSealed);
    server.store.replace_ring(ring(vec![root(1)])).unwrap();
    server.clock.set(NOW - HOUR);
    assert_eq!(transient(&server, &registered.identifier), DbscReason::Identifier, "its clock is behind");
    let proof = device.refresh(&registered.challenge);
    server.clock.set(NOW);
    server.proven(&registered.identifier, &proof);
}

#[test]
fn what_will_never_fit_a_text_is_refused_for_good() {
    let (server, device) = (Server::new(), Device::new(1));
    let proof = device.registration(&server.devices.offer(LOGIN).unwrap());
    for len in [6_500, 65_535] {
        let error = server.devices.register(&proof, LOGIN, Some(&"u".repeat(len))).unwrap_err();
        assert_eq!((error.reason(), error.is_transient()), (DbscReason::NotSealed, false), "{len}");
    }
}

#[test]
fn what_is_of_one_length_anyway_is_not_padded() {
    let padded = Server::with(|builder| builder.padding(4_096));
    let (plain, device) = (Server::new(), Device::new(1));
    let [long, short] = [&padded, &plain].map(|server| server.registered(&device));
    assert_eq!(long.proof.as_str().len(), short.proof.as_str().len());
    assert_eq!(long.challenge.len(), short.challenge.len());
    assert!(long.identifier.len() > 4_096, "it has the user id, whose length is hidden");
    let proven = padded.proven(&long.identifier, &device.refresh(&long.challenge));
    assert_eq!(padded.devices.open_proof(proven.proof.as_str()), Ok(long.binding));
}

#[test]
fn a_bound_session_leaves_its_longer_name_room_in_the_cookie() {
    let server = Server::new();
    let bound = server.devices.bound_store();
    assert_eq!((server.store.max_token_chars(), bound.max_token_chars()), (4082, 4076));
    let set = |chars| {
        Server::with(|builder| builder.max_token_chars(chars)).devices.bound_store().max_token_chars()
    };
    assert_eq!((set(1_000), set(8_160)), (1_000, 8_148), "a token in two cookies has two longer names");
}

#[test]
fn debug_shows_none_of_the_texts() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let (binding, uid) = (registered.binding, registered.uid);
    let refresh = |proof: Option<&str>| server.devices.refresh(&registered.identifier, proof).unwrap();
    let proof = device.refresh(&registered.challenge);
    assert_eq!(
        format!("{registered:?} {binding:?}"),
        format!("Registration {{ uid: {uid:?}, .. }} Binding(..)")
    );
    assert_eq!(format!("{:?}", refresh(None)), "Challenge(..)");
    assert_eq!(format!("{:?}", refresh(Some(&proof))), format!("Proven(Proven {{ uid: {uid:?}, .. }})"));
}

#[test]
fn bindings_made_one_after_the_other_are_one() -> Result<(), OpenError> {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let again = DeviceBinding::builder(&server.store).build().unwrap();
    assert_eq!(again.open_proof(registered.proof.as_str())?, registered.binding);
    Ok(())
}
