//! Changes of a token's characters.

use sealed_session::{Reason, SessionId, SessionPlugin};

use crate::common::{ALPHABET, decode, encode, refusal};
use crate::{expected, store, token};

/// Valid tokens whose last character carries 2, 4 and 6 bits.
fn tokens() -> [String; 3] {
    let tokens = [token(0, 1), token(1, 1), token(2, 1)];
    assert_eq!(tokens.each_ref().map(String::len), [138, 139, 140]);
    tokens
}

fn with(token: &str, at: usize, other: &str) -> String {
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

#[test]
fn the_tokens_that_are_changed_here_are_valid() {
    for token in tokens() {
        assert!(store().read(&SessionId::new(&*token)).is_ok());
        assert_eq!(encode(&decode(&token).unwrap()), token, "the decoder of these tests is a decoder");
    }
}

#[test]
fn every_character_changed_to_every_other_is_refused() {
    let store = store();
    for token in tokens() {
        for at in 0..token.len() {
            for other in ALPHABET.iter().map(|&octet| char::from(octet).to_string()) {
                let changed = with(&token, at, &other);
                if changed != token {
                    assert_eq!(refusal(&store, &changed), expected(&changed, &token), "{other} at {at}");
                }
            }
        }
    }
}

#[test]
fn every_nth_character_of_a_long_token_changed_is_refused() {
    let store = store();
    let token = token(6_041, 1);
    assert_eq!(token.len(), 8_192);
    assert!(store.read(&SessionId::new(&*token)).is_ok());
    for at in (0..60).chain((60..8_190).step_by(211)).chain(8_190..8_192) {
        let other = if token[at..].starts_with('A') { "B" } else { "A" };
        let changed = with(&token, at, other);
        assert_eq!(refusal(&store, &changed), expected(&changed, &token), "character {at}");
    }
}

#[test]
fn every_character_outside_the_alphabet_is_refused_everywhere() {
    let store = store();
    for token in tokens() {
        for at in 0..token.len() {
            for other in ["=", "+", "/", " ", "\n", "\r", "\t", "\0", ".", "~", "%", "é", "\u{ff21}", "😀"]
            {
                assert_eq!(refusal(&store, &with(&token, at, other)), Reason::Base64, "{other:?} at {at}");
            }
        }
    }
}

#[test]
fn white_space_anywhere_is_not_ignored() {
    let store = store();
    let token = token(2, 1);
    for at in 0..=token.len() {
        for space in [" ", "\n", "\r\n", "\t", "=", "\u{a0}", "\u{feff}", "\0"] {
            let spaced = format!("{}{space}{}", &token[..at], &token[at..]);
            assert_eq!(refusal(&store, &spaced), Reason::Base64, "{space:?} at {at}");
        }
    }
}

#[test]
fn padding_characters_are_refused() {
    let store = store();
    for token in tokens() {
        for padding in ["=", "==", "===", "===="] {
            assert_eq!(refusal(&store, &format!("{token}{padding}")), Reason::Base64);
        }
    }
}

#[test]
fn the_standard_alphabet_is_refused() {
    let store = store();
    let dashed = (0..=255).map(|salt| token(2, salt)).find(|t| t.contains('-') && t.contains('_')).unwrap();
    assert!(store.read(&SessionId::new(&*dashed)).is_ok());
    for (ours, theirs) in [('-', "+"), ('_', "/")] {
        assert_eq!(refusal(&store, &dashed.replace(ours, theirs)), Reason::Base64);
    }
}

#[test]
fn other_spellings_of_the_last_character_are_refused() {
    let store = store();
    // 4 unused bits, 2, none: 16, 4 and 1 characters stand for the same octets.
    for (token, spellings) in tokens().into_iter().zip([16, 4, 1]) {
        let (head, last) = token.split_at(token.len() - 1);
        let value = ALPHABET.iter().position(|&octet| octet == last.as_bytes()[0]).unwrap();
        assert_eq!(value % spellings, 0, "canonical");
        for other in &ALPHABET[value + 1..value + spellings] {
            let spelled = format!("{head}{}", char::from(*other));
            assert_eq!(refusal(&store, &spelled), Reason::Base64);
        }
    }
}

#[test]
fn a_change_of_case_is_refused() {
    let store = store();
    let token = token(2, 1);
    for changed in [token.to_lowercase(), token.to_uppercase()] {
        assert_eq!(refusal(&store, &changed), expected(&changed, &token));
    }
}

#[test]
fn percent_encoding_and_quotes_are_not_undone() {
    let store = store();
    let token = token(2, 1);
    for changed in [format!("\"{token}\""), format!("%41{}", &token[1..]), format!("{token}; Path=/")] {
        assert_eq!(refusal(&store, &changed), Reason::Base64);
    }
}
