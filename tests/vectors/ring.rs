//! `ring.json`.

use std::time::Duration;

use sealed_session::{KeyInfo, KeyRing, KeyState, SealedStore};
use serde_json::{Value, json};

use crate::reading::{Vector, Verdict, run, same};

#[test]
fn rings_have_these_keys_and_bad_ones_are_refused() {
    run("ring.json", |kind, vector| match kind {
        "RingKeys" => has_keys(vector),
        "RingFile" => loads(vector),
        "RingRefused" => is_refused(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

fn has_keys(vector: &Vector) -> Verdict {
    let (ring, now) = (vector.ring(), vector.number("now"));
    let keys =
        ring.keys_at(&vector.text("app"), &vector.text("name"), now, vector.number("leeway_ms")).unwrap();
    let states: Vec<&str> = ring.states_at(now).into_iter().map(KeyState::as_str).collect();
    same("states of the roots", &json!(states), vector.get("root_states"))?;
    same("keys", &keys.iter().map(key).collect(), vector.get("keys"))?;
    same("epochs", &epochs(&ring, &keys), vector.get("epochs"))?;
    let sealing: Vec<&KeyInfo> = keys.iter().filter(|key| key.state == KeyState::Sealing).collect();
    assert!(sealing.len() < 2);
    same("sealing", &json!(sealing.first().map(|key| key.key_id.to_string())), vector.get("sealing"))?;
    let root = ring.sealing_root_at(now).map(sealed_session::Root::id);
    same("root that seals", sealing.first().map(|key| key.root_id), root)
}

fn key(key: &KeyInfo) -> Value {
    json!({
        "root_id": key.root_id.to_string(),
        "key_id": key.key_id.to_string(),
        "epoch": key.epoch.to_string(),
        "state": key.state.as_str(),
    })
}

/// The first and the last epoch of each root; all that lie between are there.
fn epochs(ring: &KeyRing, keys: &[KeyInfo]) -> Value {
    let of_root = |root: &sealed_session::Root| {
        let epochs: Vec<u64> =
            keys.iter().filter(|key| key.root_id == root.id()).map(|key| key.epoch).collect();
        let (first, last) = (epochs[0], epochs[epochs.len() - 1]);
        assert!(epochs.iter().copied().eq(first..=last));
        json!({ "first": first.to_string(), "last": last.to_string() })
    };
    ring.roots().iter().map(of_root).collect()
}

fn loads(vector: &Vector) -> Verdict {
    let ring = KeyRing::from_json(&vector.text("ring_text")).map_err(|e| e.to_string())?;
    same("longest TTL", ring.max_ttl_s(), vector.number("max_ttl_s"))?;
    let root = |root: &sealed_session::Root| {
        json!({
            "root_id": root.id().to_string(),
            "period_s": root.period_s().to_string(),
            "created_at_ms": root.created_at_ms().map(|ms| ms.to_string()),
            "activate_at_ms": root.activate_at_ms().to_string(),
            "retire_at_ms": root.retire_at_ms().map(|ms| ms.to_string()),
            "revoked": root.is_revoked(),
        })
    };
    same("roots", &ring.roots().iter().map(root).collect(), vector.get("roots"))
}

fn is_refused(vector: &Vector) -> Verdict {
    match served(vector) {
        Ok(()) => return Err(format!("expected {}, and it loads", vector.text("check"))),
        Err(message) => same("member", check(&message).ok_or(message), Ok(vector.text("check")))?,
    }
    served(&vector.repaired()).map_err(|message| format!("repaired, and still {message}"))
}

/// A ring is used by a server, whose leeway counts.
fn served(vector: &Vector) -> Result<(), String> {
    let ring = KeyRing::from_json(&vector.text("ring_text")).map_err(|e| e.to_string())?;
    let leeway = Duration::from_millis(vector.number("leeway_ms"));
    let builder = SealedStore::builder(ring).leeway(leeway).default_ttl(Duration::from_millis(1));
    builder.build().map(drop).map_err(|e| e.to_string())
}

/// The member that a message names.
fn check(message: &str) -> Option<String> {
    let between = |start: &str, end: &str| {
        let rest = message.split_once(start)?.1;
        Some(rest.split_once(end)?.0.rsplit('.').next()?.to_owned())
    };
    if message.contains("unknown field") {
        return Some("unknown".into());
    }
    if message.contains("duplicate field") {
        return Some("json".into());
    }
    let named = between("missing field `", "`").or_else(|| between("field ", ":"));
    if named.is_some() {
        return named;
    }
    // A server's own check of the windows names the root and the member.
    if message.starts_with("root ") && message.contains(", period_s: ") {
        return Some("period_s".into());
    }
    let of_a_key = message.contains("keys[") && message.contains("a JSON object is expected");
    Some(if of_a_key { "keys" } else { "json" }.into())
}
