//! The ring as operators have it, what each server has of it, and which roots open by that.
//!
//! The world remembers all roots that there ever were, apart from the ring: by them tokens are read, and told whose they
//! are.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use sealed_session::{KeyId, KeyRing, Root, RootId, RootSecret, TokenInfo};
use serde::{Deserialize, Serialize};

use crate::jar::Form;
use crate::rules::{Checked, hold};
use crate::script::{LONGEST_LIFETIME_MIN, MINUTE};

/// What servers find in place of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Garbage {
    Empty,
    /// It ends after so many of 256 parts.
    Cut(u8),
    UnknownMember,
    MemberTwice,
    /// Of several roots one has no time.
    NoTime,
    Zeros,
}

impl Garbage {
    fn of(self, ring: &str) -> String {
        match self {
            // A ring of no roots has no times.
            Self::NoTime if !ring.contains("activate_at") => String::new(),
            Self::Empty => String::new(),
            Self::Cut(at) => ring[..ring.trim_end().len() * usize::from(at) / 256].to_owned(),
            Self::UnknownMember => ring.replacen('{', "{\"revoke\": true, ", 1),
            Self::MemberTwice => ring.replacen('{', "{\"keys\": [], ", 1),
            Self::NoTime => ring.replacen("\"activate_at\"", "\"activated_at\"", 1),
            Self::Zeros => "\0".repeat(ring.len()),
        }
    }
}

pub fn garbage() -> impl Strategy<Value = Garbage> {
    prop_oneof![
        1 => Just(Garbage::Empty),
        3 => any::<u8>().prop_map(Garbage::Cut),
        1 => Just(Garbage::UnknownMember),
        1 => Just(Garbage::MemberTwice),
        1 => Just(Garbage::NoTime),
        1 => Just(Garbage::Zeros),
    ]
}

/// A ring that was written down: which roots it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version(Vec<Member>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    id: RootId,
    activate_ms: u64,
    revoked: bool,
}

impl Version {
    fn member(&self, id: RootId) -> Option<&Member> {
        self.0.iter().find(|member| member.id == id)
    }

    /// Whether tokens under this root open. A root that was replaced retires long after its last token is over.
    pub fn opens(&self, root: Option<RootId>) -> bool {
        root.and_then(|id| self.member(id)).is_some_and(|member| !member.revoked)
    }

    /// Whether whatever opens under another version opens under this one.
    pub fn keeps(&self, before: &Self) -> bool {
        before.0.iter().all(|member| member.revoked || self.opens(Some(member.id)))
    }

    /// Whether it says that this root was withdrawn.
    pub fn revokes(&self, root: Option<RootId>) -> bool {
        root.and_then(|id| self.member(id)).is_some_and(|member| member.revoked)
    }

    /// Whether anything can be sealed.
    pub fn seals(&self, there_ms: u64) -> bool {
        self.0.iter().any(|member| !member.revoked && member.activate_ms <= there_ms)
    }
}

/// A root, for as long as the world lasts.
struct Kept {
    secret: [u8; 32],
    period_s: u64,
    activate_ms: u64,
}

impl Kept {
    fn root(&self) -> Root {
        let secret = RootSecret::from_bytes(&self.secret).expect("32 bytes");
        let root = Root::new(secret).rotating_every(Duration::from_secs(self.period_s));
        root.expect("whole seconds").activating_at(self.activate_ms)
    }
}

/// What operators have.
pub struct Operators {
    /// The ring's file, and what stands in it.
    file: String,
    version: Version,
    /// What stands there instead, for a time.
    garbage: Option<Garbage>,
    all: Vec<Kept>,
    form: Form,
    roots_of_keys: RefCell<HashMap<KeyId, RootId>>,
}

impl Operators {
    pub fn new(secret: [u8; 32], period_s: u64, form: Form) -> Self {
        let kept = Kept { secret, period_s, activate_ms: 0 };
        let id = kept.root().id();
        let mut operators = Self {
            file: String::new(),
            version: Version(vec![Member { id, activate_ms: 0, revoked: false }]),
            garbage: None,
            all: vec![kept],
            form,
            roots_of_keys: RefCell::default(),
        };
        let ring = operators.all_roots();
        operators.write(&ring);
        operators
    }

    fn write(&mut self, ring: &KeyRing) {
        self.file = ring.to_json().expect("it can be written").to_string();
    }

    fn ring(&self) -> KeyRing {
        KeyRing::from_json(&self.file).expect("it was written by the library")
    }

    /// A ring of all that there ever were, none of which is revoked or retires.
    pub fn all_roots(&self) -> KeyRing {
        // No longer than a session lives: an hourly key for each of 30 days would be most of what a world does.
        let max_ttl = Duration::from_millis(LONGEST_LIFETIME_MIN * MINUTE);
        let roots = self.all.iter().map(Kept::root).collect();
        KeyRing::new_with_max_ttl(roots, max_ttl).expect("no two activate at once")
    }

    /// What a server reads, if it can.
    pub fn read(&self) -> Result<Option<(KeyRing, Version)>, crate::rules::Violation> {
        let Some(garbage) = self.garbage else { return Ok(Some((self.ring(), self.version.clone()))) };
        let read = KeyRing::from_json(&garbage.of(&self.file));
        hold(read.is_err(), "a ring that is not whole is none", || format!("{garbage:?} is read"))?;
        Ok(None)
    }

