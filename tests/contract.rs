//! The contract, row by row of ARCHITECTURE.md's table of decisions; each boundary from both sides.

#![cfg(feature = "hazmat")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[path = "contract/associated_data.rs"]
mod associated_data;
#[path = "contract/builder.rs"]
mod builder;
#[path = "contract/changes.rs"]
mod changes;
#[path = "contract/clocks.rs"]
mod clocks;
#[path = "contract/data.rs"]
mod data;
#[path = "contract/disclosure.rs"]
mod disclosure;
#[path = "contract/extremes.rs"]
mod extremes;
#[path = "contract/health.rs"]
mod health;
#[path = "contract/size.rs"]
mod size;
#[path = "contract/times.rs"]
mod times;
