//! Sessions in a web server: a real axum server over TCP, a real client with a cookie store, and a clock that is
//! set by the tests.

#![cfg(all(feature = "axum", feature = "hazmat"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

#[path = "web/site.rs"]
mod site;

#[path = "web/lifecycle.rs"]
mod lifecycle;
