//! What the states of a ring mean to a store.

use sealed_session::hazmat::{Context, ManualClock, seal_plaintext};
use sealed_session::{
    CreateOptions, KeyRing, KeyState, Reason, ResealError, Root, SealError, SealedStore, SessionError,
    SessionId, SessionPlugin,
};

use crate::common::{CONTEXT, DAY, FIELDS, HOUR, NOW, options, refusal_everywhere, ring, root, secret};
use crate::rotating;

fn store_at(ring: KeyRing, now: u64) -> SealedStore {
    SealedStore::builder(ring).clock(ManualClock::at(now)).build().unwrap()
}

fn token(number: u8) -> SessionId {
    SessionId(seal_plaintext(&secret(number), &CONTEXT, &[1; 24], b"", &FIELDS.encode(0)).unwrap())
}

fn state(store: &SealedStore, id: &SessionId) -> KeyState {
    store.open(id).unwrap().key_state()
}

#[test]
fn tokens_of_staged_sealing_and_accepted_roots_open() {
    let roots = vec![root(1), root(2).activating_at(NOW), root(3).activating_at(NOW + 1)];
    let store = store_at(ring(roots), NOW);
    let states = [1, 2, 3].map(|number| state(&store, &token(number)));
    assert_eq!(states, [KeyState::Accepted, KeyState::Sealing, KeyState::Staged]);
    let made = store.create(CreateOptions::default()).unwrap();
    assert_eq!(store.open(&made).unwrap().key_id(), store.open(&token(2)).unwrap().key_id());
}

#[test]
fn a_key_id_is_shown_in_hexadecimal() {
    let key_id = store_at(ring(vec![root(1)]), NOW).open(&token(1)).unwrap().key_id();
    let octets: String = key_id.as_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!((key_id.to_string(), format!("{key_id:?}")), (octets.clone(), format!("KeyId({octets})")));
}

#[test]
fn tokens_of_revoked_gone_and_unknown_roots_do_not_open() {
    let roots = vec![root(1).revoked(), root(2).activating_at(1).retiring_at(NOW), root(3).activating_at(2)];
    let store = store_at(ring(roots), NOW);
    assert_eq!(refusal_everywhere(&store, &token(1)), Reason::KeyRevoked);
    assert_eq!(refusal_everywhere(&store, &token(2)), Reason::KeyGone);
    assert_eq!(refusal_everywhere(&store, &token(4)), Reason::UnknownKey);
}

#[test]
fn a_ring_without_a_sealing_key_opens_but_does_not_seal() {
    // What its server has sealed before, and nothing that seals from now on.
    let staged = || root(1).activating_at(NOW + 1);
    let store = store_at(ring(vec![staged(), root(2).retiring_at(NOW)]), NOW);
    let id = token(1);
    assert!(!store.is_healthy());
    assert_eq!(state(&store, &id), KeyState::Staged);
    assert_eq!(store.create_with(CreateOptions::default(), b""), Err(SealError::NoSealingKey));
    let none = Err(ResealError::Seal(SealError::NoSealingKey));
    assert_eq!(store.update_with(&id, "{}", b""), none);
    assert_eq!(store.touch_with(&id, 0, b""), none);
    assert_eq!((store.reseal(&id), store.cycle(&id)), (none.clone(), none.clone()));
    assert_eq!(store.authenticate(&id, "user"), none);
    let uid = store.open(&id).unwrap().uid();
    assert_eq!(store.csrf_token(uid), Err(SealError::NoSealingKey));
    let Err(SessionError::Backend(message)) = store.create(CreateOptions::default()) else { panic!() };
    assert!(message.contains("no key of the ring is sealing now"), "{message}");
}

#[test]
fn a_csrf_token_outlives_a_rotation() {
    let clock = ManualClock::at(NOW);
    let roots = vec![root(1).retiring_at(NOW + DAY), root(2).activating_at(NOW + HOUR)];
    let store = SealedStore::builder(ring(roots)).clock(clock.clone()).build().unwrap();
    let uid = store.open(&token(1)).unwrap().uid();
    let text = store.csrf_token(uid).unwrap();
    clock.set(NOW + HOUR);
    assert_eq!(store.check_csrf_token(uid, &text), Ok(()));
    assert_ne!(store.csrf_token(uid).unwrap()[..21], text[..21], "the key that seals now makes it");
    clock.set(NOW + DAY);
    assert_eq!(store.check_csrf_token(uid, &text).unwrap_err().reason(), Reason::KeyGone);
}

#[test]
fn each_of_400_keys_is_looked_up_right() {
    let secrets = |number: u16| {
        let bytes: Vec<u8> = number.to_be_bytes().iter().copied().cycle().take(32).collect();
        sealed_session::RootSecret::from_bytes(&bytes).unwrap()
    };
    let roots = (0..400).map(|number| Root::new(secrets(number)).activating_at(number.into())).collect();
    let ring = ring(roots);
    let ids: Vec<_> = ring.keys_at("", "__Host-session", NOW, 0).unwrap();
    let store = store_at(ring, NOW);
    for number in 0..400 {
        let data = format!(r#"{{"n":{number}}}"#);
        let fields = sealed_session::hazmat::Fields { data: &data, ..FIELDS };
        let text = seal_plaintext(&secrets(number), &CONTEXT, &[1; 24], b"", &fields.encode(0)).unwrap();
        let session = store.open(&SessionId(text)).unwrap();
        assert_eq!(session.record().data_json, data);
        assert_eq!(session.key_id(), ids[usize::from(number)].key_id);
        assert_eq!(session.key_state() == KeyState::Sealing, number == 399);
    }
    assert_eq!(refusal_everywhere(&store, &token(2)), Reason::UnknownKey, "0x0202 would be number 514");
}

#[test]
fn a_rotating_root_seals_with_the_epoch_of_now() {
    let store = store_at(ring(vec![rotating(1, 86_400)]), NOW);
    let id = store.create(options(None, "", HOUR)).unwrap();
    let context = Context { period_s: 86_400, epoch: 20_775, ..CONTEXT };
    let derived = sealed_session::hazmat::derive(&secret(1), &context, &[0; 24]).unwrap();
    assert_eq!(store.open(&id).unwrap().key_id(), derived.key_id);
}
