//! What a run was measured on, and of what.

use serde::Serialize;

/// What it ran on.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// As the system names it, where it does.
    pub cpu: Option<String>,
    /// How many cores this process may use.
    pub cores: usize,
    /// What `rustc -V` says.
    pub rustc: String,
}

/// A crate of the lock file.
#[derive(Debug, Serialize)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Machine {
    /// The one that this runs on.
    #[must_use]
    pub fn this(rustc: String) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self { cpu: cpu(), cores, rustc }
    }
}

/// The versions of these that this build was made from.
#[must_use]
pub fn crates(names: &[&str]) -> Vec<Crate> {
    let lock: Vec<&str> = include_str!("../Cargo.lock").lines().collect();
    let quoted = |line: &str, key: &str| {
        Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    let pairs = lock.iter().zip(lock.iter().skip(1));
    let all = pairs.filter_map(|(first, second)| {
        Some(Crate { name: quoted(first, "name")?, version: quoted(second, "version")? })
    });
    all.filter(|found| names.contains(&found.name.as_str())).collect()
}

/// The model of the first processor, where the system tells.
fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
