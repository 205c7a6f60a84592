//! Strict base64url (SPEC.md, section 2).

/// The bytes of the one text that stands for them, if `text` is one.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for octet in text.bytes() {
        let value = value(octet)?;
        bits.extend((0..6).rev().map(|at| value >> at & 1 == 1));
    }
    let whole = bits.len() / 8 * 8;
    let (octets, rest) = bits.split_at(whole);
    let canonical = rest.len() < 6 && !rest.contains(&true);
    canonical.then(|| octets.chunks(8).map(octet).collect())
}

fn octet(bits: &[bool]) -> u8 {
    bits.iter().fold(0, |octet, &bit| octet << 1 | u8::from(bit))
}

/// The six bits that a letter stands for.
pub fn value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}
