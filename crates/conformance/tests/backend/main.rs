//! The suite for backends of revocations: over two that are right, and over some that are wrong on purpose.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in the helpers beside them")]

mod memory;
mod page;
mod wrong;
