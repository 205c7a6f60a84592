//! The text form of a root secret (SPEC.md, section 5).

use sha2::{Digest as _, Sha256};

use crate::base64url;

/// The secret that `text` is the text form of, if it is one.
pub fn read(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut secret = base64url::decode(text.strip_prefix("ssr1_")?)?;
    let checksum = secret.split_off(secret.len().checked_sub(4)?);
    let expected = Sha256::digest([b"ssr1_", secret.as_slice()].concat());
    ((32..=64).contains(&secret.len()) && checksum == expected[..4]).then_some(secret)
}

/// The secrets that stand in a text (the first few), damaged ones included: every run of base64url behind the
/// prefix that is long enough to be worth anything.
pub fn all_in(text: &str) -> Vec<&str> {
    let starts = text.match_indices("ssr1_").map(|(at, prefix)| at + prefix.len());
    let runs = starts.map(|at| {
        let len = text[at..].bytes().take_while(|&octet| base64url::value(octet).is_some()).count();
        &text[at..at + len]
    });
    runs.filter(|run| run.len() >= PART).take(4).collect()
}

/// Whether a part of a secret's text stands in a message. What stands elsewhere in the text too is no secret:
/// a message may well name a misspelt member.
pub fn leaks(message: &str, secret: &str, text: &str) -> bool {
    let mut parts = (0..secret.len() / PART).map(|at| &secret[at * PART..][..PART]);
    parts.any(|part| message.contains(part) && text.matches(part).count() == 1)
}

/// Longer than any word of a message that is made of the letters of base64url (`sealed-session-ring`).
const PART: usize = 20;