    pub fn garble(&mut self, garbage: Option<Garbage>) {
        self.garbage = garbage;
    }

    /// Another root is to seal, from then on. Says whether there is one.
    pub fn rotate(&mut self, secret: [u8; 32], at_ms: u64, now_ms: u64) -> bool {
        if self.all.iter().any(|kept| kept.activate_ms == at_ms) {
            return false;
        }
        let kept = Kept { secret, period_s: 0, activate_ms: at_ms };
        let mut ring = self.ring();
        ring.add(kept.root(), now_ms).expect("no other activates then");
        self.version.0.push(Member { id: kept.root().id(), activate_ms: at_ms, revoked: false });
        self.all.push(kept);
        self.write(&ring);
        true
    }

    /// A root is withdrawn; the only one that seals, only by force.
    pub fn revoke(&mut self, which: u8, force: bool, now_ms: u64) -> Checked {
        let Some(at) = usize::from(which).checked_rem(self.version.0.len()) else { return Ok(()) };
        let mut version = self.version.clone();
        version.0[at].revoked = true;
        let may = force || version.seals(now_ms) || !self.version.seals(now_ms);
        let mut ring = self.ring();
        let revoked = ring.revoke(version.0[at].id, now_ms, force);
        hold(revoked.is_ok() == may, "the only root that seals is revoked by force alone", || {
            format!("{revoked:?}, of {:?}", self.version)
        })?;
        if may {
            self.version = version;
            self.write(&ring);
        }
        Ok(())
    }

    /// What nobody needs goes.
    pub fn prune(&mut self, now_ms: u64) -> Checked {
        let mut ring = self.ring();
        let removed = ring.prune(now_ms).removed;
        let expected: Vec<_> =
            self.version.0.iter().filter(|member| member.revoked).map(|member| member.id).collect();
        // What was replaced a day ago and longer may go as well.
        let day_ms = (LONGEST_LIFETIME_MIN + 24 * 60) * MINUTE;
        let is_old = |id: &RootId| {
            let own = self.version.member(*id).map_or(0, |member| member.activate_ms);
            self.version.0.iter().any(|other| {
                !other.revoked && other.activate_ms > own && other.activate_ms + day_ms <= now_ms
            })
        };
        let goes = |id: &RootId| removed.contains(id);
        let fits = expected.iter().all(goes) && removed.iter().all(|id| expected.contains(id) || is_old(id));
        hold(fits, "what is pruned is needed by nobody", || format!("{removed:?}, of {:?}", self.version))?;
        self.version.0.retain(|member| !removed.contains(&member.id));
        self.write(&ring);
        Ok(())
    }

    /// The root that a token is under, if a server has made it by about this time.
    pub fn root_of(&self, token: &str, now_ms: u64) -> Option<RootId> {
        let key = TokenInfo::of(token).ok()?.key_id;
        if let Some(root) = self.roots_of_keys.borrow().get(&key) {
            return Some(*root);
        }
        let all = self.all_roots();
        let mut known = self.roots_of_keys.borrow_mut();
        let of_devices = [";dbsc-bound", ";dbsc-proof", ";dbsc-identifier", ";dbsc-challenge"];
        for of in [""].iter().chain(of_devices.iter().filter(|_| self.form == Form::Host)) {
            let keys = all.keys_at("", &format!("{}{of}", self.form.name()), now_ms, 10 * MINUTE);
            known.extend(keys.into_iter().flatten().map(|key| (key.key_id, key.root_id)));
        }
        known.get(&key).copied()
    }
}

/// What the servers have, and since when.
#[derive(Default)]
pub struct Rings {
    of: Vec<Version>,
    /// When a server could not seal last.
    silent_ms: Vec<Option<u64>>,
    /// When any of this changed last.
    changed_ms: u64,
}

impl Rings {
    pub fn of(&self, server: usize) -> Version {
        self.of.get(server).cloned().unwrap_or_default()
    }

    /// A server has another ring from now on, or another time.
    pub fn has(&mut self, server: usize, version: Version, now_ms: u64, there_ms: u64) {
        if self.of.len() <= server {
            self.of.resize(server + 1, Version::default());
            self.silent_ms.resize(server + 1, None);
        }
        if self.of[server] != version {
            self.changed_ms = now_ms;
        }
        let seals = self.of[server].seals(there_ms) && version.seals(there_ms);
        self.silent_ms[server] = if seals { self.silent_ms[server] } else { Some(now_ms) };
        self.of[server] = version;
    }

    /// Whether a server has been able to seal all the time since.
    pub fn sealed_since(&self, server: usize, since_ms: u64, there_ms: u64) -> bool {
        let silent_ms = self.silent_ms.get(server).copied().flatten();
        self.of(server).seals(there_ms) && silent_ms.is_none_or(|at_ms| at_ms < since_ms)
    }

    /// Whether all have had one ring since.
    pub fn agree_since(&self, since_ms: u64) -> bool {
        self.changed_ms < since_ms && self.of.iter().all(|version| *version == self.of[0])
    }
}
