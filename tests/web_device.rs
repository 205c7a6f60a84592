//! Sessions that are bound to a device, in a web server: a real axum server over TCP, a clock that is set by the
//! tests, and a key in software that stands in for the browser's.

#![cfg(all(feature = "dbsc", feature = "axum", feature = "hazmat"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod common;

#[path = "web_device/attributes.rs"]
mod attributes;
#[path = "web_device/browser.rs"]
mod browser;
#[path = "dbsc/device.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod device;
#[path = "web/site.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod site;

#[path = "web_device/chunks.rs"]
mod chunks;
#[path = "web_device/ends.rs"]
mod ends;
#[path = "web_device/late_look.rs"]
mod late_look;
#[path = "web_device/mixed.rs"]
mod mixed;
#[cfg(feature = "revocation")]
#[path = "web_device/moved.rs"]
mod moved;
#[path = "web_device/offers.rs"]
mod offers;
#[path = "web_device/overrides.rs"]
mod overrides;
#[path = "web_device/pending.rs"]
mod pending;
#[path = "web_device/plain.rs"]
mod plain;
#[path = "web_device/planted.rs"]
mod planted;
#[path = "web_device/refresh.rs"]
mod refresh;
#[path = "web_device/register.rs"]
mod register;
#[path = "web_device/requests.rs"]
mod requests;
#[cfg(feature = "revocation")]
#[path = "web_device/revocation.rs"]
mod revocation;
#[path = "web_device/room.rs"]
mod room;
#[path = "web_device/settings.rs"]
mod settings;
#[cfg(feature = "revocation")]
#[path = "common/troubled.rs"]
mod troubled;
#[path = "web_device/two_steps.rs"]
mod two_steps;
#[path = "web_device/unbound.rs"]
mod unbound;
