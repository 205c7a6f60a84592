//! What is sealed for a device has keys of its own, which no store of a cookie has, whatever the cookie is called.

use sealed_session::dbsc::DeviceBinding;
use sealed_session::hazmat::{ManualClock, decode_token};
use sealed_session::{CreateOptions, Reason, SealedStore, SessionId};

use crate::common::{self, NOW};
use crate::device::Device;
use crate::server::{LOGIN, Server};

/// Every cookie that a server of devices has, and those that could be taken for the other two texts.
const COOKIES: [&str; 6] = [
    "__Host-session",
    "__Host-session-bound",
    "__Host-session-new",
    "__Host-session-proof",
    "__Host-session-identifier",
    "__Host-session-challenge",
];

fn ordinary(name: &str) -> SealedStore {
    common::builder(&ManualClock::at(NOW)).cookie_name(name).build().unwrap()
}

/// A session of an ordinary store with this data.
fn sealed(store: &SealedStore, data: &str, associated_data: &[u8]) -> SessionId {
    let options = CreateOptions { data_json: data.to_owned(), ..CreateOptions::default() };
    store.create_with(options, associated_data).unwrap()
}

#[test]
fn an_ordinary_session_is_none_of_the_four_whatever_its_cookie_and_its_data_are() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let binding = common::encode(registered.binding.as_bytes());
    let associated_data = registered.binding.associated_data(b"");
    let (x, y) = device.x_y();
    for name in COOKIES {
        let store = ordinary(name);
        let text = |data: String| sealed(&store, &data, b"").0;

        let proof = text(format!(r#"{{"dbsc":"{binding}"}}"#));
        let error = server.devices.open_proof(&proof).unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownKey, "a proof by {name}");

        let identifier = text(format!(r#"{{"x":"{x}","y":"{y}"}}"#));
        assert!(server.devices.refresh(&identifier, None).is_err(), "an identifier by {name}");

        let challenge = text(format!(r#"{{"refresh":"{binding}"}}"#));
        let refresh = server.devices.refresh(&registered.identifier, Some(&device.refresh(&challenge)));
        assert!(refresh.is_err(), "a challenge for a refresh by {name}");

        let login = common::encode(LOGIN.as_bytes());
        let offer = device.registration(&text(format!(r#"{{"register":"{login}"}}"#)));
        assert!(
            server.devices.register(&offer, LOGIN, None).is_err(),
            "a challenge for a registration by {name}"
        );

        let bound = sealed(&store, "{}", &associated_data);
        let error = server.devices.bound_store().open_with(&bound, &associated_data).unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownKey, "a bound session by {name}");
    }
}

#[test]
fn none_of_the_four_is_an_ordinary_session_whatever_its_cookie_is_called() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let associated_data = registered.binding.associated_data(b"");
    let bound = sealed(server.devices.bound_store(), "{}", &associated_data);
    let texts = [
        bound.0,
        registered.proof.0,
        registered.identifier,
        registered.challenge,
        server.devices.offer(LOGIN).unwrap(),
    ];
    for name in COOKIES {
        let store = ordinary(name);
        for (at, text) in texts.iter().enumerate() {
            for associated_data in [&b""[..], &associated_data] {
                let error = store.open_with(&SessionId::new(text.clone()), associated_data).unwrap_err();
                assert_eq!(error.reason(), Reason::UnknownKey, "text {at} in {name}");
            }
        }
    }
}

#[test]
fn no_cookie_has_a_name_that_keys_of_devices_are_derived_for() {
    for end in ["bound", "proof", "identifier", "challenge"] {
        let builder =
            common::builder(&ManualClock::at(NOW)).cookie_name(format!("__Host-session;dbsc-{end}"));
        assert!(builder.build().unwrap_err().to_string().contains("is no cookie name"), "{end}");
    }
}

/// Computed by the Python implementation from the root secret of 32 bytes 0x01, without an application id.
#[test]
fn the_keys_are_those_of_the_names_in_the_specification() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let bound = sealed(server.devices.bound_store(), "{}", b"");
    for (text, key_id) in [
        (bound.0.as_str(), "baa5a0a64aa561972249bfb1b385dc38"),
        (registered.proof.as_str(), "9dd02c4affdbcf776e76425c14d24128"),
        (&registered.identifier, "215c6d21335ad0e8ac86baf0cce7837f"),
        (&registered.challenge, "bd7f5d12c91bc2bb6ce5880071d8d4c3"),
        (&server.devices.offer(LOGIN).unwrap(), "bd7f5d12c91bc2bb6ce5880071d8d4c3"),
    ] {
        let octets = decode_token(text).unwrap();
        let named: String = octets[1..17].iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(named, key_id);
    }
}

#[test]
fn each_cookie_has_its_name() {
    let server = Server::new();
    assert_eq!(server.devices.bound_store().cookie_name(), "__Host-session-bound");
    assert_eq!(server.devices.pending_cookie_name(), "__Host-session-new");
    assert_eq!(server.devices.proof_cookie_name(), "__Host-session-proof");
}

#[test]
fn a_cookie_that_a_neighbour_can_set_is_an_error_that_says_what_to_do() {
    let built = |name: &str| {
        let store = ordinary(name);
        DeviceBinding::builder(&store).build().map(drop).map_err(|error| error.to_string())
    };
    for name in
        ["session", "__Secure-session", "__host-session", "__HOST-session", "x__Host-session", "__Host_s"]
    {
        let error = built(name).unwrap_err();
        let says = [name, "another host of its domain", "begins with __Host-, for example __Host-session"];
        assert!(says.iter().all(|part| error.contains(part)), "{error}");
    }
    for name in ["__Host-session", "__Host-", "__Host-Http-id"] {
        assert_eq!(built(name), Ok(()), "{name}");
    }
}

/// A session keeps the tokens of its forms when it moves to a device.
#[test]
fn csrf_tokens_of_a_bound_session_are_of_the_store_that_it_was_made_for() {
    let server = Server::new();
    let bound = server.devices.bound_store();
    let uid = LOGIN;
    let token = server.store.csrf_token(uid).unwrap();
    assert!(server.store.check_csrf_token(uid, &token).is_ok());
    assert!(bound.check_csrf_token(uid, &token).is_err(), "the other store has other keys");
    assert!(server.store.check_csrf_token(uid, &bound.csrf_token(uid).unwrap()).is_err());
}
