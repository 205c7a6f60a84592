//! Other crates' interfaces for sessions, over [`SealedStore`](crate::SealedStore): a feature and a file each, and thin.
//! What a trait cannot say is in the documentation of its file.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "bext")]
pub mod bext;
#[cfg(feature = "uvb")]
pub mod uvb;
