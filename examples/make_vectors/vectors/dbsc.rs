//! Device-bound sessions: devices that register and refresh, and what is refused.

mod browser;
mod circumstances;
mod limits;
mod order;
mod refused_bound;
mod refused_refresh;
mod refused_registration;
mod server;

use sealed_session::SessionUid;
use sealed_session::hazmat::csrf_token;

use super::file::{self, File, Vector};
use super::json::{Members, hex};
use super::scene::{DAY, HOUR, RENEWED, RootLife, Scene, UID, root};
use browser::Browser;
use server::{CHALLENGE_TTL, LOGIN, PROOF_TTL, Server, USER, random};

pub(crate) fn file() -> File {
    let mut vectors = vec![offered()];
    vectors.extend(registered());
    vectors.extend(refused_registration::all());
    vectors.extend(proven());
    vectors.extend(asked());
    vectors.extend(refused_refresh::all());
    vectors.extend(order::all());
    vectors.extend(bound());
    vectors.extend(refused_bound::all());
    vectors.extend(circumstances::all());
    vectors.extend(csrf());
    let header = [
        "Device-bound sessions (docs/device-bound-spec.md), at a server with this ring file, application id, cookie \
         name and settings. `random` is all that it draws, in the order of section 7.",
        "DbscOffered: for the session `login_uid` it makes `challenge`.",
        "DbscRegistered: it takes `jwt` for that session and user, and makes the other three texts.",
        "DbscRegistrationRefused: it refuses `jwt`; `check` is the check of sections 6 and 7 that refuses, and `outcome` \
         is ends or transient. With `repair` it takes it.",
        "DbscProven: it takes `jwt` for the device with this `identifier`, and makes a proof and a challenge.",
        "DbscAsked: it makes a challenge: there is no `jwt`, or the challenge in it is over.",
        "DbscRefreshRefused: it refuses `jwt`, or the identifier. With `repair` it takes them, or makes a challenge.",
        "DbscRegistrationOrder, DbscRefreshOrder: what is refused has two faults. With `repair` it is still refused, as \
         `then` says.",
        "DbscBound: `proof` opens, and `token` with it, under the application's associated data `ad`.",
        "DbscBoundRefused: one of the two, `of`, does not open, by the `check` of SPEC.md, section 10. With \
         `repair` both do.",
        "DbscCsrf: as DbscBound, and `csrf_token` is made for this session.",
    ];
    file::build("dbsc.json", &header, vectors)
}

fn vector(kind: &'static str, comment: &str, flag: &'static str, server: &Server, body: Members) -> Vector {
    let valid = !kind.ends_with("Refused") && !kind.ends_with("Order");
    let (group, comment) = (server.members(), comment.to_owned());
    Vector { kind, group, comment, flags: vec![flag], valid, body }
}

fn offered() -> Vector {
    offered_by(&Server::new(), "a challenge for a registration", "Device")
}

fn offered_by(server: &Server, comment: &str, flag: &'static str) -> Vector {
    let random = random(comment, 40);
    let body = members! {
        "login_uid": hex(&LOGIN),
        "now": RENEWED,
        "random": hex(&random),
        "challenge": server.registration_challenge(&random),
    };
    vector("DbscOffered", comment, flag, server, body)
}

