//! ChaCha20-Poly1305 by the pure-Rust `chacha20poly1305` crate. Wipes its key state on drop, and checks the
//! tag (in constant time) before it decrypts anything.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};

use super::{AeadRefused, NONCE_LEN};
use crate::token::TAG_LEN;

/// Encrypts `text` where it is and returns the tag over it and `aad`.
pub(crate) fn seal_in_place(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_LEN], AeadRefused> {
    let nonce = <&Nonce>::from(nonce);
    let tag = cipher(key).encrypt_inout_detached(nonce, aad, text.into()).map_err(|_| AeadRefused)?;
    Ok(tag.into())
}

/// Decrypts `text` where it is if `tag` is right for it and `aad`; otherwise leaves it encrypted.
pub(crate) fn open_in_place(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), AeadRefused> {
    let (nonce, tag) = (<&Nonce>::from(nonce), <&Tag>::from(tag));
    cipher(key).decrypt_inout_detached(nonce, aad, text.into(), tag).map_err(|_| AeadRefused)
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(<&Key>::from(key))
}
