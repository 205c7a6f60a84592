//! Bound sessions and proofs that do not open, each for one reason.

use super::browser::Browser;
use super::server::{PROOF_TTL, Server, USER, binding, proof_data, random, respelt};
use super::vector;
use crate::vectors::file::Vector;
use crate::vectors::json::Json;
use crate::vectors::scene::{HOUR, RENEWED, encode, salt};

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
    let namesake = |suffix: &str| {
        let data = proof_data(&mine);
        server.sealed(suffix, &random("namesake", 40), None, &data, [RENEWED, RENEWED, RENEWED + PROOF_TTL])
    };
    let mut proofs = vec![
        ("a bound session with the proof of another device", "Spliced", ("session", "aead"), of_other),
        ("a proof at the moment at which it is over", "Expiry", ("proof", "expired"), over),
        ("a challenge for a proof", "Purpose", ("proof", "key_id"), challenge),
        ("an identifier for a proof", "Purpose", ("proof", "key_id"), mine.clone()),
        ("a bound session for a proof", "Purpose", ("proof", "key_id"), token.clone()),
        (
            "a session of the cookie __Host-session-proof, with the data of a proof",
            "Purpose",
            ("proof", "key_id"),
            namesake("-proof"),
        ),
        ("a session of the login, with the data of a proof", "Purpose", ("proof", "key_id"), namesake("")),
    ];
    proofs.extend(other_data(&mine).map(|(comment, data)| {
        let proof = server.proof_of(&random(comment, 40), None, &data, RENEWED);
        (comment, "Challenge", ("proof", "record_data"), proof)
    }));
    let sessions = [
        ("the session of the login for a bound session", "Purpose", ("session", "key_id"), unbound),
        ("a proof for a bound session", "Purpose", ("session", "key_id"), of_mine.clone()),
        (
            "a session of the cookie __Host-session-bound for a bound session",
            "Purpose",
            ("session", "key_id"),
            server.bound_as("-bound", "namesake", &mine, b""),
        ),
    ];
    let of_proof = |(comment, flag, refused, proof): (&str, &'static str, (&str, &str), String)| {
        bound_refused((comment, flag), &server, refused, [&proof, &token], ("proof", Json::from(&of_mine)))
    };
    let of_session = |(comment, flag, refused, other): (&str, &'static str, (&str, &str), String)| {
        bound_refused((comment, flag), &server, refused, [&of_mine, &other], ("token", Json::from(&token)))
    };
    proofs.into_iter().map(of_proof).chain(sessions.into_iter().map(of_session)).collect()
}

/// Data of a proof as a JSON reader may take it, but not as it is written.
fn other_data(identifier: &str) -> [(&'static str, String); 8] {
    let (good, binding) = (proof_data(identifier), encode(&binding(identifier)));
    [
        ("a proof without a member", "{}".into()),
        ("a proof with no bytes", r#"{"dbsc":""}"#.into()),
        ("a proof with white space at the end", format!("{good} ")),
        ("a proof with white space within", format!(r#"{{"dbsc": "{binding}"}}"#)),
        ("a proof with one more member", format!(r#"{{"dbsc":"{binding}","more":1}}"#)),
        ("a proof with its member twice", format!(r#"{{"dbsc":"{binding}","dbsc":"{binding}"}}"#)),
        ("a proof whose base64url is not strict", respelt(&good)),
        ("a proof with the data of a challenge", format!(r#"{{"refresh":"{binding}"}}"#)),
    ]
}

pub(super) fn bound_refused(
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
