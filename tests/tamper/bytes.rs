//! Changes of a token's octets, written as canonical text again.

use sealed_session::hazmat::{Fields, ManualClock, seal_plaintext};
use sealed_session::{Reason, SealedStore, SessionId, SessionPlugin};

use crate::common::{CONTEXT, FIELDS, NOW, decode, encode, refusal, refusal_with, ring, root, secret};
use crate::{expected, sealed_with, store, token};

fn header_reason(at: usize) -> Reason {
    match at {
        0 => Reason::Version,
        1..17 => Reason::UnknownKey,
        _ => Reason::Tag,
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let store = store();
    for token in [token(0, 1), token(500, 1), sealed_with(&CONTEXT, 2, &FIELDS.encode(64))] {
        let bytes = decode(&token).unwrap();
        assert!(store.read(&SessionId::new(&*token)).is_ok());
        for bit in 0..8 * bytes.len() {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(refusal(&store, &encode(&changed)), header_reason(bit / 8), "bit {bit}");
        }
    }
}

#[test]
fn every_octet_set_to_0_and_to_255_is_refused() {
    let store = store();
    let bytes = decode(&token(20, 1)).unwrap();
    for at in 0..bytes.len() {
        for octet in [0, 0xFF] {
            let mut changed = bytes.clone();
            changed[at] = octet;
            if changed != bytes {
                assert_eq!(refusal(&store, &encode(&changed)), header_reason(at), "octet {at}");
            }
        }
    }
}

#[test]
fn every_octet_inserted_or_left_out_is_refused() {
    let store = store();
    let bytes = decode(&token(20, 1)).unwrap();
    for at in 0..=bytes.len() {
        for octet in [0, 1, 0xFF] {
            let text = encode(&[&bytes[..at], &[octet], &bytes[at..]].concat());
            assert_eq!(refusal(&store, &text), expected(&text, &encode(&bytes)), "{octet} before {at}");
        }
        if at < bytes.len() {
            let text = encode(&[&bytes[..at], &bytes[at + 1..]].concat());
            assert_eq!(refusal(&store, &text), expected(&text, &encode(&bytes)), "without {at}");
        }
    }
}

#[test]
fn two_octets_swapped_are_refused() {
    let store = store();
    let bytes = decode(&token(20, 1)).unwrap();
    for at in 1..bytes.len() {
        let mut changed = bytes.clone();
        changed.swap(at - 1, at);
        if changed != bytes {
            let text = encode(&changed);
            assert_eq!(refusal(&store, &text), expected(&text, &encode(&bytes)), "octet {at}");
        }
    }
}

/// The beginning of one token and the end of another, at every octet.
fn splices(one: &str, other: &str) -> impl Iterator<Item = String> {
    let (one, other) = (decode(one).unwrap(), decode(other).unwrap());
    assert_eq!(one.len(), other.len());
    (1..one.len()).map(move |at| encode(&[&one[..at], &other[at..]].concat()))
}

#[test]
fn two_tokens_of_one_key_spliced_at_any_octet_are_refused() {
    let store = store();
    let (one, other) = (token(20, 1), token(20, 2));
    let spliced: Vec<String> = splices(&one, &other).filter(|t| *t != one && *t != other).collect();
    assert!(spliced.len() > 100, "the tokens differ from the salt on");
    for text in spliced {
        assert_eq!(refusal(&store, &text), Reason::Tag);
    }
}

#[test]
fn two_tokens_of_one_message_key_spliced_at_any_octet_are_refused() {
    // One salt twice, as it must never happen: even so, nothing but whole tokens opens.
    let store = store();
    let [one, other] = [r#"{"admin":0}"#, r#"{"admin":1}"#]
        .map(|data| sealed_with(&CONTEXT, 1, &Fields { data, ..FIELDS }.encode(0)));
    for text in splices(&one, &other).filter(|t| *t != one && *t != other) {
        assert_eq!(refusal(&store, &text), Reason::Tag);
    }
}

#[test]
fn two_tokens_of_two_keys_spliced_at_any_octet_are_refused() {
    let ring = ring(vec![root(1), root(2).activating_at(1)]);
    let store = SealedStore::builder(ring).clock(ManualClock::at(NOW)).build().unwrap();
    let [one, other] = [1, 2].map(|number| {
        seal_plaintext(&secret(number), &CONTEXT, &[number; 24], b"", &FIELDS.encode(0)).unwrap()
    });
    assert!([&one, &other].iter().all(|token| store.read(&SessionId::new(token.as_str())).is_ok()));
    for (at, text) in (1..).zip(splices(&one, &other)).filter(|(_, t)| *t != one && *t != other) {
        let reason = if at < 17 { Reason::UnknownKey } else { Reason::Tag };
        assert_eq!(refusal(&store, &text), reason, "octet {at}");
    }
}

#[test]
fn octets_do_not_move_from_the_associated_data_into_the_token() {
    // The header is of fixed length; what follows it in the token is not what follows it in the AAD.
    let store = store();
    let bytes = decode(&token(20, 1)).unwrap();
    for len in 1..20 {
        let (head, moved) = (&bytes[..bytes.len() - len], &bytes[bytes.len() - len..]);
        if head.len() >= 103 {
            assert_eq!(refusal_with(&store, &encode(head), moved), Reason::Tag);
        }
    }
    let without_salt_end = encode(&[&bytes[..40], &bytes[41..]].concat());
    assert_eq!(refusal_with(&store, &without_salt_end, &bytes[40..41]), Reason::Tag);
}
