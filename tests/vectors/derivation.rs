//! `derivation.json`.

use sealed_session::hazmat::{Context, csrf_token, derive};
use sealed_session::{RootSecret, SessionUid, join_associated_data};

use crate::reading::{Vector, Verdict, from_hex, run, same, to_hex};

#[test]
fn keys_and_ids_are_derived() {
    run("derivation.json", |kind, vector| match kind {
        "Derivation" => is_derived(vector),
        "DerivationRefused" => is_refused(vector),
        "Join" => is_joined(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

/// What is derived, or which input is refused.
fn derived(vector: &Vector) -> Result<[String; 5], &'static str> {
    let (app, name) = (vector.text("app"), vector.text("name"));
    let context = Context {
        app_id: &app,
        cookie_name: &name,
        period_s: vector.number("period_s"),
        epoch: vector.number("epoch"),
    };
    let root = RootSecret::from_bytes(&vector.hex("secret")).map_err(|_| "secret")?;
    let salt = vector.array("salt");
    let too_long = |e: sealed_session::KeyError| match e.to_string() {
        message if message.contains("application id") => "app",
        message if message.contains("cookie name") => "name",
        _ => "another error",
    };
    let derived = derive(&root, &context, &salt).map_err(too_long)?;
    let uid = SessionUid::from_bytes(vector.array("uid"));
    Ok([
        derived.root_id.to_string(),
        to_hex(derived.sealing_key.as_slice()),
        derived.key_id.to_string(),
        to_hex(derived.message_key.as_slice()),
        csrf_token(&root, &context, &salt, uid).map_err(too_long)?,
    ])
}

/// The PRK, the context and the bare mac are not to be had of this crate: what follows from them is.
fn is_derived(vector: &Vector) -> Verdict {
    let names = ["root_id", "sealing_key", "key_id", "message_key", "csrf_token"];
    same("outputs", derived(vector)?, names.map(|name| vector.text(name)))
}

fn is_refused(vector: &Vector) -> Verdict {
    same("refusal", derived(vector).err(), Some(vector.text("check").as_str()))?;
    derived(&vector.repaired()).map(drop).map_err(|check| format!("repaired, and still {check}"))
}

fn is_joined(vector: &Vector) -> Verdict {
    let parts = vector.get("parts").as_array().unwrap();
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| from_hex(part.as_str().unwrap())).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    same("joined", join_associated_data(&parts), vector.hex("joined"))
}
