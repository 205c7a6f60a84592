//! Texts of ring files that are refused, each for one member.

use super::file::Vector;
use super::json::Json;
use super::ring_file::{Key, SHORTEST_OF_ENDLESS, TIME, endless, secret, text, windowed};

pub(super) fn vectors() -> Vec<Vector> {
    let mut all = Vec::new();
    texts(&mut all);
    members_of_the_ring(&mut all);
    members_of_a_key(&mut all);
    times(&mut all);
    secrets(&mut all);
    escapes(&mut all);
    lives(&mut all);
    windows(&mut all);
    all
}

fn refused(
    all: &mut Vec<Vector>,
    comment: &str,
    flag: &'static str,
    check: &str,
    bad: impl Into<String>,
    good: impl Into<String>,
) {
    with_leeway(all, 60_000, comment, flag, check, bad.into(), good.into());
}

fn with_leeway(
    all: &mut Vec<Vector>,
    leeway_ms: u64,
    comment: &str,
    flag: &'static str,
    check: &str,
    bad: String,
    good: String,
) {
    let body = members! {
        "ring_text": bad,
        "check": check,
        "repair": Json::Object(members! { "ring_text": good }),
    };
    let group = members! { "leeway_ms": leeway_ms };
    let (comment, flags) = (comment.to_owned(), vec![flag]);
    all.push(Vector { kind: "RingRefused", group, comment, flags, valid: false, body });
}

fn one(key: Key) -> String {
    text("", &[key])
}

fn texts(all: &mut Vec<Vector>) {
    let good = one(Key::new(1));
    for (comment, bad) in [
        ("no text", String::new()),
        ("a list", format!("[{good}]")),
        ("a bare secret", secret(1)),
        ("text after the object", format!("{good} {{}}")),
        ("a byte order mark in front", format!("\u{feff}{good}")),
        ("a comma too many", good.replace("]}", "],}")),
        ("a comment", good.replace("]}", "] /* all */}")),
        ("the end cut", good[..good.len() - 1].into()),
        ("quotation marks of another kind", good.replace('"', "'")),
    ] {
        refused(all, comment, "RingJson", "json", bad, &good);
    }
    let twice = |name: &str, value: &str| {
        good.replacen(&format!("\"{name}\""), &format!("\"{name}\":{value},\"{name}\""), 1)
    };
    for (name, value) in [
        ("format", "\"sealed-session-ring/1\""),
        ("keys", "[]"),
        ("revoked", "true"),
        ("period_s", "0"),
        ("secret", "\"ssr1_\""),
    ] {
        let comment = format!("the member {name} twice");
        refused(all, &comment, "RingDuplicate", "json", twice(name, value), &good);
    }
    let escaped = good.replacen("\"keys\"", "\"\\u006beys\":[],\"keys\"", 1);
    refused(all, "the member keys twice, once with an escape", "RingDuplicate", "json", escaped, &good);
}

fn members_of_the_ring(all: &mut Vec<Vector>) {
    let good = one(Key::new(1));
    for (comment, bad) in [
        ("another format", good.replace("ring/1", "ring/2")),
        ("a format in capitals", good.replace("sealed", "SEALED")),
        ("no format", good.replace("\"format\":\"sealed-session-ring/1\",", "")),
        ("a format that is a number", good.replace("\"sealed-session-ring/1\"", "1")),
    ] {
        refused(all, comment, "RingMember", "format", bad, &good);
    }
    for value in
        ["0", "-1", "1.5", "\"60\"", "null", "true", "18446744073709551616", "-0", "60.0", "6e1", "[60]"]
    {
        let comment = format!("a longest TTL of {value}");
        let bad = text(&format!(",\"max_ttl_s\":{value}"), &[Key::new(1)]);
        refused(all, &comment, "RingMember", "max_ttl_s", bad, &good);
    }
    let head = "{\"format\":\"sealed-session-ring/1\"";
    for (comment, bad) in [
        ("no keys", format!("{head}}}")),
        ("keys that are null", format!("{head},\"keys\":null}}")),
        ("keys that are an object", format!("{head},\"keys\":{{}}}}")),
        ("a key that is a text", format!("{head},\"keys\":[\"{}\"]}}", secret(1))),
        ("a key that is a list", format!("{head},\"keys\":[[]]}}")),
    ] {
        refused(all, comment, "RingMember", "keys", bad, &good);
    }
    let deep = text(",\"note\":[[[[{\"keys\":[]}]]]]", &[Key::new(1)]);
    refused(all, "a nested member that is not in the table", "RingMember", "unknown", deep, &good);
    let bad = text(",\"max_ttl\":60", &[Key::new(1)]);
    refused(all, "a misspelt member of the ring", "RingMember", "unknown", bad, &good);
}

