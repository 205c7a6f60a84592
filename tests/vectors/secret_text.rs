//! `root_secret_text.json`.

use sealed_session::RootSecret;

use crate::reading::{Vector, Verdict, run, same};

#[test]
fn root_secrets_are_read_and_written() {
    run("root_secret_text.json", |kind, vector| match kind {
        "RootSecretText" => is_read(vector),
        "RootSecretTextRefused" => is_refused(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

fn is_read(vector: &Vector) -> Verdict {
    let text = vector.text("text");
    let secret = RootSecret::from_text(&text).map_err(|e| e.to_string())?;
    same("id of the secret", secret.id(), vector.secret().id())?;
    same("root id", secret.id().to_string(), vector.text("root_id"))?;
    same("text", &**vector.secret().to_text(), text.trim_end_matches('\n'))
}

fn is_refused(vector: &Vector) -> Verdict {
    let check = vector.text("check");
    match RootSecret::from_text(&vector.text("text")) {
        Ok(_) => Err(format!("expected {check}, got a secret")),
        Err(e) if checks(&e.to_string()).contains(&check.as_str()) => {
            RootSecret::from_text(&vector.repaired().text("text")).map(drop).map_err(|e| e.to_string())
        }
        Err(e) => Err(format!("expected {check}, got {e}")),
    }
}

/// What a message may be about. This crate tells white space and a text cut short from the rest, which the
/// vectors do not.
fn checks(message: &str) -> &'static [&'static str] {
    let known: [(&str, &[&str]); 7] = [
        ("does not begin with ssr1_", &["prefix"]),
        ("there is nothing", &["prefix"]),
        ("surrounded by white space", &["prefix", "base64"]),
        ("words: nothing would say", &["base64"]),
        ("is not base64url", &["base64"]),
        ("cut short", &["base64", "length"]),
        ("too long", &["length"]),
    ];
    let found = known.iter().find(|(part, _)| message.contains(part));
    found
        .map_or(if message.contains("checksum is wrong") { &["checksum"] } else { &[] }, |(_, checks)| checks)
}
