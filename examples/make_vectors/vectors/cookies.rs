//! What a request brings in its headers `Cookie`: one token, none, several, or one in two cookies. Expected answers are
//! written down here; no implementation is asked for them.

use super::file::{self, File, Vector};
use super::json::{Json, Members};
use super::scene::{DAY, DAY_S, EXPIRES, HOUR, RENEWED, RootLife, Scene, encode, root, salt, scene};

mod several;
mod two;

pub(crate) fn file() -> File {
    let header = [
        "What a request brings in cookies of the session's name (SPEC.md, section 11).",
        "CookiesFound: `headers` are the values of a request's headers Cookie. At `now`, a server with this ring file, \
         application id, cookie name, leeway, maximum lifetime and maximum TTL, and with sessions in two cookies if \
         `in_two` is true, opens them with the associated data `ad`, and finds the session of `token`; nothing, if that \
         is null.",
        "CookiesRefused: it finds no session, for this `outcome`, `check` and `transient`.",
        "CookiesUnclear: it finds no session, because there is no telling which is meant, and leaves the cookies in \
         place.",
    ];
    let vectors = [one(), names(), several::all(), two::all()].into_iter().flatten().collect();
    file::build("cookies.json", &header, vectors)
}

/// What is found.
enum Found {
    Session(String),
    Nothing,
    Unclear,
    Invalid(&'static str),
    Expired,
    /// Refused by this outcome and check, and the cookie is to be left in place.
    Transient(&'static str, &'static str),
}

struct Case {
    comment: &'static str,
    flag: &'static str,
    in_two: bool,
    headers: Vec<String>,
    found: Found,
}

impl Case {
    fn into_vector(self) -> Vector {
        self.at(&server())
    }

