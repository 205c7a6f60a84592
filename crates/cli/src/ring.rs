//! `keygen` and `ring`: what an operator does with secrets. No command prints one, but `keygen`.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use sealed_session::{Clock as _, KeyRing, KeyState, Pruned, Root, RootId, RootSecret, SystemClock};

use crate::args::{RingCommand, StartArguments};
use crate::failure::Failure;
use crate::list::list;
use crate::lock::Lock;
use crate::time;

pub(crate) fn keygen() -> Result<(), Failure> {
    let text = RootSecret::generate()?.to_text();
    Ok(writeln!(io::stdout(), "{}", *text)?)
}

pub(crate) fn run(command: RingCommand) -> Result<(), Failure> {
    let now = SystemClock.now_ms();
    match command {
        RingCommand::Init { file, every, max_ttl } => init(&file, every, max_ttl, now),
        RingCommand::Add { file, secret_file, start } => {
            add(&file, RootSecret::from_file(secret_file)?, &start)
        }
        RingCommand::List { file, name, app, json } => {
            list(&KeyRing::load(file)?, name.as_deref(), &app, json, now)
        }
        RingCommand::Rotate { file, start } => add(&file, RootSecret::generate()?, &start),
        RingCommand::Revoke { file, root_id, force, yes, wait } => {
            if yes || agreed(&file, root_id, force)? {
                revoke(&file, root_id, force, wait.wait)
            } else {
                Ok(())
            }
        }
        RingCommand::Prune { file, wait } => prune(&file, wait.wait),
    }
}

fn init(file: &Path, every: Option<Duration>, max_ttl: Duration, now: u64) -> Result<(), Failure> {
    let root = Root::new(RootSecret::generate()?).rotating_every(every.unwrap_or_default())?.created_at(now);
    let (id, rotates) = (root.id(), rotates(&root));
    KeyRing::new_with_max_ttl(vec![root], max_ttl)?.save_new(file)?;
    say(format_args!("created {}: root {id} seals ({rotates})", file.display()))
}

/// A ring that no other command changes meanwhile, and the time.
struct Locked {
    ring: KeyRing,
    now: u64,
    _lock: Lock,
}

impl Locked {
    fn load(file: &Path, patience: Duration) -> Result<Self, Failure> {
        // What is no ring gets no lock file beside it.
        KeyRing::load(file)?;
        let lock = Lock::of(file, patience)?;
        // Another command may have changed it until now.
        Ok(Self { ring: KeyRing::load(file)?, now: SystemClock.now_ms(), _lock: lock })
    }
}

fn add(file: &Path, secret: RootSecret, start: &StartArguments) -> Result<(), Failure> {
    let Locked { mut ring, now, _lock } = Locked::load(file, start.wait.wait)?;
    let as_now = ring.sealing_root_at(now).map_or(0, Root::period_s);
    let every = start.every.unwrap_or(Duration::from_secs(as_now));
    let activate_at = free_start(&ring, now.saturating_add(time::as_ms(start.activate_in)));
    let root = Root::new(secret).rotating_every(every)?.created_at(now).activating_at(activate_at);
    let (id, rotates) = (root.id(), rotates(&root));
    ring.add(root, now)?;
    ring.save(file)?;
    let state = ring.states_at(now).pop().unwrap_or(KeyState::Staged);
    let when = time::show(activate_at);
    say(format_args!("added root {id} to {}: {state}, seals from {when} ({rotates})", file.display()))
}

/// The first time from `start` on at which no root activates: two commands may run in one millisecond.
fn free_start(ring: &KeyRing, start: u64) -> u64 {
    let taken = |ms: &u64| ring.roots().iter().any(|root| root.activate_at_ms() == *ms);
    (start..=u64::MAX).find(|ms| !taken(ms)).unwrap_or(start)
}

/// Whether the operator, who is told what it would do, wants it. Without a terminal nobody can be asked.
fn agreed(file: &Path, id: RootId, force: bool) -> Result<bool, Failure> {
    let (mut ring, now) = (KeyRing::load(file)?, SystemClock.now_ms());
    if ring.revoke(id, now, force)?.already {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "revoking root {id} ends every session under it, and there is no terminal to ask on: add --yes"
        )));
    }
    let left = left(&ring, now);
    write!(io::stderr(), "Revoke root {id}? Every session under it ends. Afterwards {left}. [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().take(64).read_line(&mut answer)?;
    let agreed = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if !agreed {
        say(format_args!("nothing changed"))?;
    }
    Ok(agreed)
}

fn revoke(file: &Path, id: RootId, force: bool, patience: Duration) -> Result<(), Failure> {
    let Locked { mut ring, now, _lock } = Locked::load(file, patience)?;
    let revoked = ring.revoke(id, now, force)?;
    if revoked.already {
        return say(format_args!("root {id} was revoked before; nothing changed, {}", left(&ring, now)));
    }
    ring.save(file)?;
    say(format_args!("revoked root {id}: none of its tokens opens any more; {}", left(&ring, now)))
}

fn prune(file: &Path, patience: Duration) -> Result<(), Failure> {
    let Locked { mut ring, now, _lock } = Locked::load(file, patience)?;
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
pub(crate) fn say(line: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

fn rotates(root: &Root) -> String {
    match root.period_s() {
        0 => "fixed".into(),
        seconds => format!("a new key every {}", time::show_seconds(seconds)),
    }
}

/// What is left to open and to seal with.
pub(crate) fn left(ring: &KeyRing, now: u64) -> String {
    let open = ring.states_at(now).into_iter().filter(|state| state.opens()).count();
    match ring.sealing_root_at(now) {
        Some(root) => format!("open tokens: {open}; root {} seals", root.id()),
        None => format!("open tokens: {open}; none seals"),
    }
}
