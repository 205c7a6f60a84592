//! `accumulated.json`.

use std::collections::BTreeMap;
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, KeyState, Root, SealedStore, SessionId};
use sha2::{Digest, Sha256};

use crate::reading::{run, same, to_hex};
use crate::seal::is_sealed;
use crate::vectors::stream::{COUNT, Drawn, Sessions};

/// How many are made: all of them in a build that is fast.
const MADE: u64 = if cfg!(debug_assertions) { 10_000 } else { COUNT };

#[test]
fn a_hundred_thousand_tokens_have_the_published_hash() {
    let hashes = hashes();
    run("accumulated.json", |kind, vector| match kind {
        "Accumulated" if vector.count("count") as u64 > MADE => {
            println!("{} tokens: made in a release build only", vector.count("count"));
            Ok(())
        }
        "Accumulated" => same("hash", hashes.get(&vector.count("count")), Some(&vector.text("sha256"))),
        "AccumulatedSession" => is_sealed(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

/// Makes and opens the tokens, and tells the hash of so many of them.
fn hashes() -> BTreeMap<usize, String> {
    let (sessions, mut hash, mut hashes) = (Sessions::new(), Sha256::new(), BTreeMap::new());
    for index in 0..MADE {
        let drawn = sessions.draw(index);
        let token = drawn.token();
        hash.update(&token);
        hash.update(b"\n");
        if matches!(index + 1, 1 | 10 | 100 | 1_000 | 10_000 | COUNT) {
            hashes.insert(index as usize + 1, to_hex(&hash.clone().finalize()));
        }
        opens(index, &drawn, token);
    }
    hashes
}

/// Opened at the moment of its renewal, by a server whose every setting is the default.
fn opens(index: u64, drawn: &Drawn, token: String) {
    let root = Root::new(drawn.root()).rotating_every(Duration::from_secs(drawn.period_s)).unwrap();
    let store = SealedStore::builder(KeyRing::new(vec![root]).unwrap())
        .app_id(&drawn.app)
        .cookie_name(&drawn.name)
        .clock(ManualClock::at(drawn.renewed))
        .build()
        .unwrap();
    let opened = store.open_with(&SessionId(token), &drawn.ad);
    let opened = opened.unwrap_or_else(|e| panic!("session {index}: {:?}", e.reason()));
    let record = opened.record();
    assert_eq!((&record.user_id, &record.data_json), (&drawn.user, &drawn.data), "session {index}");
    assert_eq!((record.created_at_ms, opened.renewed_at_ms()), (drawn.created, drawn.renewed));
    assert_eq!(record.expires_at_ms, drawn.expires.min(drawn.created + 30 * 86_400_000));
    assert_eq!((opened.uid().as_bytes(), opened.key_state()), (&drawn.uid, KeyState::Sealing));
}
