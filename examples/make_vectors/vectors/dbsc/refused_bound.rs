//! Bound sessions and proofs that do not open, each for one reason.

use super::browser::Browser;
use super::server::{PROOF_TTL, Server, USER, random};
use super::vector;
use crate::vectors::file::Vector;
use crate::vectors::json::Json;
use crate::vectors::scene::{HOUR, RENEWED, salt};

pub(super) fn all() -> Vec<Vector> {
    let server = Server::new();
    let [mine, other] = [1, 2].map(|number| {
        let random = random(&format!("identifier {number}"), 40);
        server.identifier(&random, &Browser::new(number), USER, RENEWED - HOUR)
    });
    let [of_mine, of_other] = [&mine, &other].map(|of| server.proof(&random(of, 40), of, RENEWED));
    let over = server.proof(&random("over", 40), &mine, RENEWED - PROOF_TTL);
    let token = server.bound("of mine", &mine, b"");
    let unbound = server.0.token(&salt("unbound"));
    let challenge = server.refresh_challenge(&random("c", 40), &mine, RENEWED);
    let proofs = [
        ("a bound session with the proof of another device", "Spliced", ("session", "aead"), of_other),
        ("a proof at the moment at which it is over", "Expiry", ("proof", "expired"), over),
        ("a challenge for a proof", "Purpose", ("proof", "key_id"), challenge),
        ("an identifier for a proof", "Purpose", ("proof", "key_id"), mine.clone()),
        ("a bound session for a proof", "Purpose", ("proof", "key_id"), token.clone()),
    ];
    let sessions = [
        ("the session of the login for a bound session", "Purpose", ("session", "key_id"), unbound),
        ("a proof for a bound session", "Purpose", ("session", "key_id"), of_mine.clone()),
    ];
    let of_proof = |(comment, flag, refused, proof): (&str, &'static str, (&str, &str), String)| {
        bound_refused((comment, flag), &server, refused, [&proof, &token], ("proof", Json::from(&of_mine)))
    };
    let of_session = |(comment, flag, refused, other): (&str, &'static str, (&str, &str), String)| {
        bound_refused((comment, flag), &server, refused, [&of_mine, &other], ("token", Json::from(&token)))
    };
    proofs.into_iter().map(of_proof).chain(sessions.into_iter().map(of_session)).collect()
}

fn bound_refused(
    (comment, flag): (&str, &'static str),
    server: &Server,
    (of, check): (&str, &str),
    [proof, token]: [&String; 2],
    repair: (&'static str, Json),
) -> Vector {
    let body = members! {
        "proof": proof,
        "token": token,
        "ad": "",
        "now": RENEWED,
        "of": of,
        "check": check,
        "repair": Json::Object(vec![repair]),
    };
    vector("DbscBoundRefused", comment, flag, server, body)
}
