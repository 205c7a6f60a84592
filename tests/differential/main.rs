//! This crate against two independent implementations of SPEC.md, in Python and in Node: the same tokens for
//! the same input, and the same answers for every token, sound or not.
//!
//! `SEALED_SESSION_PYTHON` and `SEALED_SESSION_NODE` name the interpreters, `DIFFERENTIAL_TOKENS` says how
//! many tokens are made and `DIFFERENTIAL_SEED` repeats a run.
#![cfg(feature = "hazmat")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod ours;
mod peer;
mod setting;

use case::Case;
use peer::Peer;
use serde_json::json;
use setting::{generator, setting};

const IMPLEMENTATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/test-vectors/verify");

#[test]
#[ignore = "needs node, and python3 with cryptography: scripts/test installs them and runs it"]
fn three_implementations_make_the_same_tokens_and_give_the_same_answers() {
    let (mut python, mut node) = (Peer::python(), Peer::node());
    let mut rng = generator();
    let (tokens, mut opened, mut refused) = (setting("DIFFERENTIAL_TOKENS", 2_000), 0, 0);
    for _ in 0..tokens {
        let case = Case::random(&mut rng);
        let token = case.seal();
        for peer in [&mut python, &mut node] {
            assert_eq!(peer.ask(&case.seal_request()), json!({ "token": token }), "{case:?}");
        }
        for text in [token.clone(), ours::changed(&token, &mut rng)] {
            let ours = case.open(&text);
            for peer in [&mut python, &mut node] {
                assert_eq!(peer.ask(&case.open_request(&text)), ours, "{text} {case:?}");
            }
            if ours.get("ok").is_some() { opened += 1 } else { refused += 1 }
        }
    }
    assert!(opened > tokens / 10 && refused > tokens / 10, "both outcomes are compared");
    println!("{tokens} tokens by each of three implementations: {opened} opened, {refused} refused alike");
}

#[test]
#[ignore = "needs node, and python3 with cryptography: scripts/test installs them and runs it"]
fn three_implementations_derive_the_same_keys() {
    let (mut python, mut node) = (Peer::python(), Peer::node());
    let mut rng = generator();
    for _ in 0..200 {
        let case = Case::random(&mut rng);
        let ours = case.derive();
        for peer in [&mut python, &mut node] {
            let mut theirs = peer.ask(&case.derive_request());
            theirs.as_object_mut().unwrap().remove("prk");
            assert_eq!(theirs, ours, "{case:?}");
        }
    }
}
