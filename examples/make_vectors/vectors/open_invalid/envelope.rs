//! Steps 2 to 4: changed bytes. Where a check other than the one that is tried would refuse the token as
//! well, the tag is made anew by somebody who has the key.

use super::super::refusal::Refusal;
use super::super::scene::{Scene, decode, salt, salt_for, scene};
use super::text::{last_digit, of_remainder};

const KEY_ID: usize = 1;
const SALT: usize = 17;
const RECORD: usize = 41;

pub(super) fn all() -> Vec<Refusal> {
    [versions(), key_ids(), salts(), ciphertexts(), tags(), truncated(), extended()]
        .into_iter()
        .flatten()
        .collect()
}

/// Another header under a tag that is right for it.
fn reheaded(
    comment: &str,
    flag: &'static str,
    check: &'static str,
    change: impl FnOnce(&mut [u8]),
) -> Refusal {
    let (scene, salt) = (scene(), salt(comment));
    let (bad, good) = (scene.reheaded(&salt, change), scene.token(&salt));
    Refusal::of_text((comment, flag, check), &scene, bad, good)
}

fn flipped(comment: &str, flag: &'static str, check: &'static str, at: usize, bit: usize) -> Refusal {
    Refusal::altered((comment, flag, check), &scene(), |octets| octets[at] ^= 1 << bit)
}

fn versions() -> Vec<Refusal> {
    let mut all = Vec::new();
    for version in [0x00, 0x02, 0x03, 0x11, 0x41, 0x7F, 0x81, 0xFE, 0xFF] {
        let comment = format!("version {version:#04x}, sealed so");
        all.push(reheaded(&comment, "Version", "version", |header| header[0] = version));
    }
    for bit in [0, 1, 7] {
        let comment = format!("bit {bit} of the version changed");
        all.push(flipped(&comment, "Version", "version", 0, bit));
    }
    all
}

fn key_ids() -> Vec<Refusal> {
    let mut all = Vec::new();
    for at in 0..16 {
        let comment =
            format!("byte {at} of the key id changed, sealed so: only trial decryption would open it");
        all.push(reheaded(&comment, "KeyId", "key_id", |header| header[KEY_ID + at] ^= 1 << (at % 8)));
    }
    for at in [0, 7, 15] {
        let comment = format!("byte {at} of the key id changed");
        all.push(flipped(&comment, "KeyId", "key_id", KEY_ID + at, 7));
    }
    let zero = |header: &mut [u8]| header[KEY_ID..SALT].fill(0);
    all.push(reheaded("a key id of zero bytes, sealed so", "KeyId", "key_id", zero));
    all
}

fn salts() -> Vec<Refusal> {
    let of = |at| {
        let comment = format!("bit {} of byte {at} of the salt changed", at % 8);
        flipped(&comment, "Salt", "aead", SALT + at, at % 8)
    };
    (0..24).map(of).collect()
}

/// ChaCha20 alone would decrypt these to records that are as sound as the original.
fn ciphertexts() -> Vec<Refusal> {
    let padded = scene().with(|s| s.padding = 8);
    let user = RECORD + 42;
    let data = user + "user-42".len() + 4;
    let padding = data + r#"{"cart":["A1"]}"#.len();
    let meanings = [
        ("created earlier, so that its lifetime ends later", RECORD + 7, 0),
        ("renewed earlier", RECORD + 8 + 5, 4),
        ("expires later", RECORD + 16 + 5, 7),
        ("the first bit of the session uid", RECORD + 24, 7),
        ("the last bit of the session uid", RECORD + 39, 0),
        ("another user: user-43", user + 6, 0),
        ("a letter of the data", data + 10, 0),
        ("the first byte of the padding", padding, 0),
        ("the last byte of the padding", padding + 7, 7),
        ("the length of the user id", RECORD + 41, 0),
        ("an anonymous session: the high byte of the length of the user id", RECORD + 40, 7),
        ("the length of the data", data - 1, 1),
    ];
    let of = |(meaning, at, bit): (&str, usize, usize)| {
        let comment = format!("a changed bit of the ciphertext: {meaning}");
        Refusal::altered((&comment, "Ciphertext", "aead"), &padded, |octets| octets[at] ^= 1 << bit)
    };
    let mut all: Vec<Refusal> = meanings.into_iter().map(of).collect();
    let what = ("all bits of the ciphertext changed", "Ciphertext", "aead");
    all.push(Refusal::altered(what, &padded, |octets| {
        let tag = octets.len() - 16;
        octets[RECORD..tag].iter_mut().for_each(|octet| *octet = !*octet);
    }));
    all
}

