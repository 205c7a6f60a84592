//! A token a line, as `open` and `inspect` take them.

use std::fmt::Write as _;

use crate::common::Folder;
use crate::{MIB, OPEN, expired};

#[test]
fn the_exit_code_is_that_of_the_worst_line_whatever_the_order() {
    let folder = Folder::with_ring();
    let (live, over) = (folder.seal(""), expired(&folder));
    let cases = [
        (vec![&*live, &live], 0),
        (vec![&over, &live], 4),
        (vec![&live, &over], 4),
        (vec!["x", &live], 3),
        (vec!["x", &over], 3),
        (vec![&over, "x"], 3),
        (vec![&over, "x", &over, &live], 3),
    ];
    for (lines, code) in cases {
        let ended = folder.cli(OPEN).input(lines.join("\n")).end();
        assert_eq!((ended.code, ended.stdout.lines().count()), (code, lines.len()), "{lines:?}");
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn a_token_that_is_refused_is_reported_with_its_line_and_the_others_open() {
    let folder = Folder::with_ring();
    let (live, over) = (folder.seal(""), expired(&folder));
    let mut input = format!("{live}\n{over}\n\n{live} \n").into_bytes();
    input.extend([vec![b'A'; MIB], b"\n\xff\xfe\n".to_vec(), live.clone().into_bytes()].concat());
    let ended = folder.cli(OPEN).input(input).end();
    let session = folder.open(&live, "").line();
    let expected = [
        &session,
        r#"{"error":"not_found","line":2}"#,
        r#"{"error":"invalid","line":3}"#,
        r#"{"error":"invalid","line":4}"#,
        r#"{"error":"invalid","line":5}"#,
        r#"{"error":"invalid","line":6}"#,
        &session,
    ];
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!((ended.code, ended.stderr.as_str()), (3, ""));
}

#[test]
fn the_checks_are_explained_on_standard_error_if_asked_for() {
    let folder = Folder::with_ring();
    let (live, over) = (folder.seal(""), expired(&folder));
    let ended = folder.cli(&format!("{OPEN} --explain")).input(format!("{live}\nx\n{over}\n")).end();
    let expected = "sealed-session: line 2: invalid session: the token was refused (check: length)\n\
                    sealed-session: line 3: session not found (check: expired)\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (3, expected));
    assert!(
        ended.stdout.ends_with("{\"error\":\"invalid\",\"line\":2}\n{\"error\":\"not_found\",\"line\":3}\n")
    );
}

#[test]
fn every_change_truncation_and_extension_of_a_token_is_refused() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let mut bad: Vec<String> = (0..token.len()).map(|len| token[..len].to_owned()).collect();
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ .".chars() {
        bad.push(format!("{token}{other}"));
        let changed = (0..token.len()).map(|at| format!("{}{other}{}", &token[..at], &token[at + 1..]));
        bad.extend(changed.filter(|changed| *changed != token));
    }
    let ended = folder.cli(OPEN).input(bad.join("\n")).end();
    let expected: String = (1..=bad.len()).fold(String::new(), |mut text, line| {
        writeln!(text, "{{\"error\":\"invalid\",\"line\":{line}}}").unwrap();
        text
    });
    assert!(ended.stdout == expected, "each of {} lines is refused", bad.len());
    assert_eq!(ended.code, 3);
}

#[test]
fn inspect_takes_a_token_a_line_too() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let visible = folder.run(&format!("inspect {token}")).line();
    let ended = folder.cli("inspect").input(format!("{token}\nx\n{token}")).end();
    assert_eq!(ended.stdout, format!("{visible}\n{{\"error\":\"invalid\",\"line\":2}}\n{visible}\n"));
    assert_eq!((ended.code, ended.stderr.as_str()), (3, ""));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_part_of_a_token() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let visible = [folder.open(&token, "").line(), folder.run(&format!("inspect {token}")).line()];
    for (command, line) in [OPEN, "inspect"].into_iter().zip(visible) {
        for input in [
            format!("{token}\r\n{token}\r\n"),
            format!("{token}\r\n{token}\n"),
            format!("\u{feff}{token}\n{token}"),
            format!("\u{feff}{token}\r\n{token}"),
        ] {
            assert_eq!(folder.cli(command).input(input).end().succeeds(), format!("{line}\n{line}\n"));
        }
        assert_eq!(folder.cli(command).input("\u{feff}").end().succeeds(), "");
        for other in [
            format!("{token}\r\r\n"),
            format!("{token}\r"),
            format!("\r{token}\n"),
            format!("\n\u{feff}{token}"),
        ] {
            assert_eq!(folder.cli(command).input(&other).end().code, 3, "{other:?}");
        }
    }
}

#[test]
fn what_stands_around_a_token_is_explained() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let cases = [
        (format!("{token} "), "white space"),
        (format!("\t{token}"), "white space"),
        (format!("{token}\u{a0}"), "white space"),
        (format!("\"{token}\""), "quotes"),
        (format!("'{token}'"), "quotes"),
        (format!("s={token}"), "name=value"),
        (format!("Cookie: s={token}"), "a header"),
        (format!("Set-Cookie: s={token}; Path=/"), "a header"),
        (format!("set-cookie:s={token}"), "a header"),
        (format!("s={token}; HttpOnly"), "a header"),
        (format!("%20{token}"), "percent-encoded"),
        (format!("2.{token}"), "the first of two cookies"),
        (format!("{}={token}", "A".repeat(43)), "actix-session"),
    ];
    let input: String = cases.iter().map(|(line, _)| format!("{line}\n")).collect();
    let explained = folder.cli(&format!("{OPEN} --explain")).input(&input).end();
    for (number, (line, words)) in (1..).zip(&cases) {
        let hint = format!("sealed-session: line {number}: hint: ");
        let hint = explained.stderr.lines().find_map(|line| line.strip_prefix(&hint)).unwrap();
        assert!(hint.contains(words), "{line}: {hint}");
        for command in [OPEN, "inspect"] {
            let one = folder.cli(command).arg("--").arg(line).end();
            assert!(one.stderr.ends_with(&format!("refused\nhint: {hint}\n")), "{}", one.stderr);
        }
    }
    let plain = folder.cli(OPEN).input(&input).end();
    assert_eq!((plain.code, plain.stdout.lines().count(), plain.stderr.as_str()), (3, cases.len(), ""));
    for quiet in ["x", "", "A=", &"A".repeat(200)] {
        assert!(!folder.open(quiet, "--explain").stderr.contains("hint"), "{quiet}");
    }
}
