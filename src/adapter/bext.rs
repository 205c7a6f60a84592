//! The session trait of `bext-plugin-api` 0.2, both ways. Needs the feature `bext`.
//!
//! - [`SealedStore`] implements `bext_plugin_api::session::SessionPlugin`: box it, and a bext host has it.
//! - [`FromBext`] makes a bext backend one of this crate: for a host that is written against this crate's trait, and
//!   to run any bext backend through `conformance`.
//! - The types convert one to one with `From`, and nothing is lost or changed.
//!
//! ```
//! use bext_plugin_api::session::{CreateOptions, SessionError, SessionId, SessionPlugin};
//! use sealed_session::{KeyRing, RootSecret, SealedStore};
//!
//! let ring = KeyRing::single(RootSecret::generate()?); // a server: KeyRing::load("/etc/shop/ring.json")?
//! let host: Box<dyn SessionPlugin> = Box::new(SealedStore::builder(ring).app_id("shop.example").build()?);
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
//!   `SessionRecord` and `CreateOptions` the user and the data too. This crate's types of the same names do not. Log
//!   neither ids nor records of bext; convert them first: `sealed_session::SessionId::from(id)`.
//! - **Both traits have the same methods.** Where both are in scope, `store.read(..)` is ambiguous: import one of them.
//! - What bext leaves open is as in this crate's [trait](crate::SessionPlugin): a TTL of 0 is the store's default,
//!   empty data is `{}`, and `delete` of anything is `Ok`.

use std::fmt;

use bext_plugin_api::session as bext;

use crate::session::{CreateOptions, SessionError, SessionId, SessionPlugin, SessionRecord};
use crate::store::SealedStore;

impl bext::SessionPlugin for SealedStore {
    fn name(&self) -> &str {
        SessionPlugin::name(self)
    }

    fn create(&self, opts: bext::CreateOptions) -> Result<bext::SessionId, bext::SessionError> {
        both_into(SessionPlugin::create(self, opts.into()))
    }

    fn read(&self, id: &bext::SessionId) -> Result<bext::SessionRecord, bext::SessionError> {
        both_into(SessionPlugin::read(self, &SessionId::new(id.as_str())))
    }

    fn update(&self, id: &bext::SessionId, data_json: &str) -> Result<bext::SessionId, bext::SessionError> {
        both_into(SessionPlugin::update(self, &SessionId::new(id.as_str()), data_json))
    }

    fn touch(&self, id: &bext::SessionId, ttl_ms: u64) -> Result<bext::SessionId, bext::SessionError> {
        both_into(SessionPlugin::touch(self, &SessionId::new(id.as_str()), ttl_ms))
    }

    fn delete(&self, id: &bext::SessionId) -> Result<(), bext::SessionError> {
        both_into(SessionPlugin::delete(self, &SessionId::new(id.as_str())))
    }

    fn is_healthy(&self) -> bool {
        SessionPlugin::is_healthy(self)
    }
}

/// A bext backend as a [`SessionPlugin`] of this crate.
///
/// The crate `sealed-session-conformance` runs one through its suite: give it
/// `Subject::new(FromBext(Box::new(backend)), family)`.
pub struct FromBext(pub Box<dyn bext::SessionPlugin>);

impl SessionPlugin for FromBext {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        both_into(self.0.create(opts.into()))
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        both_into(self.0.read(&bext::SessionId::new(id.as_str())))
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        both_into(self.0.update(&bext::SessionId::new(id.as_str()), data_json))
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        both_into(self.0.touch(&bext::SessionId::new(id.as_str()), ttl_ms))
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        both_into(self.0.delete(&bext::SessionId::new(id.as_str())))
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

/// The same struct on the other side, field by field.
macro_rules! same_fields {
    ($($name:ident { $($field:ident),+ })+) => {$(
        impl From<bext::$name> for $name {
            fn from(theirs: bext::$name) -> Self {
                let bext::$name { $($field),+ } = theirs;
                Self { $($field: $field.into()),+ }
            }
        }

        impl From<$name> for bext::$name {
            fn from(ours: $name) -> Self {
                let $name { $($field),+ } = ours;
                Self { $($field: $field.into()),+ }
            }
        }
    )+};
}

same_fields! {
    SessionRecord { id, user_id, data_json, created_at_ms, expires_at_ms }
    CreateOptions { user_id, data_json, ttl_ms }
}

impl From<bext::SessionId> for SessionId {
    fn from(theirs: bext::SessionId) -> Self {
        Self(theirs.0)
    }
}

impl From<SessionId> for bext::SessionId {
    fn from(ours: SessionId) -> Self {
        Self(ours.0)
    }
}

impl From<bext::SessionError> for SessionError {
    fn from(theirs: bext::SessionError) -> Self {
        match theirs {
            bext::SessionError::NotFound => Self::NotFound,
            bext::SessionError::Invalid(message) => Self::Invalid(message),
            bext::SessionError::Backend(message) => Self::Backend(message),
        }
    }
}

impl From<SessionError> for bext::SessionError {
    fn from(ours: SessionError) -> Self {
        match ours {
            SessionError::NotFound => Self::NotFound,
            SessionError::Invalid(message) => Self::Invalid(message),
            SessionError::Backend(message) => Self::Backend(message),
        }
    }
}

/// A result of one side as one of the other.
fn both_into<T, U: From<T>, E, F: From<E>>(result: Result<T, E>) -> Result<U, F> {
    Ok(result?.into())
}
