//! Sessions in a web server: the cookie, a layer for tower, an extractor for axum.
//!
//! - [`CookiePolicy`] writes and reads the session's cookie, for any framework, with no feature.
#![cfg_attr(
    feature = "tower",
    doc = "- [`SessionLayer`] gives every request a [`Session`] and sends what has become of it (feature `tower`)."
)]
#![cfg_attr(feature = "tower", doc = "- [`CsrfLayer`] guards unsafe methods (feature `tower`).")]
//! - With the feature `axum`, `Session` is an argument of handlers.
//!
//! # Where to read
//!
//! `cookie` has the attributes and their contradictions, `presented` what a request brings, `data` the text of
//! a session's data, `state` what a handler makes of it, `decide` what a response does about it; `session` is what
//! handlers have of it and `handle` what the layer has, `carrier` which cookies it comes and goes in, `layer` and
//! `service` the way between them. `authority`, `local` and `fetch_metadata` read a request's head, `csrf` judges by it.

mod cookie;
mod few;
mod presented;

#[cfg(feature = "tower")]
mod authority;
#[cfg(feature = "tower")]
mod caches;
#[cfg(feature = "tower")]
mod carrier;
#[cfg(feature = "tower")]
mod config;
#[cfg(feature = "tower")]
mod csrf;
#[cfg(feature = "tower")]
mod data;
#[cfg(feature = "tower")]
pub(crate) mod decide;
#[cfg(feature = "dbsc")]
mod device;
#[cfg(feature = "dbsc")]
mod device_state;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "tower")]
mod fetch_metadata;
#[cfg(feature = "tower")]
mod flash;
#[cfg(feature = "tower")]
mod handle;
#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "tower")]
mod local;
#[cfg(feature = "tower")]
mod reply;
#[cfg(feature = "tower")]
mod request;
#[cfg(all(feature = "tower", feature = "revocation"))]
mod revoke;
#[cfg(feature = "tower")]
mod service;
#[cfg(feature = "tower")]
mod session;
#[cfg(feature = "tower")]
mod settings;
#[cfg(feature = "tower")]
mod settle;
#[cfg(feature = "tower")]
mod state;
#[cfg(feature = "tower")]
mod telemetry;
#[cfg(all(feature = "tower", feature = "revocation"))]
mod user_scope;

pub use cookie::{CookiePolicy, CookiePolicyBuilder, CookieScope, CookieTooLarge, SameSite};
pub use presented::{Found, Presented};

#[cfg(feature = "dbsc")]
pub use device::{DeviceBoundFuture, DeviceBoundLayer, DeviceBoundService, DeviceSettings, Unbound};
#[cfg(feature = "axum")]
pub use extract::NoSessionLayer;
#[cfg(feature = "tower")]
pub use {
    authority::host,
    csrf::{CsrfFuture, CsrfLayer, CsrfLayerBuilder, CsrfService},
    data::DataError,
    decide::LeftInPlace,
    flash::{Flash, FlashLevel},
    layer::{SessionLayer, SessionLayerBuilder},
    service::{SessionFuture, SessionService},
    session::{Persistence, Session},
    settings::{Creation, Renewal},
};
