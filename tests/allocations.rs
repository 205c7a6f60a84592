//! How often the heap is asked for memory: opening and sealing are the hot paths, and what anybody may send
//! must cost nothing there.

#![cfg(feature = "hazmat")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;
#[cfg(feature = "tower")]
#[path = "allocations/web.rs"]
mod web;

use allocation_counter::measure;
use sealed_session::hazmat::ManualClock;
use sealed_session::{CreateOptions, KeyRing, Reason, SealedStore, SessionId, SessionPlugin};

use common::{NOW, secret};

fn store(number: u8) -> SealedStore {
    let builder = SealedStore::builder(KeyRing::single(secret(number))).clock(ManualClock::at(NOW));
    builder.max_token_chars(8192).build().unwrap()
}

fn options(data_len: usize) -> CreateOptions {
    let data_json = format!("{{\"a\":\"{}\"}}", "x".repeat(data_len));
    CreateOptions { user_id: Some("user-42".into()), data_json, ttl_ms: 0 }
}

/// Allocations of a call, after one that fills whatever is filled once.
fn allocations(mut call: impl FnMut()) -> u64 {
    call();
    measure(call).count_total
}

/// From one that needs the smallest buffer to one that needs the largest.
const DATA_LENS: [usize; 5] = [0, 250, 1_000, 2_800, 6_000];

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1, 2, 3]))), 1);
}

#[test]
#[cfg_attr(feature = "metrics", ignore = "a counter's key id is allocated")]
fn opening_allocates_id_user_and_data() {
    let store = store(1);
    for len in DATA_LENS {
        let id = store.create(options(len)).unwrap();
        assert_eq!(allocations(|| drop(store.open(&id).unwrap())), 3, "{len}");
    }
}

#[test]
#[cfg_attr(feature = "metrics", ignore = "a counter's key id is allocated")]
fn sealing_allocates_a_buffer_and_the_text() {
    let store = store(1);
    for len in DATA_LENS {
        let id = store.create(options(len)).unwrap();
        assert_eq!(allocations(|| drop(store.reseal(&id).unwrap())), 2, "{len}");
        assert_eq!(allocations(|| drop(store.touch(&id, 0).unwrap())), 2, "{len}");
        let data = options(len).data_json;
        assert_eq!(allocations(|| drop(store.update(&id, &data).unwrap())), 2, "{len}");
    }
}

#[test]
fn refusals_allocate_nothing() {
    let (store, another) = (store(1), store(2));
    let clock = ManualClock::at(NOW);
    let later = SealedStore::builder(KeyRing::single(secret(1))).clock(clock.clone()).build().unwrap();
    clock.advance(u64::from(u32::MAX));
    for len in DATA_LENS {
        let id = store.create(options(len)).unwrap();
        let text = id.as_str();
        let changed = |at: usize, to: &str| SessionId::new(format!("{}{to}{}", &text[..at], &text[at + 1..]));
        let middle = text.len() / 2;
        let other = if &text[middle..=middle] == "A" { "B" } else { "A" };
        let cases = [
            (&store, SessionId::new("garbage"), Reason::Length),
            (&store, changed(middle, "="), Reason::Base64),
            (&store, changed(0, "B"), Reason::Version),
            (&store, another.create(options(len)).unwrap(), Reason::UnknownKey),
            (&store, changed(middle, other), Reason::Tag),
            (&later, id.clone(), Reason::Expired),
        ];
        for (store, id, reason) in cases {
            let refused = || assert_eq!(store.open(&id).unwrap_err().reason(), reason);
            assert_eq!(allocations(refused), 0, "{reason:?}, {len}");
        }
    }
}

/// Every request of a bound session brings one.
#[cfg(feature = "dbsc")]
#[test]
#[cfg_attr(feature = "metrics", ignore = "a counter's key id is allocated")]
fn opening_a_devices_proof_allocates_nothing() {
    use sealed_session::dbsc::DeviceBinding;
    use sealed_session::hazmat::{Context, Fields, seal_plaintext};

    let devices = DeviceBinding::builder(&store(1)).build().unwrap();
    let fields = Fields {
        created_at_ms: NOW,
        renewed_at_ms: NOW,
        expires_at_ms: NOW + 1,
        uid: sealed_session::SessionUid::from_bytes([1; 16]),
        user_id: None,
        data: &format!(r#"{{"dbsc":"{}"}}"#, "A".repeat(43)),
    };
    let context = Context { cookie_name: "__Host-session;dbsc-proof", ..Context::default() };
    let proof = seal_plaintext(&secret(1), &context, &[0; 24], b"", &fields.encode(0)).unwrap();
    assert_eq!(devices.open_proof(&proof).map(|binding| *binding.as_bytes()), Ok([0; 32]));
    assert_eq!(allocations(|| assert!(devices.open_proof(&proof).is_ok())), 0);
}

/// Room for the sessions that a hundred thousand users ended, in memory and not twice.
#[cfg(feature = "revocation")]
#[test]
fn what_is_revoked_takes_little_memory() {
    use sealed_session::SessionUid;
    use sealed_session::revocation::{Revocation, Revocations};

    const ENTRIES: u64 = 100_000;
    let revocations = Revocations::in_memory();
    let taken = measure(|| {
        for number in 0..ENTRIES {
            let uid =
                SessionUid::from_bytes((u128::from(number) * 0x9E37_79B9_7F4A_7C15_F39C_C060).to_le_bytes());
            revocations.revoke(Revocation::Session { uid, until_ms: u64::MAX }).wait().unwrap();
        }
    });
    assert_eq!(revocations.len(), 100_000);
    let each = u64::try_from(taken.bytes_current).unwrap() / ENTRIES;
    println!("{each} octets a revocation");
    assert!(each <= 128, "{each}");
}