fn registered() -> Vec<Vector> {
    let (server, browser) = (Server::new(), Browser::new(1));
    let challenge = server.registration_challenge(&random("a registration", 40));
    let good = browser.registration(&challenge);
    let (x, y) = browser.x_y();
    let with_more = format!(
        r#" {{"new":1,"new":[],"jwk":{{"ext":true,"y":"{y}","x":"{x}","kid":"k","crv":"P-256","kty":"EC"}},"typ":"dbsc+jwt","alg":"ES256"}} "#
    );
    let claims = format!(r#"{{"aud":"https://shop.example","jti":"{challenge}","iat":1795000060}}"#);
    let escaped = r#"{"\u0061lg":"ES256","jwk":JWK,"typ":"dbsc\u002bjwt"}"#.replace("JWK", &browser.jwk());
    let payload = browser::payload(&challenge);
    let halves = r#"{"alg":"ES256","jwk":JWK,"typ":"dbsc+jwt","more":{"\ud83d":["\udc00"]}}"#;
    let in_key = format!(
        r#"{{"alg":"ES256","jwk":{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}","more":{{"\ud83d":"\udc00"}}}},"typ":"dbsc+jwt"}}"#
    );
    let mut cases = vec![
        ("a device registers, as browsers write it", USER, good.clone()),
        ("a device registers for an anonymous session", None, good.clone()),
        (
            "a device registers, in another order, with members that nobody knows",
            USER,
            browser.signed(&with_more, &claims),
        ),
        ("a device registers, with escapes in what is JSON", USER, browser.signed(&escaped, &payload)),
        ("a device registers, with the other of two good signatures", USER, browser::with_other_s(&good)),
        ("another device registers", USER, Browser::new(2).registration(&challenge)),
        ("a device registers, with a proof between quotation marks", USER, format!("\"{good}\"")),
        (
            "a device registers, with half of a surrogate pair in a name that is nested",
            USER,
            browser.signed(&halves.replace("JWK", &browser.jwk()), &payload),
        ),
        (
            "a device registers, with half of a surrogate pair in a claim that nobody knows",
            USER,
            browser.registration_of(&format!(r#"{{"jti":"{challenge}","sub":{{"\ud83d":"\udc00"}}}}"#)),
        ),
        (
            "a device registers, with half of a surrogate pair nested in its jwk",
            USER,
            browser.signed(&in_key, &payload),
        ),
    ];
    let limits = limits::registrations(&browser, &challenge);
    cases.extend(limits.into_iter().map(|(comment, jwt)| (comment, USER, jwt)));
    cases.into_iter().map(|case| registered_at(&server, "Device", case)).collect()
}

fn registered_at(
    server: &Server,
    flag: &'static str,
    (comment, user, jwt): (&str, Option<&str>, String),
) -> Vector {
    let browser = if comment.starts_with("another") { Browser::new(2) } else { Browser::new(1) };
    let random = random(comment, 120);
    let identifier = server.identifier(&random[..40], &browser, user, RENEWED);
    let body = members! {
        "login_uid": hex(&LOGIN),
        "user": user,
        "now": RENEWED,
        "jwt": jwt,
        "random": hex(&random),
        "identifier": &identifier,
        "binding": hex(&server::binding(&identifier)),
        "uid": hex(&random[..16]),
        "proof": server.proof(&random[40..80], &identifier, RENEWED),
        "challenge": server.refresh_challenge(&random[80..], &identifier, RENEWED),
    };
    vector("DbscRegistered", comment, flag, server, body)
}

/// The servers at which a device refreshes that has registered an hour ago at the first.
fn proven() -> Vec<Vector> {
    let new = RootLife { activate_at_ms: RENEWED - 1, ..root(2) };
    let rotated = |s: &mut Scene| s.roots.push(new.clone());
    let retiring = |s: &mut Scene| {
        s.roots = vec![RootLife { retire_at_ms: Some(RENEWED + 1), ..root(1) }, new.clone()];
    };
    let cases: [(&str, &str, Server, u64); 4] = [
        ("a device refreshes", "Device", Server::new(), RENEWED),
        ("a device refreshes after a rotation", "Rotation", Server::with(rotated), RENEWED),
        ("a device refreshes 1 ms before its key is gone", "KeyGone", Server::with(retiring), RENEWED),
        (
            "a device refreshes 1 ms before its challenge is over",
            "Expiry",
            Server::new(),
            RENEWED - HOUR + CHALLENGE_TTL - 1,
        ),
    ];
    let of = |(comment, flag, server, now): (&str, &'static str, Server, u64)| {
        let (first, browser, random) = (Server::new(), Browser::new(1), random(comment, 80));
        let sealing = server.sealing_last();
        let identifier = first.identifier(&server::random("identifier", 40), &browser, USER, RENEWED - HOUR);
        let made = if flag == "Expiry" { RENEWED - HOUR } else { now };
        let challenge = first.refresh_challenge(&server::random("challenge", 40), &identifier, made);
        let body = members! {
            "identifier": &identifier,
            "jwt": browser.refresh(&challenge),
            "now": now,
            "random": hex(&random),
            "binding": hex(&server::binding(&identifier)),
            "uid": hex(&server::random("identifier", 40)[..16]),
            "user": USER,
            "registered_at_ms": RENEWED - HOUR,
            "proof": sealing.proof(&random[..40], &identifier, now),
            "challenge": sealing.refresh_challenge(&random[40..], &identifier, now),
        };
        vector("DbscProven", comment, flag, &server, body)
    };
    let mut vectors: Vec<Vector> = cases.into_iter().map(of).collect();
    vectors.extend(proven_otherwise());
    vectors
}

/// By texts between quotation marks, and by the longest and the deepest ones.
fn proven_otherwise() -> Vec<Vector> {
    let (server, browser) = (Server::new(), Browser::new(1));
    let short = server.identifier(&random("identifier", 40), &browser, USER, RENEWED - HOUR);
    let (long, long_user) = limits::identifier(&server, &browser);
    let challenge =
        |identifier: &str| server.refresh_challenge(&random("challenge", 40), identifier, RENEWED);
    let refresh = |identifier: &str| browser.refresh(&challenge(identifier));
    let quoted = |text: &str| format!("\"{text}\"");
    let long_user = Some(long_user.as_str());
    let mut cases = vec![
        (
            "a device refreshes, with both texts between quotation marks",
            quoted(&short),
            quoted(&refresh(&short)),
            &short,
            USER,
        ),
        (
            "a device refreshes, with an identifier of 8192 characters",
            long.clone(),
            refresh(&long),
            &long,
            long_user,
        ),
        (
            "a device refreshes, with one of 8192 between quotation marks",
            quoted(&long),
            quoted(&refresh(&long)),
            &long,
            long_user,
        ),
    ];
    let limits = limits::refreshes(&server, &browser, &short);
    cases.extend(limits.into_iter().map(|(comment, jwt)| (comment, short.clone(), jwt, &short, USER)));
    let of = |(comment, sent, jwt, identifier, user): (&str, String, String, &String, Option<&str>)| {
        let random = random(comment, 80);
        let body = members! {
            "identifier": sent,
            "jwt": jwt,
            "now": RENEWED,
            "random": hex(&random),
            "binding": hex(&server::binding(identifier)),
            "uid": hex(&server::random("identifier", 40)[..16]),
            "user": user,
            "registered_at_ms": RENEWED - HOUR,
            "proof": server.proof(&random[..40], identifier, RENEWED),
            "challenge": server.refresh_challenge(&random[40..], identifier, RENEWED),
        };
        vector("DbscProven", comment, "Device", &server, body)
    };
    cases.into_iter().map(of).collect()
}

fn asked() -> Vec<Vector> {
    let (first, browser) = (Server::new(), Browser::new(1));
    let identifier = first.identifier(&random("identifier", 40), &browser, USER, RENEWED - HOUR);
    let challenge = first.refresh_challenge(&random("challenge", 40), &identifier, RENEWED - CHALLENGE_TTL);
    let over = browser.refresh(&challenge);
    let new = RootLife { activate_at_ms: RENEWED - HOUR, ..root(2) };
    let of_new = Server::with(|s| {
        s.roots.push(new.clone());
        s.sealing = 1;
    });
    let by_new = browser.refresh(&of_new.refresh_challenge(&random("challenge", 40), &identifier, RENEWED));
    let revoked = Server::with(|s| s.roots.push(RootLife { revoked: true, ..new.clone() }));
    let gone = Server::with(|s| s.roots.push(RootLife { retire_at_ms: Some(RENEWED), ..new.clone() }));
    let other = first.identifier(&random("another identifier", 40), &browser, USER, RENEWED - HOUR);
    let signed = |challenge: &str| Some(browser.refresh(challenge));
    let of_another = first.refresh_challenge(&random("of another", 40), &other, RENEWED - CHALLENGE_TTL);
    let for_registration = first.challenge_of(
        &random("for a registration", 40),
        r#"{"register":"BwcHBwcHBwcHBwcHBwcHBw"}"#,
        RENEWED - CHALLENGE_TTL,
        CHALLENGE_TTL,
    );
    let cases = [
        ("a refresh without a proof", "Device", first.clone(), None),
        (
            "a refresh whose challenge was another session's, and is over",
            "Order",
            first.clone(),
            signed(&of_another),
        ),
        (
            "a refresh whose challenge was for a registration, and is over",
            "Order",
            first.clone(),
            signed(&for_registration),
        ),
        ("a refresh at the moment at which its challenge is over", "Expiry", first, Some(over)),
        (
            "a refresh whose challenge is of a key that was revoked since",
            "KeyRevoked",
            revoked,
            Some(by_new.clone()),
        ),
        ("a refresh whose challenge is of a key that is gone", "KeyGone", gone, Some(by_new)),
    ];
    let of = |(comment, flag, server, jwt): (&str, &'static str, Server, Option<String>)| {
        let random = random(comment, 40);
        let body = members! {
            "identifier": &identifier,
            "jwt": jwt,
            "now": RENEWED,
            "random": hex(&random),
            "challenge": server.refresh_challenge(&random, &identifier, RENEWED),
        };
        vector("DbscAsked", comment, flag, &server, body)
    };
    cases.into_iter().map(of).collect()
}

fn bound() -> Vec<Vector> {
    let server = Server::new();
    let identifier = server.identifier(&random("identifier", 40), &Browser::new(1), USER, RENEWED - DAY);
    let of = |(comment, ad, made): (&str, &[u8], u64)| {
        let user = if comment.ends_with("a user") { USER } else { None };
        let data = server::proof_data(&identifier);
        let body = members! {
            "proof": server.proof_of(&random(comment, 40), user, &data, made),
            "token": server.bound(comment, &identifier, ad),
            "ad": hex(ad),
            "now": RENEWED,
            "uid": hex(&UID),
            "user": USER,
            "data": server.data(),
        };
        vector("DbscBound", comment, "Device", &server, body)
    };
    let cases: [(&str, &[u8], u64); 4] = [
        ("a bound session, and the proof of its device", b"", RENEWED),
        ("a bound session of a tenant, and the proof of its device", b"tenant-7", RENEWED),
        ("a bound session, and a proof 1 ms before it is over", b"", RENEWED - PROOF_TTL + 1),
        ("a bound session, and a proof that is sealed for a user", b"", RENEWED),
    ];
    cases.into_iter().map(of).collect()
}

/// The token of a bound session's forms is one of the unbound session's name.
fn csrf() -> Vec<Vector> {
    let (server, comment) = (Server::new(), "a CSRF token of a bound session");
    let identifier = server.identifier(&random("identifier", 40), &Browser::new(1), USER, RENEWED - DAY);
    let salt: [u8; 24] = random(comment, 24).try_into().unwrap();
    let scene = &server.0;
    let made = csrf_token(&scene.secret(), &scene.context(), &salt, SessionUid::from_bytes(UID)).unwrap();
    let body = members! {
        "proof": server.proof(&random("proof", 40), &identifier, RENEWED),
        "token": server.bound(comment, &identifier, b""),
        "ad": "",
        "now": RENEWED,
        "random": hex(&salt),
        "csrf_token": made,
    };
    vec![vector("DbscCsrf", comment, "Device", &server, body)]
}
