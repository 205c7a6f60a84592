//! Cut and lengthened tokens, and the limits of what is looked at.

use sealed_session::{Reason, SessionId, SessionPlugin};

use crate::common::{ALPHABET, CONTEXT, FIELDS, refusal, refusal_everywhere};
use crate::{expected, sealed_with, store, token};

#[test]
fn every_truncation_is_refused() {
    let store = store();
    for token in [token(0, 1), token(100, 1), token(101, 1), token(102, 1)] {
        for len in 0..token.len() {
            let cut = &token[..len];
            assert_eq!(refusal(&store, cut), expected(cut, &token), "{len} characters");
        }
    }
}

#[test]
fn every_token_that_lost_its_beginning_is_refused() {
    let store = store();
    let token = token(100, 1);
    for from in 1..=token.len() {
        let cut = &token[from..];
        assert_eq!(refusal(&store, cut), expected(cut, &token), "from {from}");
    }
}

#[test]
fn every_token_that_lost_a_piece_within_is_refused() {
    let store = store();
    let token = token(100, 1);
    for len in 1..9 {
        for at in 0..token.len() - len {
            let cut = format!("{}{}", &token[..at], &token[at + len..]);
            assert_eq!(refusal(&store, &cut), expected(&cut, &token), "{len} at {at}");
        }
    }
}

#[test]
fn every_extension_by_1_to_8_characters_is_refused() {
    let store = store();
    for token in [token(0, 1), token(1, 1), token(2, 1)] {
        for len in 1..9 {
            for octet in ALPHABET {
                let longer = format!("{token}{}", char::from(*octet).to_string().repeat(len));
                assert_eq!(refusal(&store, &longer), expected(&longer, &token), "{longer}");
            }
            let repeated = format!("{token}{}", &token[..len]);
            assert_eq!(refusal(&store, &repeated), expected(&repeated, &token));
        }
    }
}

#[test]
fn a_token_twice_is_refused() {
    let store = store();
    for token in [token(0, 1), token(1, 1), token(2, 1)] {
        let twice = format!("{token}{token}");
        assert_eq!(refusal(&store, &twice), expected(&twice, &token));
    }
}

#[test]
fn the_longest_token_has_8192_characters() {
    let store = store();
    let (longest, longer) = (token(6_041, 1), token(6_042, 1));
    assert_eq!((longest.len(), longer.len()), (8_192, 8_194), "8193 characters are no base64");
    assert!(store.read(&SessionId::new(&*longest)).is_ok());
    for too_long in [longer.as_str(), &longer[..8_193], &format!("{longest}A")] {
        assert_eq!(refusal(&store, too_long), Reason::Length);
    }
}

#[test]
fn the_shortest_token_has_138_characters() {
    let store = store();
    let (shortest, shorter) = (token(0, 1), sealed_with(&CONTEXT, 1, &FIELDS.encode(0)[..45]));
    assert_eq!((shortest.len(), shorter.len()), (138, 136));
    assert_eq!(store.read(&SessionId::new(&*shortest)).unwrap().data_json, "");
    for too_short in [shorter.as_str(), &format!("{shorter}A"), &shortest[..137]] {
        assert_eq!(refusal(&store, too_short), Reason::Length);
    }
}

#[test]
fn what_is_too_long_is_refused_before_it_is_decoded() {
    let store = store();
    for unit in ["A", "=", "é", "😀", "\0"] {
        let huge = unit.repeat((1 << 20) / unit.len());
        assert_eq!(refusal_everywhere(&store, &SessionId::new(huge)), Reason::Length);
    }
}

#[test]
fn what_is_empty_or_short_is_refused_before_it_is_decoded() {
    let store = store();
    for short in ["", " ", "=", "é", "null", &"=".repeat(137)] {
        assert_eq!(refusal_everywhere(&store, &SessionId::new(short)), Reason::Length);
    }
}

#[test]
fn text_that_is_not_ascii_counts_in_bytes() {
    let store = store();
    for (text, reason) in [
        ("é".repeat(69), Reason::Base64),
        ("é".repeat(68), Reason::Length),
        ("é".repeat(4_096), Reason::Base64),
        ("é".repeat(4_097), Reason::Length),
        ("Ａ".repeat(138), Reason::Base64),
    ] {
        assert_eq!(refusal(&store, &text), reason, "{} bytes", text.len());
    }
}

#[test]
fn texts_of_one_character_only_are_refused() {
    let store = store();
    let valid = token(2, 1);
    for octet in ALPHABET {
        let text = char::from(*octet).to_string().repeat(140);
        assert_eq!(refusal(&store, &text), expected(&text, &valid));
    }
}