fn members_of_a_key(all: &mut Vec<Vector>) {
    let key = Key::new(1);
    let good = one(key.clone());
    for name in ["secret", "period_s", "activate_at", "retire_at", "revoked"] {
        refused(all, &format!("no {name}"), "RingMember", name, one(key.without(name)), &good);
    }
    for value in ["-1", "1.5", "\"0\"", "null", "false", "18446744073709551616", "-0", "0.0", "0e0", "{}"] {
        let comment = format!("a period of {value}");
        refused(all, &comment, "RingMember", "period_s", one(key.with("period_s", value)), &good);
    }
    for value in ["0", "1", "\"false\"", "null"] {
        let comment = format!("revoked: {value}");
        refused(all, &comment, "RingMember", "revoked", one(key.with("revoked", value)), &good);
    }
    for (name, value) in [("revoke", "true"), ("Revoked", "true"), ("note", "\"\""), ("retire_at_ms", "5")] {
        let comment = format!("a member {name}, which is not in the table");
        refused(all, &comment, "RingMember", "unknown", one(key.with(name, value)), &good);
    }
}

fn times(all: &mut Vec<Vector>) {
    let key = Key::new(1);
    let good = one(key.clone());
    for name in ["created_at", "activate_at", "retire_at"] {
        let bad = one(key.with(name, "\"2026-11-20\""));
        refused(all, &format!("a date for {name}"), "RingTime", name, bad, &good);
        let bad = one(key.with(name, "1795133400000"));
        refused(all, &format!("a number for {name}"), "RingTime", name, bad, &good);
    }
    refused(all, "null for created_at", "RingTime", "created_at", one(key.with("created_at", "null")), &good);
    refused(
        all,
        "null for activate_at",
        "RingTime",
        "activate_at",
        one(key.with("activate_at", "null")),
        &good,
    );
    for (what, time) in [
        ("no time", ""),
        ("a time without a zone", "2026-11-20T00:10:00"),
        ("a time with an offset", "2026-11-20T00:10:00+00:00"),
        ("a time without seconds", "2026-11-20T00:10Z"),
        ("a time with a small t", "2026-11-20t00:10:00Z"),
        ("a time with a small z", "2026-11-20T00:10:00z"),
        ("a time with a space for the T", "2026-11-20 00:10:00Z"),
        ("a time with a space in front", " 2026-11-20T00:10:00Z"),
        ("a time with a line feed at the end", "2026-11-20T00:10:00Z\\n"),
        ("a fraction without digits", "2026-11-20T00:10:00.Z"),
        ("a fraction of four digits, the last one zero", "2026-11-20T00:10:00.5000Z"),
        ("a fraction of microseconds", "2026-11-20T00:10:00.123456Z"),
        ("a fraction after a comma", "2026-11-20T00:10:00,5Z"),
        ("a fraction with a sign", "2026-11-20T00:10:00.+5Z"),
        ("a time of day without colons", "2026-11-20T001000.000Z"),
        ("a date without hyphens", "20261120T00:10:00.00Z"),
        ("a date of the week", "2026-W47-5T00:10:00Z"),
        ("a year of six digits", "+002026-11-20T00:10:00Z"),
        ("a year with a sign", "-026-11-20T00:10:00Z"),
        ("digits of another script", "2026-11-20T00:1٠:00Z"),
        ("a second that a leap adds", "2016-12-31T23:59:60Z"),
        ("a year of two digits", "26-11-20T00:10:00Z"),
        ("30 February", "2026-02-30T00:10:00Z"),
        ("29 February of a common year", "2026-02-29T00:10:00Z"),
        ("month 13", "2026-13-01T00:10:00Z"),
        ("hour 24", "2026-11-20T24:00:00Z"),
        ("minute 60", "2026-11-20T00:60:00Z"),
        ("1 ms after the last time there is", "9999-12-30T22:00:00.001Z"),
        ("1 s after the last time there is", "9999-12-30T22:00:01Z"),
        ("the end of the year 9999", "9999-12-31T23:59:59.999Z"),
        ("a time before 1970", "1969-12-31T23:59:59Z"),
        ("1 ms before 1970", "1969-12-31T23:59:59.999Z"),
    ] {
        let bad = one(key.with("activate_at", &format!("\"{time}\"")));
        refused(all, what, "RingTime", "activate_at", bad, &good);
    }
}

