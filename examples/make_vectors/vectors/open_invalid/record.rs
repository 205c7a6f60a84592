//! Step 5: records that are ill-formed, under a tag that is right.

use super::super::refusal::Refusal;
use super::super::scene::{Scene, scene};

const USER_LEN: usize = 40;
const USER: usize = 42;

pub(super) fn all() -> Vec<Refusal> {
    [truncated(), user_overruns(), data_overruns(), not_utf8(), padding()].into_iter().flatten().collect()
}

fn malformed(comment: &str, flag: &'static str, check: &'static str, good: &Scene, bad: Vec<u8>) -> Refusal {
    Refusal::malformed((comment, flag, check), good, bad)
}

/// Where the data begins.
fn data_at(scene: &Scene) -> usize {
    USER + scene.user.as_ref().map_or(0, String::len) + 4
}

/// The record with octets at a place.
fn with(scene: &Scene, at: usize, octets: &[u8]) -> Vec<u8> {
    let mut record = scene.record();
    record[at..at + octets.len()].copy_from_slice(octets);
    record
}

/// Every shorter record makes a token that is too short, so only the length of the data can be missing.
fn truncated() -> Vec<Refusal> {
    let mut all = Vec::new();
    for left in 0..4 {
        let good = scene().with(|s| (s.user, s.data) = (Some("user".repeat(3)), "{}".into()));
        let bad = good.record()[..USER + 12 + left].to_vec();
        let comment = format!("a record that ends with {left} bytes of the data's length");
        all.push(malformed(&comment, "RecordTruncated", "record_truncated", &good, bad));
    }
    for left in 0..4u8 {
        let good = scene().with(|s| (s.user, s.data) = (None, String::new()));
        let len = 4 - left;
        let comment = format!("the smallest record, with a user id that leaves {left} bytes");
        let bad = with(&good, USER_LEN, &[0, len]);
        all.push(malformed(&comment, "RecordTruncated", "record_truncated", &good, bad));
    }
    let good = scene();
    let rest = u16::try_from(good.record().len() - USER).unwrap();
    let comment = "a user id that takes all the rest of the record";
    let bad = with(&good, USER_LEN, &rest.to_be_bytes());
    all.push(malformed(comment, "RecordTruncated", "record_truncated", &good, bad));
    all
}

fn user_overruns() -> Vec<Refusal> {
    let good = scene();
    let rest = u16::try_from(good.record().len() - USER).unwrap();
    let mut all = Vec::new();
    for (comment, len) in [
        ("a user id that is 1 byte longer than the rest of the record", rest + 1),
        ("a user id that is 4 bytes longer than the rest of the record", rest + 4),
        ("a user id of 32,768 bytes, by its length", 0x8000),
        ("a user id of 65,534 bytes, by its length: the longest there is", 0xFFFE),
    ] {
        let bad = with(&good, USER_LEN, &len.to_be_bytes());
        all.push(malformed(comment, "UserOverrun", "record_user_id", &good, bad));
    }
    let shortest = scene().with(|s| (s.user, s.data) = (Some(String::new()), String::new()));
    let bad = with(&shortest, USER_LEN, &[0, 5]);
    let comment = "the smallest record, with a user id of 5 bytes by its length";
    all.push(malformed(comment, "UserOverrun", "record_user_id", &shortest, bad));
    all
}

fn data_overruns() -> Vec<Refusal> {
    let good = scene().with(|s| s.padding = 4);
    let at = data_at(&good);
    let rest = u32::try_from(good.record().len() - at).unwrap();
    let wrapping = 0_u32.wrapping_sub(u32::try_from(at).unwrap());
    let mut all = Vec::new();
    for (comment, len) in [
        ("data that is 1 byte longer than the rest of the record", rest + 1),
        ("data that is 4 bytes longer than the rest of the record", rest + 4),
        ("data of 65,536 bytes, by its length", 0x1_0000),
        ("data of 2^31 - 1 bytes, by its length", 0x7FFF_FFFF),
        ("data of 2^31 bytes, by its length", 0x8000_0000),
        ("data whose end wraps around 2^32 to the start of the record", wrapping),
        ("data of 2^32 - 1 bytes, by its length", 0xFFFF_FFFF),
    ] {
        let bad = with(&good, at - 4, &len.to_be_bytes());
        all.push(malformed(comment, "DataOverrun", "record_data", &good, bad));
    }
    let comment = "an anonymous session whose data is 1 byte longer than the rest";
    let anonymous = scene().with(|s| s.user = None);
    let bad = with(&anonymous, data_at(&anonymous) - 1, &[16]);
    all.push(malformed(comment, "DataOverrun", "record_data", &anonymous, bad));
    all
}

