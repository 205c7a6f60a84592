//! Changed, cut, spliced, foreign and ill-formed tokens. Each is refused by the check that should refuse it,
//! and a client is told the same of all of them.

#![cfg(feature = "hazmat")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[path = "tamper/bytes.rs"]
mod bytes;
#[path = "tamper/foreign.rs"]
mod foreign;
#[path = "tamper/length.rs"]
mod length;
#[path = "tamper/records.rs"]
mod records;
#[path = "tamper/text.rs"]
mod text;

use sealed_session::hazmat::{Context, Fields, ManualClock, seal_plaintext};
use sealed_session::{Reason, SealedStore};

use common::{CONTEXT, FIELDS, NOW, decode, secret};

/// The check that must refuse a text that is no token of the key in `valid`'s header, other than `valid`
/// itself: SPEC.md, section 10, up to the tag.
fn expected(text: &str, valid: &str) -> Reason {
    assert_ne!(text, valid);
    if !(138..=8192).contains(&text.len()) {
        return Reason::Length;
    }
    match (decode(text), decode(valid).unwrap()) {
        (None, _) => Reason::Base64,
        (Some(bytes), _) if bytes[0] != 1 => Reason::Version,
        (Some(bytes), valid) if bytes[1..17] != valid[1..17] => Reason::UnknownKey,
        _ => Reason::Tag,
    }
}

/// A token with data of so many bytes, under a salt that a number names.
fn token(data_len: usize, salt: u8) -> String {
    let data = "x".repeat(data_len);
    let fields = Fields { user_id: None, data: &data, ..FIELDS };
    sealed_with(&CONTEXT, salt, &fields.encode(0))
}

fn sealed_with(context: &Context<'_>, salt: u8, plaintext: &[u8]) -> String {
    seal_plaintext(&secret(1), context, &[salt; 24], b"", plaintext).unwrap()
}

fn store() -> SealedStore {
    common::store(&ManualClock::at(NOW))
}
