//! What is wrong with a device's proof, one thing at a time.

use super::browser::{self, Browser, N, payload};
use super::server::{CHALLENGE_TTL, LIFETIME, LOGIN, PROOF_TTL, REGISTRATION_TTL, Server, USER, random};
use super::vector;
use crate::vectors::file::Vector;
use crate::vectors::json::{Json, hex};
use crate::vectors::scene::{HOUR, RENEWED, decode, encode, root, salt};

type Case = (&'static str, &'static str, &'static str, String);

const REFRESH: &str = r#"{"alg":"ES256","typ":"dbsc+jwt"}"#;

/// A registration that is refused, and the good one.
struct Registration {
    server: Server,
    browser: Browser,
    challenge: String,
    good: String,
}

impl Registration {
    fn new() -> Self {
        let (server, browser) = (Server::new(), Browser::new(1));
        let challenge = server.registration_challenge(&random("a registration", 40));
        let good = browser.registration(&challenge);
        Self { server, browser, challenge, good }
    }

    fn vector(&self, (comment, flag, check, jwt): Case) -> Vector {
        self.elsewhere(
            (comment, flag, check, jwt),
            &self.server,
            (LOGIN, RENEWED),
            ("jwt", Json::from(&self.good)),
        )
    }

    fn elsewhere(
        &self,
        (comment, flag, check, jwt): Case,
        server: &Server,
        (login, now): ([u8; 16], u64),
        repair: (&'static str, Json),
    ) -> Vector {
        let transient = check == "challenge" && flag == "Leeway";
        let body = members! {
            "login_uid": hex(&login),
            "user": USER,
            "now": now,
            "jwt": jwt,
            "check": check,
            "outcome": if transient { "transient" } else { "ends" },
            "repair": Json::Object(vec![repair]),
        };
        vector("DbscRegistrationRefused", comment, flag, server, body)
    }

    fn header(&self, header: &str) -> String {
        self.browser.signed(&header.replace("JWK", &self.browser.jwk()), payload(&self.challenge))
    }

    fn jwk(&self, jwk: &str) -> String {
        let (x, y) = self.browser.x_y();
        let jwk = jwk.replace("XXX", &x).replace("YYY", &y);
        self.header(&format!(r#"{{"alg":"ES256","jwk":{jwk},"typ":"dbsc+jwt"}}"#))
    }
}

pub(super) fn registrations() -> Vec<Vector> {
    let registration = Registration::new();
    let cases = [headers(&registration), keys(&registration)].into_iter().flatten();
    let mut vectors: Vec<Vector> = cases.map(|case| registration.vector(case)).collect();
    vectors.extend(registration_challenges(&registration));
    vectors
}

fn headers(registration: &Registration) -> Vec<Case> {
    let of = |comment, check, header: &str| (comment, "JwtHeader", check, registration.header(header));
    vec![
        of("a header without members", "typ", "{}"),
        of("a header that is a list of its members", "header_json", r#"["dbsc+jwt","ES256",null,JWK]"#),
        of("a header that is no JSON", "header_json", r#"{"alg":"ES256","jwk":JWK,"typ":"dbsc+jwt""#),
        of("alg given twice", "header_json", r#"{"alg":"ES256","alg":"ES256","jwk":JWK,"typ":"dbsc+jwt"}"#),
        of(
            "typ given twice, once with an escape",
            "header_json",
            r#"{"alg":"ES256","jwk":JWK,"typ":"dbsc+jwt","ty\u0070":"dbsc+jwt"}"#,
        ),
        of("jwk given twice", "header_json", r#"{"alg":"ES256","jwk":JWK,"jwk":JWK,"typ":"dbsc+jwt"}"#),
        of(
            "half of a surrogate pair in a name that nobody knows",
            "header_json",
            r#"{"alg":"ES256","jwk":JWK,"typ":"dbsc+jwt","\ud83d":1}"#,
        ),
        of("alg in a list", "header_json", r#"{"alg":["ES256"],"jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("no typ", "typ", r#"{"alg":"ES256","jwk":JWK}"#),
        of("a typ of null", "typ", r#"{"alg":"ES256","jwk":JWK,"typ":null}"#),
        of("the typ of other JWTs", "typ", r#"{"alg":"ES256","jwk":JWK,"typ":"JWT"}"#),
        of("the typ in capitals", "typ", r#"{"alg":"ES256","jwk":JWK,"typ":"DBSC+JWT"}"#),
        of("no alg", "alg", r#"{"jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("alg none", "alg", r#"{"alg":"none","jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("alg RS256", "alg", r#"{"alg":"RS256","jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("alg ES384", "alg", r#"{"alg":"ES384","jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("alg in small letters", "alg", r#"{"alg":"es256","jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("a critical extension", "crit", r#"{"alg":"ES256","crit":["b64"],"jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("a crit of null", "crit", r#"{"alg":"ES256","crit":null,"jwk":JWK,"typ":"dbsc+jwt"}"#),
        of("a registration without a jwk", "jwk_missing", REFRESH),
    ]
}

fn keys(registration: &Registration) -> Vec<Case> {
    let of = |comment, check, jwk: &str| (comment, "JwtKey", check, registration.jwk(jwk));
    let with = |x: &[u8], y: &str| format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{y}"}}"#, encode(x));
    let (x, y) = registration.browser.x_y();
    let x = decode(&x);
    let modulus = [[0xFF; 4].as_slice(), &[0, 0, 0, 1], &[0; 12], &[0xFF; 12]].concat();
    let other_y = Browser::new(2).x_y().1;
    vec![
        of("a jwk of null", "jwk_json", "null"),
        of("a jwk that is a list of its members", "jwk_json", r#"["EC","P-256","XXX","YYY"]"#),
        of("a jwk without y", "jwk_json", r#"{"crv":"P-256","kty":"EC","x":"XXX"}"#),
        of("a jwk with x twice", "jwk_json", r#"{"crv":"P-256","kty":"EC","x":"XXX","x":"XXX","y":"YYY"}"#),
        of("a jwk of another type", "kty", r#"{"crv":"P-256","kty":"OKP","x":"XXX","y":"YYY"}"#),
        of("a jwk of P-384", "crv", r#"{"crv":"P-384","kty":"EC","x":"XXX","y":"YYY"}"#),
        of("a jwk of secp256k1", "crv", r#"{"crv":"secp256k1","kty":"EC","x":"XXX","y":"YYY"}"#),
        of("an x of 31 bytes", "coordinates", &with(&x[1..], &y)),
        of("an x of 33 bytes", "coordinates", &with(&[&[0], x.as_slice()].concat(), &y)),
        of("an x with padding", "coordinates", r#"{"crv":"P-256","kty":"EC","x":"XXX=","y":"YYY"}"#),
        of("an empty y", "coordinates", r#"{"crv":"P-256","kty":"EC","x":"XXX","y":""}"#),
        of("the y of another key", "off_curve", &with(&x, &other_y)),
        of("x and y exchanged", "off_curve", r#"{"crv":"P-256","kty":"EC","x":"YYY","y":"XXX"}"#),
        of("x and y of zero", "off_curve", &with(&[0; 32], &encode(&[0; 32]))),
        of("an x as large as the field", "off_curve", &with(&modulus, &y)),
        (
            "the jwk of another key than the one that signs",
            "JwtSignature",
            "signature",
            registration
                .header(&format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"}}"#, Browser::new(2).jwk())),
        ),
    ]
}

fn registration_challenges(registration: &Registration) -> Vec<Vector> {
    let Registration { server, browser, challenge, good } = registration;
    let over = RENEWED + REGISTRATION_TTL;
    let identifier = server.identifier(&random("identifier", 40), browser, USER, RENEWED);
    let for_refresh =
        server.refresh_challenge(&random("a challenge for a refresh", 40), &identifier, RENEWED);
    let ahead = Server::with(|s| s.leeway_ms = 0);
    let mut changed = challenge.clone();
    changed.replace_range(100..101, if &changed[100..101] == "A" { "B" } else { "A" });
    let case = |comment, flag, check| (comment, flag, check, good.clone());
    vec![
        registration.elsewhere(
            case(
                "a registration at the moment at which its challenge is over",
                "Expiry",
                "challenge_expired",
            ),
            server,
            (LOGIN, over),
            ("now", Json::from(over - 1)),
        ),
        registration.elsewhere(
            case("a registration by another session", "OtherSession", "challenge_of_another"),
            server,
            ([8; 16], RENEWED),
            ("login_uid", Json::from(hex(&LOGIN))),
        ),
        registration.elsewhere(
            case("a registration 1 ms before its challenge was made", "Leeway", "challenge"),
            &ahead,
            (LOGIN, RENEWED - 1),
            ("now", Json::from(RENEWED)),
        ),
        registration.vector((
            "a registration with a challenge for a refresh",
            "Purpose",
            "challenge_kind",
            browser.registration(&for_refresh),
        )),
        registration.vector((
            "a registration with a challenge that was changed",
            "Ciphertext",
            "challenge",
            browser.registration(&changed),
        )),
    ]
}

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

pub(super) fn refreshes() -> Vec<Vector> {
    let refresh = Refresh::new();
    let cases = [texts(&refresh), signatures(&refresh), payloads(&refresh), challenges(&refresh)];
    let mut vectors: Vec<Vector> = cases.into_iter().flatten().map(|case| refresh.vector(case)).collect();
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
    ]
}

fn identifiers(refresh: &Refresh) -> Vec<Vector> {
    let Refresh { server, identifier, good, .. } = refresh;
    let random = random("identifier", 40);
    let mut changed = identifier.clone();
    changed.replace_range(150..151, if &changed[150..151] == "A" { "B" } else { "A" });
    let of = |comment, flag, other: &str| refresh.of_identifier(comment, flag, other);
    let old = server.identifier(&random, &refresh.browser, USER, RENEWED - LIFETIME);
    let ahead = server.identifier(&random, &refresh.browser, USER, RENEWED + 60_001);
    let expired = ("an identifier that is over", "Expiry", "identifier_expired", good.clone());
    vec![
        of("an identifier that was changed", "Ciphertext", &changed),
        of("a challenge for an identifier", "Purpose", &refresh.challenge),
        of("a proof for an identifier", "Purpose", &server.proof(&random, identifier, RENEWED)),
        of("a bound session for an identifier", "Purpose", &server.bound("b", identifier, b"")),
        of(
            "an identifier without a y",
            "Challenge",
            &server.identifier_of(&random, USER, r#"{"x":""}"#, RENEWED),
        ),
        refresh.elsewhere(expired, &old, RENEWED, ("identifier", Json::from(identifier))),
        refresh.elsewhere(
            ("an identifier from further ahead than the leeway", "Leeway", "identifier", good.clone()),
            &ahead,
            RENEWED,
            ("identifier", Json::from(identifier)),
        ),
    ]
}

pub(super) fn bound() -> Vec<Vector> {
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