/// Octets that RFC 3629 does not allow.
const NOT_UTF8: [(&str, &[u8]); 14] = [
    ("a continuation byte without a lead", &[0x80]),
    ("the last continuation byte without a lead", &[0xBF]),
    ("an overlong slash of two bytes", &[0xC0, 0xAF]),
    ("an overlong NUL of two bytes", &[0xC0, 0x80]),
    ("an overlong DEL of two bytes", &[0xC1, 0xBF]),
    ("an overlong form of three bytes", &[0xE0, 0x9F, 0xBF]),
    ("an overlong form of four bytes", &[0xF0, 0x8F, 0xBF, 0xBF]),
    ("the first surrogate", &[0xED, 0xA0, 0x80]),
    ("the last surrogate", &[0xED, 0xBF, 0xBF]),
    ("a pair of surrogates", &[0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]),
    ("a code point beyond U+10FFFF", &[0xF4, 0x90, 0x80, 0x80]),
    ("the byte F5", &[0xF5, 0x80, 0x80, 0x80]),
    ("the byte FF", &[0xFF]),
    ("a lead byte before a letter", &[0xC3, b'a']),
];
/// Sequences that end before they are complete.
const CUT: [(&str, &[u8]); 3] = [
    ("the first byte of two", &[0xC3]),
    ("the first two bytes of three", &[0xE2, 0x82]),
    ("the first three bytes of four", &[0xF0, 0x9F, 0x98]),
];

fn not_utf8() -> Vec<Refusal> {
    let good = scene();
    let (user_end, at) = (data_at(&good) - 4, data_at(&good));
    let data_end = good.record().len();
    let mut all = Vec::new();
    let mut add = |field: &str, flag, check, what: &str, at: usize, octets: &[u8]| {
        let comment = format!("{field} that holds {what}");
        all.push(malformed(&comment, flag, check, &good, with(&good, at, octets)));
    };
    for (what, octets) in NOT_UTF8 {
        add("a user id", "UserNotUtf8", "record_user_id", what, USER, octets);
        add("data", "DataNotUtf8", "record_data", what, at + 2, octets);
    }
    for (what, octets) in CUT {
        let what = format!("{what} at its end");
        add("a user id", "UserNotUtf8", "record_user_id", &what, user_end - octets.len(), octets);
        add("data", "DataNotUtf8", "record_data", &what, data_end - octets.len(), octets);
    }
    all
}

fn padding() -> Vec<Refusal> {
    let good = scene().with(|s| s.padding = 32);
    let end = good.record().len();
    let mut all = Vec::new();
    for (comment, at, octet) in [
        ("the first byte of the padding is 1", end - 32, 1),
        ("the first byte of the padding is a space", end - 32, b' '),
        ("the first byte of the padding is 80, as in ISO 7816", end - 32, 0x80),
        ("a byte in the middle of the padding is 1", end - 16, 1),
        ("a byte in the middle of the padding is FF", end - 15, 0xFF),
        ("the last byte of the padding is 1", end - 1, 1),
        ("the last byte of the padding is 80", end - 1, 0x80),
        ("the last byte of the padding is its length, as in PKCS #7", end - 1, 32),
    ] {
        all.push(malformed(comment, "Padding", "padding", &good, with(&good, at, &[octet])));
    }
    let all_set = with(&good, end - 32, &[32; 32]);
    all.push(malformed(
        "all of the padding is its length, as in PKCS #7",
        "Padding",
        "padding",
        &good,
        all_set,
    ));
    let single = scene().with(|s| s.padding = 1);
    let bad = with(&single, single.record().len() - 1, &[1]);
    all.push(malformed("one byte of padding, and it is 1", "Padding", "padding", &single, bad));
    let shorter = with(&single, data_at(&single) - 1, &[14]);
    all.push(malformed("data whose last byte its length leaves out", "Padding", "padding", &single, shorter));
    let json = [scene().record(), br#"{"admin":true}"#.to_vec()].concat();
    all.push(malformed("more data after the data", "Padding", "padding", &scene(), json));
    all
}
