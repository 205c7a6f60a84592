//! What cases are made of.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sealed_session::revocation::backend::Target;
use sealed_session::revocation::{Backend, Change, Reach, Revocation, Scope};
use sealed_session::{Clock as _, SessionUid, SystemClock};

pub(super) const HOUR: u64 = 3_600_000;

/// The time of this machine: a backend may forget by its own clock.
pub(super) fn now() -> u64 {
    SystemClock.now_ms()
}

pub(super) fn uid(number: u64) -> SessionUid {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    SessionUid::from_bytes(bytes)
}

pub(super) fn session(number: u64, until_ms: u64) -> Revocation {
    Revocation::Session { uid: uid(number), until_ms }
}

pub(super) fn scope() -> Scope {
    Scope { app_id: "app".into(), name: "tenant".into() }
}

/// A user of `scope()`, and no session of theirs is spared.
pub(super) fn user(user_id: &str, created_before_ms: u64, until_ms: u64) -> Revocation {
    let (reach, user_id) = (Reach::Scope(scope()), user_id.to_owned());
    Revocation::User { reach, user_id, created_before_ms, except: Vec::new(), until_ms }
}

pub(super) fn everything(created_before_ms: u64, until_ms: u64) -> Revocation {
    Revocation::Everything { app_id: None, created_before_ms, until_ms }
}

pub(super) fn revoke(revocations: &[Revocation]) -> Vec<Change> {
    revocations.iter().cloned().map(Change::Revoke).collect()
}

#[track_caller]
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}

/// What a node has been told: of each thing the last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told(BTreeMap<Target, Revocation>);

impl Told {
    pub(super) fn of(revocations: &[Revocation]) -> Self {
        Self(revocations.iter().map(|revocation| (revocation.target(), revocation.clone())).collect())
    }

    pub(super) fn by(node: &mut impl Backend) -> Self {
        Self::of(&node.news().unwrap().revocations)
    }

    pub(super) fn has(&self, revocation: &Revocation) -> bool {
        self.0.get(&revocation.target()) == Some(revocation)
    }

    /// Whether it has been told of what this one speaks of.
    pub(super) fn knows(&self, of: &Revocation) -> bool {
        self.0.contains_key(&of.target())
    }

    /// Before when what this one speaks of is revoked, and until when.
    pub(super) fn times(&self, of: &Revocation) -> (u64, u64) {
        let told = &self.0[&of.target()];
        let before_ms = match told {
            Revocation::Session { .. } => u64::MAX,
            Revocation::User { created_before_ms, .. } | Revocation::Everything { created_before_ms, .. } => {
                *created_before_ms
            }
        };
        (before_ms, told.until_ms())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// User ids that a format of text, a separator or a limit could stumble over.
pub(super) fn odd_user_ids() -> Vec<String> {
    let mut odd: Vec<String> = [
        "",
        " ",
        "'",
        "''",
        "\"",
        "\\",
        "%",
        "*",
        ":",
        "a:b",
        "a",
        "A",
        "a\0",
        "a\0b",
        "\0",
        "\r\n",
        "x'41'",
        "1",
        "01",
        "null",
        "é",
        "e\u{301}",
        "ß",
        "🦀",
        "\u{202e}",
        "'; DROP TABLE revocations; --",
    ]
    .map(str::to_owned)
    .into();
    odd.push("u".repeat(65_534));
    odd.push("u".repeat(65_533));
    odd
}
