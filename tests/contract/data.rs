//! What a session's data and user may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealed_session::hazmat::{Fields, ManualClock, with_randomness};
use sealed_session::{CreateOptions, SealedStore, SessionError, SessionPlugin};

use crate::common::{FIELDS, NOW, REFUSED, builder, options, sealed, store};

/// Objects that a JSON library would rewrite.
const OBJECTS: [&str; 9] = [
    "{}",
    " \t\r\n{ \"a\" : 1 }\n ",
    r#"{"a":1,"a":2}"#,
    r#"{"z":1,"a":1.0,"e":1e999,"m":-0}"#,
    r#"{"\u0061":"\ud83d\ude00","é":"😀"}"#,
    r#"{"big":123456789012345678901234567890}"#,
    r#"{"nested":{"list":[[],[{}],null,true,false]}}"#,
    "{\"\":\"\"}",
    "{\"a\":\"\u{7f}\u{feff}\u{2028}\"}",
];

/// Not the text of one object, and where that shows: line and column, in bytes.
const OTHERS: [(&str, usize, usize); 14] = [
    ("[]", 1, 1),
    ("null", 1, 1),
    ("1", 1, 1),
    ("true", 1, 1),
    ("\"{}\"", 1, 1),
    (" ", 1, 1),
    ("{", 1, 1),
    ("{\"a\":1", 1, 6),
    ("{} {}", 1, 4),
    ("{\"a\":1,}", 1, 8),
    ("{\n  \"a\": x\n}", 2, 8),
    ("{\n\n'a':1}", 3, 1),
    ("{\"é\":}", 1, 7),
    ("\u{feff}{}", 1, 1),
];

/// A store that counts what it draws from its generator; what draws nothing seals nothing.
fn counting() -> (SealedStore, impl Fn() -> usize) {
    let drawn = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&drawn);
    let builder = with_randomness(builder(&ManualClock::at(NOW)), move |out| {
        out.fill(counter.fetch_add(1, Ordering::Relaxed) as u8);
        true
    });
    (builder.build().unwrap(), move || drawn.load(Ordering::Relaxed))
}

#[test]
fn empty_data_is_stored_as_an_empty_object() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create(CreateOptions::default()).unwrap();
    assert_eq!(store.read(&id).unwrap().data_json, "{}");
    let id = store.update(&id, r#"{"a":1}"#).unwrap();
    let id = store.update(&id, "").unwrap();
    assert_eq!(store.read(&id).unwrap().data_json, "{}");
}

#[test]
fn data_is_kept_byte_for_byte() {
    let store = store(&ManualClock::at(NOW));
    for object in OBJECTS {
        let created = store.create(options(None, object, 0)).unwrap();
        assert_eq!(store.read(&created).unwrap().data_json, object);
        let empty = store.create(CreateOptions::default()).unwrap();
        let updated = store.update(&empty, object).unwrap();
        assert_eq!(store.read(&updated).unwrap().data_json, object);
    }
}

#[test]
fn data_that_is_no_object_is_refused_with_its_place() {
    let (store, drawn) = counting();
    let id = store.create(CreateOptions::default()).unwrap();
    let before = drawn();
    for (text, line, column) in OTHERS {
        let place = format!("at line {line} column {column}");
        for refused in [store.create(options(None, text, 0)), store.update(&id, text)] {
            let Err(SessionError::Invalid(message)) = refused else { panic!("{text:?}: {refused:?}") };
            assert!(message.contains("must be a JSON object"), "{text:?}: {message}");
            assert!(message.ends_with(&place), "{text:?}: {message}");
        }
    }
    assert_eq!(drawn(), before, "nothing was sealed");
}

