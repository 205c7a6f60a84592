//! What a program does with secrets, piece by piece. Each scenario ends with everything dropped.

pub mod providers;
mod ring;
mod secret;
pub mod store;

/// A name and what it does.
pub type Scenario = (&'static str, fn());

/// All of them.
pub const ALL: &[Scenario] = &[
    ("secret: generate, write, read", secret::generate),
    ("secret: from bytes, ids, debug, text and back", secret::text),
    ("secret: texts that are refused", secret::refused),
    ("secret: file", secret::file),
    ("ring: build, add, revoke, prune", ring::edit),
    ("ring: refused", ring::refused),
    ("ring: JSON and back", ring::json),
    ("ring: JSON that is refused", ring::refused_json),
    ("ring: file", ring::file),
    ("ring: list keys", ring::keys),
    ("store: build and drop", store::build),
    ("store: every operation", store::operations),
    ("store: refusals", store::refusals),
    ("store: CSRF tokens", store::csrf),
    ("store: epochs go by", store::epochs),
    ("store: ring replaced", store::replaced),
    ("hazmat: derive, seal", providers::hazmat),
    ("providers: seal and open", providers::each),
];

/// What needs an environment of its own, and so a process.
pub const FROM_ENVIRONMENT: Scenario = ("secret: environment variable", secret::environment);
/// The variable it reads.
pub use secret::VARIABLE;
