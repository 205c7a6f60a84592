//! Sealing and opening: a record into a token, a token's text into authenticated bytes. The only caller of an AEAD.
//!
//! A token is tried under exactly one key, the one that its key id names. There is no trial decryption, and
//! so no partitioning oracle.

use crate::aead;
use crate::error::{Reason, SealError};
use crate::key::{KeyId, SALT_LEN, SealingKey};
use crate::ring::KeyState;
use crate::ring::live::Table;
use crate::token::{self, HEADER_LEN, Parts, Sealed};
use crate::wipe::Wiped;

/// Seals the `record_len` octets that `write` appends.
///
/// Header, record and tag share one buffer; the record is encrypted where it is written.
pub(crate) fn seal(
    key: &SealingKey,
    salt: &[u8; SALT_LEN],
    associated_data: &[u8],
    record_len: usize,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<Sealed, SealError> {
    let mut bytes = token::start(key.id(), salt, record_len);
    write(&mut bytes);
    let (header, record) = bytes.split_at_mut_checked(HEADER_LEN).ok_or(SealError::Aead)?;
    let message_key = key.message_key(salt);
    let tag = with_aad(header, associated_data, |aad| aead::seal_in_place(&message_key, aad, record));
    bytes.extend_from_slice(&tag.map_err(|_| SealError::Aead)?);
    Ok(Sealed::new(bytes))
}

/// The authentic plaintext of a token, and the key that opened it. There is no other way to make one than
/// [`open`], so bytes that were not authenticated cannot be taken for a record.
pub(crate) struct Opened<'a> {
    /// The record as it was sealed.
    pub(crate) record: &'a [u8],
    pub(crate) key_id: KeyId,
    pub(crate) key_state: KeyState,
}

/// Opens a token, steps 1 to 4 of the order of checks, and hands what came of it to `read`. Nothing before the
/// AEAD depends on a secret. Afterwards the plaintext is wiped.
#[inline]
pub(crate) fn open<T>(
    keys: &Table,
    text: &[u8],
    associated_data: &[u8],
    read: impl FnOnce(Result<Opened<'_>, Reason>) -> T,
) -> T {
    // The stack costs no allocation, but has to be cleared: take no more of it than the text needs.
    let (mut small, mut medium, mut large, mut largest);
    let buffer: &mut [u8] = match text.len() {
        ..=680 => {
            small = Wiped([0; 512]);
            &mut small.0
        }
        681..=2048 => {
            medium = Wiped([0; 1536]);
            &mut medium.0
        }
        2049..=4096 => {
            large = Wiped([0; 3072]);
            &mut large.0
        }
        4097.. => {
            largest = Wiped([0; token::MAX_LEN]);
            &mut largest.0
        }
    };
    read(open_in(buffer, keys, text, associated_data))
}

/// Decodes a token into the front of `buffer`, and decrypts its record there.
fn open_in<'a>(
    buffer: &'a mut [u8],
    keys: &Table,
    text: &[u8],
    associated_data: &[u8],
) -> Result<Opened<'a>, Reason> {
    let Parts { header, key_id, salt, ciphertext, tag } = Parts::split(token::decode(text, buffer)?)?;
    let entry = keys.opening(key_id)?;
    let message_key = entry.key.message_key(&salt);
    with_aad(header, associated_data, |aad| aead::open_in_place(&message_key, aad, ciphertext, tag))
        .map_err(|_| Reason::Tag)?;
    Ok(Opened { record: ciphertext, key_id, key_state: entry.state })
}

/// Header and associated data as the AEAD takes them: in one piece. The header is of fixed length, so the
/// two cannot run into each other.
fn with_aad<T>(header: &[u8], associated_data: &[u8], then: impl FnOnce(&[u8]) -> T) -> T {
    if associated_data.is_empty() { then(header) } else { then(&[header, associated_data].concat()) }
}
