//! How large a session may be: the final cookie name and value against 4096 octets.

use sealed_session::hazmat::ManualClock;
use sealed_session::{CreateOptions, SealError, SealedStore, SessionError, SessionPlugin, TokenInfo};

use crate::common::{NOW, builder, options, store};

/// Data of exactly so many bytes, 8 or more.
fn data(len: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(len - 8))
}

/// What a token of this user and data must have in characters, from the layout of SPEC.md.
fn chars(user_id: &str, data: &str, padding: usize) -> usize {
    ((57 + 46 + user_id.len() + data.len() + padding) * 4).div_ceil(3)
}

fn create(store: &SealedStore, data: &str) -> Result<usize, SealError> {
    store.create_with(options(None, data, 0), b"").map(|id| id.0.len())
}

#[test]
fn name_and_value_of_4096_octets_pass_and_one_more_fails() {
    for name_len in [1, 2, 3, 4, 14, 100, 255, 3_000] {
        let clock = ManualClock::at(NOW);
        let store = builder(&clock).cookie_name("n".repeat(name_len)).build().unwrap();
        let allowed = 4_096 - name_len;
        let longest = store.remaining(None, "").unwrap();
        let made = create(&store, &data(longest)).unwrap();
        // No number of bytes has a text of 4k + 1 characters.
        assert_eq!(made, if allowed % 4 == 1 { allowed - 1 } else { allowed }, "name of {name_len}");
        let needed = chars("", &data(longest + 1), 0);
        assert!(needed > allowed);
        let refused = create(&store, &data(longest + 1));
        assert_eq!(refused, Err(SealError::TooLarge { needed, allowed }), "name of {name_len}");
    }
}

#[test]
fn what_is_too_large_is_a_backend_error_with_needed_and_allowed() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create(CreateOptions::default()).unwrap();
    let large = data(2_959);
    let login = || store.authenticate(&id, &"u".repeat(2_957)).map_err(SessionError::from);
    for refused in [store.create(options(None, &large, 0)), store.update(&id, &large), login()] {
        let Err(SessionError::Backend(message)) = refused else { panic!("{refused:?}") };
        assert!(message.contains("needs 4083 characters"), "{message}");
        assert!(message.contains("4082 are allowed"), "{message}");
    }
    assert!(store.create(options(None, &data(2_958), 0)).is_ok());
    assert!(store.authenticate(&id, &"u".repeat(2_956)).is_ok());
}

#[test]
fn a_cap_lowers_what_a_token_may_have_and_never_raises_it() {
    let chars = |set: Option<usize>, room: usize| {
        let mut builder = builder(&ManualClock::at(NOW)).cookie_name("sid");
        if let Some(set) = set {
            builder = builder.max_token_chars(set);
        }
        let of = |name: &str| {
            assert_eq!(name, "sid");
            room
        };
        builder.cap_token_chars(of).build().map(|store| store.max_token_chars())
    };
    for (set, room, expected) in
        [(None, 4_000, 4_000), (None, 5_000, 4_093), (Some(3_000), 4_000, 3_000), (Some(8_000), 4_000, 4_000)]
    {
        assert_eq!(chars(set, room).unwrap(), expected, "{set:?} {room}");
    }
    let none = chars(None, 0).unwrap_err().to_string();
    assert!(none.contains("0 characters"), "{none}");
}

#[test]
fn the_user_counts_as_well() {
    let store = store(&ManualClock::at(NOW));
    let user = "u".repeat(1_000);
    assert_eq!(store.remaining(Some(&user), "{}").unwrap(), 1_956);
    let id = store.create(options(Some(&user), &data(1_958), 0)).unwrap();
    assert_eq!(id.as_str().len(), chars(&user, &data(1_958), 0));
    assert!(store.create(options(Some(&user), &data(1_959), 0)).is_err());
    let id = store.create(options(None, &data(1_958), 0)).unwrap();
    assert!(store.authenticate(&id, &user).is_ok());
    assert!(store.authenticate(&id, &format!("{user}u")).is_err());
}

