//! `keygen` and `ring`: what an operator does with secrets. No command prints one, but `keygen`.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use sealed_session::{Clock as _, KeyInfo, KeyRing, KeyState, Pruned, Root, RootId, RootSecret, SystemClock};
use serde::Serialize;

use crate::args::{RingCommand, StartArguments};
use crate::failure::Failure;
use crate::time;

/// The leeway of a store that does not say otherwise.
const LEEWAY_MS: u64 = 60_000;

pub(crate) fn keygen() -> Result<(), Failure> {
    let text = RootSecret::generate()?.to_text();
    Ok(writeln!(io::stdout(), "{}", *text)?)
}

pub(crate) fn run(command: RingCommand) -> Result<(), Failure> {
    let now = SystemClock.now_ms();
    match command {
        RingCommand::Init { file, every, max_ttl } => init(&file, every, max_ttl, now),
        RingCommand::Add { file, secret_file, start } => {
            add(&file, RootSecret::from_file(secret_file)?, &start, now)
        }
        RingCommand::List { file, name, app, json } => {
            list(&KeyRing::load(file)?, name.as_deref(), &app, json, now)
        }
        RingCommand::Rotate { file, start } => add(&file, RootSecret::generate()?, &start, now),
        RingCommand::Revoke { file, root_id, force } => revoke(&file, root_id, force, now),
        RingCommand::Prune { file } => prune(&file, now),
    }
}

fn init(file: &Path, every: Option<Duration>, max_ttl: Duration, now: u64) -> Result<(), Failure> {
    let root = Root::new(RootSecret::generate()?).rotating_every(every.unwrap_or_default())?.created_at(now);
    let (id, rotates) = (root.id(), rotates(&root));
    KeyRing::new_with_max_ttl(vec![root], max_ttl)?.save_new(file)?;
    say(format_args!("created {}: root {id} seals ({rotates})", file.display()))
}

fn add(file: &Path, secret: RootSecret, start: &StartArguments, now: u64) -> Result<(), Failure> {
    let mut ring = KeyRing::load(file)?;
    let as_now = ring.sealing_root_at(now).map_or(0, Root::period_s);
    let every = start.every.unwrap_or(Duration::from_secs(as_now));
    let activate_at = now.saturating_add(time::as_ms(start.activate_in));
    let root = Root::new(secret).rotating_every(every)?.created_at(now).activating_at(activate_at);
    let (id, rotates) = (root.id(), rotates(&root));
    ring.add(root, now)?;
    ring.save(file)?;
    let state = ring.states_at(now).pop().unwrap_or(KeyState::Staged);
    let when = time::show(activate_at);
    say(format_args!("added root {id} to {}: {state}, seals from {when} ({rotates})", file.display()))
}

fn revoke(file: &Path, id: RootId, force: bool, now: u64) -> Result<(), Failure> {
    let mut ring = KeyRing::load(file)?;
    let revoked = ring.revoke(id, now, force)?;
    if revoked.already {
        return say(format_args!("root {id} was revoked before; nothing changed, {}", left(&ring, now)));
    }
    ring.save(file)?;
    say(format_args!("revoked root {id}: none of its tokens opens any more; {}", left(&ring, now)))
}

fn prune(file: &Path, now: u64) -> Result<(), Failure> {
    let mut ring = KeyRing::load(file)?;
    let Pruned { removed, kept } = ring.prune(now);
    if !removed.is_empty() {
        ring.save(file)?;
    }
    for root in &kept {
        let until =
            root.until_ms.map_or("no retirement is set".into(), |ms| format!("until {}", time::show(ms)));
        writeln!(io::stdout(), "kept root {}: {}, {until}", root.id, root.state)?;
    }
    for id in &removed {
        writeln!(io::stdout(), "removed root {id}: no valid token can need it")?;
    }
    say(format_args!("pruned {}: {} removed, {} kept", file.display(), removed.len(), kept.len()))
}

/// The line with which every command ends.
fn say(line: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

fn rotates(root: &Root) -> String {
    match root.period_s() {
        0 => "fixed".into(),
        seconds => format!("a new key every {}", time::show_seconds(seconds)),
    }
}

fn left(ring: &KeyRing, now: u64) -> String {
    let open = ring.states_at(now).into_iter().filter(|state| state.opens()).count();
    match ring.sealing_root_at(now) {
        Some(root) => format!("open tokens: {open}; root {} seals", root.id()),
        None => format!("open tokens: {open}; none seals"),
    }
}

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

fn list(ring: &KeyRing, name: Option<&str>, app: &str, json: bool, now: u64) -> Result<(), Failure> {
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
