//! Associated data: authenticated with a session, and not sent with it.

use std::collections::HashSet;

use sealed_session::hazmat::ManualClock;
use sealed_session::{CreateOptions, Reason, ResealError, SealedStore, SessionId, SessionPlugin};
use sealed_session::{SessionError, join_associated_data};

use crate::common::{HOUR, NOW, invalid, refusal, refusal_with, store};

const TENANT: &[u8] = b"tenant-7";

/// Every operation on an existing session, under some associated data.
fn changes(store: &SealedStore, id: &SessionId, with: &[u8]) -> [Result<SessionId, ResealError>; 5] {
    [
        store.update_with(id, r#"{"a":1}"#, with),
        store.touch_with(id, HOUR, with),
        store.reseal_with(id, with),
        store.cycle_with(id, with),
        store.authenticate_with(id, "user", with),
    ]
}

#[test]
fn a_session_opens_only_with_what_it_was_made_with() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create_with(CreateOptions::default(), TENANT).unwrap();
    assert!(store.open_with(&id, TENANT).is_ok());
    for other in [&b""[..], b"tenant-8", b"tenant-", b"tenant-7\0", b"Tenant-7", b"\0tenant-7"] {
        assert_eq!(refusal_with(&store, id.as_str(), other), Reason::Tag);
    }
}

#[test]
fn every_change_asks_for_it_and_keeps_it() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create_with(CreateOptions::default(), TENANT).unwrap();
    for changed in changes(&store, &id, TENANT) {
        let changed = changed.unwrap();
        assert!(store.open_with(&changed, TENANT).is_ok());
        assert_eq!(refusal(&store, changed.as_str()), Reason::Tag);
    }
    for refused in changes(&store, &id, b"tenant-8") {
        let Err(ResealError::Open(error)) = refused else { panic!("{refused:?}") };
        assert_eq!(error.reason(), Reason::Tag);
        assert_eq!(SessionError::from(error), invalid());
    }
}

#[test]
fn the_operations_with_it_do_what_the_plain_ones_do() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create_with(CreateOptions::default(), TENANT).unwrap();
    let [updated, touched, resealed, cycled, login] =
        changes(&store, &id, TENANT).map(|id| store.open_with(&id.unwrap(), TENANT).unwrap());
    let before = store.open_with(&id, TENANT).unwrap();
    assert_eq!(updated.record().data_json, r#"{"a":1}"#);
    assert_eq!(touched.record().expires_at_ms, NOW + HOUR);
    assert_eq!(resealed.uid(), before.uid());
    assert_ne!(cycled.uid(), before.uid());
    assert_eq!(login.record().user_id.as_deref(), Some("user"));
}

#[test]
fn the_plain_operations_use_none() {
    let store = store(&ManualClock::at(NOW));
    let plain = store.create(CreateOptions::default()).unwrap();
    assert!(store.open_with(&plain, b"").is_ok());
    assert!(changes(&store, &plain, b"").iter().all(Result::is_ok));
    assert_eq!(refusal_with(&store, plain.as_str(), TENANT), Reason::Tag);
    let with_none = store.create_with(CreateOptions::default(), b"").unwrap();
    assert!(store.read(&with_none).is_ok());
    assert!(store.update(&with_none, "{}").is_ok() && store.touch(&with_none, 0).is_ok());
    assert!(store.reseal(&with_none).is_ok() && store.cycle(&with_none).is_ok());
    assert!(store.authenticate(&with_none, "user").is_ok());
}

#[test]
fn it_costs_no_character_and_may_be_long() {
    let store = store(&ManualClock::at(NOW));
    let long = vec![0xFF; 1 << 20];
    let id = store.create_with(CreateOptions::default(), &long).unwrap();
    assert_eq!(id.as_str().len(), store.create(CreateOptions::default()).unwrap().as_str().len());
    assert!(store.open_with(&id, &long).is_ok());
    assert_eq!(refusal_with(&store, id.as_str(), &long[1..]), Reason::Tag);
}

#[test]
fn joined_pieces_are_preceded_by_their_lengths() {
    assert_eq!(join_associated_data(&[]), b"");
    assert_eq!(join_associated_data(&[b""]), [0, 0, 0, 0]);
    assert_eq!(join_associated_data(&[b"ab", b"c"]), b"\0\0\0\x02ab\0\0\0\x01c");
    let long = vec![7; 0x0102_0304];
    assert_eq!(join_associated_data(&[&long])[..5], [1, 2, 3, 4, 7]);
}

#[test]
fn no_two_lists_join_to_the_same_bytes() {
    // All lists of up to three pieces, each of up to five octets that look like lengths.
    let pieces: Vec<Vec<u8>> = (0..=5).flat_map(|len| [vec![0; len], vec![1; len]]).skip(1).collect();
    let mut lists: Vec<Vec<&[u8]>> = vec![vec![]];
    for first in &pieces {
        lists.push(vec![first]);
        for second in &pieces {
            lists.push(vec![first, second]);
            lists.extend(pieces.iter().map(|third| vec![&first[..], second, third]));
        }
    }
    let joined: HashSet<Vec<u8>> = lists.iter().map(|list| join_associated_data(list)).collect();
    assert_eq!((lists.len(), joined.len()), (1 + 11 + 11 * 11 + 11 * 11 * 11, lists.len()));
}

#[test]
fn joined_pieces_bind_as_they_are() {
    let store = store(&ManualClock::at(NOW));
    let joined = join_associated_data(&[b"shop", b"tenant"]);
    let id = store.create_with(CreateOptions::default(), &joined).unwrap();
    assert!(store.open_with(&id, &joined).is_ok());
    for other in [&[&b"shopt"[..], b"enant"][..], &[b"shoptenant"], &[b"tenant", b"shop"]] {
        let other = join_associated_data(other);
        assert_eq!(refusal_with(&store, id.as_str(), &other), Reason::Tag);
    }
}
