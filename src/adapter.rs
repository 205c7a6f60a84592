//! Other crates' interfaces for sessions, over [`SealedStore`](crate::SealedStore): thin, and a feature each. What a
//! trait cannot say is in the documentation of its module.

#[cfg(feature = "actix")]
pub mod actix;
