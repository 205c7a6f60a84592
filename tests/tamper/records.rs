//! Authentic tokens whose record is not one: what a server with the key, but with a fault, would seal.

use sealed_session::hazmat::Fields;
use sealed_session::{Reason, SessionId, SessionPlugin};

use crate::common::{DAY, FIELDS, HOUR, MINUTE, NOW, refusal_everywhere, sealed};
use crate::store;

/// Where the fields of [`FIELDS`] begin in its record: user "user", data `{"a":1}`.
const USER_LEN: usize = 40;
const USER: usize = 42;
const DATA_LEN: usize = 46;
const DATA: usize = 50;
const END: usize = 57;

fn reason(plaintext: &[u8]) -> Reason {
    refusal_everywhere(&store(), &sealed(plaintext))
}

/// The record with some octets overwritten.
fn with(at: usize, octets: &[u8]) -> Vec<u8> {
    let mut plaintext = FIELDS.encode(0);
    plaintext[at..at + octets.len()].copy_from_slice(octets);
    plaintext
}

#[test]
fn the_record_that_is_changed_here_is_valid() {
    let plaintext = FIELDS.encode(0);
    assert_eq!((&plaintext[USER..DATA_LEN], &plaintext[DATA..END]), (&b"user"[..], &br#"{"a":1}"#[..]));
    assert_eq!(plaintext.len(), END);
    let record = store().read(&sealed(&plaintext)).unwrap();
    assert_eq!((record.user_id.as_deref(), record.data_json.as_str()), (Some("user"), r#"{"a":1}"#));
}

#[test]
fn every_truncated_record_is_refused_by_the_field_that_is_cut() {
    let full = FIELDS.encode(0);
    for len in 46..END {
        let expected = if len < DATA { Reason::RecordTruncated } else { Reason::RecordData };
        assert_eq!(reason(&full[..len]), expected, "{len} octets");
    }
    // A longer user, so that it can be cut within a token of legal length.
    let user = "u".repeat(40);
    let full = Fields { user_id: Some(&user), ..FIELDS }.encode(0);
    for len in 46..full.len() {
        let expected = match len {
            0..82 => Reason::RecordUserId,
            82..86 => Reason::RecordTruncated,
            _ => Reason::RecordData,
        };
        assert_eq!(reason(&full[..len]), expected, "{len} octets");
    }
}

#[test]
fn lengths_that_overrun_the_record_are_refused() {
    for len in [16_u16, 17, 0xFF, 0x0100, 0xFFFE] {
        assert_eq!(reason(&with(USER_LEN, &len.to_be_bytes())), Reason::RecordUserId, "{len}");
    }
    // The user ends before the record does, and leaves no room for the length of the data.
    for len in [12_u16, 13, 14, 15] {
        assert_eq!(reason(&with(USER_LEN, &len.to_be_bytes())), Reason::RecordTruncated, "{len}");
    }
    for len in [8_u32, 9, 0xFF, 0x8000_0000, u32::MAX - 1, u32::MAX] {
        assert_eq!(reason(&with(DATA_LEN, &len.to_be_bytes())), Reason::RecordData, "{len}");
    }
}

#[test]
fn a_length_that_is_too_short_leaves_padding_that_is_not_zero() {
    for len in 0..7_u32 {
        assert_eq!(reason(&with(DATA_LEN, &len.to_be_bytes())), Reason::Padding, "{len}");
    }
    assert_eq!(reason(&with(USER_LEN, &[0xFF, 0xFF])), Reason::RecordData, "\"user\" as a length");
}

#[test]
fn text_that_is_not_utf8_is_refused_by_field() {
    // Stray and missing continuations, an overlong "/", a surrogate, beyond Unicode, no UTF-8 octet at all.
    let malformed: [&[u8]; 7] = [
        &[0x80],
        &[0xC3, 0x28],
        &[0xC0, 0xAF],
        &[0xED, 0xA0, 0x80],
        &[0xF4, 0x90, 0x80, 0x80],
        &[0xFF],
        &[0xE2, 0x82, 0x28],
    ];
    for octets in malformed {
        assert_eq!(reason(&with(USER, octets)), Reason::RecordUserId, "{octets:x?}");
        assert_eq!(reason(&with(DATA, octets)), Reason::RecordData, "{octets:x?}");
        assert_eq!(reason(&with(END - octets.len(), octets)), Reason::RecordData, "{octets:x?}");
    }
}

#[test]
fn a_character_cut_by_a_field_is_refused() {
    assert_eq!(reason(&with(DATA_LEN - 1, &[0xC3])), Reason::RecordUserId, "the rest is in the next field");
    assert_eq!(reason(&with(END - 1, &[0xC3])), Reason::RecordData);
}

#[test]
fn padding_that_is_not_zero_is_refused_wherever_it_stands() {
    let padded = FIELDS.encode(100);
    assert!(store().read(&sealed(&padded)).is_ok());
    for at in END..padded.len() {
        for octet in [1, 0x20, 0x80, 0xFF] {
            let mut changed = padded.clone();
            changed[at] = octet;
            assert_eq!(reason(&changed), Reason::Padding, "octet {at}");
        }
    }
}

#[test]
fn any_amount_of_zero_padding_opens() {
    let expected = store().read(&sealed(&FIELDS.encode(0))).unwrap();
    for padding in [1, 2, 3, 100, 4_000, 6_087 - END] {
        let id = sealed(&FIELDS.encode(padding));
        let record = store().read(&id).unwrap();
        assert_eq!((record.data_json, record.expires_at_ms), (expected.data_json.clone(), NOW + HOUR));
    }
}

fn timed(created_at_ms: u64, renewed_at_ms: u64, expires_at_ms: u64) -> Vec<u8> {
    Fields { created_at_ms, renewed_at_ms, expires_at_ms, ..FIELDS }.encode(0)
}

#[test]
fn times_in_disorder_are_refused() {
    let (early, late) = (NOW - DAY, NOW + HOUR);
    for (created, renewed, expires) in [
        (NOW, NOW - 1, late),      // created > renewed
        (NOW + 1, NOW, late),      // created > renewed
        (early, NOW, NOW),         // renewed = expires
        (early, NOW, NOW - 1),     // renewed > expires
        (NOW, early, NOW - 1),     // created > expires > renewed
        (late, NOW, NOW + MINUTE), // created > expires > renewed
        (late, NOW, early),        // reversed
        (NOW, NOW, NOW),           // all equal
        (u64::MAX, 0, late),
        (0, u64::MAX, late),
        (NOW, NOW, 0),
    ] {
        assert_eq!(
            reason(&timed(created, renewed, expires)),
            Reason::TimeOrder,
            "{created} {renewed} {expires}"
        );
    }
    for (created, renewed, expires) in [(NOW, NOW, NOW + 1), (NOW - 1, NOW, NOW + 1), (early, early, late)] {
        assert!(store().read(&sealed(&timed(created, renewed, expires))).is_ok());
    }
}

#[test]
fn a_record_renewed_in_the_future_is_refused_outside_the_leeway() {
    for inside in [NOW, NOW + 1, NOW + MINUTE] {
        assert!(store().read(&sealed(&timed(NOW, inside, NOW + HOUR))).is_ok(), "{inside}");
    }
    for outside in [NOW + MINUTE + 1, NOW + DAY, u64::MAX - 1] {
        assert_eq!(reason(&timed(NOW, outside, u64::MAX)), Reason::Future, "{outside}");
    }
}

#[test]
fn the_first_check_that_fails_is_the_one_that_is_told() {
    let spoilt = |fields: Fields<'_>, at: usize, octet: u8| {
        let mut plaintext = fields.encode(4);
        let at = if at == END { plaintext.len() - 1 } else { at };
        plaintext[at] = octet;
        reason(&plaintext)
    };
    let disordered = Fields { created_at_ms: NOW + DAY, renewed_at_ms: NOW + HOUR, ..FIELDS };
    let expired = Fields { expires_at_ms: 0, ..FIELDS };
    assert_eq!(spoilt(disordered, USER, 0xFF), Reason::RecordUserId);
    assert_eq!(spoilt(disordered, DATA, 0xFF), Reason::RecordData);
    assert_eq!(spoilt(disordered, END, 1), Reason::Padding);
    assert_eq!(reason(&disordered.encode(0)), Reason::TimeOrder);
    assert_eq!(reason(&expired.encode(0)), Reason::TimeOrder);
}

#[test]
fn bytes_that_are_no_record_at_all_are_refused() {
    assert_eq!(reason(&[0; 46]), Reason::TimeOrder);
    assert_eq!(reason(&[0xFF; 46]), Reason::RecordData);
    assert_eq!(reason(&[b'{'; 500]), Reason::RecordUserId);
    assert_eq!(reason(&[0; 6_087]), Reason::TimeOrder);
    let json = SessionId::new(r#"{"user_id":"admin"}"#.repeat(10));
    assert_eq!(refusal_everywhere(&store(), &json), Reason::Base64, "there is no plain form");
}
