//! The wire layout: token text to bytes and back. No cryptography.
//!
//! ```text
//! field        octets  offset
//! version           1       0   0x01
//! key id           16       1   names exactly one sealing key
//! salt             24      17   fresh for every seal
//! ciphertext        n      41   the encrypted record
//! tag              16    41+n   Poly1305
//! ```
//!
//! The text is base64url without padding (RFC 4648, section 5), and there is exactly one text for the bytes.

use base64::Engine as _;

use crate::base64url;
use crate::error::Reason;
use crate::key::{KeyId, SALT_LEN};
use crate::record;
use crate::session::SessionId;

/// The only version there is.
pub(crate) const VERSION: u8 = 1;
/// Octets of version, key id and salt.
pub(crate) const HEADER_LEN: usize = 1 + KeyId::LEN + SALT_LEN;
/// Octets of a Poly1305 tag.
pub(crate) const TAG_LEN: usize = 16;
/// Octets that a token adds to its record.
pub(crate) const ENVELOPE_LEN: usize = HEADER_LEN + TAG_LEN;
/// The shortest text that can be a token: an empty user id and empty data.
pub(crate) const MIN_CHARS: usize = encoded_len(record::MIN_LEN);
/// The longest text that is looked at, whatever a store's own limit for making tokens is. It bounds what a
/// hostile cookie can cost.
pub(crate) const MAX_CHARS: usize = 8192;
/// Octets of the longest token that is looked at.
pub(crate) const MAX_LEN: usize = MAX_CHARS / 4 * 3;

/// Characters of the token for a record of `record_len` octets.
pub(crate) const fn encoded_len(record_len: usize) -> usize {
    chars(ENVELOPE_LEN + record_len)
}

/// Octets of the longest record whose token has at most `chars` characters.
pub(crate) const fn max_record_len(chars: usize) -> usize {
    (chars * 3 / 4).saturating_sub(ENVELOPE_LEN)
}

/// Starts a token: version, key id and salt, with room for a record of `record_len` octets and the tag.
pub(crate) fn start(key_id: KeyId, salt: &[u8; SALT_LEN], record_len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ENVELOPE_LEN + record_len);
    bytes.push(VERSION);
    bytes.extend_from_slice(key_id.as_bytes());
    bytes.extend_from_slice(salt);
    bytes
}

/// A token that has not been written as text yet.
pub(crate) struct Sealed(Vec<u8>);

impl Sealed {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The key that has sealed it.
    #[cfg(feature = "tower")]
    pub(crate) fn key_id(&self) -> KeyId {
        let id = self.0.get(1..).and_then(|behind_version| behind_version.first_chunk());
        KeyId::from_bytes(id.copied().unwrap_or_default())
    }

    /// Characters of its text.
    #[cfg(feature = "tower")]
    pub(crate) fn chars(&self) -> usize {
        chars(self.0.len())
    }

    /// Writes its text behind what is there.
    #[cfg(feature = "tower")]
    #[expect(clippy::expect_used, reason = "there is as much room as the text takes")]
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.resize(begin + self.chars(), 0);
        let room = out.get_mut(begin..).unwrap_or_default();
        base64url::engine().encode_slice(&self.0, room).expect("room for all characters");
    }
}

impl From<Sealed> for SessionId {
    fn from(sealed: Sealed) -> Self {
        Self(encode(&sealed.0))
    }
}

/// The text of a whole token.
pub(crate) fn encode(bytes: &[u8]) -> String {
    // Into room that is there, and not cleared first.
    let mut text = String::with_capacity(chars(bytes.len()));
    base64url::engine().encode_string(bytes, &mut text);
    text
}

/// Characters of so many octets.
const fn chars(octets: usize) -> usize {
    (octets * 4).div_ceil(3)
}

/// The bytes of a token's text, in the front of `buffer`: its length, its alphabet and its trailing bits are
/// checked, nothing else. A buffer too small for the text refuses it; [`MAX_LEN`] is enough for all.
pub(crate) fn decode<'a>(text: &[u8], buffer: &'a mut [u8]) -> Result<&'a mut [u8], Reason> {
    if !(MIN_CHARS..=MAX_CHARS).contains(&text.len()) {
        return Err(Reason::Length);
    }
    let len = base64url::engine().decode_slice(text, buffer).map_err(|_| Reason::Base64)?;
    buffer.get_mut(..len).ok_or(Reason::Base64)
}

