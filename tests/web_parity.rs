//! Behaviours that the tests of other session crates fix, shown of this one: a real axum server over TCP, a real
//! client, and a clock that is set by the tests. docs/parity.md says which belongs to which.

#![cfg(all(feature = "axum", feature = "hazmat"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

#[allow(dead_code, reason = "made for the tests of the layer, of which these need less")]
#[path = "web/site.rs"]
mod site;

#[path = "web_parity/attributes.rs"]
mod attributes;
#[path = "web_parity/creation.rs"]
mod creation;
#[path = "web_parity/data.rs"]
mod data;
#[path = "web_parity/endings.rs"]
mod endings;
#[path = "web_parity/expiry.rs"]
mod expiry;
#[path = "web_parity/extension.rs"]
mod extension;
#[path = "web_parity/extract.rs"]
mod extract;
#[path = "web_parity/keys.rs"]
mod keys;
#[path = "web_parity/migration.rs"]
mod migration;
#[cfg(feature = "revocation")]
#[path = "web_parity/migration_users.rs"]
mod migration_users;
#[cfg(feature = "revocation")]
#[path = "web_parity/modo.rs"]
mod modo;
#[path = "web_parity/refused.rs"]
mod refused;
#[path = "web_parity/several.rs"]
mod several;
#[path = "web_parity/support.rs"]
mod support;
#[path = "web_parity/table.rs"]
mod table;
#[cfg(feature = "revocation")]
#[path = "common/troubled.rs"]
mod troubled;
#[cfg(feature = "revocation")]
#[path = "web_parity/users.rs"]
mod users;
