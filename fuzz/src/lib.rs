//! A second reading of SPEC.md, against which the fuzz targets hold the crate: the layouts, the ring and its
//! file, and a plain model of the store. None of it calls the crate's own encoders, decoders or rules.
//!
//! It is written to be obviously right and not to be fast: no streaming, no borrowing, absolute offsets.

pub mod base64url;
pub mod json;
pub mod jwt;
pub mod model;
pub mod record;
pub mod ring;
pub mod ring_file;
pub mod root_secret;

/// 2026-11-18T11:06:40Z in milliseconds since 1970, within daily epoch 20775: when the known answers begin.
pub const NOW: u64 = 1_795_000_000_000;
pub const SECOND: u64 = 1_000;
pub const HOUR: u64 = 3_600 * SECOND;
pub const DAY: u64 = 24 * HOUR;

/// The text of arbitrary bytes: what is not UTF-8 is replaced, so that no input is wasted.
pub fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}
