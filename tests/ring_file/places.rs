//! Each mistake is named with its line and field.

use sealed_session::KeyRing;

use crate::common::secret;
use crate::{error, error_of, lines};

#[track_caller]
fn names(message: &str, line: usize, field: &str) {
    assert!(message.starts_with(&format!("line {line}, field {field}: ")), "{message}");
}

#[test]
fn a_field_of_a_wrong_type_is_named() {
    for (line, field, values) in [
        (2, "format", &["1", "null", "[]", "{}", "true"][..]),
        (3, "max_ttl_s", &["\"30d\"", "null", "-1", "1.5", "1e3", "0", "18446744073709551616", "[]", "true"]),
        (6, "keys[0].secret", &["1", "null", "[]", "{}", "false"]),
        (7, "keys[0].period_s", &["\"1d\"", "null", "-1", "0.5", "1e3", "18446744073709551616", "[]"]),
        (8, "keys[0].created_at", &["1795132800000", "null", "[]", "\"\"", "\"yesterday\""]),
        (9, "keys[0].activate_at", &["0", "null", "{}", "\"2026-11-20\"", "\"2026-11-31T00:00:00Z\""]),
        (10, "keys[0].retire_at", &["0", "false", "\"null\"", "\"never\""]),
        (11, "keys[0].revoked", &["0", "null", "\"false\"", "[]"]),
        (14, "keys[1].secret", &["null"]),
        (19, "keys[1].revoked", &["1"]),
    ] {
        let name = field.rsplit('.').next().unwrap();
        let comma = if name == "revoked" { "" } else { "," };
        for value in values {
            names(&error_of(line, &format!("      \"{name}\": {value}{comma}")), line, field);
        }
    }
}

