//! The integrity check in every build, whatever its features: a check that was missing from one build target
//! only was CVE-2026-40372 elsewhere. What needs ill-formed tokens under a good seal is in `tamper.rs`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use sealed_session::{
    CreateOptions, KeyRing, Reason, RootSecret, SealedStore, SessionError, SessionId, SessionPlugin,
};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn store(fill: u8, name: &str) -> SealedStore {
    let ring = KeyRing::single(RootSecret::from_bytes(&[fill; 32]).unwrap());
    SealedStore::builder(ring).cookie_name(name).build().unwrap()
}

fn token(store: &SealedStore) -> String {
    let options = CreateOptions {
        user_id: Some("user-42".into()),
        data_json: r#"{"cart":["A1"]}"#.into(),
        ..Default::default()
    };
    store.create(options).unwrap().0
}

fn reason(store: &SealedStore, text: &str) -> Reason {
    let id = SessionId::new(text);
    let invalid = SessionError::Invalid("the token was refused".into());
    assert_eq!(store.read(&id), Err(invalid.clone()), "{text}");
    assert_eq!(store.update(&id, "{}"), Err(invalid.clone()), "{text}");
    assert_eq!(store.touch(&id, 0), Err(invalid), "{text}");
    store.open(&id).unwrap_err().reason()
}

#[test]
fn an_untouched_token_opens() {
    let store = store(1, "s");
    let record = store.read(&SessionId::new(token(&store))).unwrap();
    assert_eq!(
        (record.user_id.unwrap().as_str(), record.data_json.as_str()),
        ("user-42", r#"{"cart":["A1"]}"#)
    );
}

#[test]
fn every_other_character_at_every_place_is_refused() {
    let store = store(1, "s");
    let token = token(&store);
    for at in 0..token.len() {
        // The version takes the first character and two bits of the second; the key id goes on to the 23rd.
        for other in ALPHABET.chars().filter(|other| !token[at..].starts_with(*other)) {
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            let reason = reason(&store, &changed);
            match at {
                0 => assert_eq!(reason, Reason::Version),
                1 => assert!(matches!(reason, Reason::Version | Reason::UnknownKey)),
                2..=21 => assert_eq!(reason, Reason::UnknownKey, "{at}"),
                22 => assert!(matches!(reason, Reason::UnknownKey | Reason::Tag)),
                _ if at == token.len() - 1 => assert!(matches!(reason, Reason::Tag | Reason::Base64)),
                _ => assert_eq!(reason, Reason::Tag, "{at}"),
            }
        }
    }
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let store = store(1, "s");
    let token = token(&store);
    for len in 0..token.len() {
        reason(&store, &token[..len]);
    }
    for more in ["A", "AA", "AAA", "AAAA", "=", "\n", " "] {
        reason(&store, &format!("{token}{more}"));
    }
}

#[test]
fn parts_of_two_valid_tokens_do_not_make_a_third() {
    let store = store(1, "s");
    let (one, two) = (token(&store), token(&store));
    for at in 1..one.len() {
        let spliced = format!("{}{}", &one[..at], &two[at..]);
        if spliced != one && spliced != two {
            reason(&store, &spliced);
        }
    }
}

#[test]
fn another_ring_cookie_or_application_refuses_by_key_id() {
    let token = token(&store(1, "s"));
    assert_eq!(reason(&store(2, "s"), &token), Reason::UnknownKey);
    assert_eq!(reason(&store(1, "t"), &token), Reason::UnknownKey);
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let other_app = SealedStore::builder(ring).cookie_name("s").app_id("other").build().unwrap();
    assert_eq!(reason(&other_app, &token), Reason::UnknownKey);
}

#[test]
fn other_associated_data_is_refused() {
    let store = store(1, "s");
    let id = store.create_with(CreateOptions::default(), b"tenant-7").unwrap();
    assert!(store.open_with(&id, b"tenant-7").is_ok());
    for other in [&b""[..], b"tenant-8", b"tenant-", b"tenant-77"] {
        assert_eq!(store.open_with(&id, other).unwrap_err().reason(), Reason::Tag);
    }
}
