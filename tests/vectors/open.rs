//! `open_valid.json`, `open_invalid.json` and `open_order.json`.

use std::time::Duration;

use sealed_session::hazmat::{Context, seal_plaintext};
use sealed_session::{OpenError, OpenedSession, RootSecret, SessionId, TokenInfo};
use serde_json::json;

use crate::reading::{Vector, Verdict, run, same, to_hex};

#[test]
fn valid_tokens_open() {
    run("open_valid.json", |kind, vector| match kind {
        "SealedSessionOpen" => opens(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

#[test]
fn invalid_tokens_are_refused_for_their_one_defect() {
    run("open_invalid.json", |kind, vector| match kind {
        "SealedSessionOpenRefused" => {
            is_refused(vector, &vector.text("outcome"), &vector.text("check"))?;
            is_authentic(vector)?;
            open(&vector.repaired()).map(drop).map_err(|e| format!("repaired, and still {:?}", e.reason()))
        }
        _ => Err(format!("unknown type {kind}")),
    });
}

#[test]
fn of_two_defects_the_one_that_is_checked_first_is_told() {
    run("open_order.json", |kind, vector| match kind {
        "SealedSessionOpenOrder" => {
            is_refused(vector, &vector.text("outcome"), &vector.text("check"))?;
            is_authentic(vector)?;
            let then = vector.get("then");
            let [outcome, check] = ["outcome", "check"].map(|name| then[name].as_str().unwrap());
            is_refused(&vector.repaired(), outcome, check)
        }
        _ => Err(format!("unknown type {kind}")),
    });
}

#[test]
fn a_refusal_says_whether_the_cookie_is_left_in_place() {
    for file in ["open_invalid.json", "open_order.json"] {
        run(file, |_, vector| match open(vector) {
            Ok(_) => Err("it opens".into()),
            Err(error) => same("transient", error.keeps_cookie(), vector.is_transient()),
        });
    }
}

fn open(vector: &Vector) -> Result<OpenedSession, OpenError> {
    let [lifetime, ttl] = ["max_lifetime_ms", "max_ttl_ms"].map(|name| vector.number(name));
    let builder = vector.builder().max_lifetime(Duration::from_millis(lifetime));
    let store = builder.max_ttl(Duration::from_millis(ttl)).build().unwrap();
    store.open_with(&SessionId::new(vector.text("token")), &vector.hex("ad"))
}

fn opens(vector: &Vector) -> Verdict {
    let session = open(vector).map_err(|e| format!("refused by {:?}", e.reason()))?;
    let record = session.record();
    let opened = json!({
        "uid": to_hex(session.uid().as_bytes()),
        "user": record.user_id,
        "data": record.data_json,
        "created_at_ms": record.created_at_ms.to_string(),
        "renewed_at_ms": session.renewed_at_ms().to_string(),
        "expires_at_ms": record.expires_at_ms.to_string(),
        "key_id": session.key_id().to_string(),
        "key_state": session.key_state().as_str(),
    });
    same("opened", &opened, vector.get("opened"))
}

fn is_refused(vector: &Vector, outcome: &str, check: &str) -> Verdict {
    match open(vector) {
        Ok(_) => Err(format!("expected {check}, and it opens")),
        Err(error) => vector.same_refusal(outcome, check, &error),
    }
}

/// A token that states its record is really sealed: some key of its ring makes it again.
fn is_authentic(vector: &Vector) -> Verdict {
    if !vector.has("record") {
        return Ok(());
    }
    let (token, record) = (vector.text("token"), vector.hex("record"));
    let ring_then = [vector, &vector.repaired()].map(|vector| sealed_by_the_ring(vector, &token, &record));
    if ring_then.contains(&true) { Ok(()) } else { Err("no key makes this token of this record".into()) }
}

fn sealed_by_the_ring(vector: &Vector, token: &str, record: &[u8]) -> bool {
    let (app, name, ad) = (vector.text("app"), vector.text("name"), vector.hex("ad"));
    // Those that are too short or too long are taken apart by hand.
    let salt = TokenInfo::of(token).map_or_else(|_| salt_of(token), |info| info.salt);
    let ring = vector.get("ring")["keys"].as_array().unwrap();
    let keys = vector.ring().keys_at(&app, &name, vector.number("now"), vector.number("leeway_ms")).unwrap();
    keys.iter().any(|key| {
        let at = vector.ring().roots().iter().position(|root| root.id() == key.root_id).unwrap();
        let root = RootSecret::from_text(ring[at]["secret"].as_str().unwrap()).unwrap();
        let period_s = vector.ring().roots()[at].period_s();
        let context = Context { app_id: &app, cookie_name: &name, period_s, epoch: key.epoch };
        seal_plaintext(&root, &context, &salt, &ad, record).unwrap() == token
    })
}

/// Bytes 17 to 40 of a text that is base64url. Its first 56 characters hold them.
fn salt_of(token: &str) -> [u8; 24] {
    let digit = |c: u8| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .iter()
            .position(|&d| d == c)
            .unwrap()
    };
    let bits: Vec<bool> =
        token.bytes().take(56).flat_map(|c| (0..6).rev().map(move |b| digit(c) >> b & 1 == 1)).collect();
    std::array::from_fn(|at| {
        bits[(17 + at) * 8..][..8].iter().fold(0, |octet, &bit| octet << 1 | u8::from(bit))
    })
}
