//! One token in two cookies.

use super::super::file::Vector;
use super::super::scene::{Scene, encode};
use super::{Case, Found, even, expired, good, newer, parts, server, token};

pub(super) fn all() -> Vec<Vector> {
    [joined(), damaged(), several(), not_in_two()].into_iter().flatten().collect()
}

/// The header of these values, of which those with a `.1` belong to the second cookie.
fn case(comment: &'static str, cookies: &[(&str, &str)], found: Found) -> Vector {
    Case { comment, flag: "TwoCookies", in_two: true, headers: vec![header(cookies)], found }.into_vector()
}

fn header(cookies: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        cookies.iter().map(|(end, value)| format!("__Host-session{end}={value}")).collect();
    pairs.join("; ")
}

fn marked(first: &str) -> String {
    format!("2.{first}")
}

fn joined() -> Vec<Vector> {
    let a = good("a");
    let found = || Found::Session(a.clone());
    let cut = |comment, at: usize| {
        let (first, second) = parts(&a, at);
        case(comment, &[("", &marked(&first)), (".1", &second)], found())
    };
    let (first, second) = parts(&a, 100);
    let long = token("long", |s: &mut Scene| s.data = "x".repeat(6_000));
    let (long_first, long_second) = parts(&long, 4_080);
    vec![
        cut("a token in two cookies", 100),
        cut("the first part is one character", 1),
        cut("the second part is one character", a.len() - 1),
        cut("the first part is empty", 0),
        cut("the second part is empty", a.len()),
        case("the second part before the first", &[(".1", &second), ("", &marked(&first))], found()),
        case("a long token in two cookies", &[("", &marked(&long_first)), (".1", &long_second)], {
            Found::Session(long.clone())
        }),
        case("a whole token in one cookie", &[("", &a)], found()),
        case("a whole token, and a leftover second part", &[("", &a), (".1", &second)], found()),
        case("a whole token after 2., and no second part", &[("", &marked(&a))], found()),
    ]
}

fn damaged() -> Vec<Vector> {
    let (a, b) = (even("a even"), even("b even"));
    let at = (a.len() / 8) * 4;
    let ((first, second), (_, other)) = (parts(&a, at), parts(&b, at));
    let invalid = |comment, cookies: &[(&str, &str)], check| case(comment, cookies, Found::Invalid(check));
    let (most, rest) = parts(&a, 140);
    let one_more = parts(&a, 141).0;
    let full = encode(&[1; 6_144]);
    let (full_first, full_second) = parts(&full, 4_080);
    vec![
        invalid("a first part of 140 characters alone", &[("", &marked(&most))], "aead"),
        invalid("a first part of 141 characters alone", &[("", &marked(&one_more))], "base64"),
        invalid("a first part of 100 characters alone", &[("", &marked(&parts(&a, 100).0))], "length"),
        invalid("2. alone", &[("", "2.")], "length"),
        invalid("2. and an empty second part", &[("", "2."), (".1", "")], "length"),
        invalid("a second part that is missing its end", &[("", &marked(&most)), (".1", &rest[4..])], "aead"),
        invalid("the two parts exchanged", &[("", &marked(&second)), (".1", &first)], "version"),
        invalid("the parts of two tokens", &[("", &marked(&first)), (".1", &other)], "aead"),
        invalid(
            "a second part that begins with 2.",
            &[("", &marked(&first)), (".1", &marked(&second))],
            "base64",
        ),
        invalid("2. twice", &[("", &marked(&marked(&first))), (".1", &second)], "base64"),
        invalid("1. in place of 2.", &[("", &format!("1.{most}")), (".1", &rest)], "base64"),
        invalid(
            "8192 characters in two cookies",
            &[("", &marked(&full_first)), (".1", &full_second)],
            "key_id",
        ),
        invalid(
            "8193 characters in two cookies",
            &[("", &marked(&full_first)), (".1", &format!("{full_second}A"))],
            "length",
        ),
        case("a second part alone", &[(".1", &second)], Found::Nothing),
        case(
            "an expired token in two cookies",
            &{ [("", marked(&parts(&expired(), 100).0)), (".1", parts(&expired(), 100).1)] }
                .each_ref()
                .map(|(end, value)| (*end, value.as_str())),
            Found::Expired,
        ),
    ]
}

/// Every first part is joined with every second one.
fn several() -> Vec<Vector> {
    let (a, new, b) = (even("a even"), newer("a newer"), even("b even"));
    let [(a1, a2), (new1, new2), (b1, b2)] = [&a, &new, &b].map(|token| parts(token, 120));
    let [a1, new1, b1] = [a1, new1, b1].map(|first| marked(&first));
    let found = |token: &str| Found::Session(token.to_owned());
    vec![
        case("a stale second part before the right one", &[("", &a1), (".1", &b2), (".1", &a2)], found(&a)),
        case("a stale first part before the right one", &[("", &b1), ("", &a1), (".1", &a2)], found(&a)),
        case(
            "two tokens of one session, each in two cookies",
            &[("", &a1), ("", &new1), (".1", &a2), (".1", &new2)],
            found(&new),
        ),
        case(
            "two sessions, each in two cookies",
            &[("", &a1), ("", &b1), (".1", &a2), (".1", &b2)],
            Found::Unclear,
        ),
        case("a whole token beside one in two cookies", &[("", &new), ("", &a1), (".1", &a2)], found(&new)),
        case(
            "two first parts and three second ones make six",
            &{ [("", a1.as_str()), ("", &b1), (".1", &a2), (".1", &a2), (".1", &a2)] },
            Found::Unclear,
        ),
        case(
            "one first part and four second ones make four",
            &{ [("", a1.as_str()), (".1", &b2), (".1", &b2), (".1", &b2), (".1", &a2)] },
            found(&a),
        ),
        case(
            "one first part and five second ones make five",
            &{ [("", a1.as_str()), (".1", &a2), (".1", &a2), (".1", &a2), (".1", &a2), (".1", &a2)] },
            Found::Unclear,
        ),
        case(
            "a whole token and five second parts make one",
            &{ [("", a.as_str()), (".1", &a2), (".1", &a2), (".1", &a2), (".1", &a2), (".1", &a2)] },
            found(&a),
        ),
    ]
}

/// A server that is not set to two cookies.
fn not_in_two() -> Vec<Vector> {
    let a = good("a");
    let (first, second) = parts(&a, 140);
    let of = |comment, cookies: &[(&str, &str)], found| {
        Case { comment, flag: "TwoCookies", in_two: false, headers: vec![header(cookies)], found }
            .into_vector()
    };
    assert_eq!(server().name, "__Host-session");
    vec![
        of("not set to two: a whole token beside a second part", &[("", &a), (".1", &second)], {
            Found::Session(a.clone())
        }),
        of("not set to two: a token in two cookies", &[("", &marked(&first)), (".1", &second)], {
            Found::Invalid("base64")
        }),
        of("not set to two: a whole token after 2.", &[("", &marked(&a))], Found::Invalid("base64")),
    ]
}
