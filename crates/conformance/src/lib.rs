//! Suites of behaviours for what others write: run one over yours in a test, and learn in what it differs.
//!
//! | Suite | Over what | Run by |
//! |---|---|---|
//! | [`plugin`] | any [`SessionPlugin`](sealed_session::SessionPlugin), sealed or with a database | [`plugin::run`] |
//! | [`backend`] | a [`Backend`](sealed_session::revocation::Backend) of revocations | [`backend_tests!`], [`backend::run`] |
//!
//! Each behaviour is a case with a name of its own; the [`Report`] tells of each whether it passed.
//!
//! ```
//! use sealed_session::{KeyRing, RootSecret, SealedStore};
//! use sealed_session_conformance::plugin::{self, Family, Subject};
//!
//! let report = plugin::run(|| {
//!     let store = SealedStore::builder(KeyRing::single(RootSecret::generate().unwrap())).build().unwrap();
//!     Subject::new(store, Family::Stateless)
//! });
//! report.assert_passed();
//! ```

#![forbid(unsafe_code)]

pub mod backend;
pub mod plugin;
mod report;

pub use report::{CaseResult, Outcome, Report};

/// The examples of README.md are compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