fn secrets(all: &mut Vec<Vector>) {
    let key = Key::new(1);
    let good = one(key.clone());
    let text_of = secret(1);
    for (comment, value) in [
        ("an empty secret", "\"\"".into()),
        ("a secret that is null", "null".into()),
        ("a secret of another prefix", format!("\"{}\"", text_of.replace("ssr1", "ssr2"))),
        ("a secret cut short", format!("\"{}\"", &text_of[..40])),
        ("a secret with a changed character", format!("\"{}\"", text_of.replacen("ssr1_A", "ssr1_B", 1))),
        ("a secret with a space in front", format!("\" {text_of}\"")),
    ] {
        refused(all, comment, "RingMember", "secret", one(key.with("secret", &value)), &good);
    }
}

/// A name may have escapes, a value may not: a secret or a time has one spelling.
fn escapes(all: &mut Vec<Vector>) {
    let key = Key::new(1);
    let good = one(key.clone());
    let format = good.replace("sealed-session-ring/1", "sealed-session-ring\\/1");
    refused(all, "an escape in the format", "RingEscape", "format", format, &good);
    let format = good.replace("sealed-session-ring/1", "\\u0073ealed-session-ring/1");
    refused(all, "a letter of the format as an escape", "RingEscape", "format", format, &good);
    let letter = format!("\"{}\"", secret(1).replacen('s', "\\u0073", 1));
    refused(
        all,
        "a letter of a secret as an escape",
        "RingEscape",
        "secret",
        one(key.with("secret", &letter)),
        &good,
    );
    let end = format!("\"{}\\n\"", secret(1));
    refused(
        all,
        "a line feed after a secret, as an escape",
        "RingEscape",
        "secret",
        one(key.with("secret", &end)),
        &good,
    );
    for (name, value) in [
        ("created_at", "\"\\u0032026-11-20T00:10:00Z\""),
        ("activate_at", "\"2026-11-20T00:10:00\\u005a\""),
        ("retire_at", "\"2026-11-20T00:10:01\\u002e5Z\""),
    ] {
        let comment = format!("an escape in {name}");
        refused(all, &comment, "RingEscape", name, one(key.with(name, value)), &good);
    }
}

fn lives(all: &mut Vec<Vector>) {
    let [first, second] =
        [1, 2].map(|number| Key::new(number).with("activate_at", "\"1970-01-01T00:00:00Z\""));
    let later = second.with("activate_at", "\"1970-01-01T00:00:00.001Z\"");
    let third = Key::new(3).with("activate_at", "\"1970-01-01T00:00:00.000Z\"");
    let gone = first.with("retire_at", "\"1970-01-01T00:00:01Z\"");
    let good = text("", &[first.clone(), later.clone()]);
    let good_gone = text("", &[gone.clone(), later.clone()]);
    let mut add = |comment, keys: &[Key], good: &str| {
        refused(all, comment, "RingLives", "activate_at", text("", keys), good);
    };
    add("two roots that activate at one time", &[first.clone(), second.clone()], &good);
    let apart = "the first and the last of three roots activate at one time";
    add(apart, &[first.clone(), later, third], &good);
    add("two roots that activate at one time, one of them gone", &[gone, second], &good_gone);
    retirements(all);
    same_secret(all, &first, &good);
}

