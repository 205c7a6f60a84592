//! The longest and the deepest texts that are taken, and what is one more.

use super::browser::{Browser, payload};
use super::server::{Server, USER, random};
use crate::vectors::scene::{HOUR, RENEWED};

/// Objects and arrays that may be open at once, the header or the payload itself the first.
const DEPTH: usize = 64;

/// A member that nobody knows, with this many arrays, or objects, one in the other.
fn nested(depth: usize, [open, close]: [&str; 2]) -> String {
    format!(r#""more":{}1{}"#, open.repeat(depth), close.repeat(depth))
}

/// A registration with one more member in its header, or in its payload.
struct Registration<'a>(&'a Browser, &'a str);

impl Registration<'_> {
    fn header(&self, more: &str) -> String {
        let header = format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt",{more}}}"#, self.0.jwk());
        self.0.signed(&header, payload(self.1))
    }

    fn payload(&self, more: &str) -> String {
        let header = format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"}}"#, self.0.jwk());
        self.0.signed(&header, format!(r#"{{"jti":"{}",{more}}}"#, self.1))
    }

    /// One of so many characters. With the space its payload has a length that base64url has a header to.
    fn of(&self, chars: usize) -> String {
        let of = |spaces: usize| {
            let header =
                format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"{}}}"#, self.0.jwk(), " ".repeat(spaces));
            self.0.signed(&header, payload(self.1) + " ")
        };
        (0..chars).map(of).find(|jwt| jwt.len() == chars).unwrap()
    }
}

/// Registrations that are taken.
pub(super) fn registrations(browser: &Browser, challenge: &str) -> Vec<(&'static str, String)> {
    let registration = Registration(browser, challenge);
    let longest = registration.of(4096);
    let [lists, objects] = [["[", "]"], [r#"{"a":"#, "}"]].map(|marks| nested(DEPTH - 1, marks));
    vec![
        (
            "a device registers, with a proof of 4096 characters between quotation marks",
            format!("\"{longest}\""),
        ),
        ("a device registers, with a proof of 4096 characters", longest),
        ("a device registers, with a header of 64 levels of arrays", registration.header(&lists)),
        ("a device registers, with a header of 64 levels of objects", registration.header(&objects)),
        ("a device registers, with a payload of 64 levels of arrays", registration.payload(&lists)),
        ("a device registers, with a payload of 64 levels of objects", registration.payload(&objects)),
        (
            "a device registers, with 100 brackets in a string",
            registration.header(&format!(r#""more":"\"{}""#, "[{".repeat(50))),
        ),
        (
            "a device registers, with 100 arrays side by side",
            registration.payload(&format!(r#""more":[{}[]]"#, "[],".repeat(99))),
        ),
    ]
}

/// Comment, flag, check, and the registration that is refused.
pub(super) fn refused(
    browser: &Browser,
    challenge: &str,
) -> Vec<(&'static str, &'static str, &'static str, String)> {
    let registration = Registration(browser, challenge);
    let [lists, objects] = [["[", "]"], [r#"{"a":"#, "}"]].map(|marks| nested(DEPTH, marks));
    let longest = registration.of(4096);
    vec![
        (
            "a registration of 4097 characters between quotation marks",
            "JwtText",
            "length",
            format!("\"{longest}A\""),
        ),
        (
            "a registration between two pairs of quotation marks",
            "JwtText",
            "base64",
            format!("\"\"{}\"\"", browser.registration(challenge)),
        ),
        (
            "a registration behind one quotation mark",
            "JwtText",
            "base64",
            format!("\"{}", browser.registration(challenge)),
        ),
        ("a header of 65 levels of arrays", "JwtHeader", "header_json", registration.header(&lists)),
        ("a header of 65 levels of objects", "JwtHeader", "header_json", registration.header(&objects)),
        (
            "a header of 2800 brackets",
            "JwtHeader",
            "header_json",
            browser.signed(&"[".repeat(2800), payload(challenge)),
        ),
        ("a payload of 65 levels of arrays", "JwtPayload", "payload_json", registration.payload(&lists)),
        ("a payload of 65 levels of objects", "JwtPayload", "payload_json", registration.payload(&objects)),
    ]
}

/// A refresh with one more member in its header, or in its payload.
struct Refresh<'a>(&'a Browser, &'a str);

impl Refresh<'_> {
    fn header(&self, more: &str) -> String {
        self.0.signed(&format!(r#"{{"alg":"ES256","typ":"dbsc+jwt",{more}}}"#), payload(self.1))
    }

    fn payload(&self, more: &str) -> String {
        let claims = format!(r#"{{"jti":"{}",{more}}}"#, self.1);
        self.0.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, claims)
    }
}

/// Refreshes that are taken, of the device that has this identifier.
pub(super) fn refreshes(server: &Server, browser: &Browser, identifier: &str) -> Vec<(&'static str, String)> {
    let challenge = server.refresh_challenge(&random("challenge", 40), identifier, RENEWED);
    let refresh = Refresh(browser, &challenge);
    let [lists, objects] = [["[", "]"], [r#"{"a":"#, "}"]].map(|marks| nested(DEPTH - 1, marks));
    vec![
        ("a device refreshes, with a header of 64 levels of arrays", refresh.header(&lists)),
        ("a device refreshes, with a header of 64 levels of objects", refresh.header(&objects)),
        ("a device refreshes, with a payload of 64 levels of arrays", refresh.payload(&lists)),
        ("a device refreshes, with a payload of 64 levels of objects", refresh.payload(&objects)),
        (
            "a device refreshes, with a challenge of 2963 characters, the most that a proof of 4096 holds",
            longest(server, browser, identifier),
        ),
    ]
}

/// A refresh of 4096 characters. With the space its header has a length that leaves one for the payload that base64url
/// has.
fn longest(server: &Server, browser: &Browser, identifier: &str) -> String {
    let of = |padding| server.padded_challenge(&random("challenge", 40), identifier, RENEWED, padding);
    let challenge = (2_000..2_100).map(of).find(|challenge| challenge.len() == 2963).unwrap();
    let jwt = browser.signed(r#"{"alg":"ES256","typ":"dbsc+jwt"} "#, payload(&challenge));
    assert_eq!(jwt.len(), 4096);
    jwt
}

/// Comment, flag, check, and the refresh that is refused.
pub(super) fn refused_refreshes(
    browser: &Browser,
    challenge: &str,
) -> Vec<(&'static str, &'static str, &'static str, String)> {
    let refresh = Refresh(browser, challenge);
    let [lists, objects] = [["[", "]"], [r#"{"a":"#, "}"]].map(|marks| nested(DEPTH, marks));
    let of_header = |comment, more| (comment, "JwtHeader", "header_json", refresh.header(more));
    let of_payload = |comment, more| (comment, "JwtPayload", "payload_json", refresh.payload(more));
    vec![
        of_header("a refresh with a header of 65 levels of arrays", &lists),
        of_header("a refresh with a header of 65 levels of objects", &objects),
        of_payload("a refresh with a payload of 65 levels of arrays", &lists),
        of_payload("a refresh with a payload of 65 levels of objects", &objects),
    ]
}

/// An identifier of 8192 characters, and its user.
pub(super) fn identifier(server: &Server, browser: &Browser) -> (String, String) {
    let of = |chars: usize| {
        let user = "u".repeat(chars);
        (server.identifier(&random("identifier", 40), browser, Some(&user), RENEWED - HOUR), user)
    };
    let longest = (5_900..6_100).map(of).find(|(identifier, _)| identifier.len() == 8192).unwrap();
    assert_ne!(Some(longest.1.as_str()), USER);
    longest
}
