//! Device Bound Session Credentials, as a server uses them: a key in software stands in for the browser's.

#![cfg(all(feature = "dbsc", feature = "hazmat"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[path = "dbsc/challenges.rs"]
mod challenges;
#[path = "dbsc/device.rs"]
mod device;
#[cfg(feature = "watch")]
#[path = "dbsc/followed.rs"]
mod followed;
#[path = "dbsc/life.rs"]
mod life;
#[path = "dbsc/limits.rs"]
mod limits;
#[path = "dbsc/names.rs"]
mod names;
#[path = "dbsc/refused.rs"]
mod refused;
#[cfg(feature = "revocation")]
#[path = "dbsc/revoked.rs"]
mod revoked;
#[path = "dbsc/server.rs"]
mod server;
#[path = "dbsc/settings.rs"]
mod settings;
#[path = "dbsc/texts.rs"]
mod texts;
