//! Sessions in a web server: a real axum server over TCP, a real client with a cookie store, and a clock that is
//! set by the tests.

#![cfg(all(feature = "axum", feature = "hazmat"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

#[path = "web/http2.rs"]
mod http2;
#[path = "web/raw.rs"]
mod raw;
#[path = "web/site.rs"]
mod site;

#[path = "web/attributes.rs"]
mod attributes;
#[path = "web/caches.rs"]
mod caches;
#[path = "web/chunks.rs"]
mod chunks;
#[path = "web/csrf.rs"]
mod csrf;
#[path = "web/csrf_origin.rs"]
mod csrf_origin;
#[path = "web/csrf_settings.rs"]
mod csrf_settings;
#[path = "web/cut_off.rs"]
mod cut_off;
#[path = "web/data.rs"]
mod data;
#[path = "web/development.rs"]
mod development;
#[path = "web/direct.rs"]
mod direct;
#[cfg(feature = "revocation")]
#[path = "web/ended.rs"]
mod ended;
#[path = "web/failures.rs"]
mod failures;
#[path = "web/flash.rs"]
mod flash;
#[path = "web/identity.rs"]
mod identity;
#[path = "web/late_body.rs"]
mod late_body;
#[path = "web/left_in_place.rs"]
mod left_in_place;
#[path = "web/lifecycle.rs"]
mod lifecycle;
#[cfg(feature = "revocation")]
#[path = "web/lists.rs"]
mod lists;
#[path = "web/login.rs"]
mod login;
#[path = "web/meanwhile.rs"]
mod meanwhile;
#[path = "web/nested.rs"]
mod nested;
#[cfg(feature = "revocation")]
#[path = "web/others.rs"]
mod others;
#[path = "web/persistence.rs"]
mod persistence;
#[path = "web/policy.rs"]
mod policy;
#[path = "web/refused.rs"]
mod refused;
#[path = "web/renewal.rs"]
mod renewal;
#[cfg(feature = "revocation")]
#[path = "web/revocation.rs"]
mod revocation;
#[path = "web/several.rs"]
mod several;
#[cfg(feature = "revocation")]
#[path = "web/stale_list.rs"]
mod stale_list;
#[path = "web/streaming.rs"]
mod streaming;
#[path = "web/tenants.rs"]
mod tenants;
#[cfg(feature = "revocation")]
#[path = "common/troubled.rs"]
mod troubled;
#[path = "web/websockets.rs"]
mod websockets;
