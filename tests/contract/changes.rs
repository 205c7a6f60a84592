//! What each operation changes and what it keeps.

use std::collections::HashSet;

use sealed_session::hazmat::{Fields, ManualClock};
use sealed_session::{
    CreateOptions, KeyState, OpenedSession, Reason, SealedStore, SessionError, SessionId, SessionPlugin,
};

use crate::common::{
    DAY, FIELDS, HOUR, MINUTE, NOW, essence, options, refusal_everywhere, ring, root, sealed, store,
};

const DATA: &str = r#"{"cart":["A1"]}"#;

/// A session an hour long that has been touched, a minute ago: all its times are different.
fn touched(store: &SealedStore, clock: &ManualClock) -> (SessionId, OpenedSession) {
    clock.set(NOW);
    let id = store.create(options(Some("user-42"), DATA, HOUR)).unwrap();
    clock.advance(MINUTE);
    let id = store.touch(&id, HOUR).unwrap();
    clock.advance(MINUTE);
    let session = store.open(&id).unwrap();
    (id, session)
}

fn times(session: &OpenedSession) -> (u64, u64, u64) {
    (session.record().created_at_ms, session.renewed_at_ms(), session.record().expires_at_ms)
}

#[test]
fn reading_gives_the_id_that_was_read() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create(CreateOptions::default()).unwrap();
    assert_eq!(store.read(&id).unwrap().id, id);
    assert_eq!(&store.read(&id).unwrap(), store.open(&id).unwrap().record());
}

#[test]
fn update_replaces_the_data_and_keeps_everything_else() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let (old, before) = touched(&store, &clock);
    let new = store.update(&old, r#"{"cart":[]}"#).unwrap();
    let after = store.open(&new).unwrap();
    assert_ne!(old, new);
    assert_eq!(after.record().data_json, r#"{"cart":[]}"#);
    assert_eq!(times(&after), (NOW, NOW + MINUTE, NOW + MINUTE + HOUR));
    assert_eq!(after.uid(), before.uid());
    assert_eq!(after.record().user_id.as_deref(), Some("user-42"));
    assert_eq!(store.open(&old).unwrap(), before, "the old id goes on meaning the old state");
}

#[test]
fn touch_sets_the_expiry_and_keeps_everything_else() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let (old, before) = touched(&store, &clock);
    let new = store.touch(&old, 2 * HOUR).unwrap();
    let after = store.open(&new).unwrap();
    assert_ne!(old, new);
    assert_eq!(times(&after), (NOW, NOW + 2 * MINUTE, NOW + 2 * MINUTE + 2 * HOUR));
    assert_eq!(after.uid(), before.uid());
    assert_eq!(after.record().user_id, before.record().user_id);
    assert_eq!(after.record().data_json, DATA);
}

#[test]
fn reseal_gives_a_new_id_and_keeps_every_field() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let (old, before) = touched(&store, &clock);
    let new = store.reseal(&old).unwrap();
    assert_ne!(old, new);
    assert_eq!(essence(&store.open(&new).unwrap()), essence(&before));
}

#[test]
fn reseal_moves_a_session_to_the_key_that_seals() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let (old, before) = touched(&store, &clock);
    store.replace_ring(ring(vec![root(1), root(2).activating_at(NOW)])).unwrap();
    assert_eq!(store.open(&old).unwrap().key_state(), KeyState::Accepted);
    let after = store.open(&store.reseal(&old).unwrap()).unwrap();
    assert_eq!(after.key_state(), KeyState::Sealing);
    assert_ne!(after.key_id(), before.key_id());
    assert_eq!(essence(&after), essence(&before));
}

#[test]
fn cycle_gives_a_new_id_and_a_new_uid_and_keeps_everything_else() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let (old, before) = touched(&store, &clock);
    let new = store.cycle(&old).unwrap();
    let after = store.open(&new).unwrap();
    assert_ne!(old, new);
    assert_ne!(after.uid(), before.uid());
    assert_eq!(times(&after), times(&before));
    assert_eq!(after.record().user_id, before.record().user_id);
    assert_eq!(after.record().data_json, DATA);
}

#[test]
fn authenticate_begins_a_session() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let (old, before) = touched(&store, &clock);
    let new = store.authenticate(&old, "user-42").unwrap();
    let after = store.open(&new).unwrap();
    assert_ne!(old, new);
    assert_ne!(after.uid(), before.uid());
    assert_eq!(times(&after), (NOW + 2 * MINUTE, NOW + 2 * MINUTE, NOW + 2 * MINUTE + DAY));
    assert_eq!(after.record().user_id.as_deref(), Some("user-42"));
    assert_eq!(after.record().data_json, DATA);
}

/// The data after a login of a session with this user as that one, and what it keeps of it.
fn data_after(store: &SealedStore, was: Option<&str>, becomes: &str, members: &[&str]) -> String {
    let data = r#"{"mfa_ok":true,"theme":"light","theme": "dark" ,"cart":["A1"]}"#;
    let id = store.create(options(was, data, HOUR)).unwrap();
    let id = match members {
        [] => store.authenticate(&id, becomes),
        _ => store.authenticate_keeping(&id, becomes, members),
    };
    let record = store.read(&id.unwrap()).unwrap();
    assert_eq!(record.user_id.as_deref(), Some(becomes));
    record.data_json
}