/// A token's bytes, cut into fields; the record is still encrypted.
pub(crate) struct Parts<'a> {
    /// Version, key id and salt as they stand, which the tag covers.
    pub(crate) header: &'a [u8; HEADER_LEN],
    /// Which sealing key it claims to be under.
    pub(crate) key_id: KeyId,
    /// Which message key under that sealing key.
    pub(crate) salt: [u8; SALT_LEN],
    /// The encrypted record, to be decrypted in place.
    pub(crate) ciphertext: &'a mut [u8],
    /// The authentication tag.
    pub(crate) tag: &'a [u8; TAG_LEN],
}

impl<'a> Parts<'a> {
    /// Cuts a token's bytes, and refuses any version but the one there is.
    pub(crate) fn split(bytes: &'a mut [u8]) -> Result<Self, Reason> {
        let (header, rest) = bytes.split_first_chunk_mut::<HEADER_LEN>().ok_or(Reason::Length)?;
        let (ciphertext, tag) = rest.split_last_chunk_mut::<TAG_LEN>().ok_or(Reason::Length)?;
        let (version, named) = header.split_first().ok_or(Reason::Length)?;
        if *version != VERSION {
            return Err(Reason::Version);
        }
        let (key_id, salt) = named.split_first_chunk::<{ KeyId::LEN }>().ok_or(Reason::Length)?;
        let salt = *salt.first_chunk::<SALT_LEN>().ok_or(Reason::Length)?;
        Ok(Self { key_id: KeyId::from_bytes(*key_id), salt, header, ciphertext, tag })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_token_has_138_characters() {
        assert_eq!(MIN_CHARS, 138);
        assert_eq!(ENVELOPE_LEN, 57);
    }

    #[test]
    fn the_longest_record_fits_and_one_octet_more_does_not() {
        for chars in MIN_CHARS..=MAX_CHARS {
            let longest = max_record_len(chars);
            assert!(encoded_len(longest) <= chars, "{longest} octets in {chars} characters");
            assert!(encoded_len(longest + 1) > chars, "{} octets in {chars} characters", longest + 1);
        }
    }

    #[test]
    fn encoded_len_is_what_encode_writes() {
        for record_len in record::MIN_LEN..record::MIN_LEN + 12 {
            assert_eq!(encode(&vec![0; ENVELOPE_LEN + record_len]).len(), encoded_len(record_len));
        }
    }

    #[cfg(feature = "tower")]
    #[test]
    fn a_token_has_one_text_wherever_it_is_written() {
        for len in 100..110 {
            let bytes = vec![0xFB; len];
            let mut cookie = b"session=".to_vec();
            Sealed::new(bytes.clone()).write_to(&mut cookie);
            assert_eq!(cookie, format!("session={}", encode(&bytes)).into_bytes());
            assert_eq!(SessionId::from(Sealed::new(bytes)).as_bytes(), &cookie[8..]);
        }
    }

    #[test]
    fn only_the_canonical_text_decodes() {
        // 139 characters carry 104 octets and two unused bits, so the last character has four spellings.
        let canonical = encode(&[0; 104]);
        let mut buffer = [0; MAX_LEN];
        assert_eq!(decode(canonical.as_bytes(), &mut buffer).map(|bytes| bytes.len()), Ok(104));
        for last in ["B", "C", "D", "=", "+", "/", " ", "\n", "é"] {
            let spelled = format!("{}{last}", &canonical[..138]);
            assert_eq!(decode(spelled.as_bytes(), &mut buffer), Err(Reason::Base64), "{last:?}");
        }
    }

    #[test]
    fn the_longest_text_fits_the_buffer_for_it() {
        let text = "A".repeat(MAX_CHARS);
        assert_eq!(decode(text.as_bytes(), &mut [0; MAX_LEN]).map(|bytes| bytes.len()), Ok(MAX_LEN));
        assert_eq!(decode(text.as_bytes(), &mut [0; MAX_LEN - 1]), Err(Reason::Base64));
        assert_eq!(decode((text + "A").as_bytes(), &mut [0; MAX_LEN]), Err(Reason::Length));
    }

    #[test]
    fn another_version_is_refused() {
        let mut bytes = vec![0; ENVELOPE_LEN + record::MIN_LEN];
        assert_eq!(Parts::split(&mut bytes).map(|_| ()), Err(Reason::Version));
        bytes[0] = VERSION;
        assert!(Parts::split(&mut bytes).is_ok());
        bytes[0] = 2;
        assert_eq!(Parts::split(&mut bytes).map(|_| ()), Err(Reason::Version));
    }
}
