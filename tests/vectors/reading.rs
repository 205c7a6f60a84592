//! Reading vectors, and telling all that went wrong with them at once.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, OpenError, Reason, RootSecret, SealedStore, SealedStoreBuilder};
use serde_json::{Map, Value};

/// How one vector ended: nothing to say, or what was wrong.
pub(crate) type Verdict = Result<(), String>;

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/test-vectors"))
}

pub(crate) fn text_of(file: &str) -> String {
    fs::read_to_string(folder().join(file)).unwrap()
}

pub(crate) fn read(file: &str) -> Value {
    serde_json::from_str(&text_of(file)).unwrap()
}

/// A vector: its group's members and its own.
pub(crate) struct Vector(Map<String, Value>);

/// Runs a file: `run` gets the type of the group and the vector.
pub(crate) fn run(file: &str, run: impl Fn(&str, &Vector) -> Verdict) {
    let document = read(file);
    let (mut tests, mut failures) = (0, Vec::new());
    for group in document["testGroups"].as_array().unwrap() {
        let mut shared = group.as_object().unwrap().clone();
        let kind = shared.remove("type").unwrap();
        for test in shared.remove("tests").unwrap().as_array().unwrap() {
            let mut members = shared.clone();
            members.extend(test.as_object().unwrap().clone());
            tests += 1;
            if let Err(message) = caught(|| run(kind.as_str().unwrap(), &Vector(members))) {
                failures.push(format!("{file} tcId {} ({}): {message}", test["tcId"], test["comment"]));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {tests} fail:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(document["numberOfTests"], tests, "{file}");
    println!("{file}: {tests} vectors");
}

/// A vector that panics is named as well, and the others are run all the same.
fn caught(run: impl FnOnce() -> Verdict) -> Verdict {
    let panicked = |_| Err("panicked, as told above".to_owned());
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(panicked)
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Verdict {
    if got == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}

impl Vector {
    /// The same vector with its one defect repaired.
    pub(crate) fn repaired(&self) -> Self {
        let repair = self.0["repair"].as_object().unwrap();
        assert_eq!(repair.len(), 1, "a repair changes one thing");
        let mut members = self.0.clone();
        for (name, value) in repair {
            assert_ne!(members.insert(name.clone(), value.clone()).as_ref(), Some(value), "{name}");
        }
        Self(members)
    }

    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("no member {name} in {:?}", self.0["comment"]))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        text(self.get(name))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_null()).map(text)
    }

    pub(crate) fn hex(&self, name: &str) -> Vec<u8> {
        from_hex(&self.text(name))
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.hex(name).try_into().unwrap()
    }

    /// A decimal number in a text.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        usize::try_from(self.get(name).as_u64().unwrap()).unwrap()
    }

    pub(crate) fn has_flag(&self, flag: &str) -> bool {
        self.get("flags").as_array().unwrap().iter().any(|known| known == flag)
    }

    pub(crate) fn is_transient(&self) -> bool {
        self.has("transient")
    }

    pub(crate) fn secret(&self) -> RootSecret {
        RootSecret::from_bytes(&self.hex("secret")).unwrap()
    }

    pub(crate) fn ring(&self) -> KeyRing {
        KeyRing::from_json(&self.get("ring").to_string()).unwrap()
    }

    /// A store with the ring, the names, the leeway and the clock of this vector.
    pub(crate) fn builder(&self) -> SealedStoreBuilder {
        SealedStore::builder(self.ring())
            .app_id(self.text("app"))
            .cookie_name(self.text("name"))
            .leeway(Duration::from_millis(self.number("leeway_ms")))
            .default_ttl(Duration::from_millis(1))
            .clock(ManualClock::at(self.number("now")))
    }

    /// Whether a refusal is told as the vector says, by the check that it names.
    pub(crate) fn same_refusal(&self, outcome: &str, check: &str, error: &OpenError) -> Verdict {
        same("check", name_of(error.reason()), check)?;
        same("outcome", if error.is_not_found() { "not_found" } else { "invalid" }, outcome)?;
        if check != "key_id" {
            return Ok(());
        }
        let reason = match () {
            () if self.has_flag("KeyRevoked") => Reason::KeyRevoked,
            () if self.has_flag("KeyGone") => Reason::KeyGone,
            () => Reason::UnknownKey,
        };
        // Vectors about order revoke keys too, under another flag.
        if self.has_flag("Order") { Ok(()) } else { same("reason", error.reason(), reason) }
    }
}

/// The check of SPEC.md that a reason stands for.
pub(crate) fn name_of(reason: Reason) -> &'static str {
    match reason {
        Reason::KeyRevoked | Reason::KeyGone => "key_id",
        Reason::CsrfMismatch => "mac",
        reason => reason.as_str(),
    }
}

/// Text, or the short form of a single letter that repeats.
fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value["repeat"].as_str().unwrap().repeat(value["times"].as_u64().unwrap() as usize),
    }
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0);
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn to_hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
