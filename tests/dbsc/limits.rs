//! How long and how deep texts may be.

use sealed_session::dbsc::DbscReason::*;

use crate::device::{Device, payload};
use crate::server::{LOGIN, Server};

/// `depth` objects and arrays, one in the other, as the value of a member that nobody knows.
fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn headers_and_payloads_are_nested_no_deeper_than_64_levels() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let challenge = &registered.challenge;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for (inner, refused) in [(63, false), (64, true)] {
            let more = nested(inner, open, close);
            let header = format!(r#"{{"alg":"ES256","more":{more},"typ":"dbsc+jwt"}}"#);
            let claims = format!(r#"{{"jti":"{challenge}","more":{more}}}"#);
            let in_header = device.signed(&header, &payload(challenge));
            let in_payload = device.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, &claims);
            for (proof, expected) in [(in_header, HeaderJson), (in_payload, PayloadJson)] {
                match refused {
                    true => assert_eq!(server.refusal(&registered.identifier, &proof), expected),
                    false => drop(server.proven(&registered.identifier, &proof)),
                }
            }
        }
    }
}

#[test]
fn brackets_in_strings_and_side_by_side_nest_nothing() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    for more in [
        format!(r#""{}""#, "[{".repeat(100)),
        format!(r#""\"{}\\""#, "[".repeat(100)),
        format!("[{}[]]", "[],".repeat(100)),
    ] {
        let header = format!(r#"{{"alg":"ES256","more":{more},"typ":"dbsc+jwt"}}"#);
        server.proven(&registered.identifier, &device.signed(&header, &payload(&registered.challenge)));
    }
}

#[test]
fn as_many_brackets_as_fit_a_proof_are_refused_by_name() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    for bracket in ["[", "{", r#"{"a":"#, r#"{"alg":"ES256","typ":"dbsc+jwt","a":["#, "]", "}"] {
        let many = bracket.repeat(2_900 / bracket.len());
        let proof = device.signed(&many, "{}");
        assert!(proof.len() <= 4_096, "{}", proof.len());
        assert_eq!(server.refusal(&registered.identifier, &proof), HeaderJson, "{bracket}");
        assert_eq!(server.refused_registration(&proof), HeaderJson, "{bracket}");
        let proof = device.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, &many);
        assert_eq!(server.refusal(&registered.identifier, &proof), PayloadJson, "{bracket}");
    }
}

#[test]
fn what_stands_between_quotation_marks_is_what_has_at_most_4096_characters() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let challenge = &registered.challenge;
    let header = |spaces| format!(r#"{{"alg":"ES256","typ":"dbsc+jwt"{}}}"#, " ".repeat(spaces));
    let signed = |spaces| device.signed(&header(spaces), &payload(challenge));
    let longest = (0..4_096).map(signed).take_while(|proof| proof.len() <= 4_096).last().unwrap();
    assert!(longest.len() >= 4_095, "{}", longest.len());
    server.proven(&registered.identifier, &longest);
    server.proven(&registered.identifier, &format!("\"{longest}\""));
    let longer = format!("\"{longest}{}\"", "A".repeat(4_097 - longest.len()));
    assert_eq!(server.refusal(&registered.identifier, &longer), Length);
}

#[test]
fn an_identifier_is_as_long_as_a_token_may_be() {
    let (server, device) = (Server::new(), Device::new(1));
    let registration = |user: usize| {
        let proof = device.registration(&server.devices.offer(LOGIN).unwrap());
        server.devices.register(&proof, LOGIN, Some(&"u".repeat(user)))
    };
    let longest = (5_900..6_100).map_while(|user| registration(user).ok()).last().unwrap();
    assert!((8_189..=8_192).contains(&longest.identifier.len()), "{}", longest.identifier.len());
    let quoted = format!("\"{}\"", longest.identifier);
    server.proven(&quoted, &device.refresh(&longest.challenge));
    let longer = format!("{}{}", longest.identifier, "A".repeat(8_193 - longest.identifier.len()));
    assert_eq!(server.refusal(&longer, &device.refresh(&longest.challenge)), Identifier);
}

/// The JWT that carries it has room for 4096 characters, of which the key and the signature take some 350.
#[test]
fn challenges_are_of_one_length_that_leaves_a_proof_room() {
    let server = Server::with(|builder| builder.padding(4_096));
    let registered = server.registered(&Device::new(1));
    assert_eq!(server.devices.offer(LOGIN).unwrap().len(), 187);
    assert_eq!(registered.challenge.len(), 214);
}
