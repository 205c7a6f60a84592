//! What the benches share: sessions and stores of given sizes, the limit to approach, and a sampler.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "each bench uses a part of this; a bench that fails may panic"
)]

pub(crate) mod floor;
pub(crate) mod sampler;

use std::time::Duration;

use sealed_session::hazmat::{Provider, with_randomness};
use sealed_session::{CreateOptions, KeyRing, Root, RootSecret, SealedStore, SessionId, SessionPlugin};

/// Octets of a session's data, from small to the largest that fits a cookie.
pub(crate) const SIZES: [usize; 4] = [64, 256, 1024, 2900];
pub(crate) const USER: &str = "user-0123456789";

/// The provider that seals and opens in this build, and how it was built if that matters.
pub(crate) fn provider() -> &'static str {
    match Provider::in_use() {
        Provider::RustCrypto if cfg!(poly1305_backend = "soft") => "RustCrypto, soft Poly1305",
        Provider::RustCrypto if cfg!(target_feature = "avx2") => "RustCrypto, built for AVX2",
        Provider::RustCrypto => "RustCrypto",
        _ => "AWS-LC",
    }
}

/// A JSON object of so many octets: some members, as sessions have them, and one long text.
pub(crate) fn data(len: usize) -> String {
    let start = r#"{"cart":["A1","B2"],"theme":"dark","n":17,"note":""#;
    format!("{start}{}\"}}", "x".repeat(len - start.len() - 2))
}

pub(crate) fn options_of(data_json: &str) -> CreateOptions {
    CreateOptions { user_id: Some(USER.into()), data_json: data_json.into(), ttl_ms: 0 }
}

/// Keys number 1 to `keys`; the last one seals.
pub(crate) fn ring(keys: u16) -> KeyRing {
    let secret = |number: u16| {
        let mut bytes = [7; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        RootSecret::from_bytes(&bytes).unwrap()
    };
    KeyRing::new((1..=keys).map(|n| Root::new(secret(n)).activating_at(n.into())).collect()).unwrap()
}

pub(crate) fn store(keys: u16) -> SealedStore {
    SealedStore::builder(ring(keys)).build().unwrap()
}

/// A store that draws nothing from the operating system.
pub(crate) fn store_without_randomness() -> SealedStore {
    let fixed = |out: &mut [u8]| {
        out.fill(0x5A);
        true
    };
    with_randomness(SealedStore::builder(ring(1)), fixed).build().unwrap()
}

pub(crate) fn session(store: &SealedStore, len: usize) -> SessionId {
    store.create(options_of(&data(len))).unwrap()
}

/// A token of the store whose tag is wrong.
pub(crate) fn bad_tag(id: &SessionId) -> SessionId {
    let (start, end) = id.as_str().split_at(id.as_str().len() / 2);
    let other = if end.starts_with('A') { "B" } else { "A" };
    SessionId::new(format!("{start}{other}{}", &end[1..]))
}

/// Long enough to be steady on a machine with nothing else to do.
pub(crate) fn steady() -> criterion::Criterion {
    criterion::Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}
