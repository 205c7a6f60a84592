//! The text form of a root secret: what is read, and what is refused.

use sealed_session::RootSecret;
use sha2::{Digest, Sha256};

use super::file::{self, File, Vector};
use super::json::{Json, hex};
use super::scene::encode;

const VALID: &str = "RootSecretText";
const REFUSED: &str = "RootSecretTextRefused";

pub(crate) fn file() -> File {
    let mut vectors: Vec<Vector> = (32..=64).map(of_length).collect();
    vectors.extend([with_newline(32), with_newline(64), of_octets("all bits set", &[0xFF; 32])]);
    vectors.push(of_octets("all bits clear: a legal form, though nobody would draw it", &[0; 32]));
    vectors.extend(refused().into_iter().map(Refused::into_vector));
    let header = [
        "The text form of a root secret (SPEC.md, section 5).",
        "RootSecretText: reading `text` gives `secret`, and writing `secret` gives `text` without the line \
         feed that may follow it.",
        "RootSecretTextRefused: reading `text` fails, and reading `repair.text` does not. One line feed at \
         the end is taken away first; then `check` is the first that fails of prefix, base64, length and \
         checksum.",
    ];
    file::build("root_secret_text.json", &header, vectors)
}

/// Octets that count up, so that no two places are alike.
fn counting(len: u8) -> Vec<u8> {
    (0..len).map(|octet| octet.wrapping_mul(7)).collect()
}

fn text_of(secret: &[u8]) -> String {
    RootSecret::from_bytes(secret).unwrap().to_text().to_string()
}

fn of_length(len: u8) -> Vector {
    of_octets(&format!("a secret of {len} bytes"), &counting(len))
}

fn of_octets(comment: &str, secret: &[u8]) -> Vector {
    valid(comment, "Normal", secret, text_of(secret))
}

fn with_newline(len: u8) -> Vector {
    let secret = counting(len);
    let comment = format!("a secret of {len} bytes and one line feed");
    valid(&comment, "SurroundingText", &secret, text_of(&secret) + "\n")
}

fn valid(comment: &str, flag: &'static str, secret: &[u8], text: String) -> Vector {
    let id = RootSecret::from_bytes(secret).unwrap().id();
    let body = members! { "text": text, "secret": hex(secret), "root_id": id.to_string() };
    Vector { kind: VALID, group: vec![], comment: comment.into(), flags: vec![flag], valid: true, body }
}

struct Refused {
    comment: String,
    flag: &'static str,
    check: &'static str,
    text: String,
    good: String,
}

impl Refused {
    fn into_vector(self) -> Vector {
        let body = members! {
            "text": self.text,
            "check": self.check,
            "repair": Json::Object(members! { "text": self.good }),
        };
        Vector {
            kind: REFUSED,
            group: vec![],
            comment: self.comment,
            flags: vec![self.flag],
            valid: false,
            body,
        }
    }
}

fn refused() -> Vec<Refused> {
    let good = text_of(&counting(32));
    let mut all = Vec::new();
    let mut add = |comment: &str, flag, check, text: String, good: &str| {
        all.push(Refused { comment: comment.into(), flag, check, text, good: good.into() });
    };
    for (comment, prefix) in [
        ("nothing before the base64url", ""),
        ("a later prefix", "ssr2_"),
        ("a prefix in capitals", "SSR1_"),
        ("a hyphen for the underscore", "ssr1-"),
        ("a prefix without its underscore", "ssr1"),
        ("a space before the prefix", " ssr1_"),
        ("a line feed before the prefix", "\nssr1_"),
        ("a byte order mark before the prefix", "\u{feff}ssr1_"),
        ("a quotation mark before the prefix", "\"ssr1_"),
    ] {
        add(comment, "Prefix", "prefix", good.replacen("ssr1_", prefix, 1), &good);
    }
    add("no text", "Prefix", "prefix", String::new(), &good);
    add("a line feed and nothing else", "Prefix", "prefix", "\n".into(), &good);
    for (comment, after) in [
        ("two line feeds at the end", "\n\n"),
        ("a carriage return and a line feed at the end", "\r\n"),
        ("a carriage return at the end", "\r"),
        ("a space at the end", " "),
        ("a space and a line feed at the end", " \n"),
        ("a NUL at the end", "\0"),
        ("a quotation mark at the end", "\""),
    ] {
        add(comment, "SurroundingText", "base64", format!("{good}{after}"), &good);
    }
    let other = text_of(&counting(33));
    add("two secrets, a line each", "SurroundingText", "base64", format!("{good}\n{other}"), &good);
    base64(&mut add);
    lengths(&mut add);
    checksums(&mut add);
    all
}

