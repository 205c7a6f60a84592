//! Texts of ring files that load, with the freedom that the format leaves.

use sealed_session::{KeyRing, Root, RootSecret};

use super::file::Vector;
use super::json::{Json, Members};

pub(super) const TIME: &str = "2026-11-20T00:10:00Z";

/// A key of a ring file, member by member, each as the text of its value.
#[derive(Clone)]
pub(super) struct Key(pub(super) Vec<(&'static str, String)>);

impl Key {
    pub(super) fn new(number: u8) -> Self {
        Self(vec![
            ("secret", format!("\"{}\"", secret(number))),
            ("period_s", "0".into()),
            ("activate_at", format!("\"{TIME}\"")),
            ("retire_at", "null".into()),
            ("revoked", "false".into()),
        ])
    }

    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut changed = self.clone();
        match changed.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, text)) => *text = value.into(),
            None => changed.0.push((name, value.into())),
        }
        changed
    }

    pub(super) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(known, _)| *known != name).cloned().collect())
    }

    fn text(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

pub(super) fn secret(number: u8) -> String {
    RootSecret::from_bytes(&[number; 32]).unwrap().to_text().to_string()
}

/// The text of a ring file with these keys, and with more members (each preceded by a comma) or none.
pub(super) fn text(more: &str, keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(Key::text).collect();
    format!(r#"{{"format":"sealed-session-ring/1"{more},"keys":[{}]}}"#, keys.join(","))
}

pub(super) fn vectors() -> Vec<Vector> {
    let key = Key::new(1);
    let of_key = |comment, key: Key| vector(comment, text("", &[key]));
    let timed = |comment, time: &str| of_key(comment, key.with("activate_at", &format!("\"{time}\"")));
    let mut spaced = text(",\"max_ttl_s\":60", std::slice::from_ref(&key));
    spaced = format!(" \t\r\n{}\n", spaced.replace(',', " ,\n\t").replace("\":", "\" : "));
    vec![
        vector("no key, and the longest TTL left out", text("", &[])),
        of_key("one key", key.clone()),
        vector("white space wherever JSON has it", spaced),
        vector("members in other order", {
            let keys = Key(key.0.iter().rev().cloned().collect()).text();
            format!(r#"{{"keys":[{keys}],"max_ttl_s":1,"format":"sealed-session-ring/1"}}"#)
        }),
        vector(
            "the largest longest TTL",
            text(",\"max_ttl_s\":18446744073709551615", std::slice::from_ref(&key)),
        ),
        of_key("the largest period", key.with("period_s", "18446744073709551615")),
        of_key("a time of creation", key.with("created_at", "\"2026-11-20T00:00:00Z\"")),
        of_key(
            "created after it activates: nothing depends on it",
            key.with("created_at", "\"2030-01-01T00:00:00Z\""),
        ),
        of_key("a member's name with an escape", key.without("period_s").with("\\u0070eriod_s", "0")),
        of_key(
            "every member's name with an escape",
            Key(key.0.iter().map(|(name, value)| (escaped(name), value.clone())).collect()),
        ),
        timed("the last time there is", "9999-12-30T22:00:00Z"),
        timed("the last time there is, with a fraction", "9999-12-30T22:00:00.000Z"),
        timed("1 ms before the last time there is", "9999-12-30T21:59:59.999Z"),
        timed("a fraction of one digit", "2026-11-20T00:10:00.5Z"),
        timed("a fraction of two digits", "2026-11-20T00:10:00.05Z"),
        timed("a fraction of three digits", "2026-11-20T00:10:00.005Z"),
        timed("a fraction of zero", "2026-11-20T00:10:00.000Z"),
        timed("the first time there is", "1970-01-01T00:00:00Z"),
        timed("29 February of a leap year", "2028-02-29T23:59:59.999Z"),
        timed("29 February of 2000", "2000-02-29T00:00:00Z"),
        of_key("retires 1 ms after it activates", key.with("retire_at", "\"2026-11-20T00:10:00.001Z\"")),
        vector(
            "two revoked keys, and one that is not, activated at one time",
            text("", &[key.with("revoked", "true"), Key::new(2), Key::new(3).with("revoked", "true")]),
        ),
        vector("1,024 epochs with the leeway of 60 s", windowed("936540")),
        vector("the largest longest TTL and the largest period", endless(u64::MAX)),
        vector("1,024 epochs of the largest longest TTL, by sums beyond 2^64", endless(SHORTEST_OF_ENDLESS)),
    ]
}

/// A new key every 1000 s: with a day of grace and a minute of leeway, 936,540 s make 1023 epochs and one.
pub(super) fn windowed(max_ttl_s: &str) -> String {
    text(&format!(",\"max_ttl_s\":{max_ttl_s}"), &[Key::new(1).with("period_s", "1000")])
}

/// The shortest period of which the largest longest TTL, its grace and a minute of leeway make 1,024 epochs.
pub(super) const SHORTEST_OF_ENDLESS: u64 = (u64::MAX as u128 + 60).div_ceil(1_022) as u64;

/// The largest longest TTL, with a root of this period.
pub(super) fn endless(period_s: u64) -> String {
    text(",\"max_ttl_s\":18446744073709551615", &[Key::new(1).with("period_s", &period_s.to_string())])
}

/// A member's name as another spelling of JSON has it.
fn escaped(name: &str) -> &'static str {
    match name {
        "secret" => "\\u0073ecret",
        "period_s" => "period\\u005fs",
        "activate_at" => "\\u0061ctivate_at",
        "retire_at" => "retire_a\\u0074",
        _ => "\\u0072evoked",
    }
}

fn vector(comment: &str, text: String) -> Vector {
    let ring = KeyRing::from_json(&text).unwrap_or_else(|e| panic!("{comment}: {e}"));
    let body = members! {
        "ring_text": text,
        "max_ttl_s": ring.max_ttl_s(),
        "roots": ring.roots().iter().map(root).collect::<Json>(),
    };
    let group = members! { "leeway_ms": 60_000_u64 };
    Vector { kind: "RingFile", group, comment: comment.into(), flags: vec!["RingFile"], valid: true, body }
}

fn root(root: &Root) -> Members {
    members! {
        "root_id": root.id().to_string(),
        "period_s": root.period_s(),
        "created_at_ms": root.created_at_ms(),
        "activate_at_ms": root.activate_at_ms(),
        "retire_at_ms": root.retire_at_ms(),
        "revoked": root.is_revoked(),
    }
}