#[test]
fn data_of_more_than_64_levels_is_invalid() {
    let (store, drawn) = counting();
    let nested = |depth: usize| format!(r#"{{"a":{}0{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let id = store.create(options(None, &nested(64), 0)).unwrap();
    let id = store.update(&id, &nested(64)).unwrap();
    let before = drawn();
    for depth in [65, 127, 128, 100_000] {
        for refused in [store.create(options(None, &nested(depth), 0)), store.update(&id, &nested(depth))] {
            let Err(SessionError::Invalid(message)) = refused else { panic!("{depth}: {refused:?}") };
            assert!(message.contains("more than 64 objects and arrays in each other"), "{message}");
        }
    }
    assert_eq!(drawn(), before, "nothing was sealed");
}

#[test]
fn deeper_data_that_was_sealed_before_still_opens_and_is_kept() {
    let store = store(&ManualClock::at(NOW));
    let data = format!(r#"{{"a":{}0{}}}"#, "[".repeat(1_400), "]".repeat(1_400));
    let id = sealed(&Fields { data: &data, ..FIELDS }.encode(0));
    let changed =
        [store.touch(&id, 0), store.reseal(&id).map_err(Into::into), store.cycle(&id).map_err(Into::into)];
    for id in changed.into_iter().chain([Ok(store.authenticate_keeping(&id, "another", &["a"]).unwrap())]) {
        assert_eq!(store.read(&id.unwrap()).unwrap().data_json, data);
    }
}

#[test]
fn refused_data_is_not_quoted() {
    let store = store(&ManualClock::at(NOW));
    for text in [r#""hunter2""#, r#"{"a":hunter2}"#, r#"{"hunter2"}"#, r#"{"a":"hunter2}"#, "{} hunter2"] {
        let Err(error) = store.create_with(options(None, text, 0), b"") else { panic!("{text}") };
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn data_is_not_validated_again_when_a_token_is_opened() {
    let store = store(&ManualClock::at(NOW));
    for data in ["", "not json", "[1]"] {
        let id = sealed(&Fields { data, ..FIELDS }.encode(0));
        assert_eq!(store.read(&id).unwrap().data_json, data);
        let changed = [store.touch(&id, 0).unwrap(), store.reseal(&id).unwrap(), store.cycle(&id).unwrap()];
        for id in changed.iter().chain([&store.authenticate(&id, "user").unwrap()]) {
            assert_eq!(store.read(id).unwrap().data_json, data);
        }
    }
}

#[test]
fn what_is_wrong_with_the_data_is_told_only_to_who_has_a_session() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = store.create(options(None, "", 1)).unwrap();
    clock.advance(1);
    assert_eq!(store.update(&id, "no json"), Err(SessionError::NotFound));
    let garbage = sealed_session::SessionId::new("garbage");
    assert_eq!(store.update(&garbage, "no json"), Err(SessionError::Invalid(REFUSED.into())));
}

#[test]
fn users_are_kept_and_the_empty_one_is_not_anonymous() {
    let store = store(&ManualClock::at(NOW));
    let long = "u".repeat(2_900);
    for user in [None, Some(""), Some("user-42"), Some("é😀\0\n"), Some(long.as_str())] {
        let id = store.create(options(user, "", 0)).unwrap();
        assert_eq!(store.read(&id).unwrap().user_id.as_deref(), user);
        if let Some(user) = user {
            let id = store.authenticate(&id, user).unwrap();
            assert_eq!(store.read(&id).unwrap().user_id.as_deref(), Some(user));
        }
    }
}

#[test]
fn a_user_id_of_more_than_65534_bytes_is_invalid() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create(CreateOptions::default()).unwrap();
    let (longest, too_long) = ("u".repeat(65_534), "u".repeat(65_535));
    for refused in [store.create(options(Some(&too_long), "", 0)), store_login(&store, &id, &too_long)] {
        let Err(SessionError::Invalid(message)) = refused else { panic!("{refused:?}") };
        assert_eq!(message, "the user id has 65535 bytes, and at most 65534 are allowed");
    }
    // One byte less is a legal user id, which no cookie has room for.
    for refused in [store.create(options(Some(&longest), "", 0)), store_login(&store, &id, &longest)] {
        assert!(matches!(refused, Err(SessionError::Backend(_))), "{refused:?}");
    }
}

fn store_login(
    store: &SealedStore,
    id: &sealed_session::SessionId,
    user: &str,
) -> Result<sealed_session::SessionId, SessionError> {
    Ok(store.authenticate(id, user)?)
}
