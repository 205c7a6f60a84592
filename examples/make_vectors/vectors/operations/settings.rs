//! Settings that no sealer may work with.

use super::super::file::Vector;
use super::super::scene::{DAY, HOUR};
use super::case::case;
use super::refused::Fault;

pub(super) fn vectors() -> Vec<Vector> {
    [contradictions(), names()].into_iter().flatten().collect()
}

/// Settings that contradict each other, the ring or the format.
fn contradictions() -> Vec<Vector> {
    let fault = Fault { outcome: "refused", check: "max_ttl", member: "max_ttl_ms" };
    let short = case("create").with(|c| {
        (c.scene.max_ttl_s, c.scene.max_ttl_ms, c.default_ttl) = (3_600, HOUR, HOUR);
    });
    vec![
        fault.vector("a maximum TTL 1 ms longer than the ring's longest", "Ttl", &short, |c| {
            c.scene.max_ttl_ms += 1;
        }),
        fault.vector("a maximum TTL of 31 days, in a ring of 30", "Ttl", &case("create"), |c| {
            c.scene.max_ttl_ms += DAY;
        }),
        fault.vector("a maximum TTL of zero", "Settings", &case("create"), |c| c.scene.max_ttl_ms = 0),
        setting("default_ttl", "default_ttl_ms").vector(
            "a default TTL 1 ms longer than the maximum TTL, to which it is not cut",
            "Settings",
            &short,
            |c| c.default_ttl += 1,
        ),
        setting("default_ttl", "default_ttl_ms")
            .vector("a default TTL of zero", "Settings", &short, |c| c.default_ttl = 0),
        setting("max_lifetime", "max_lifetime_ms").vector(
            "a maximum lifetime of zero",
            "Settings",
            &short,
            |c| c.scene.max_lifetime_ms = 0,
        ),
        setting("max_token_chars", "max_token_chars").vector(
            "room for tokens of 137 characters",
            "Settings",
            &short,
            |c| c.max_token_chars = Some(137),
        ),
        setting("max_token_chars", "max_token_chars").vector(
            "room for tokens of 8193 characters",
            "Settings",
            &short,
            |c| c.max_token_chars = Some(8193),
        ),
        setting("max_token_chars", "name").vector(
            "a cookie name of 3959 bytes, which leaves room for 137 characters",
            "Settings",
            &short,
            |c| c.scene.name = "n".repeat(3_959),
        ),
    ]
}

fn setting(check: &'static str, member: &'static str) -> Fault {
    Fault { outcome: "refused", check, member }
}

/// Names that no browser would send back as they are.
fn names() -> Vec<Vector> {
    let of = |(what, name): (&str, &str)| {
        setting("name", "name").vector(
            &format!("{what} for a cookie name"),
            "Settings",
            &case("create"),
            |c| {
                c.scene.name = name.into();
            },
        )
    };
    [
        ("no text", ""),
        ("a text with a semicolon", "a;b"),
        ("a text with an equals sign", "a=b"),
        ("a text with a comma", "a,b"),
        ("a text with a line feed", "a\nb"),
        ("a text with DEL", "a\u{7f}b"),
        ("a text with a control character of Latin-1", "a\u{85}b"),
        ("a space before a text", " a"),
        ("a space after a text", "a "),
        ("a no-break space after a text", "a\u{a0}"),
    ]
    .into_iter()
    .map(of)
    .collect()
}
