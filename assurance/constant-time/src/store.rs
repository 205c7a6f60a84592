//! The whole store with every key that it keeps marked: ring, table, sealing, opening, CSRF tokens.
//!
//! Some of what depends on a key is public: key ids, finished tokens, and, once a token is authentic, the
//! record in it. A store gives no occasion to say so in the middle of an operation, but the heap does. With
//! associated data, `seal.rs` makes a block of header and associated data for the AEAD and releases it when
//! the AEAD has returned. At that moment everything on the heap but the keys is declared public, and so is the
//! stack: a record that was decrypted lies there, beside a message key that is only to be wiped any more. If
//! this should ever happen elsewhere, memcheck reports the reading of the record, and the check fails.

use std::time::Duration;

use patterns::{Pattern, of_message, of_root, root_bytes};
use sealed_session::hazmat::{Context, ManualClock, seal_plaintext, with_randomness};
use sealed_session::{CreateOptions, KeyRing, Root, RootSecret, SealedStore, SessionId, SessionUid};

use crate::derivation::secret_root;
use crate::heap;
use crate::memcheck;
use crate::tally::Tally;

/// Within daily epoch 20775.
const NOW: u64 = 1_795_000_000_000;
const SALT: [u8; 24] = [0x5A; 24];
/// Of a length that nothing else on the heap has.
const ASSOCIATED_DATA: &[u8] = &[0xAD; 777];
/// Version, key id and salt, and the associated data.
const AEAD_BLOCK: usize = 41 + ASSOCIATED_DATA.len();
const FIXED: Context<'_> = Context { app_id: "shop", cookie_name: "sid", period_s: 0, epoch: 0 };
const DAILY: Context<'_> = Context { period_s: 86_400, epoch: 20_775, ..FIXED };

pub fn check(tally: &mut Tally) {
    for len in [32, 64] {
        let store = secret_store(len, tally);
        sessions(&store, tally);
        refusals(&store, len, tally);
        csrf(&store, tally);
    }
}

/// A fixed root that sealed before, and a rotating one that seals now.
fn ring(fixed: RootSecret, daily: RootSecret) -> KeyRing {
    let daily = Root::new(daily).rotating_every(Duration::from_secs(86_400)).expect("whole seconds");
    KeyRing::new(vec![Root::new(fixed), daily.activating_at(NOW)]).expect("two different roots")
}

fn store(ring: KeyRing) -> SealedStore {
    let builder = SealedStore::builder(ring).app_id("shop").cookie_name("sid").clock(ManualClock::at(NOW));
    let builder = with_randomness(builder, |out| {
        // Also the uid, which is a part of the record; the salt after it is public.
        out.fill(SALT[0]);
        memcheck::secret(&out[..out.len() - SALT.len()]);
        true
    });
    builder.build().expect("a valid store")
}

/// A store that was secret from its root secrets on. What is left of them on its heap is marked again after
/// the table of keys, whose key ids are public, stands.
fn secret_store(len: usize, tally: &mut Tally) -> SealedStore {
    let ring = ring(secret_root(1, len), secret_root(2, len));
    tally.secrets_compared();
    let store = store(ring);
    tally.table_built();
    mark_keys(len);
    store
}

fn mark_keys(len: usize) {
    heap::find_secrets(&[]);
    heap::publish_all_but_secrets();
    let patterns = kept_keys(len);
    for (pattern, count) in patterns.iter().zip(heap::find_secrets(&patterns)) {
        assert!(count > 0, "the {} is not on the heap of the store", pattern.name);
    }
    heap::publish_all_but_secrets();
}

/// What a store keeps of its two roots.
fn kept_keys(len: usize) -> Vec<Pattern> {
    let of = |number, context| {
        let root = root_bytes(number, len);
        let mut all = of_root(&root);
        all.extend(of_message(&root, context, &SALT));
        all
    };
    let kept = |pattern: &Pattern| pattern.name == "root secret" || pattern.name.ends_with("state");
    of(1, &FIXED).into_iter().chain(of(2, &DAILY)).filter(kept).collect()
}

/// Every operation of a store on sessions of several sizes.
fn sessions(store: &SealedStore, tally: &mut Tally) {
    for size in [0, 1, 50, 64, 400, 2_000] {
        heap::publishing_at(AEAD_BLOCK, || {
            let data_json = format!("{{\"a\":\"{}\"}}", "x".repeat(size));
            let id = store.create_with(options(data_json.clone()), ASSOCIATED_DATA).expect("create");
            tally.token_sealed();
            let id = one(tally, store.update_with(&id, &data_json, ASSOCIATED_DATA));
            let id = one(tally, store.touch_with(&id, 60_000, ASSOCIATED_DATA));
            let id = one(tally, store.reseal_with(&id, ASSOCIATED_DATA));
            let id = one(tally, store.cycle_with(&id, ASSOCIATED_DATA));
            let id = one(tally, store.authenticate_with(&id, "user-42", ASSOCIATED_DATA));
            let session = store.open_with(&id, ASSOCIATED_DATA).expect("open");
            tally.token_opened();
            assert_eq!(session.record().data_json, data_json);
            assert_eq!(session.record().user_id.as_deref(), Some("user-42"));
        });
    }
}

/// A session whose user is secret: it goes into the record without being looked at.
fn options(data_json: String) -> CreateOptions {
    let user_id = String::from("user-42");
    memcheck::secret(user_id.as_str());
    CreateOptions { user_id: Some(user_id), data_json, ttl_ms: 0 }
}

/// The new id of an operation that opened one token and sealed another.
fn one<E: std::fmt::Debug>(tally: &mut Tally, changed: Result<SessionId, E>) -> SessionId {
    tally.token_opened();
    tally.token_sealed();
    changed.expect("a session of this store")
}

/// Tokens under either key whose tags are wrong, in their first and in their last octet.
fn refusals(store: &SealedStore, len: usize, tally: &mut Tally) {
    for (number, context) in [(1, &FIXED), (2, &DAILY)] {
        let root = RootSecret::from_bytes(&root_bytes(number, len)).expect("32 or 64 bytes");
        let token =
            seal_plaintext(&root, context, &SALT, ASSOCIATED_DATA, &[b'r'; 100]).expect("short names");
        for at in [token.len() - 20, token.len() - 2] {
            let id = SessionId::new(changed(&token, at));
            let refused = heap::publishing_at(AEAD_BLOCK, || store.open_with(&id, ASSOCIATED_DATA).is_err());
            assert!(refused);
            tally.token_opened();
        }
    }
}

/// CSRF tokens made and checked under secret keys: right ones, and ones with a wrong MAC.
fn csrf(store: &SealedStore, tally: &mut Tally) {
    let uid = SessionUid::from_bytes([3; 16]);
    let token = store.csrf_token(uid).expect("a key seals");
    tally.csrf_made();
    memcheck::public(token.as_str());
    for (text, right) in [(token.clone(), true), (changed(&token, 60), false), (changed(&token, 94), false)] {
        let accepted = store.check_csrf_token(uid, &text).is_ok();
        tally.csrf_checked(memcheck::is_secret(&accepted));
        memcheck::public(&accepted);
        assert_eq!(accepted, right);
    }
}

/// The text with another character at a place where any will do.
fn changed(token: &str, at: usize) -> String {
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}
