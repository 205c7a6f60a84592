//! What is wrong with a device's proof, one thing at a time.

use sealed_session::dbsc::DbscReason::*;

use crate::common::{MINUTE, decode, encode};
use crate::device::{Device, payload};
use crate::server::{LOGIN, Server, USER};

/// The order of the curve.
const N: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC,
    0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// A proof with another signature.
fn resigned(proof: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    let mut signature = decode(signature).unwrap();
    change(&mut signature);
    format!("{signed}.{}", encode(&signature))
}

#[test]
fn every_header_but_that_of_a_registration_is_refused_by_name() {
    let (server, device) = (Server::new(), Device::new(1));
    let challenge = server.devices.offer(LOGIN).unwrap();
    for (header, expected) in [
        ("", HeaderJson),
        ("[]", HeaderJson),
        (r#"["dbsc+jwt","ES256",null,JWK]"#, HeaderJson),
        (r#"{"alg":"ES256","jwk":JWK,"typ":"dbsc+jwt"}{}"#, HeaderJson),
        (r#"{"alg":"ES256","alg":"ES256","jwk":JWK,"typ":"dbsc+jwt"}"#, HeaderJson),
        (r#"{"alg":"ES256","jwk":JWK,"jwk":JWK,"typ":"dbsc+jwt"}"#, HeaderJson),
        (r#"{"alg":"ES256","jwk":JWK,"typ":"dbsc+jwt","ty\u0070":"JWT"}"#, HeaderJson),
        (r#"{"alg":["ES256"],"jwk":JWK,"typ":"dbsc+jwt"}"#, HeaderJson),
        (r#"{"alg":"ES256","jwk":JWK}"#, Type),
        (r#"{"alg":"ES256","jwk":JWK,"typ":null}"#, Type),
        (r#"{"alg":"ES256","jwk":JWK,"typ":"JWT"}"#, Type),
        (r#"{"alg":"ES256","jwk":JWK,"typ":"DBSC+JWT"}"#, Type),
        (r#"{"jwk":JWK,"typ":"dbsc+jwt"}"#, Algorithm),
        (r#"{"alg":"none","jwk":JWK,"typ":"dbsc+jwt"}"#, Algorithm),
        (r#"{"alg":"RS256","jwk":JWK,"typ":"dbsc+jwt"}"#, Algorithm),
        (r#"{"alg":"ES384","jwk":JWK,"typ":"dbsc+jwt"}"#, Algorithm),
        (r#"{"alg":"es256","jwk":JWK,"typ":"dbsc+jwt"}"#, Algorithm),
        (r#"{"alg":"ES256","crit":["exp"],"jwk":JWK,"typ":"dbsc+jwt"}"#, Critical),
        (r#"{"alg":"ES256","crit":null,"jwk":JWK,"typ":"dbsc+jwt"}"#, Critical),
        (r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, KeyMissing),
        (r#"{"alg":"ES256","jwk":null,"typ":"dbsc+jwt"}"#, KeyJson),
    ] {
        let proof = device.signed(&header.replace("JWK", &device.jwk()), &payload(&challenge));
        assert_eq!(server.refused_registration(&proof), expected, "{header}");
    }
}

#[test]
fn members_that_nobody_knows_are_ignored() {
    let (server, device) = (Server::new(), Device::new(1));
    let (x, y) = device.x_y();
    let jwk = format!(r#"{{"kid":"1","crv":"P-256","kty":"EC","x":"{x}","y":"{y}","ext":[{{}}]}}"#);
    let header = format!(r#" {{"new":1,"new":2,"alg":"ES256","jwk":{jwk},"typ":"dbsc+jwt"}} "#);
    let challenge = server.devices.offer(LOGIN).unwrap();
    let claims = format!(r#"{{"aud":"https://a","jti":"{challenge}","iat":1,"sub":{{"jti":"x"}}}}"#);
    assert!(server.devices.register(&device.signed(&header, &claims), LOGIN, USER).is_ok());
}

#[test]
fn every_key_but_a_point_of_the_curve_is_refused_by_name() {
    let (server, device) = (Server::new(), Device::new(1));
    let challenge = server.devices.offer(LOGIN).unwrap();
    let (x, y) = device.x_y();
    let of_33 = encode(&[0; 33]);
    let of_31 = encode(&decode(&x).unwrap()[1..]);
    let modulus = encode(&decode("_____wAAAAEAAAAAAAAAAAAAAAD_______________8").unwrap());
    let zero = encode(&[0; 32]);
    let cases = [
        (r#""P-256""#.to_owned(), KeyJson),
        (format!(r#"["EC","P-256","{x}","{y}"]"#), KeyJson),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}"}}"#), KeyJson),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","x":"{x}","y":"{y}"}}"#), KeyJson),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":5}}"#), KeyJson),
        (format!(r#"{{"kty":"OKP","crv":"P-256","x":"{x}","y":"{y}"}}"#), KeyType),
        (format!(r#"{{"kty":"ec","crv":"P-256","x":"{x}","y":"{y}"}}"#), KeyType),
        (format!(r#"{{"kty":"EC","crv":"P-384","x":"{x}","y":"{y}"}}"#), Curve),
        (format!(r#"{{"kty":"EC","crv":"secp256k1","x":"{x}","y":"{y}"}}"#), Curve),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{of_31}","y":"{y}"}}"#), Coordinates),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{of_33}"}}"#), Coordinates),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":""}}"#), Coordinates),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}=","y":"{y}"}}"#), Coordinates),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{y}","y":"{x}"}}"#), OffCurve),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{zero}","y":"{zero}"}}"#), OffCurve),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{modulus}","y":"{y}"}}"#), OffCurve),
    ];
    for (jwk, expected) in cases {
        let header = format!(r#"{{"alg":"ES256","jwk":{jwk},"typ":"dbsc+jwt"}}"#);
        let proof = device.signed(&header, &payload(&challenge));
        assert_eq!(server.refused_registration(&proof), expected, "{jwk}");
    }
    assert!(server.devices.register(&device.registration(&challenge), LOGIN, USER).is_ok());
}

#[test]
fn every_text_but_three_parts_of_base64url_is_refused_by_name() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let good = device.refresh(&registered.challenge);
    let parts: Vec<&str> = good.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    for (proof, expected) in [
        (String::new(), Parts),
        (header.to_owned(), Parts),
        (format!("{header}.{claims}"), Parts),
        (format!("{good}."), Parts),
        (format!("{good}.{signature}"), Parts),
        (format!("{header}.{claims}.{signature}="), Base64),
        (format!("{header}=.{claims}.{signature}"), Base64),
        (format!("{header}.{claims} .{signature}"), Base64),
        (format!("{header}.{claims}.{}+", &signature[1..]), Base64),
        (format!("{header}.{claims}.{}B", &signature[1..]), Base64),
        (format!("{header}.{claims}.é"), Base64),
        (format!("..{signature}"), HeaderJson),
        (format!("{header}.{claims}."), SignatureLength),
        (format!("{header}..{signature}"), Signature),
        ("A".repeat(4097), Length),
        (format!("{good}{}", "A".repeat(4097 - good.len())), Length),
        (format!("{good}{}", "A".repeat(4096 - good.len())), SignatureLength),
    ] {
        assert_eq!(server.refusal(&registered.identifier, &proof), expected, "{proof}");
    }
    server.proven(&registered.identifier, &good);
}

#[test]
fn every_signature_but_that_of_the_device_is_refused() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let good = device.refresh(&registered.challenge);
    let refusal = |proof: &str| server.refusal(&registered.identifier, proof);
    for bit in 0..64 * 8 {
        let flipped = resigned(&good, |signature| signature[bit / 8] ^= 1 << (bit % 8));
        assert_eq!(refusal(&flipped), Signature, "bit {bit}");
    }
    let thief = Device::new(2).refresh(&registered.challenge);
    assert_eq!(refusal(&thief), Signature);
    for half in [0..32, 32..64] {
        let zero = resigned(&good, |signature| signature[half.clone()].fill(0));
        assert_eq!(refusal(&zero), Signature);
        let order = resigned(&good, |signature| signature[half.clone()].copy_from_slice(&N));
        assert_eq!(refusal(&order), Signature);
    }
    assert_eq!(refusal(&resigned(&good, |signature| signature.truncate(63))), SignatureLength);
    assert_eq!(refusal(&resigned(&good, |signature| signature.push(0))), SignatureLength);
    assert_eq!(refusal(&resigned(&good, |signature| *signature = der(signature))), SignatureLength);
    server.proven(&registered.identifier, &good);
}

/// The same signature in the form that certificates have.
fn der(signature: &[u8]) -> Vec<u8> {
    let signature = p256::ecdsa::Signature::from_slice(signature).unwrap();
    signature.to_der().as_bytes().to_vec()
}

#[test]
fn the_other_of_two_good_signatures_is_good() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let good = device.refresh(&registered.challenge);
    let other = resigned(&good, |signature| {
        let mut borrow = 0;
        for at in (0..32).rev() {
            let difference = i16::from(N[at]) - i16::from(signature[32 + at]) - borrow;
            signature[32 + at] = difference.rem_euclid(256) as u8;
            borrow = i16::from(difference < 0);
        }
    });
    assert_ne!(other, good);
    server.proven(&registered.identifier, &other);
}

#[test]
fn a_refresh_must_not_bring_a_key() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let with_key = device.registration(&registered.challenge);
    assert_eq!(server.refusal(&registered.identifier, &with_key), KeyPresent);
    let null =
        device.signed(r#"{"alg":"ES256","jwk":null,"typ":"dbsc+jwt"}"#, &payload(&registered.challenge));
    assert_eq!(server.refusal(&registered.identifier, &null), KeyPresent);
}

#[test]
fn every_payload_but_one_with_a_challenge_is_refused_by_name() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let challenge = &registered.challenge;
    for (claims, expected) in [
        ("".to_owned(), PayloadJson),
        (format!(r#"["{challenge}"]"#), PayloadJson),
        (format!(r#"{{"jti":"{challenge}","jti":"{challenge}"}}"#), PayloadJson),
        (r#"{"jti":5}"#.to_owned(), PayloadJson),
        ("{}".to_owned(), ChallengeMissing),
        (r#"{"jti":null}"#.to_owned(), ChallengeMissing),
        (r#"{"jti":""}"#.to_owned(), Challenge),
        (format!(r#"{{"jti":"{challenge}A"}}"#), Challenge),
        (format!(r#"{{"jti":"\"{challenge}\""}}"#), Challenge),
    ] {
        let proof = device.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, &claims);
        assert_eq!(server.refusal(&registered.identifier, &proof), expected, "{claims}");
    }
}

/// Whoever cannot sign must not learn by it that a challenge is over, nor be given another.
#[test]
fn a_bad_signature_earns_no_challenge_whatever_it_is_over() {
    let (server, device) = (Server::new(), Device::new(1));
    let registered = server.registered(&device);
    let offered = server.devices.offer(LOGIN).unwrap();
    let thief = Device::new(2);
    server.clock.advance(20 * MINUTE);
    for signed in [&registered.challenge, &offered, &registered.identifier, &"no challenge".to_owned()] {
        assert_eq!(server.refusal(&registered.identifier, &thief.refresh(signed)), Signature);
        let forged = resigned(&device.registration(signed), |signature| signature[0] ^= 1);
        assert_eq!(server.refused_registration(&forged), Signature);
    }
    let short = resigned(&device.refresh(&registered.challenge), |signature| signature.truncate(63));
    assert_eq!(server.refusal(&registered.identifier, &short), SignatureLength);
    server.asked(&registered.identifier, Some(&device.refresh(&registered.challenge)));
}