fn tags() -> Vec<Refusal> {
    let mut all = Vec::new();
    for at in 0..16 {
        let bit = (at * 3) % 8;
        let comment = format!("bit {bit} of byte {at} of the tag changed");
        let change = |octets: &mut Vec<u8>| {
            let tag = octets.len() - 16;
            octets[tag + at] ^= 1 << bit;
        };
        all.push(Refusal::altered((&comment, "Tag", "aead"), &scene(), change));
    }
    let mut fill = |comment, change: fn(u8) -> u8| {
        all.push(Refusal::altered((comment, "Tag", "aead"), &scene(), |octets| {
            octets.iter_mut().rev().take(16).for_each(|octet| *octet = change(*octet));
        }));
    };
    fill("a tag of zero bytes", |_| 0);
    fill("a tag of FF bytes", |_| 0xFF);
    fill("all bits of the tag changed", |octet| !octet);
    all
}

/// Cuts that leave text enough for a token. The shorter ones are among the refusals by length.
fn truncated() -> Vec<Refusal> {
    let long = scene().with(|s| s.data = format!(r#"{{"a":"{}"}}"#, "x".repeat(200)));
    let mut all = Vec::new();
    for count in [1, 2, 3, 15, 16, 17, 100] {
        let comment = format!("the last {count} bytes cut");
        let cut = |octets: &mut Vec<u8>| octets.truncate(octets.len() - count);
        all.push(Refusal::altered((&comment, "Truncated", "aead"), &long, cut));
    }
    let mut cut = |comment, from: usize, count: usize, check| {
        let change = |octets: &mut Vec<u8>| drop(octets.drain(from..from + count));
        all.push(Refusal::altered((comment, "Truncated", check), &long, change));
    };
    cut("the first byte cut", 0, 1, "version");
    cut("a byte of the key id cut", 5, 1, "key_id");
    cut("the last byte of the salt cut", 40, 1, "aead");
    cut("the first byte of the ciphertext cut", 41, 1, "aead");
    cut("the first block of the ciphertext cut", 41, 64, "aead");
    let what = ("the text cut to 138 characters", "Truncated", "aead");
    let salt = salt_for(what.0, |salt| last_digit(&long.token(salt)[..138]).is_multiple_of(16));
    let good = long.token(&salt);
    all.push(Refusal::of_text(what, &long, good[..138].to_owned(), good));
    let what = ("the last character cut, no bits left over", "Truncated", "aead");
    let even = of_remainder(0);
    let cut = |token: &str| token[..token.len() - 1].to_owned();
    let salt = salt_for(what.0, |salt| last_digit(&cut(&even.token(salt))).is_multiple_of(4));
    let good = even.token(&salt);
    all.push(Refusal::of_text(what, &even, cut(&good), good));
    all
}

fn extended() -> Vec<Refusal> {
    let scene: Scene = of_remainder(0);
    let altered = |comment, check, change: &dyn Fn(&mut Vec<u8>)| {
        Refusal::altered((comment, "Extended", check), &scene, change)
    };
    let mut all = vec![
        altered("a zero byte at the end", "aead", &|octets| octets.push(0)),
        altered("a zero byte at the end of the ciphertext", "aead", &|octets| {
            octets.insert(octets.len() - 16, 0);
        }),
        altered("16 zero bytes at the end", "aead", &|octets| octets.extend([0; 16])),
        altered("the tag twice", "aead", &|octets| octets.extend_from_within(octets.len() - 16..)),
        altered("a zero byte in front", "version", &|octets| octets.insert(0, 0)),
        altered("the version twice", "key_id", &|octets| octets.insert(0, 1)),
        altered("a zero byte between salt and ciphertext", "aead", &|octets| octets.insert(RECORD, 0)),
        altered("extended to 8192 characters", "aead", &|octets| octets.resize(6_144, 0)),
        altered("extended beyond 8192 characters", "length", &|octets| octets.resize(6_145, 0)),
    ];
    let what = ("the text twice", "Extended", "aead");
    all.push(Refusal::respelt(what, &scene, |good| good.repeat(2)));
    let comment = "another token at the end";
    let other = decode(&scene.token(&salt("the other token")));
    let change = |octets: &mut Vec<u8>| octets.extend(&other);
    all.push(Refusal::altered((comment, "Extended", "aead"), &scene, change));
    all
}
