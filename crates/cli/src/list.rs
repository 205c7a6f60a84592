//! `ring list`: what a ring holds, for people and for programs; never a secret.

use std::io::{self, Write as _};

use sealed_session::{KeyInfo, KeyRing, KeyState, Root};
use serde::Serialize;

use crate::failure::Failure;
use crate::ring::{left, say};
use crate::time;

/// The leeway of a store that does not say otherwise.
const LEEWAY_MS: u64 = 60_000;

#[derive(Serialize)]
struct ListedRing {
    max_ttl_s: u64,
    keys: Vec<ListedRoot>,
}

#[derive(Serialize)]
struct ListedRoot {
    root_id: String,
    state: &'static str,
    period_s: u64,
    created_at: Option<String>,
    activate_at: String,
    retire_at: Option<String>,
    revoked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ids: Option<Vec<ListedKey>>,
}

#[derive(Serialize)]
struct ListedKey {
    key_id: String,
    epoch: u64,
    state: &'static str,
}

pub(crate) fn list(
    ring: &KeyRing,
    name: Option<&str>,
    app: &str,
    json: bool,
    now: u64,
) -> Result<(), Failure> {
    let keys = name.map(|name| ring.keys_at(app, name, now, LEEWAY_MS)).transpose();
    let keys = keys.map_err(|e| Failure::Usage(e.to_string()))?;
    let listed = ListedRing {
        max_ttl_s: ring.max_ttl_s(),
        keys: ring
            .roots()
            .iter()
            .zip(ring.states_at(now))
            .map(|(r, s)| listed(r, s, keys.as_deref()))
            .collect(),
    };
    let summary = format!("root secrets: {}; {}", listed.keys.len(), left(ring, now));
    if json {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &listed)?;
        writeln!(out)?;
        // Standard output is for the program that reads the JSON.
        return Ok(writeln!(io::stderr(), "{summary}")?);
    }
    for root in &listed.keys {
        show(root)?;
    }
    say(format_args!("{summary}"))
}

fn listed(root: &Root, state: KeyState, keys: Option<&[KeyInfo]>) -> ListedRoot {
    let of_root = |keys: &[KeyInfo]| {
        let own = keys.iter().filter(|key| key.root_id == root.id());
        let shown = |key: &KeyInfo| ListedKey {
            key_id: key.key_id.to_string(),
            epoch: key.epoch,
            state: key.state.as_str(),
        };
        own.map(shown).collect()
    };
    ListedRoot {
        root_id: root.id().to_string(),
        state: state.as_str(),
        period_s: root.period_s(),
        created_at: root.created_at_ms().map(time::show),
        activate_at: time::show(root.activate_at_ms()),
        retire_at: root.retire_at_ms().map(time::show),
        revoked: root.is_revoked(),
        key_ids: keys.map(of_root),
    }
}

fn show(root: &ListedRoot) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let every = match root.period_s {
        0 => "fixed".into(),
        seconds => format!("every {}", time::show_seconds(seconds)),
    };
    writeln!(
        out,
        "{}  {:8}  {every}  created {}  activates {}  retires {}",
        root.root_id,
        root.state,
        root.created_at.as_deref().unwrap_or("-"),
        root.activate_at,
        root.retire_at.as_deref().unwrap_or("-"),
    )?;
    for key in root.key_ids.iter().flatten() {
        writeln!(out, "  key {}  epoch {}  {}", key.key_id, key.epoch, key.state)?;
    }
    Ok(())
}
