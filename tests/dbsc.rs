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

#[path = "dbsc/device.rs"]
mod device;
#[path = "dbsc/life.rs"]
mod life;
#[path = "dbsc/server.rs"]
mod server;