#[test]
fn errors_say_what_is_expected() {
    let message = error_of(7, r#"      "period_s": "1d","#);
    assert!(message.ends_with("a whole number of seconds (0 for a key that does not rotate) is expected"));
    let message = error_of(9, r#"      "activate_at": "soon","#);
    assert!(message.contains("a time such as \"2026-11-20T00:10:00Z\""), "{message}");
    let message = error_of(11, r#"      "revoked": "no""#);
    assert!(message.ends_with("true or false is expected"), "{message}");
}

#[test]
fn another_format_is_named() {
    for format in ["", "sealed-session-ring/2", "sealed-session-ring", "SEALED-SESSION-RING/1"] {
        let message = error_of(2, &format!("  \"format\": \"{format}\","));
        names(&message, 2, "format");
        assert!(message.contains("\"sealed-session-ring/1\" is expected"), "{message}");
    }
}

#[test]
fn keys_that_are_no_list_of_objects_are_named() {
    let with =
        |keys: &str| error(&format!("{{\n\"format\": \"sealed-session-ring/1\",\n\"keys\": {keys}\n}}"));
    for keys in ["{}", "null", "1", "\"ssr1_\""] {
        names(&with(keys), 3, "keys");
    }
    for key in ["[]", "null", "1", "\"ssr1_\"", "true"] {
        let message = with(&format!("[\n{key}]"));
        assert!(message.starts_with("line 4, keys[0]: a JSON object is expected"), "{message}");
    }
}

#[test]
fn unknown_fields_are_named_at_both_levels() {
    for (line, place) in [(3, "the ring"), (8, "keys[0]"), (16, "keys[1]")] {
        let message = error_of(line, r#"      "max_ttl": 5,"#);
        assert!(message.starts_with(&format!("line {line}, column ")), "{message}");
        assert!(message.contains(&format!("{place}: unknown field `max_ttl`")), "{message}");
    }
}

#[test]
fn missing_fields_are_named_at_both_levels() {
    let required = [(2, "format"), (6, "secret"), (7, "period_s"), (9, "activate_at"), (10, "retire_at")];
    for (line, field) in required.into_iter().chain([(14, "secret"), (18, "retire_at")]) {
        let message = error_of(line, "");
        assert!(message.contains(&format!("missing field `{field}`")), "{message}");
        let place = if line == 2 { "the ring" } else { &format!("keys[{}]", line / 12) };
        assert!(message.contains(&format!(", {place}: ")), "{message}");
    }
    let message = error(r#"{"format":"sealed-session-ring/1"}"#);
    assert!(message.contains("missing field `keys`"), "{message}");
}

#[test]
fn a_field_given_twice_is_named() {
    let message = error_of(3, r#"  "format": "sealed-session-ring/1","#);
    assert!(message.starts_with("line 3, ") && message.contains("duplicate field `format`"), "{message}");
    let message = error_of(8, r#"      "period_s": 0,"#);
    assert!(message.starts_with("line 8, ") && message.contains("duplicate field `period_s`"), "{message}");
}

#[test]
fn a_bad_secret_is_named_with_what_is_wrong_with_it() {
    let good = secret(1).to_text();
    let escaped = good.replacen("ssr1", "\\u0073sr1", 1);
    for (bad, what) in [
        ("", "there is nothing"),
        ("hunter2", "does not begin with ssr1_"),
        ("ssr1_", "cut short"),
        (&good[..40], "cut short"),
        (&format!("{}\\n", *good), "text without escapes"),
        (&escaped, "text without escapes"),
        (&format!(" {}", *good), "white space"),
        (&format!("{} {}", *good, *good), "2 words"),
        (&good.replacen("AQE", "AQI", 1), "checksum is wrong"),
        (&good.replacen("AQE", "A+E", 1), "not base64url"),
    ] {
        let message = error_of(6, &format!("      \"secret\": \"{bad}\","));
        names(&message, 6, "keys[0].secret");
        assert!(message.contains(what), "{message}");
    }
}

#[test]
fn mistakes_of_the_whole_ring_are_named_where_they_stand() {
    let twice = error_of(14, &format!("      \"secret\": \"{}\",", *secret(1).to_text()));
    names(&twice, 14, "keys[1].secret");
    assert!(twice.contains("the same secret stands in keys[0]"), "{twice}");
    let same_time = lines()
        .replace("2026-11-20T00:10:00Z", "1970-01-01T00:00:00Z")
        .replace("\"revoked\": true", "\"revoked\": false");
    names(&error(&same_time), 17, "keys[1].activate_at");
    let retires_first = error_of(10, r#"      "retire_at": "1970-01-01T00:00:00Z","#);
    names(&retires_first, 10, "keys[0].retire_at");
    let too_many_epochs = error_of(15, r#"      "period_s": 60,"#);
    names(&too_many_epochs, 15, "keys[1].period_s");
}

#[test]
fn what_is_no_object_at_all_is_an_error() {
    let list = r#"["sealed-session-ring/1",2592000,[]]"#;
    for text in ["", " ", "null", "[]", "1", "\"\"", "ssr1_", "\u{feff}{}", list] {
        let message = error(text);
        assert!(message.starts_with("line 1, the ring: a JSON object is expected"), "{text}: {message}");
    }
    let deep = format!("{{\"format\":{}", "[".repeat(1 << 19));
    assert!(error(&deep).starts_with("line 1, "));
}

#[test]
fn a_mistake_of_the_syntax_is_named_with_its_line() {
    assert!(error_of(7, r#"      "period_s": 0;"#).starts_with("line 7, column 20, "));
    assert!(error_of(12, "    }").starts_with("line 13, "));
}

#[test]
fn places_count_from_the_beginning_of_the_file() {
    let message = |text: &str| KeyRing::from_json(text).unwrap_err().to_string();
    assert!(message("\n\n{\"format\":1,\"keys\":[]}").starts_with("line 3, field format"));
    assert!(message("\n\n{\"format\":1}").starts_with("line 3, column 12, the ring: missing field `keys`"));
    let on_one_line = r#"{"format":"sealed-session-ring/1","keys":[{"perio":2}]}"#;
    let column = on_one_line.find("perio\"").unwrap() + "perio\"".len();
    assert!(
        message(on_one_line).starts_with(&format!("line 1, column {column}, keys[0]: unknown field `perio`"))
    );
}