#[test]
fn a_login_as_another_user_begins_with_no_data() {
    let store = store(&ManualClock::at(NOW));
    for (was, becomes) in [("m", "v"), ("", "v"), ("m", ""), ("m", "M")] {
        assert_eq!(data_after(&store, Some(was), becomes, &[]), "{}", "{was:?} {becomes:?}");
    }
}

#[test]
fn a_login_of_nobody_or_of_the_same_user_keeps_the_data_byte_for_byte() {
    let store = store(&ManualClock::at(NOW));
    let all = r#"{"mfa_ok":true,"theme":"light","theme": "dark" ,"cart":["A1"]}"#;
    for (was, becomes) in [(None, "v"), (None, ""), (Some("v"), "v"), (Some(""), "")] {
        assert_eq!(data_after(&store, was, becomes, &[]), all);
        assert_eq!(data_after(&store, was, becomes, &["theme"]), all, "those that are named, and the rest");
    }
}

#[test]
fn a_login_as_another_user_keeps_the_members_that_are_named() {
    let store = store(&ManualClock::at(NOW));
    let kept = |members: &[&str]| data_after(&store, Some("m"), "v", members);
    assert_eq!(kept(&["theme"]), r#"{"theme":"dark"}"#, "the last of a name");
    assert_eq!(kept(&["none", "cart", "theme"]), r#"{"cart":["A1"],"theme":"dark"}"#);
    assert_eq!(kept(&["none"]), "{}");
}

#[test]
fn a_login_keeps_nothing_of_data_that_is_not_an_object() {
    let store = store(&ManualClock::at(NOW));
    for data in ["", "not json", "[1]"] {
        let id = sealed(&Fields { data, ..FIELDS }.encode(0));
        let id = store.authenticate_keeping(&id, "another", &["a"]).unwrap();
        assert_eq!(store.read(&id).unwrap().data_json, "{}", "{data:?}");
    }
}

#[test]
fn a_login_that_keeps_members_takes_associated_data() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create_with(options(Some("m"), DATA, HOUR), b"tenant").unwrap();
    let login = |with: &[u8]| store.authenticate_keeping_with(&id, "v", &["cart"], with);
    let new = login(b"tenant").unwrap();
    assert_eq!(store.open_with(&new, b"tenant").unwrap().record().data_json, DATA);
    assert!(login(b"").is_err() && store.open(&new).is_err());
}

#[test]
fn every_id_and_every_new_uid_is_different() {
    let store = store(&ManualClock::at(NOW));
    let made: Vec<SessionId> = (0..500).map(|_| store.create(CreateOptions::default()).unwrap()).collect();
    let ids: HashSet<&SessionId> = made.iter().collect();
    let uids: HashSet<_> = made.iter().map(|id| store.open(id).unwrap().uid()).collect();
    assert_eq!((ids.len(), uids.len()), (500, 500));
    let resealed: HashSet<SessionId> = (0..500).map(|_| store.reseal(&made[0]).unwrap()).collect();
    assert_eq!(resealed.len(), 500);
}

#[test]
fn every_change_of_a_tampered_id_is_invalid() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create(CreateOptions::default()).unwrap();
    let last_of_salt = 4 * (1 + 16 + 24) / 3;
    let mut tampered = id.0.clone();
    let other = if &tampered[last_of_salt..=last_of_salt] == "A" { "B" } else { "A" };
    tampered.replace_range(last_of_salt..=last_of_salt, other);
    assert_eq!(refusal_everywhere(&store, &SessionId(tampered)), Reason::Tag);
}

#[test]
fn deleting_anything_is_ok() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = store.create(options(None, "", 1)).unwrap();
    assert_eq!(store.delete(&id), Ok(()));
    clock.advance(1);
    assert_eq!(store.delete(&id), Ok(()), "expired");
    for garbage in ["", "garbage", "é", "\0", &"A".repeat(1 << 20)] {
        assert_eq!(store.delete(&SessionId::new(garbage)), Ok(()));
    }
}

#[test]
fn deleting_takes_no_token_back() {
    // A stateless store cannot; a host that relies on it must know.
    let store = store(&ManualClock::at(NOW));
    let id = store.create(CreateOptions::default()).unwrap();
    store.delete(&id).unwrap();
    assert!(store.read(&id).is_ok());
}

#[test]
fn csrf_tokens_follow_the_uid() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create(CreateOptions::default()).unwrap();
    let uid = store.open(&id).unwrap().uid();
    let token = store.csrf_token(uid).unwrap();
    assert_ne!(store.csrf_token(uid).unwrap(), token);
    let check = |id: &SessionId| store.check_csrf_token(store.open(id).unwrap().uid(), &token);
    for kept in [store.update(&id, "").unwrap(), store.touch(&id, 0).unwrap(), store.reseal(&id).unwrap()] {
        assert_eq!(check(&kept), Ok(()));
    }
    for fresh in [store.cycle(&id).unwrap(), store.authenticate(&id, "user").unwrap()] {
        let refused = check(&fresh).unwrap_err();
        assert_eq!(refused.reason(), Reason::CsrfMismatch);
        assert!(matches!(SessionError::from(refused), SessionError::Invalid(_)));
    }
}
