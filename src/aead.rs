//! The seam behind which an AEAD provider stands: one file each, two functions each.
//!
//! Every provider is ChaCha20-Poly1305 (RFC 8439) with the all-zero nonce. A fixed nonce is safe here and
//! only here, because a message key is derived from a fresh 192-bit salt and seals one message.

mod rustcrypto;

pub(crate) use rustcrypto::{open_in_place, seal_in_place};

/// The AEAD refused: a wrong tag, or a message beyond the cipher's limit of 256 GiB.
#[derive(Debug)]
pub(crate) struct AeadRefused;
