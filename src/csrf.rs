//! CSRF tokens: proof that a form was made for this session, without storing anything.
//!
//! ```text
//! field   octets   (96 characters of base64url in all)
//! key id      16
//! salt        24   fresh for every token, so that compression has nothing to compare
//! mac         32   Expand(sealing key, "sealed-session/v1 csrf" || salt || session uid)
//! ```

use base64::Engine as _;
use subtle::ConstantTimeEq;

use crate::base64url;
use crate::error::Reason;
use crate::key::{KeyId, SALT_LEN, SealingKey};
use crate::ring::live::Table;
use crate::uid::SessionUid;

const MAC_LEN: usize = 32;
const LEN: usize = KeyId::LEN + SALT_LEN + MAC_LEN;
/// Characters of a token.
pub(crate) const CHARS: usize = LEN * 4 / 3;

/// A new CSRF token for a session.
pub(crate) fn make(key: &SealingKey, salt: &[u8; SALT_LEN], uid: SessionUid) -> String {
    let mac = key.csrf_mac(salt, uid);
    let mut bytes = Vec::with_capacity(LEN);
    bytes.extend_from_slice(key.id().as_bytes());
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(mac.as_slice());
    base64url::engine().encode(bytes)
}

/// Whether `text` is a CSRF token of this session, under any key that opens tokens.
pub(crate) fn check(keys: &Table, text: &str, uid: SessionUid) -> Result<(), Reason> {
    if text.len() != CHARS {
        return Err(Reason::Length);
    }
    let mut bytes = [0; LEN];
    base64url::engine().decode_slice(text, &mut bytes).map_err(|_| Reason::Base64)?;
    let (key_id, rest) = bytes.split_first_chunk::<{ KeyId::LEN }>().ok_or(Reason::Length)?;
    let (salt, mac) = rest.split_first_chunk::<SALT_LEN>().ok_or(Reason::Length)?;
    let key = &keys.opening(KeyId::from_bytes(*key_id))?.key;
    if bool::from(mac.ct_eq(key.csrf_mac(salt, uid).as_slice())) { Ok(()) } else { Err(Reason::CsrfMismatch) }
}
