//! ChaCha20-Poly1305 by AWS-LC (feature `aws-lc-rs`): assembly for the common processors. AWS-LC checks the
//! tag in constant time and wipes its key state when it frees it.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::{AeadRefused, NONCE_LEN};
use crate::token::TAG_LEN;

/// Encrypts `text` where it is and returns the tag over it and `aad`.
pub(crate) fn seal_in_place(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_LEN], AeadRefused> {
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let tag =
        cipher(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), text).map_err(|_| AeadRefused)?;
    tag.as_ref().try_into().map_err(|_| AeadRefused)
}

/// Decrypts `text` where it is if `tag` is right for it and `aad`.
pub(crate) fn open_in_place(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), AeadRefused> {
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = cipher(key)?.open_in_place_separate_tag(nonce, Aad::from(aad), tag, text);
    opened.map(|_| ()).map_err(|_| AeadRefused)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, AeadRefused> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| AeadRefused)?;
    Ok(LessSafeKey::new(key))
}