    fn at(self, server: &Scene) -> Vector {
        let mut group = server.opener();
        group.push(("in_two", Json::from(self.in_two)));
        let mut body = members! {
            "headers": self.headers.into_iter().collect::<Json>(),
            "ad": server.member("ad"),
            "now": server.now,
        };
        let (kind, found) = told(self.found);
        body.extend(found);
        let (comment, flags, valid) = (self.comment.into(), vec![self.flag], kind == "CookiesFound");
        Vector { kind, group, comment, flags, valid, body }
    }
}

fn told(found: Found) -> (&'static str, Members) {
    let refused = |outcome: &str, check: &str| members! { "outcome": outcome, "check": check };
    match found {
        Found::Session(token) => ("CookiesFound", members! { "token": token }),
        Found::Nothing => ("CookiesFound", members! { "token": Json::Null }),
        Found::Unclear => ("CookiesUnclear", vec![]),
        Found::Invalid(check) => ("CookiesRefused", refused("invalid", check)),
        Found::Expired => ("CookiesRefused", refused("not_found", "expired")),
        Found::Transient(outcome, check) => {
            let transient = members! { "transient": true };
            ("CookiesRefused", [refused(outcome, check), transient].concat())
        }
    }
}

/// The server, two seconds after the session was renewed.
fn server() -> Scene {
    scene().with(|s| (s.now, s.max_ttl_ms) = (RENEWED + 2_000, 2 * HOUR))
}

/// A session of this name: its uid and its salt are made from it.
fn token(name: &str, change: impl FnOnce(&mut Scene)) -> String {
    let scene = server().with(change);
    let mut record = scene.record();
    record[24..40].copy_from_slice(&salt(name.split(' ').next().unwrap())[..16]);
    scene.token_of(&salt(&format!("cookies: {name}")), &record)
}

/// A session that opens. Names with one first word are tokens of one session.
fn good(name: &str) -> String {
    token(name, |_| {})
}

fn newer(name: &str) -> String {
    token(name, |s| s.renewed += 1_000)
}

fn expired() -> String {
    token("expired", |s| {
        (s.created, s.renewed, s.expires) = (s.created - DAY, s.renewed - DAY, EXPIRES - DAY);
    })
}

fn future() -> String {
    token("future", |s| (s.renewed, s.expires) = (RENEWED + HOUR, EXPIRES + HOUR))
}

/// A session of a longer maximum TTL, which is just over.
fn over_by_limits() -> String {
    token("limits", |s| {
        let renewed = RENEWED - 2 * HOUR;
        (s.created, s.renewed, s.expires) = (renewed, renewed, RENEWED + DAY);
    })
}

fn forged() -> String {
    token("forged", |s| s.ad = vec![1])
}

fn of_unknown_key() -> String {
    token("unknown", |s| s.roots[0].secret = vec![9; 32])
}

/// The same server, with a key that changes every day as well.
fn daily() -> Scene {
    let root = RootLife { period_s: DAY_S, activate_at_ms: RENEWED - HOUR, ..root(2) };
    server().with(|s| s.roots.push(root))
}

/// A session that is sealed at a server of that kind whose clock is ahead by a day.
fn of_next_epoch() -> String {
    let daily = daily();
    token("next", |s| (s.roots, s.sealing, s.epoch) = (daily.roots, 1, RENEWED / DAY + 1))
}

fn cookie(value: &str) -> String {
    format!("__Host-session={value}")
}

fn case(comment: &'static str, flag: &'static str, header: String, found: Found) -> Vector {
    Case { comment, flag, in_two: false, headers: vec![header], found }.into_vector()
}

fn one() -> Vec<Vector> {
    let a = good("a");
    let of = |comment, header: String| case(comment, "Cookie", header, Found::Session(a.clone()));
    let refused = |comment, value: &str, check| case(comment, "Cookie", cookie(value), Found::Invalid(check));
    let more = |comment, headers: &[String]| {
        let (headers, found) = (headers.to_vec(), Found::Session(a.clone()));
        Case { comment, flag: "Cookie", in_two: false, headers, found }.into_vector()
    };
    vec![
        of("one cookie", cookie(&a)),
        of("one among others", format!("theme=dark; {}; lang=de", cookie(&a))),
        of("no space after the semicolon", format!("theme=dark;{};lang=de", cookie(&a))),
        of("spaces and tabs around name and value", format!(" \t __Host-session \t= \t{a}\t ; lang=de")),
        of("empty pairs and a pair without an equals sign", format!(";; ;flag;{};", cookie(&a))),
        more("in the second header", &["theme=dark".into(), cookie(&a)]),
        more("an empty header before", &[String::new(), cookie(&a)]),
        refused("quotation marks around the value are not removed", &format!("\"{a}\""), "base64"),
        refused("an empty value", "", "length"),
        refused("an equals sign after the value", &format!("{a}="), "base64"),
        refused("a comma and more after the value", &format!("{a}, lang=de"), "base64"),
        refused("a value that is percent-encoded", &a.replacen('A', "%41", 1), "base64"),
        refused("a space within the value", &a.replacen('A', "A ", 1), "base64"),
        case("an expired session", "Cookie", cookie(&expired()), Found::Expired),
        case("a session in the future", "Cookie", cookie(&future()), Found::Transient("invalid", "future")),
        case(
            "a session that is over by the maximum TTL alone",
            "Cookie",
            cookie(&over_by_limits()),
            Found::Transient("not_found", "expired"),
        ),
    ]
}

/// A name is compared byte for byte, and is never decoded.
fn names() -> Vec<Vector> {
    let a = good("a");
    let of = |comment, header: String| case(comment, "CookieName", header, Found::Nothing);
    let named = |comment, name: &str| of(comment, format!("{name}={a}"));
    let none = Case {
        comment: "no header",
        flag: "CookieName",
        in_two: false,
        headers: vec![],
        found: Found::Nothing,
    };
    vec![
        none.into_vector(),
        of("an empty header", String::new()),
        of("cookies of other names", "theme=dark; lang=de".into()),
        of("the name without an equals sign", "__Host-session".into()),
        of("the name as a value", format!("a=__Host-session={a}")),
        named("the name in small letters", "__host-session"),
        named("a longer name", "__Host-session2"),
        named("a name that ends so", "x__Host-session"),
        named("the name of the second cookie", "__Host-session.1"),
        named("the name percent-encoded", "__Host%2Dsession"),
        named("the name in quotation marks", "\"__Host-session\""),
        named("a no-break space before the name", "\u{a0}__Host-session"),
        named("a vertical tab after the name", "__Host-session\u{b}"),
        named("a carriage return before the name", "\r__Host-session"),
        named("an empty name", ""),
    ]
}

/// The parts of a token, of which the first has so many characters.
fn parts(token: &str, at: usize) -> (String, String) {
    let (first, second) = token.split_at(at);
    (first.to_owned(), second.to_owned())
}

/// A token whose text has a multiple of four characters, so that its parts can be cut at whole bytes.
fn even(name: &str) -> String {
    let token = token(name, |s| s.padding = (3 - (57 + s.record().len()) % 3) % 3);
    assert_eq!(encode(&super::scene::decode(&token)).len() % 4, 0);
    token
}
