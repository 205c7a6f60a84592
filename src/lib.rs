//! Encrypted web sessions that live in the cookie alone: the id in the cookie *is* the authenticated ciphertext of the
//! session and its expiry.
//!
//! - [`SealedStore`] makes, reads, updates and touches sessions; every change returns a new [`SessionId`].
//! - [`KeyRing`] holds root secrets that rotate, by a command or by the clock, without logging anybody out.
//! - [`http::CookiePolicy`] writes and reads the session's cookie, for any framework.
//! - A tampered token is [`SessionError::Invalid`], an authentic one of a session that is over
//!   [`SessionError::NotFound`].
//!
//! ```
//! use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionError, SessionId, SessionPlugin};
//!
//! let ring = KeyRing::single(RootSecret::generate()?); // in a server: KeyRing::load("ring.json")?
//! let store = SealedStore::builder(ring).app_id("shop.example").build()?;
//!
//! let id = store.create(CreateOptions { user_id: Some("user-42".into()), ..Default::default() })?;
//! let id = store.update(&id, r#"{"cart":["A1"]}"#)?;
//! assert_eq!(store.read(&id)?.user_id.as_deref(), Some("user-42"));
//!
//! let tampered = SessionId::new(id.as_str().replacen('A', "B", 1));
//! assert!(matches!(store.read(&tampered), Err(SessionError::Invalid(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! None is on by default, and each only adds: turning one on changes no bytes, defaults or errors. Every item of this
//! documentation that needs one names it.
//!
//! | feature | what it adds |
//! |---|---|
//! | `axum` | `http::Session` as an argument of axum's handlers; includes `tower` |
//! | `aws-lc-rs` | ChaCha20-Poly1305 by AWS-LC instead of pure Rust; needs a C compiler |
//! | `dbsc` | `dbsc::DeviceBinding`: sessions bound to a device, by Device Bound Session Credentials; includes `tower` |
//! | `hazmat` | fixed salts, uids and times, for test vectors and benchmarks |
//! | `metrics` | counters for the crate `metrics` |
//! | `revocation` | `revocation::Revocations` and `registry::Registry`: log out everywhere, list a user's sessions |
//! | `tower` | `http::SessionLayer`: sessions, flash messages and CSRF protection for any tower server |
//! | `tracing` | events for the crate `tracing` |
//! | `watch` | `SealedStore::follow`: a store that follows its ring file |
//!
//! Other crates build on this one: `sealed-session-sqlite` and `sealed-session-redis` share a list of revocations between
//! servers, `sealed-session-conformance` tests backends of your own, `sealed-session-cli` is the command, and
//! `sealed-session-actix`, `sealed-session-bext` and `sealed-session-uvb` adapt to other crates' interfaces.
//!
//! # Where to read
//!
//! The modules in the order in which data flows: a token's text and layout, sealing and opening under the
//! keys of a ring, the record, the rules of time and size, the store.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod token;

mod aead;
mod key;
mod ring;
mod seal;

mod record;
mod uid;

mod policy;

mod session;
mod store;

mod base64url;
mod clock;
mod csrf;
mod error;
mod file;
mod hex;
mod inspect;
mod json;
#[cfg(any(feature = "revocation", feature = "watch"))]
mod panics;
mod random;
mod telemetry;
mod wipe;

#[cfg(feature = "dbsc")]
pub mod dbsc;
#[cfg(feature = "hazmat")]
pub mod hazmat;
pub mod http;

#[cfg(feature = "revocation")]
pub mod registry;
#[cfg(feature = "revocation")]
pub mod revocation;

pub use clock::{Clock, SystemClock};
pub use error::{ConfigError, KeyError, OpenError, Reason, ResealError, SealError};
pub use inspect::TokenInfo;
pub use key::{KeyId, RootId, RootSecret};
pub use policy::ResealPolicy;
#[cfg(feature = "watch")]
pub use ring::watch::{RingEvent, RingWatcher, WatchOptions};
pub use ring::{Kept, KeyInfo, KeyRing, KeyState, Pruned, Revoked, Root};
pub use session::{
    CreateOptions, SessionError, SessionId, SessionPlugin, SessionRecord, empty_data_json, encode_data_map,
};
pub use store::{HealthError, OpenedSession, SealedStore, SealedStoreBuilder, join_associated_data};
pub use uid::{ParseUidError, SessionUid};

/// The examples of README.md and of the guides are compiled and run as well, each with the features that it needs.
#[cfg(doctest)]
mod documents {
    #[cfg(feature = "axum")]
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../docs/deploying-keys.md")]
    struct DeployingKeys;

    #[cfg(feature = "dbsc")]
    #[doc = include_str!("../docs/device-binding.md")]
    struct DeviceBinding;

    #[cfg(all(feature = "revocation", feature = "tower"))]
    #[doc = include_str!("../docs/logging-out-everywhere.md")]
    struct LoggingOutEverywhere;

    #[cfg(feature = "axum")]
    #[doc = include_str!("../docs/monitoring.md")]
    struct Monitoring;

    #[cfg(feature = "watch")]
    #[doc = include_str!("../docs/rotation.md")]
    struct Rotation;

    #[cfg(feature = "axum")]
    #[doc = include_str!("../docs/web-server.md")]
    struct WebServer;
}