type Add<'a> = dyn FnMut(&str, &'static str, &'static str, String, &str) + 'a;

fn base64(add: &mut Add<'_>) {
    // 36, 37 and 38 bytes: no spare bits, four, and two.
    let [even, four, two] = [32, 33, 34].map(|len| text_of(&counting(len)));
    add("one = of padding", "Base64Padding", "base64", format!("{two}="), &two);
    add("two = of padding", "Base64Padding", "base64", format!("{four}=="), &four);
    for (comment, character) in [("a plus sign", '+'), ("a slash", '/'), ("a dot", '.'), ("a letter é", 'é')]
    {
        let at = even.len() - 10;
        let text = format!("{}{character}{}", &even[..at], &even[at + 1..]);
        add(&format!("{comment} within the base64url"), "Base64Alphabet", "base64", text, &even);
    }
    for (comment, text) in [("two spare bits", &two), ("four spare bits", &four)] {
        let comment = format!("the lowest of {comment} set");
        add(&comment, "Base64TrailingBits", "base64", next_digit(text), text);
    }
    add("a character too many", "Base64Length", "base64", format!("{even}A"), &even);
    add("a character too few, none left over", "Base64Length", "base64", cut(&four, 1), &four);
}

fn lengths(add: &mut Add<'_>) {
    for len in [0, 1, 16, 31, 65, 66, 128] {
        let good = text_of(&counting(if len < 32 { 32 } else { 64 }));
        let text = unchecked_text(&counting(len));
        add(&format!("a secret of {len} bytes"), "SecretLength", "length", text, &good);
    }
    let good = text_of(&counting(32));
    add("the prefix alone", "SecretLength", "length", "ssr1_".into(), &good);
    add("cut by four characters", "SecretLength", "length", cut(&good, 4), &good);
}

fn checksums(add: &mut Add<'_>) {
    let good = counting(32);
    let text = text_of(&good);
    let sum = Sha256::digest([b"ssr1_".as_slice(), &good].concat());
    let of = |parts: [&[u8]; 2]| format!("ssr1_{}", encode(&parts.concat()));
    for at in 0..4 {
        let mut wrong = sum[..4].to_vec();
        wrong[at] ^= 1 << (2 * at);
        let comment = format!("byte {at} of the checksum changed");
        add(&comment, "Checksum", "checksum", of([&good, &wrong]), &text);
    }
    for at in [0, 15, 31] {
        let mut wrong = good.clone();
        wrong[at] ^= 0x20;
        let comment = format!("byte {at} of the secret changed");
        add(&comment, "Checksum", "checksum", of([&wrong, &sum[..4]]), &text);
    }
    let without_prefix = Sha256::digest(&good);
    let comment = "a checksum over the secret without the prefix";
    add(comment, "Checksum", "checksum", of([&good, &without_prefix[..4]]), &text);
    add("the last bytes of the digest", "Checksum", "checksum", of([&good, &sum[28..]]), &text);
}

/// The text of a secret that is too short or too long, checksum and all.
fn unchecked_text(secret: &[u8]) -> String {
    let sum = Sha256::digest([b"ssr1_".as_slice(), secret].concat());
    format!("ssr1_{}", encode(&[secret, &sum[..4]].concat()))
}

fn cut(text: &str, characters: usize) -> String {
    text[..text.len() - characters].to_owned()
}

/// The text with the next digit of base64url at its end, which only changes bits that encode nothing.
fn next_digit(text: &str) -> String {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = digits.find(&text[text.len() - 1..]).unwrap();
    format!("{}{}", cut(text, 1), &digits[last + 1..last + 2])
}
