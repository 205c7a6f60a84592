//! What is wrong in two ways, for the order of the checks.

use super::browser::{self, Browser, payload};
use super::server::{CHALLENGE_TTL, LIFETIME, LOGIN, REGISTRATION_TTL, Server, USER, random};
use super::vector;
use crate::vectors::file::Vector;
use crate::vectors::json::{Json, Members, hex};
use crate::vectors::scene::{HOUR, RENEWED, encode};

/// Two faults: what they are, the check that tells, and the one that tells once the first is mended.
type Faults = (&'static str, &'static str, &'static str);
/// The faults, what has both, and what has the second alone.
type Case = (Faults, String, String);

const REFRESH: &str = r#"{"alg":"ES256","typ":"dbsc+jwt"}"#;

/// A server, a device that has registered with it, and what it signs.
struct Known {
    server: Server,
    browser: Browser,
    identifier: String,
    challenge: String,
    offered: String,
}

pub(super) fn all() -> Vec<Vector> {
    let (server, browser) = (Server::new(), Browser::new(1));
    let identifier = server.identifier(&random("identifier", 40), &browser, USER, RENEWED - HOUR);
    let challenge = server.refresh_challenge(&random("challenge", 40), &identifier, RENEWED);
    let offered = server.registration_challenge(&random("a registration", 40));
    let known = Known { server, browser, identifier, challenge, offered };
    let texts = known.texts().into_iter().chain(known.headers()).chain(known.keys());
    let registrations = texts.chain(known.payloads()).map(|case| known.registration(case));
    let refreshes = known.refresh_texts().into_iter().chain(known.challenges());
    let refreshes = refreshes.map(|case| known.refresh(case));
    let mut vectors: Vec<Vector> = registrations.collect();
    vectors.extend(known.circumstances());
    vectors.extend(refreshes);
    vectors.extend(known.identifiers());
    vectors
}

/// The same with a signature that is none, or one of 63 bytes.
fn forged(jwt: &str) -> String {
    browser::resigned(jwt, |signature| signature[0] ^= 0x80)
}

fn cut(jwt: &str) -> String {
    browser::resigned(jwt, |signature| signature.truncate(63))
}

fn then(check: &str) -> (&'static str, Json) {
    ("then", Json::Object(members! { "outcome": "ends", "check": check }))
}

fn told((_, check, then_check): Faults, repair: (&'static str, Json)) -> Members {
    let mut body = members! {
        "check": check,
        "outcome": "ends",
        "repair": Json::Object(vec![repair]),
    };
    body.push(then(then_check));
    body
}

impl Known {
    fn registration(&self, (faults, jwt, mended): Case) -> Vector {
        self.registration_at(faults, (LOGIN, RENEWED), jwt, ("jwt", Json::from(mended)))
    }

    fn registration_at(
        &self,
        faults: Faults,
        (login, now): ([u8; 16], u64),
        jwt: String,
        repair: (&'static str, Json),
    ) -> Vector {
        let mut body = members! { "login_uid": hex(&login), "user": USER, "now": now, "jwt": jwt };
        body.extend(told(faults, repair));
        vector("DbscRegistrationOrder", faults.0, "Order", &self.server, body)
    }

    fn refresh(&self, (faults, jwt, mended): Case) -> Vector {
        self.refresh_of(faults, &self.identifier, jwt, ("jwt", Json::from(mended)))
    }

    fn refresh_of(
        &self,
        faults: Faults,
        identifier: &str,
        jwt: String,
        repair: (&'static str, Json),
    ) -> Vector {
        let mut body = members! { "identifier": identifier, "jwt": jwt, "now": RENEWED };
        body.extend(told(faults, repair));
        vector("DbscRefreshOrder", faults.0, "Order", &self.server, body)
    }

    /// A registration with this header, where JWK stands for the key of the device.
    fn with_header(&self, header: &str) -> String {
        self.browser.signed(&header.replace("JWK", &self.browser.jwk()), payload(&self.offered))
    }

    fn with_jwk(&self, jwk: &str) -> String {
        let (x, y) = self.browser.x_y();
        let jwk = jwk.replace("XXX", &x).replace("YYY", &y).replace("SHORT", &encode(&[1; 31]));
        self.with_header(&format!(r#"{{"alg":"ES256","jwk":{jwk},"typ":"dbsc+jwt"}}"#))
    }

    fn texts(&self) -> Vec<Case> {
        let good = self.browser.registration(&self.offered);
        let [header, claims, signature] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
        let no_object = encode(b"[]");
        vec![
            (
                ("a registration that is too long, and no three parts", "length", "parts"),
                "A".repeat(4097),
                "A".repeat(4096),
            ),
            (
                ("a registration of four parts, and with padding", "parts", "base64"),
                format!("{header}.{claims}.{signature}=.{signature}"),
                format!("{header}.{claims}.{signature}="),
            ),
            (
                ("a registration with padding, and whose header is a list", "base64", "header_json"),
                format!("{no_object}.{claims}.{signature}="),
                format!("{no_object}.{claims}.{signature}"),
            ),
        ]
    }

    fn headers(&self) -> Vec<Case> {
        let of = |faults, bad: &str, mended: &str| (faults, self.with_header(bad), self.with_header(mended));
        let without_key = |header| self.with_header(header);
        vec![
            of(
                ("alg given twice, and the typ of other JWTs", "header_json", "typ"),
                r#"{"alg":"ES256","alg":"ES256","jwk":JWK,"typ":"JWT"}"#,
                r#"{"alg":"ES256","jwk":JWK,"typ":"JWT"}"#,
            ),
            of(
                ("the typ of other JWTs, and alg none", "typ", "alg"),
                r#"{"alg":"none","jwk":JWK,"typ":"JWT"}"#,
                r#"{"alg":"none","jwk":JWK,"typ":"dbsc+jwt"}"#,
            ),
            of(
                ("alg none, and a critical extension", "alg", "crit"),
                r#"{"alg":"none","crit":["b64"],"jwk":JWK,"typ":"dbsc+jwt"}"#,
                r#"{"alg":"ES256","crit":["b64"],"jwk":JWK,"typ":"dbsc+jwt"}"#,
            ),
            of(
                ("a critical extension, and no jwk", "crit", "jwk_missing"),
                r#"{"alg":"ES256","crit":["b64"],"typ":"dbsc+jwt"}"#,
                REFRESH,
            ),
            of(
                ("a critical extension, and a jwk of null", "crit", "jwk_json"),
                r#"{"alg":"ES256","crit":["b64"],"jwk":null,"typ":"dbsc+jwt"}"#,
                r#"{"alg":"ES256","jwk":null,"typ":"dbsc+jwt"}"#,
            ),
            (
                ("no jwk, and a signature of 63 bytes", "jwk_missing", "signature_length"),
                cut(&without_key(REFRESH)),
                cut(&self.browser.registration(&self.offered)),
            ),
        ]
    }

    fn keys(&self) -> Vec<Case> {
        let of = |faults, bad: &str, mended: &str| (faults, self.with_jwk(bad), self.with_jwk(mended));
        let good = self.browser.registration(&self.offered);
        let jwk = |jwk| cut(&self.with_jwk(jwk));
        vec![
            of(
                ("a jwk with x twice, and of another type", "jwk_json", "kty"),
                r#"{"crv":"P-256","kty":"OKP","x":"XXX","x":"XXX","y":"YYY"}"#,
                r#"{"crv":"P-256","kty":"OKP","x":"XXX","y":"YYY"}"#,
            ),
            of(
                ("a jwk of another type, and of another curve", "kty", "crv"),
                r#"{"crv":"P-384","kty":"OKP","x":"XXX","y":"YYY"}"#,
                r#"{"crv":"P-384","kty":"EC","x":"XXX","y":"YYY"}"#,
            ),
            of(
                ("a jwk of another curve, and an x of 31 bytes", "crv", "coordinates"),
                r#"{"crv":"P-384","kty":"EC","x":"SHORT","y":"YYY"}"#,
                r#"{"crv":"P-256","kty":"EC","x":"SHORT","y":"YYY"}"#,
            ),
            of(
                ("an x of 31 bytes, and a point off the curve", "coordinates", "off_curve"),
                r#"{"crv":"P-256","kty":"EC","x":"SHORT","y":"XXX"}"#,
                r#"{"crv":"P-256","kty":"EC","x":"XXX","y":"XXX"}"#,
            ),
            (
                ("a point off the curve, and a signature of 63 bytes", "off_curve", "signature_length"),
                jwk(r#"{"crv":"P-256","kty":"EC","x":"YYY","y":"XXX"}"#),
                cut(&good),
            ),
        ]
    }

    fn payloads(&self) -> Vec<Case> {
        let header = format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"}}"#, self.browser.jwk());
        let claims = |claims: &str| self.browser.signed(&header, claims);
        let twice = claims(r#"{"jti":null,"jti":null}"#);
        vec![
            (
                (
                    "a registration with a signature of 63 bytes, and a payload that is a list",
                    "signature_length",
                    "payload_json",
                ),
                cut(&claims("[]")),
                claims("[]"),
            ),
            (
                (
                    "a registration with a forged signature, and a payload that is a list",
                    "signature",
                    "payload_json",
                ),
                forged(&claims("[]")),
                claims("[]"),
            ),
            (
                ("a registration with a forged signature, and without a jti", "signature", "jti_missing"),
                forged(&claims("{}")),
                claims("{}"),
            ),
            (
                ("a registration with a forged signature, and with no challenge", "signature", "challenge"),
                forged(&claims(&payload("challenge"))),
                claims(&payload("challenge")),
            ),
            (
                ("a registration with jti twice, and both null", "payload_json", "jti_missing"),
                twice,
                claims(r#"{"jti":null}"#),
            ),
        ]
    }

    /// Registrations whose challenge is over, and that are wrong otherwise.
    fn circumstances(&self) -> Vec<Vector> {
        let over = RENEWED + REGISTRATION_TTL;
        let good = self.browser.registration(&self.offered);
        let made_at = |now| {
            let data = r#"{"register":""}"#;
            self.browser.registration(&self.server.challenge_of(
                &random("other data", 40),
                data,
                now,
                REGISTRATION_TTL,
            ))
        };
        let for_refresh = |now| {
            let random = random("a challenge for a refresh", 40);
            self.browser.registration(&self.server.refresh_challenge(&random, &self.identifier, now))
        };
        let jwt = |faults, bad, mended| self.registration((faults, bad, mended));
        vec![
            self.registration_at(
                (
                    "a registration with a forged signature, over a challenge that is over",
                    "signature",
                    "challenge_expired",
                ),
                (LOGIN, over),
                forged(&good),
                ("jwt", Json::from(&good)),
            ),
            self.registration_at(
                (
                    "a registration by another session, with a challenge that is over",
                    "challenge_expired",
                    "challenge_of_another",
                ),
                ([8; 16], over),
                good,
                ("now", Json::from(RENEWED)),
            ),
            jwt(
                (
                    "a registration with a challenge for a refresh, which is over",
                    "challenge_expired",
                    "challenge_kind",
                ),
                for_refresh(RENEWED - CHALLENGE_TTL),
                for_refresh(RENEWED),
            ),
            jwt(
                (
                    "a registration with a challenge with other data, which is over",
                    "challenge_expired",
                    "challenge",
                ),
                made_at(RENEWED - REGISTRATION_TTL),
                made_at(RENEWED),
            ),
        ]
    }

    fn refresh_texts(&self) -> Vec<Case> {
        let signed = |header: &str| self.browser.signed(header, payload(&self.challenge));
        let with_key = self.browser.registration(&self.challenge);
        let good = self.browser.refresh(&self.challenge);
        vec![
            (
                ("a refresh with a critical extension, and with a jwk", "crit", "jwk_present"),
                signed(r#"{"alg":"ES256","crit":null,"jwk":null,"typ":"dbsc+jwt"}"#),
                signed(r#"{"alg":"ES256","jwk":null,"typ":"dbsc+jwt"}"#),
            ),
            (
                ("a refresh with a jwk, and with a signature of 63 bytes", "jwk_present", "signature_length"),
                cut(&with_key),
                cut(&good),
            ),
            (
                ("a refresh with a jwk, and with a forged signature", "jwk_present", "signature"),
                forged(&with_key),
                forged(&good),
            ),
        ]
    }

    /// Refreshes with a forged signature, and a payload that would be refused.
    fn challenges(&self) -> Vec<Case> {
        let Self { server, browser, .. } = self;
        let other = server.identifier(&random("another identifier", 40), browser, USER, RENEWED - HOUR);
        let of_another = server.refresh_challenge(&random("of another", 40), &other, RENEWED);
        let of = |faults, good: String| (faults, forged(&good), good);
        vec![
            of(
                (
                    "a refresh with a forged signature, and a payload that is a list",
                    "signature",
                    "payload_json",
                ),
                browser.signed(REFRESH, "[]"),
            ),
            of(
                ("a refresh with a forged signature, and without a jti", "signature", "jti_missing"),
                browser.signed(REFRESH, "{}"),
            ),
            of(
                ("a refresh with a forged signature, and with no challenge", "signature", "challenge"),
                browser.refresh("challenge"),
            ),
            of(
                (
                    "a refresh with a forged signature, and a challenge for a registration",
                    "signature",
                    "challenge_kind",
                ),
                browser.refresh(&self.offered),
            ),
            of(
                (
                    "a refresh with a forged signature, and a challenge for another session",
                    "signature",
                    "challenge_of_another",
                ),
                browser.refresh(&of_another),
            ),
        ]
    }

    fn identifiers(&self) -> Vec<Vector> {
        let Self { server, browser, identifier, .. } = self;
        let old = server.identifier(&random("identifier", 40), browser, USER, RENEWED - LIFETIME);
        let forged = forged(&browser.refresh(&self.challenge));
        let repair = || ("identifier", Json::from(identifier));
        vec![
            self.refresh_of(
                ("an identifier that is none, and no proof in its place", "identifier", "parts"),
                "identifier",
                String::new(),
                repair(),
            ),
            self.refresh_of(
                ("an identifier that is over, and a forged signature", "identifier_expired", "signature"),
                &old,
                forged,
                repair(),
            ),
        ]
    }
}
