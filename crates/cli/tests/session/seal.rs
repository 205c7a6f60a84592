//! Data, users, sizes and TTLs as `seal` takes them.

use serde_json::Value;

use crate::common::{DAY, Folder, NOW};
use crate::seal_data;

#[test]
fn data_comes_back_byte_for_byte() {
    let folder = Folder::with_ring();
    for data in [
        "{}",
        " \t{ \"a\" :\r\n1 }\n",
        r#"{"a":1,"a":2,"a":1}"#,
        "{\"né\":\"日本 👩🏻‍💻\",\"\":\"\u{7f}\u{2028}\"}",
        r#"{"a":"\u00e9\/\\\"\b\ud83d\ude00","b":1.0e+05,"c":-0,"d":123456789012345678901234567890}"#,
        r#"{"--data":"-x","deep":[[[[[[[[{}]]]]]]]]}"#,
    ] {
        let session = folder.open(&seal_data(&folder, data).line(), "").json();
        assert_eq!(session["data_json"], data);
        assert_eq!(session["user_id"], Value::Null);
    }
}

#[test]
fn a_user_is_any_text() {
    let folder = Folder::with_ring();
    for user in ["user-42", "", "-x", "--data", " ü\n\"日本", &"u".repeat(2_000)] {
        let sealed = folder.cli("seal --ring ring.json --name s --data {}").args(["--user", user]).end();
        assert_eq!(folder.open(&sealed.line(), "").json()["user_id"], user);
    }
}

#[test]
fn data_that_is_no_object_is_not_sealed() {
    let folder = Folder::with_ring();
    let cases =
        ["", " ", "[]", "null", "1", "\"x\"", "{", "{}}", "{} {}", "{'a':1}", "{\"a\":1,}", "a", "-1", "--x"];
    for data in cases {
        seal_data(&folder, data).fails(1, "the data must be a JSON object");
    }
}

#[test]
fn what_a_browser_would_drop_is_not_sealed() {
    let folder = Folder::with_ring();
    // The name `s` leaves 4095 characters, which carry a record of 3014 bytes, 46 of them not data.
    let data = |len: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(len - 8));
    assert_eq!(seal_data(&folder, &data(2968)).line().len(), 4095);
    seal_data(&folder, &data(2969)).fails(1, "the token needs 4096 characters, and 4095 are allowed");
}

#[test]
fn padding_hides_the_length_of_the_data() {
    let folder = Folder::with_ring();
    let seal = |flags: &str, data: &str| {
        folder
            .cli("seal --ring ring.json --name s")
            .args(flags.split_whitespace())
            .args(["--data", data])
            .end()
    };
    let record_bytes = |token: &str| folder.run(&format!("inspect {token}")).json()["record_bytes"].clone();
    for data in ["{}", r#"{"a":"0123456789012345678901234567890123456789"}"#] {
        let token = seal("--padding 128", data).line();
        assert_eq!(record_bytes(&token), 128);
        assert_eq!(folder.open(&token, "").json()["data_json"], data);
        assert_eq!(record_bytes(&seal("", data).line()), 46 + data.len());
    }
    for padding in ["-1", "x", "18446744073709551616"] {
        seal(&format!("--padding={padding}"), "{}").fails(2, "--padding");
    }
}

#[test]
fn a_ttl_is_a_duration_and_0_or_none_is_a_day() {
    let folder = Folder::with_ring();
    let cases = [
        ("", DAY),
        ("--ttl 0", DAY),
        ("--ttl 0s", DAY),
        ("--ttl 1ms", 1),
        ("--ttl 90s", 90_000),
        ("--ttl 1h30m", 90 * 60_000),
        ("--ttl 24h", DAY),
        ("--ttl 30d", 30 * DAY),
    ];
    for (flags, life) in cases {
        let token = folder.seal(&format!("--now {NOW} {flags}"));
        let session = folder.open(&token, &format!("--now {NOW}")).json();
        let times = ["created_at_ms", "renewed_at_ms", "expires_at_ms"].map(|time| session[time].as_u64());
        assert_eq!(times, [Some(NOW), Some(NOW), Some(NOW + life)], "{flags}");
    }
}

#[test]
fn a_ttl_above_the_rings_longest_is_an_error() {
    let folder = Folder::with_ring();
    folder.run("ring init hour.json --max-ttl 1h").succeeds();
    for line in [
        "--ring ring.json --ttl 30d1ms",
        "--ring ring.json --ttl 500000000y",
        "--ring hour.json",
        "--ring hour.json --ttl 0",
        "--ring hour.json --ttl 3600001ms",
    ] {
        for data in ["--data {}", ""] {
            let ended = folder.run(&format!("seal --name s {data} {line}"));
            ended.fails(1, "is longer than the ring's max_ttl_s allows");
        }
    }
    folder.run("seal --name s --data {} --ring hour.json --ttl 1h").line();
}

#[test]
fn a_ttl_that_is_no_whole_number_of_milliseconds_is_a_usage_error() {
    let folder = Folder::with_ring();
    for ttl in ["1ns", "1500us", "1.0005s", "-1s", "90", "1 fortnight", "", "soon", "99999999999999999999y"] {
        let ended = folder.cli("seal --ring ring.json --name s --data {}").arg(format!("--ttl={ttl}")).end();
        ended.fails(2, "--ttl");
    }
}
