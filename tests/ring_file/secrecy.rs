//! No error quotes a secret, wherever in the file it stands.

use sealed_session::KeyRing;

use crate::common::{ring, root, secret};
use crate::{error, lines};

/// An error message, free of every longer piece of the secrets.
#[track_caller]
fn silent(message: &str) {
    for number in [1, 2, 3] {
        let text = secret(number).to_text();
        for from in 5..text.len() - 8 {
            assert!(!message.contains(&text[from..from + 8]), "{message}");
        }
    }
}

#[test]
fn a_secret_in_place_of_another_value_is_not_quoted() {
    let secret = secret(3).to_text();
    for line in lines().lines().filter(|line| line.contains("\": ")) {
        let (name, old) = line.split_once("\": ").unwrap();
        let comma = if old.ends_with(',') { "," } else { "" };
        for value in [format!("\"{}\"", *secret), (*secret).clone(), format!("[\"{}\"]", *secret)] {
            let changed = lines().replacen(line, &format!("{name}\": {value}{comma}"), 1);
            match KeyRing::from_json(&changed) {
                Ok(_) => assert!(name.contains("secret") && value.starts_with('"'), "{name}: {value}"),
                Err(error) => silent(&error.to_string()),
            }
        }
    }
}

#[test]
fn a_secret_in_place_of_a_field_name_is_not_quoted() {
    let secret = secret(3).to_text();
    for name in ["format", "max_ttl_s", "keys", "secret", "period_s", "created_at", "activate_at", "revoked"]
    {
        for instead in [(*secret).clone(), secret.replacen('s', "\\u0073", 1)] {
            let changed = lines().replacen(&format!("\"{name}\""), &format!("\"{instead}\""), 1);
            let message = error(&changed);
            silent(&message);
            assert!(message.contains("a secret stands where a field name is expected"), "{message}");
        }
    }
}

#[test]
fn a_damaged_secret_is_not_quoted() {
    let good = secret(1).to_text();
    let pieces = [
        format!("{}x", *good),
        format!("x{}", *good),
        good[..30].to_owned(),
        good[5..].to_owned(),
        good.to_uppercase(),
        format!("{} ", *good),
        format!("{}\\n{}", *good, *good),
        format!("\\\"{}\\\"", *good),
        good.replacen("ssr1_", "ssr1-", 1),
    ];
    for bad in pieces {
        silent(&error(&lines().replacen(&*good, &bad, 1)));
    }
}

#[test]
fn broken_syntax_around_a_secret_does_not_quote_it() {
    let (text, secret) = (lines(), secret(1).to_text());
    let at = text.find(&*secret).unwrap();
    for position in at - 12..at + secret.len() + 4 {
        for garbage in ["\"", "}", "\0", "\\", "\n"] {
            let changed = format!("{}{garbage}{}", &text[..position], &text[position..]);
            if let Err(error) = KeyRing::from_json(&changed) {
                silent(&error.to_string());
            }
        }
    }
}

#[test]
fn a_secret_that_stands_twice_is_not_quoted() {
    let twice = lines().replace(&*secret(2).to_text(), &secret(1).to_text());
    silent(&error(&twice));
    let mut ring = ring(vec![root(1), root(2).activating_at(1)]);
    silent(&ring.add(root(1).activating_at(2), 0).unwrap_err().to_string());
    silent(&ring.revoke(root(3).id(), 0, false).unwrap_err().to_string());
}

#[test]
fn a_bare_secret_in_place_of_a_ring_is_not_quoted() {
    let secret = secret(1).to_text();
    for text in [(*secret).clone(), format!("\"{}\"", *secret), format!("[\"{}\"]", *secret)] {
        silent(&error(&text));
    }
}

#[test]
fn the_beginning_of_a_secret_is_not_quoted_either() {
    let beginning = &secret(1).to_text()[..24];
    let message = KeyRing::from_json(&format!("{{\"{beginning}\":1}}")).unwrap_err().to_string();
    assert!(!message.contains(beginning), "{message}");
}

#[test]
fn a_secret_without_its_prefix_is_not_quoted_either() {
    let text = secret(1).to_text();
    let body = &text["ssr1_".len()..];
    let message = KeyRing::from_json(&format!("{{\"{body}\":1}}")).unwrap_err().to_string();
    assert!(!message.contains(body), "{message}");
}
