//! JSON Lines as `seal` takes them, and the lines that end it.

use serde_json::{Value, json};

use crate::common::{DAY, Folder, HOUR, NOW};
use crate::{MIB, OPEN, SEAL, object_of};

/// Seals lines at the time `NOW` and opens the tokens again.
fn there_and_back(folder: &Folder, input: &str) -> Vec<Value> {
    let tokens = folder.cli(&format!("{SEAL} --now {NOW}")).input(input).end().succeeds();
    let sessions = folder.cli(&format!("{OPEN} --now {NOW}")).input(tokens).end().succeeds();
    sessions.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_field_of_a_line_may_be_left_out_or_empty() {
    let folder = Folder::with_ring();
    let cases = [
        (r#"{}"#, None, "{}", DAY),
        (r#"{"user_id":null}"#, None, "{}", DAY),
        (r#"{"user_id":""}"#, Some(""), "{}", DAY),
        (r#"{"user_id":"\u00fc\n\ud83d\ude00"}"#, Some("ü\n😀"), "{}", DAY),
        (
            r#" { "ttl_ms" : 0 , "data":	{ "a" : 1,"a":2 } , "user_id" : "é" } "#,
            Some("é"),
            r#"{ "a" : 1,"a":2 }"#,
            DAY,
        ),
        (r#"{"data":{"b":"\u00e9\/","c":1.0e+05}}"#, None, r#"{"b":"\u00e9\/","c":1.0e+05}"#, DAY),
        (r#"{"ttl_ms":1}"#, None, "{}", 1),
        (r#"{"ttl_ms":3600000}"#, None, "{}", HOUR),
        (r#"{"ttl_ms":2592000000}"#, None, "{}", 30 * DAY),
    ];
    let input: String = cases.iter().map(|(line, ..)| format!("{line}\n")).collect();
    let sessions = there_and_back(&folder, &input);
    assert_eq!(sessions.len(), cases.len());
    for (session, (line, user, data, ttl)) in sessions.iter().zip(cases) {
        let found = (&session["user_id"], &session["data_json"], &session["expires_at_ms"]);
        assert_eq!(found, (&json!(user), &json!(data), &json!(NOW + ttl)), "{line}");
    }
}

#[test]
fn lines_without_a_ttl_take_the_one_of_the_flag() {
    let folder = Folder::with_ring();
    let input = "{}\n{\"ttl_ms\":0}\n{\"ttl_ms\":7200000}\n";
    let tokens = folder.cli(&format!("{SEAL} --now {NOW} --ttl 1h")).input(input).end().succeeds();
    let lives = tokens.lines().map(|token| {
        let session = folder.open(token, &format!("--now {NOW}")).json();
        session["expires_at_ms"].as_u64().unwrap() - NOW
    });
    assert_eq!(lives.collect::<Vec<_>>(), [HOUR, HOUR, 2 * HOUR]);
}

#[test]
fn windows_line_ends_and_a_last_line_without_an_end_are_sealed() {
    let folder = Folder::with_ring();
    let sessions =
        there_and_back(&folder, "{\"user_id\":\"a\"}\r\n{\"data\":{\"b\":1}}\r\n{\"user_id\":\"c\"}");
    let users: Vec<&Value> = sessions.iter().map(|session| &session["user_id"]).collect();
    assert_eq!(users, [&json!("a"), &Value::Null, &json!("c")]);
    let marked = there_and_back(&folder, "\u{feff}{\"user_id\":\"a\"}\r\n");
    assert_eq!(marked[0]["user_id"], "a");
    assert_eq!(sessions[1]["data_json"], r#"{"b":1}"#);
}

/// Lines that are no session, and what the error says of them.
const BAD_LINES: [(&str, &str); 24] = [
    ("{\"foo\":1}", "unknown field `foo`"),
    ("{\"user_id\":\"x\",\"user_id\":\"y\"}", "duplicate field `user_id`"),
    ("{\"data\":{},\"data\":{}}", "duplicate field `data`"),
    ("[null,{},0]", "a JSON object with user_id, data and ttl_ms is expected"),
    ("\"x\"", "a JSON object with user_id, data and ttl_ms is expected"),
    ("null", "a JSON object with user_id, data and ttl_ms is expected"),
    ("", "a JSON object with user_id, data and ttl_ms is expected"),
    ("  \t", "a JSON object with user_id, data and ttl_ms is expected"),
    ("\u{feff}{}", "a JSON object with user_id, data and ttl_ms is expected"),
    ("{bad}", "column 2: key must be a string"),
    ("{\"data\":{}", "EOF while parsing an object"),
    ("{} {}", "column 4: trailing characters"),
    ("{\"data\":null}", "the data must be a JSON object"),
    ("{\"data\":[]}", "the data must be a JSON object"),
    ("{\"data\":\"{}\"}", "the data must be a JSON object"),
    ("{\"data\":1}", "the data must be a JSON object"),
    ("{\"user_id\":1}", "user_id is text or null"),
    ("{\"ttl_ms\":null}", "ttl_ms is a whole number"),
    ("{\"ttl_ms\":-1}", "ttl_ms is a whole number"),
    ("{\"ttl_ms\":1.5}", "ttl_ms is a whole number"),
    ("{\"ttl_ms\":\"1h\"}", "ttl_ms is a whole number"),
    ("{\"ttl_ms\":18446744073709551616}", "ttl_ms is a whole number"),
    ("{\"ttl_ms\":2592000001}", "2592000001 ms is longer than the ring's max_ttl_s allows"),
    ("{\"ttl_ms\":18446744073709551615}", "is longer than the ring's max_ttl_s allows"),
];

#[test]
fn a_bad_line_ends_it_with_its_number_after_the_tokens_before_it() {
    let folder = Folder::with_ring();
    for (line, words) in BAD_LINES {
        assert_ends_at_line_3(&folder, line.as_bytes(), words);
    }
}

#[test]
fn a_line_that_is_not_text_too_long_too_deep_or_too_large_for_a_cookie_ends_it_too() {
    let folder = Folder::with_ring();
    let too_large = format!("{{\"data\":{{\"a\":\"{}\"}}}}", "x".repeat(3_000));
    let deep = format!("{{\"data\":{{\"a\":{}1{}}}}}", "[".repeat(500_000), "]".repeat(500_000));
    let open = format!("{{\"data\":{}", "[".repeat(1_000_000));
    assert_ends_at_line_3(&folder, b"{\"user_id\":\"\xff\"}", "byte 13 is not UTF-8");
    assert_ends_at_line_3(&folder, too_large.as_bytes(), "4095 are allowed");
    assert_ends_at_line_3(&folder, deep.as_bytes(), "more than 64 objects and arrays in each other");
    assert_ends_at_line_3(&folder, open.as_bytes(), "EOF while parsing a list");
    assert_ends_at_line_3(&folder, object_of(MIB + 1).as_bytes(), "it has more than 1048576 bytes");
    assert_ends_at_line_3(&folder, &vec![b'x'; 5 * MIB], "it has more than 1048576 bytes");
}

/// The tokens of the two lines before it are printed, that of the line after it is not.
#[track_caller]
fn assert_ends_at_line_3(folder: &Folder, line: &[u8], words: &str) {
    let input = [b"{}\n{}\n", line, b"\n{}\n"].concat();
    let ended = folder.cli(SEAL).input(input).end();
    assert_eq!((ended.code, ended.stdout.lines().count()), (1, 2), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("sealed-session: line 3: "), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    ended.says(words);
    assert_eq!(folder.cli(OPEN).input(ended.stdout).end().succeeds().lines().count(), 2);
}

#[test]
fn a_line_of_a_mebibyte_is_sealed() {
    let folder = Folder::with_ring();
    for end in ["\n", ""] {
        let input = format!("{}{end}", object_of(MIB));
        folder.cli(SEAL).input(input).end().line();
    }
}

#[test]
fn a_value_of_a_line_is_not_quoted() {
    let folder = Folder::with_ring();
    for line in [r#"{"ttl_ms":"hunter2"}"#, r#"{"user_id":["hunter2"]}"#, r#"{"data":"hunter2"}"#] {
        let ended = folder.cli("seal --ring ring.json --name s").input(line).end();
        assert!(!ended.stderr.contains("hunter2") && ended.stderr.contains("line 1"), "{}", ended.stderr);
    }
}
