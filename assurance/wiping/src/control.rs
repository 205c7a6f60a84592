//! Shows that the search finds what is there: secrets in use, copies that nobody wiped, and C's memory.

use std::ffi::c_void;
use std::hint::black_box;

use sealed_session::KeyRing;
use sealed_session::hazmat::{ManualClock, Provider, derive};

use crate::freed::watching;
use crate::memory::picture;
use crate::needles::known;
use crate::scenarios::{providers, store};
use crate::secrets::{self, FIXED, NOW, RECORD, SALT, root};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
}

/// Runs the controls and tells which were right; they leave copies in memory, and so come last.
pub fn all() -> Vec<bool> {
    let mut results = vec![
        ("a root secret in use is found", live(&["root secret"], || root(1))),
        ("the text of a secret in use is found", live(&["text of the root secret"], || root(1).to_text())),
        ("the keys of a ring in use are found", live(STATES_OF_ROOT, ring)),
        ("the keys of a store in use are found", live(STATES, || store::store(ring(), &clock()))),
        ("laid-open keys in use are found", live(&["sealing key", "message key"], derived)),
        ("an unwiped copy of each secret is found", unwiped_copies()),
        ("a copy that was overwritten in part is found", partly_wiped()),
        ("memory that C frees is looked at", freed_by_c()),
    ];
    let others = Provider::ALL.iter().filter(|provider| **provider != Provider::RustCrypto);
    results.extend(others.map(|&it| ("memory that the other provider frees is looked at", freed_by(it))));
    for (name, right) in &results {
        println!("{} control: {name}", if *right { "ok  " } else { "FAIL" });
    }
    results.into_iter().map(|(_, right)| right).collect()
}

const STATES_OF_ROOT: &[&str] = &["root key, inner state", "root key, outer state"];
const STATES: &[&str] = &["sealing key, inner state", "sealing key, outer state"];

fn clock() -> ManualClock {
    ManualClock::at(NOW)
}

fn ring() -> KeyRing {
    KeyRing::single(root(1))
}

fn derived() -> Box<sealed_session::hazmat::Derived> {
    Box::new(derive(&root(1), &FIXED, &SALT).expect("short names"))
}

/// Found outside the stack while it lives, and not after.
fn live<T>(names: &[&str], make: impl FnOnce() -> T) -> bool {
    let value = make();
    let during = picture().heap;
    drop(value);
    let after = picture().heap;
    names.iter().all(|name| during.has(name) && !after.has(name))
}

fn unwiped_copies() -> bool {
    let patterns = secrets::patterns();
    let seen = watching(|| patterns.iter().for_each(|pattern| drop(black_box(pattern.bytes.to_vec()))));
    let found = |name: &str| seen.found.iter().any(|found| found.name == name);
    let record = watching(|| drop(black_box([NOW.to_be_bytes(); 2].concat())));
    let expected =
        known().0.into_iter().filter(|name| *name != RECORD && *name != "text of a generated secret");
    expected.into_iter().all(found) && record.found.len() == 1
}

/// Of a copy of 32 octets, 16 in the middle are left. Eight fewer are a fragment.
fn partly_wiped() -> bool {
    let patterns = secrets::patterns();
    let with_left = |left: std::ops::Range<usize>| {
        watching(|| {
            let mut copy = patterns[0].bytes.to_vec();
            copy[..left.start].fill(0);
            copy[left.end..].fill(0);
            drop(black_box(copy));
        })
    };
    let (half, quarter) = (with_left(8..24), with_left(8..16));
    half.found.len() == 1 && quarter.found.is_empty() && quarter.fragments == 1
}

fn freed_by_c() -> bool {
    let patterns = secrets::patterns();
    let bytes = &patterns[0].bytes;
    // SAFETY: the block has room for the secret, and is freed once.
    let seen = watching(|| unsafe {
        let block = malloc(bytes.len());
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), block.cast(), bytes.len());
        free(block);
    });
    seen.found.len() == 1
}

/// AWS-LC allocates its key state itself. The pure-Rust provider allocates nothing, which shows that the
/// blocks were AWS-LC's.
fn freed_by(provider: Provider) -> bool {
    let blocks = |provider| watching(|| providers::seal_and_open(provider, 100)).blocks;
    blocks(provider) > blocks(Provider::RustCrypto)
}
