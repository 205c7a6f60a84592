//! Refreshes that are refused, each for one reason.

use super::browser::{self, Browser, N, payload};
use super::limits;
use super::server::{CHALLENGE_TTL, LIFETIME, Server, USER, binding, random, respelt};
use super::vector;
use crate::vectors::file::Vector;
use crate::vectors::json::Json;
use crate::vectors::scene::{HOUR, RENEWED, encode, root};

/// Comment, flag, check, and what is refused.
type Case = (&'static str, &'static str, &'static str, String);

const REFRESH: &str = r#"{"alg":"ES256","typ":"dbsc+jwt"}"#;

/// A refresh that is refused, and the good one.
struct Refresh {
    server: Server,
    browser: Browser,
    identifier: String,
    challenge: String,
    good: String,
}

impl Refresh {
    fn new() -> Self {
        let (server, browser) = (Server::new(), Browser::new(1));
        let identifier = server.identifier(&random("identifier", 40), &browser, USER, RENEWED - HOUR);
        let challenge = server.refresh_challenge(&random("challenge", 40), &identifier, RENEWED);
        let good = browser.refresh(&challenge);
        Self { server, browser, identifier, challenge, good }
    }

    fn vector(&self, case: Case) -> Vector {
        self.elsewhere(case, &self.identifier, RENEWED, ("jwt", Json::from(&self.good)))
    }

    fn of_identifier(&self, comment: &'static str, flag: &'static str, identifier: &str) -> Vector {
        let case = (comment, flag, "identifier", self.good.clone());
        self.elsewhere(case, identifier, RENEWED, ("identifier", Json::from(&self.identifier)))
    }

    fn elsewhere(
        &self,
        (comment, flag, check, jwt): Case,
        identifier: &str,
        now: u64,
        repair: (&'static str, Json),
    ) -> Vector {
        let body = members! {
            "identifier": identifier,
            "jwt": jwt,
            "now": now,
            "check": check,
            "outcome": if flag == "Leeway" { "transient" } else { "ends" },
            "repair": Json::Object(vec![repair]),
        };
        vector("DbscRefreshRefused", comment, flag, &self.server, body)
    }
}

pub(super) fn all() -> Vec<Vector> {
    let refresh = Refresh::new();
    let cases =
        [texts(&refresh), signatures(&refresh), payloads(&refresh), challenges(&refresh), unearned(&refresh)];
    let mut vectors: Vec<Vector> = cases.into_iter().flatten().map(|case| refresh.vector(case)).collect();
    let limits = limits::refused_refreshes(&refresh.browser, &refresh.challenge);
    vectors.extend(limits.into_iter().map(|case| refresh.vector(case)));
    vectors.extend(identifiers(&refresh));
    vectors
}

fn texts(refresh: &Refresh) -> Vec<Case> {
    let good = &refresh.good;
    let [header, claims, signature] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let of = |comment, check, jwt: String| (comment, "JwtText", check, jwt);
    // 64 bytes leave the last of 86 characters four bits that encode nothing.
    let respelt = format!("{}{}", &signature[..85], next(&signature[85..]));
    vec![
        of("no proof at all", "parts", String::new()),
        of("a proof that is one quotation mark", "parts", "\"".into()),
        of("a proof of two quotation marks and nothing between them", "parts", "\"\"".into()),
        of("a proof of two parts", "parts", format!("{header}.{claims}")),
        of("a proof of four parts", "parts", format!("{good}.{signature}")),
        of("a proof of 4097 characters", "length", format!("{good}{}", "A".repeat(4097 - good.len()))),
        of(
            "a proof of 4096 characters",
            "signature_length",
            format!("{good}{}", "A".repeat(4096 - good.len())),
        ),
        of("a signature with padding", "base64", format!("{good}==")),
        of(
            "a signature whose last character has bits that encode nothing",
            "base64",
            format!("{header}.{claims}.{respelt}"),
        ),
        of("a header with padding", "base64", format!("{header}=.{claims}.{signature}")),
        of("a payload with a space", "base64", format!("{header}.{claims} .{signature}")),
        of("a payload in the other alphabet", "base64", format!("{header}.+{}.{signature}", &claims[1..])),
        of("a header of no bytes", "header_json", format!(".{claims}.{signature}")),
    ]
}

/// The next character of the alphabet, for one that is not the last.
fn next(character: &str) -> char {
    char::from(character.as_bytes()[0] + 1)
}

fn signatures(refresh: &Refresh) -> Vec<Case> {
    let of = |comment, check, change: &dyn Fn(&mut Vec<u8>)| {
        (comment, "JwtSignature", check, browser::resigned(&refresh.good, change))
    };
    vec![
        of("the first bit of r changed", "signature", &|signature| signature[0] ^= 0x80),
        of("the last bit of s changed", "signature", &|signature| signature[63] ^= 1),
        of("r and s exchanged", "signature", &|signature| signature.rotate_left(32)),
        of("an r of zero", "signature", &|signature| signature[..32].fill(0)),
        of("an s of zero", "signature", &|signature| signature[32..].fill(0)),
        of("an r as large as the order of the curve", "signature", &|signature| {
            signature[..32].copy_from_slice(&N);
        }),
        of("an s as large as the order of the curve", "signature", &|signature| {
            signature[32..].copy_from_slice(&N);
        }),
        of("a signature of 63 bytes", "signature_length", &|signature| signature.truncate(63)),
        of("a signature of 65 bytes", "signature_length", &|signature| signature.push(0)),
        of("a signature of no bytes", "signature_length", &|signature| signature.clear()),
        of("a signature in DER", "signature_length", &|signature| *signature = browser::der(signature)),
        (
            "a signature of another device",
            "JwtSignature",
            "signature",
            Browser::new(2).refresh(&refresh.challenge),
        ),
        (
            "a refresh that brings the key that counts",
            "JwtKey",
            "jwk_present",
            refresh.browser.registration(&refresh.challenge),
        ),
        (
            "a refresh that brings another key, which signs it",
            "JwtKey",
            "jwk_present",
            Browser::new(2).registration(&refresh.challenge),
        ),
        (
            "a refresh with a jwk of null",
            "JwtKey",
            "jwk_present",
            refresh
                .browser
                .signed(r#"{"alg":"ES256","jwk":null,"typ":"dbsc+jwt"}"#, payload(&refresh.challenge)),
        ),
    ]
}

fn payloads(refresh: &Refresh) -> Vec<Case> {
    let challenge = &refresh.challenge;
    let of = |comment, check, claims: &str| {
        (comment, "JwtPayload", check, refresh.browser.signed(REFRESH, claims.replace("JTI", challenge)))
    };
    vec![
        of("a payload of no bytes", "payload_json", ""),
        of("a payload that is a list", "payload_json", r#"["JTI"]"#),
        of("jti given twice", "payload_json", r#"{"jti":"JTI","jti":"JTI"}"#),
        of("a jti that is a number", "payload_json", r#"{"jti":5}"#),
        of("a jti with half of a surrogate pair", "payload_json", r#"{"jti":"\ud83d"}"#),
        of("half of a surrogate pair where nobody looks", "jti_missing", r#"{"sub":["\ud83d"]}"#),
        (
            "a payload that is not UTF-8 where nobody looks",
            "JwtPayload",
            "payload_json",
            refresh.browser.signed(REFRESH, [br#"{"sub":""#, [0xFF].as_slice(), br#""}"#].concat()),
        ),
        of("no jti", "jti_missing", r#"{"sub":"JTI"}"#),
        of("a jti of null", "jti_missing", r#"{"jti":null}"#),
        of("an empty jti", "challenge", r#"{"jti":""}"#),
        of("a jti in quotation marks", "challenge", r#"{"jti":"\"JTI\""}"#),
    ]
}

fn challenges(refresh: &Refresh) -> Vec<Case> {
    let Refresh { server, browser, identifier, challenge, .. } = refresh;
    let other = server.identifier(&random("another identifier", 40), browser, USER, RENEWED - HOUR);
    let of_another = server.refresh_challenge(&random("of another", 40), &other, RENEWED);
    let for_registration = server.registration_challenge(&random("for a registration", 40));
    let elsewhere = Server::with(|s| s.roots = vec![root(9)]);
    let mut changed = challenge.clone();
    changed.replace_range(150..151, if &changed[150..151] == "A" { "B" } else { "A" });
    let data = server.challenge_of(&random("other data", 40), r#"{"refresh":""}"#, RENEWED, CHALLENGE_TTL);
    let good = format!(r#"{{"refresh":"{}"}}"#, encode(&binding(identifier)));
    let with = |data: String| server.challenge_of(&random("other", 40), &data, RENEWED, CHALLENGE_TTL);
    let of = |comment, flag, check, challenge: &str| (comment, flag, check, browser.refresh(challenge));
    vec![
        of(
            "a challenge for the other session of the device",
            "OtherSession",
            "challenge_of_another",
            &of_another,
        ),
        of("a challenge for a registration, at a refresh", "Purpose", "challenge_kind", &for_registration),
        of(
            "a proof for a challenge",
            "Purpose",
            "challenge",
            &server.proof(&random("p", 40), identifier, RENEWED),
        ),
        of("an identifier for a challenge", "Purpose", "challenge", identifier),
        of("a bound session for a challenge", "Purpose", "challenge", &server.bound("b", identifier, b"")),
        of(
            "a challenge of another ring",
            "OtherRoot",
            "challenge",
            &elsewhere.refresh_challenge(&random("challenge", 40), identifier, RENEWED),
        ),
        of("a challenge that was changed", "Ciphertext", "challenge", &changed),
        of("a challenge with other data", "Challenge", "challenge", &data),
        of("a challenge with white space at the end", "Challenge", "challenge", &with(format!("{good} "))),
        of("a challenge whose base64url is not strict", "Challenge", "challenge", &with(respelt(&good))),
    ]
}

/// A challenge that is over, and not signed by the device: it earns no new one.
fn unearned(refresh: &Refresh) -> Vec<Case> {
    let Refresh { server, browser, identifier, .. } = refresh;
    let over = server.refresh_challenge(&random("over", 40), identifier, RENEWED - CHALLENGE_TTL);
    let good = browser.refresh(&over);
    let of = |comment, check, jwt: String| (comment, "Order", check, jwt);
    vec![
        of("a challenge that is over, signed by another device", "signature", Browser::new(2).refresh(&over)),
        of(
            "a challenge that is over, and a forged signature",
            "signature",
            browser::resigned(&good, |signature| signature[0] ^= 0x80),
        ),
        of(
            "a challenge that is over, and a signature of 63 bytes",
            "signature_length",
            browser::resigned(&good, |signature| signature.truncate(63)),
        ),
        of("a challenge that is over, and a jwk", "jwk_present", browser.registration(&over)),
        of(
            "a challenge that is over, and jti twice",
            "payload_json",
            browser.signed(REFRESH, format!(r#"{{"jti":"{over}","jti":"{over}"}}"#)),
        ),
    ]
}

fn identifiers(refresh: &Refresh) -> Vec<Vector> {
    let Refresh { server, identifier, good, .. } = refresh;
    let random = random("identifier", 40);
    let mut changed = identifier.clone();
    changed.replace_range(150..151, if &changed[150..151] == "A" { "B" } else { "A" });
    let (x, y) = refresh.browser.x_y();
    let key = format!(r#"{{"x":"{x}","y":"{y}"}}"#);
    let with = |data: String| server.identifier_of(&random, USER, &data, RENEWED - HOUR);
    let of = |comment, flag, other: &str| refresh.of_identifier(comment, flag, other);
    let old = server.identifier(&random, &refresh.browser, USER, RENEWED - LIFETIME);
    let ahead = server.identifier(&random, &refresh.browser, USER, RENEWED + 60_001);
    let expired = ("an identifier that is over", "Expiry", "identifier_expired", good.clone());
    vec![
        of("an identifier that was changed", "Ciphertext", &changed),
        of(
            "an identifier of 8193 characters",
            "Challenge",
            &format!("{identifier}{}", "A".repeat(8193 - identifier.len())),
        ),
        of(
            "an identifier between two pairs of quotation marks",
            "Challenge",
            &format!("\"\"{identifier}\"\""),
        ),
        of("a challenge for an identifier", "Purpose", &refresh.challenge),
        of("a proof for an identifier", "Purpose", &server.proof(&random, identifier, RENEWED)),
        of("a bound session for an identifier", "Purpose", &server.bound("b", identifier, b"")),
        of(
            "an identifier without a y",
            "Challenge",
            &server.identifier_of(&random, USER, r#"{"x":""}"#, RENEWED),
        ),
        of("an identifier with white space at the end", "Challenge", &with(format!("{key} "))),
        of("an identifier with y before x", "Challenge", &with(format!(r#"{{"y":"{y}","x":"{x}"}}"#))),
        of("an identifier whose base64url is not strict", "Challenge", &with(respelt(&key))),
        of("an identifier that is one quotation mark", "Challenge", "\""),
        refresh.elsewhere(expired, &old, RENEWED, ("identifier", Json::from(identifier))),
        refresh.elsewhere(
            ("an identifier from further ahead than the leeway", "Leeway", "identifier", good.clone()),
            &ahead,
            RENEWED,
            ("identifier", Json::from(identifier)),
        ),
    ]
}
