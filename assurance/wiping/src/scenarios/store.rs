//! Stores: everything that seals and opens.

use std::time::Duration;

use sealed_session::hazmat::{ManualClock, with_randomness};
use sealed_session::{CreateOptions, KeyRing, Root, SealedStore, SessionId};

use super::ring::five;
use crate::secrets::{APP, COOKIE, DAY_MS, NOW, SALT, root};

/// A store whose salts are known, so that its message keys are.
pub fn store(ring: KeyRing, clock: &ManualClock) -> SealedStore {
    let builder = SealedStore::builder(ring).app_id(APP).cookie_name(COOKIE).clock(clock.clone());
    let builder = with_randomness(builder, |out| {
        out.fill(SALT[0]);
        true
    });
    builder.build().expect("a valid store")
}

pub fn build() {
    drop(store(KeyRing::single(root(1)), &ManualClock::at(NOW)));
    drop(store(five(), &ManualClock::at(NOW)));
}

pub fn operations() {
    for ring in [KeyRing::single(root(1)), five()] {
        let store = store(ring, &ManualClock::at(NOW));
        for associated_data in [b"".as_slice(), b"tenant-7"] {
            each_operation(&store, associated_data);
        }
    }
}

fn each_operation(store: &SealedStore, with: &[u8]) {
    let id = store.create_with(options(), with).expect("create");
    let id = store.update_with(&id, r#"{"cart":["B2"]}"#, with).expect("update");
    let id = store.touch_with(&id, 60_000, with).expect("touch");
    let id = store.reseal_with(&id, with).expect("reseal");
    let id = store.cycle_with(&id, with).expect("cycle");
    let id = store.authenticate_with(&id, "user-43", with).expect("log in");
    let session = store.open_with(&id, with).expect("open");
    assert_eq!(session.record().user_id.as_deref(), Some("user-43"));
}

fn options() -> CreateOptions {
    CreateOptions { user_id: Some("user-42".into()), data_json: r#"{"cart":["A1"]}"#.into(), ttl_ms: 0 }
}

pub fn refusals() {
    let clock = ManualClock::at(NOW);
    let store = store(KeyRing::single(root(2)), &clock);
    let id = store.create_with(options(), b"").expect("create");
    let changed =
        |at: usize, by: &str| SessionId::new(format!("{}{by}{}", &id.as_str()[..at], &id.as_str()[at + 1..]));
    for refused in [changed(90, "-"), changed(id.as_str().len() - 2, "-"), changed(10, "-"), changed(90, "=")]
    {
        assert!(store.open(&refused).is_err());
    }
    assert!(store.open_with(&id, b"other").is_err());
    assert!(store.update_with(&id, "not an object", b"").is_err());
    clock.advance(2 * DAY_MS);
    assert!(store.open(&id).is_err());
    clock.set(NOW - 2 * DAY_MS);
    assert!(store.open(&id).is_err());
}

pub fn csrf() {
    let store = store(five(), &ManualClock::at(NOW));
    let id = store.create_with(options(), b"").expect("create");
    let uid = store.open(&id).expect("open").uid();
    let token = store.csrf_token(uid).expect("a key seals");
    assert!(store.check_csrf_token(uid, &token).is_ok());
    let other = if token.ends_with('A') { "B" } else { "A" };
    assert!(store.check_csrf_token(uid, &format!("{}{other}", &token[..95])).is_err());
}

/// Each day has a table of its own, which replaces the one before.
pub fn epochs() {
    let clock = ManualClock::at(NOW - DAY_MS);
    let daily = Root::new(root(3)).rotating_every(Duration::from_secs(86_400)).expect("whole seconds");
    let store = store(KeyRing::new(vec![daily]).expect("one root"), &clock);
    for _ in 0..4 {
        let id = store.create_with(options(), b"").expect("create");
        clock.advance(DAY_MS / 2);
        assert!(store.open(&id).is_ok());
        clock.advance(DAY_MS / 2);
    }
}

pub fn replaced() {
    let store = store(KeyRing::single(root(1)), &ManualClock::at(NOW));
    let id = store.create_with(options(), b"").expect("create");
    store.replace_ring(five()).expect("the same longest life");
    assert!(store.open(&id).is_ok());
    store.replace_ring(KeyRing::single(root(4))).expect("the same longest life");
    assert!(store.open(&id).is_err());
}
