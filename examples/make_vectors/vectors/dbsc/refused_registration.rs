//! Registrations that are refused, each for one reason.

use super::browser::{Browser, payload};
use super::limits;
use super::server::{LOGIN, REGISTRATION_TTL, Server, USER, random};
use super::vector;
use crate::vectors::file::Vector;
use crate::vectors::json::{Json, hex};
use crate::vectors::scene::{RENEWED, decode, encode};

/// Comment, flag, check, and what is refused.
type Case = (&'static str, &'static str, &'static str, String);

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

pub(super) fn all() -> Vec<Vector> {
    let registration = Registration::new();
    let cases = [headers(&registration), keys(&registration)].into_iter().flatten();
    let mut vectors: Vec<Vector> = cases.map(|case| registration.vector(case)).collect();
    let limits = limits::refused(&registration.browser, &registration.challenge);
    vectors.extend(limits.into_iter().map(|case| registration.vector(case)));
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
        of("a registration without a jwk", "jwk_missing", r#"{"alg":"ES256","typ":"dbsc+jwt"}"#),
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
        of(
            "a jwk with half of a surrogate pair in a name that nobody knows",
            "jwk_json",
            r#"{"crv":"P-256","kty":"EC","x":"XXX","y":"YYY","\ud83d":1}"#,
        ),
        of(
            "a jwk whose x ends in half of a surrogate pair",
            "jwk_json",
            r#"{"crv":"P-256","kty":"EC","x":"XXX\udc00","y":"YYY"}"#,
        ),
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
        of(
            "the modulus for the x of the point with x = 0",
            "off_curve",
            &with(&modulus, "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q"),
        ),
        of(
            "the modulus and 5 for the y of a point with y = 5",
            "off_curve",
            &with(
                &decode("1zJddkbNYNgKknOM6zRfhEz_rzWEECLKsXb2kt6N4dc"),
                "_____wAAAAEAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAQ",
            ),
        ),
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