#[test]
fn the_limit_can_be_set_from_the_shortest_token_to_the_longest() {
    let clock = ManualClock::at(NOW);
    let with = |chars| builder(&clock).max_token_chars(chars).build();
    let (shortest, longest) = (with(138).unwrap(), with(8_192).unwrap());
    let refused = shortest.create_with(CreateOptions::default(), b"");
    assert_eq!(refused, Err(SealError::TooLarge { needed: 140, allowed: 138 }));
    assert!(with(140).unwrap().create(CreateOptions::default()).is_ok());
    assert_eq!(longest.remaining(None, "").unwrap(), 6_144 - 57 - 46);
    let id = longest.create(options(None, &data(6_041), 0)).unwrap();
    assert_eq!(id.as_str().len(), 8_192);
    assert_eq!(longest.read(&id).unwrap().data_json, data(6_041));
    assert!(create(&longest, &data(6_042)).is_err());
    assert!(shortest.read(&id).is_ok(), "the limit is for making tokens");
    assert!(with(137).is_err() && with(8_193).is_err());
}

#[test]
fn remaining_is_exactly_what_still_fits() {
    for padding in [0, 1, 2, 16, 100, 4_096] {
        let store = builder(&ManualClock::at(NOW)).padding(padding).build().unwrap();
        for user in [None, Some(""), Some("user-42")] {
            let left = store.remaining(user, "{}").unwrap();
            assert_eq!(left, 2_956 - user.map_or(0, str::len), "padding stops at the limit");
            assert!(store.create(options(user, &data(2 + left), 0)).is_ok());
            assert!(store.create(options(user, &data(3 + left), 0)).is_err());
            assert_eq!(store.remaining(user, &data(2 + left)), Ok(0));
        }
    }
}

#[test]
fn remaining_says_when_a_session_does_not_fit_as_it_is() {
    let store = store(&ManualClock::at(NOW));
    let too_large = store.remaining(None, &data(2_959));
    assert_eq!(too_large, Err(SealError::TooLarge { needed: 4_083, allowed: 4_082 }));
    let too_long = store.remaining(Some(&"u".repeat(65_535)), "{}");
    assert_eq!(too_long, Err(SealError::UserIdTooLong { len: 65_535 }));
}

#[test]
fn without_padding_a_token_has_the_length_that_its_data_asks_for() {
    for padding in [0, 1] {
        let store = builder(&ManualClock::at(NOW)).padding(padding).build().unwrap();
        for len in 8..40 {
            assert_eq!(create(&store, &data(len)), Ok(chars("", &data(len), 0)));
        }
    }
}

#[test]
fn padded_records_have_a_multiple_of_the_padding() {
    let store = builder(&ManualClock::at(NOW)).padding(64).build().unwrap();
    for len in 8..200 {
        let id = store.create(options(None, &data(len), 0)).unwrap();
        let record = TokenInfo::of(id.as_str()).unwrap().record_len;
        assert_eq!(record, (46 + len).div_ceil(64) * 64);
        assert_eq!(store.read(&id).unwrap().data_json, data(len));
    }
}

#[test]
fn padding_stops_at_the_size_limit() {
    let store = builder(&ManualClock::at(NOW)).padding(1_024).build().unwrap();
    // 3004 octets of record fit; the next multiple of 1024 after 2048 would be 3072.
    for len in [2_048 - 46, 2_049 - 46, 2_957, 2_958] {
        let id = store.create(options(None, &data(len), 0)).unwrap();
        let expected = if len + 46 == 2_048 { 2_048 } else { 3_004 };
        assert_eq!(TokenInfo::of(id.as_str()).unwrap().record_len, expected);
        assert_eq!(store.read(&id).unwrap().data_json, data(len));
    }
    let huge = builder(&ManualClock::at(NOW)).padding(usize::MAX).build().unwrap();
    assert_eq!(create(&huge, "{}"), Ok(4_082));
}

#[test]
fn every_change_pads_anew() {
    let store = builder(&ManualClock::at(NOW)).padding(256).build().unwrap();
    let id = store.create(options(None, &data(300), 0)).unwrap();
    let len = |id: &sealed_session::SessionId| TokenInfo::of(id.as_str()).unwrap().record_len;
    assert_eq!(len(&id), 512);
    assert_eq!(len(&store.update(&id, "{}").unwrap()), 256);
    assert_eq!(len(&store.touch(&id, 0).unwrap()), 512);
    assert_eq!(len(&store.reseal(&id).unwrap()), 512);
    assert_eq!(len(&store.cycle(&id).unwrap()), 512);
    assert_eq!(len(&store.authenticate(&id, &"u".repeat(200)).unwrap()), 768);
}