fn retirements(all: &mut Vec<Vector>) {
    let retiring = |time: &str| one(Key::new(1).with("retire_at", &format!("\"{time}\"")));
    let good = retiring("2026-11-20T00:10:00.001Z");
    let revoked = Key::new(1).with("retire_at", &format!("\"{TIME}\"")).with("revoked", "true");
    let comment = "a revoked root that retires when it activates";
    refused(all, comment, "RingLives", "retire_at", one(revoked), &good);
    for (comment, time) in [
        ("a root that retires when it activates", TIME),
        ("a root that retires 1 ms before it activates", "2026-11-20T00:09:59.999Z"),
    ] {
        refused(all, comment, "RingLives", "retire_at", retiring(time), &good);
    }
}

/// The second of the two has another time of activation, period or flag, which makes it no other secret.
fn same_secret(all: &mut Vec<Vector>, first: &Key, good: &str) {
    let again = first.with("activate_at", "\"1970-01-01T00:00:05Z\"");
    for (comment, second) in [
        ("one secret in two roots", again.clone()),
        ("one secret in two roots, one of them revoked", again.with("revoked", "true")),
        ("one secret in two roots of different periods", again.with("period_s", "86400")),
        ("one secret in two roots, one of them gone", again.with("retire_at", "\"1970-01-01T00:00:06Z\"")),
    ] {
        refused(all, comment, "RingLives", "secret", text("", &[first.clone(), second]), good);
    }
}

fn windows(all: &mut Vec<Vector>) {
    let (good, bad) = (windowed("936540"), windowed("936541"));
    refused(all, "1,025 epochs: the longest TTL is 1 s too long", "RingWindow", "period_s", bad, &good);
    let every_second = one(Key::new(1).with("period_s", "1"));
    let daily = one(Key::new(1).with("period_s", "86400"));
    refused(all, "a new key every second", "RingWindow", "period_s", every_second, &daily);
    let revoked = one(Key::new(1).with("period_s", "1").with("revoked", "true"));
    refused(all, "a new key every second, of a revoked root", "RingWindow", "period_s", revoked, &daily);
    let longest = text(",\"max_ttl_s\":18446744073709551615", &[Key::new(1).with("period_s", "86400")]);
    refused(all, "a daily key for the largest longest TTL", "RingWindow", "period_s", longest, &daily);
    let comment = "1,025 epochs of the largest longest TTL, by sums beyond 2^64";
    let (bad, good) = (endless(SHORTEST_OF_ENDLESS - 1), endless(SHORTEST_OF_ENDLESS));
    refused(all, comment, "RingWindow", "period_s", bad, good);
    let [first, second] = [Key::new(1), Key::new(2).with("activate_at", "\"2026-11-20T00:10:01Z\"")];
    let bad = text("", &[first.clone(), second.with("period_s", "60")]);
    let two = text("", &[first, second]);
    refused(all, "the second root has too many epochs", "RingWindow", "period_s", bad, two);
    // The leeway counts by whole seconds: 1 ms more than a minute is one second too much.
    let comment = "1,025 epochs: the leeway is 1 ms too long";
    with_leeway(all, 60_001, comment, "RingWindow", "period_s", windowed("936540"), windowed("936539"));
    let comment = "1,025 epochs by the minute that counts when a file is loaded, for a server without leeway";
    with_leeway(all, 0, comment, "RingWindow", "period_s", windowed("936541"), windowed("936540"));
    let comment = "1,025 epochs: the leeway is an hour";
    with_leeway(all, 3_600_000, comment, "RingWindow", "period_s", windowed("936540"), windowed("933000"));
}
