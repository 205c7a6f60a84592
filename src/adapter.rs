//! Other crates' interfaces for sessions, over [`SealedStore`](crate::SealedStore). A feature each.

#[cfg(feature = "actix")]
pub mod actix;
