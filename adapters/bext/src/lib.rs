//! The session trait of `bext-plugin-api` 0.2 for [sealed sessions](sealed_session), both ways.
//!
//! - [`ToBext`] implements `bext_plugin_api::session::SessionPlugin` over a [`SealedStore`]: box it, and a bext host has it.
//! - [`FromBext`] makes a bext backend one of sealed-session: for a host that is written against its trait, and to run
//!   any bext backend through its conformance suite.
//! - The types convert one to one with [`Convert`], and nothing is lost or changed.
//!
//! ```
//! use bext_plugin_api::session::{CreateOptions, SessionError, SessionId, SessionPlugin};
//! use sealed_session::{KeyRing, RootSecret, SealedStore};
//! use sealed_session_bext::ToBext;
//!
//! let ring = KeyRing::single(RootSecret::generate()?); // a server: KeyRing::load("/etc/shop/ring.json")?
//! let store = SealedStore::builder(ring).app_id("shop.example").build()?;
//! let host: Box<dyn SessionPlugin> = Box::new(ToBext(store));
//!
//! let id = host.create(CreateOptions { user_id: Some("user-42".into()), ..Default::default() })?;
//! let id = host.update(&id, r#"{"cart":["A1"]}"#)?; // a new id each time: write it back to the cookie
//! let id = host.touch(&id, 30 * 60 * 1000)?;
//! assert_eq!(host.read(&id)?.data_json, r#"{"cart":["A1"]}"#);
//!
//! let tampered = SessionId::new(id.as_str().replacen('A', "B", 1));
//! assert!(matches!(host.read(&tampered), Err(SessionError::Invalid(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to mind
//!
//! - **`Debug` of bext's types prints what they hold**: of `SessionId` the token, which is a bearer credential, of
//!   `SessionRecord` and `CreateOptions` the user and the data too. The types of the same names of sealed-session do
//!   not. Log neither ids nor records of bext; convert them first: `id.convert()`.
//! - What bext leaves open is as in the [trait](SessionPlugin) of sealed-session: a TTL of 0 is the store's default,
//!   empty data is `{}`, and `delete` of anything is `Ok`.
//!
//! [`SealedStore`]: sealed_session::SealedStore

#![forbid(unsafe_code)]

use std::fmt;

use bext_plugin_api::session as bext;
use sealed_session::{CreateOptions, SessionError, SessionId, SessionPlugin, SessionRecord};

mod convert;

pub use convert::Convert;

/// The example of README.md is compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A backend of sealed-session, such as a [`SealedStore`](sealed_session::SealedStore), as one of bext.
#[derive(Clone)]
pub struct ToBext<P>(pub P);

impl<P: SessionPlugin> bext::SessionPlugin for ToBext<P> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn create(&self, opts: bext::CreateOptions) -> Result<bext::SessionId, bext::SessionError> {
        converted(self.0.create(opts.convert()))
    }

    fn read(&self, id: &bext::SessionId) -> Result<bext::SessionRecord, bext::SessionError> {
        converted(self.0.read(&SessionId::new(id.as_str())))
    }

    fn update(&self, id: &bext::SessionId, data_json: &str) -> Result<bext::SessionId, bext::SessionError> {
        converted(self.0.update(&SessionId::new(id.as_str()), data_json))
    }

    fn touch(&self, id: &bext::SessionId, ttl_ms: u64) -> Result<bext::SessionId, bext::SessionError> {
        converted(self.0.touch(&SessionId::new(id.as_str()), ttl_ms))
    }

    fn delete(&self, id: &bext::SessionId) -> Result<(), bext::SessionError> {
        self.0.delete(&SessionId::new(id.as_str())).map_err(Convert::convert)
    }

    fn is_healthy(&self) -> bool {
        self.0.is_healthy()
    }
}

impl<P: SessionPlugin> fmt::Debug for ToBext<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToBext").field(&self.0.name()).finish()
    }
}

/// A bext backend as a [`SessionPlugin`] of sealed-session.
///
/// So one runs through the conformance suite, here a store that comes back from bext:
///
/// ```
/// use sealed_session_conformance::plugin::{self, Family, Subject};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
/// use sealed_session_bext::{FromBext, ToBext};
///
/// let report = plugin::run(|| {
///     let ring = KeyRing::single(RootSecret::generate().unwrap());
///     let backend = ToBext(SealedStore::builder(ring).build().unwrap()); // or your own
///     Subject::new(FromBext(Box::new(backend)), Family::Stateless)
/// });
/// report.assert_passed();
/// ```
pub struct FromBext(pub Box<dyn bext::SessionPlugin>);

impl SessionPlugin for FromBext {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        converted(self.0.create(opts.convert()))
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        converted(self.0.read(&bext::SessionId::new(id.as_str())))
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        converted(self.0.update(&bext::SessionId::new(id.as_str()), data_json))
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        converted(self.0.touch(&bext::SessionId::new(id.as_str()), ttl_ms))
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        self.0.delete(&bext::SessionId::new(id.as_str())).map_err(Convert::convert)
    }

    fn is_healthy(&self) -> bool {
        self.0.is_healthy()
    }
}

impl fmt::Debug for FromBext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FromBext").field(&self.0.name()).finish()
    }
}

/// A result of one side as one of the other.
fn converted<T: Convert, E: Convert>(result: Result<T, E>) -> Result<T::Other, E::Other> {
    result.map(Convert::convert).map_err(Convert::convert)
}
