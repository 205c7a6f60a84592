//! What the secrets of one root look like in memory, computed apart from the code that is judged.
//!
//! A key seldom lies in memory as itself: an HMAC key is held as the two SHA-256 states after its padded key
//! block. Whoever has those states has the key for every purpose, so they are secrets as well.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use hkdf::Hkdf;
use sealed_session::RootSecret;
use sealed_session::hazmat::{Context, derive};
use sha2::Sha256;
use sha2::block_api::compress256;
use zeroize::Zeroizing;

/// The first label of the derivation, as SPEC.md writes it.
const ROOT_SECRET_SALT: &[u8] = b"sealed-session/v1 root secret";
/// The state in which SHA-256 begins (FIPS 180-4, section 5.3.3).
const SHA256_START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// One secret in one form.
pub struct Pattern {
    /// What it is, for people.
    pub name: &'static str,
    /// How it lies in memory.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Pattern {
    fn new(name: &'static str, bytes: &[u8]) -> Self {
        Self { name, bytes: Zeroizing::new(bytes.to_vec()) }
    }
}

/// A secret that is different for every number, and that stands nowhere in the program's text.
pub fn root_bytes(number: u8, len: usize) -> Zeroizing<Vec<u8>> {
    let octet = |at: usize| (number as usize * 131 + at * 197 + at * at * 29 + 89) as u8;
    Zeroizing::new((0..len).map(octet).collect())
}

/// A root secret and what is made of it before any cookie is known.
pub fn of_root(root: &[u8]) -> Vec<Pattern> {
    let text = RootSecret::from_bytes(root).expect("32 to 64 bytes").to_text();
    let (prk, _) = Hkdf::<Sha256>::extract(Some(ROOT_SECRET_SALT), root);
    let mut patterns = vec![
        Pattern::new("root secret", root),
        Pattern::new("text of the root secret", &text.as_bytes()["ssr1_".len()..]),
        Pattern::new("root key", &prk),
    ];
    patterns.extend(hmac_states(["root key, inner state", "root key, outer state"], &prk));
    patterns
}

/// The keys of one cookie and of one message.
pub fn of_message(root: &[u8], context: &Context<'_>, salt: &[u8; 24]) -> Vec<Pattern> {
    let root = RootSecret::from_bytes(root).expect("32 to 64 bytes");
    let derived = derive(&root, context, salt).expect("short names");
    let mut patterns = vec![
        Pattern::new("sealing key", derived.sealing_key.as_slice()),
        Pattern::new("message key", derived.message_key.as_slice()),
        Pattern::new("one-time key", one_time_key(&derived.message_key).as_slice()),
    ];
    let names = ["sealing key, inner state", "sealing key, outer state"];
    patterns.extend(hmac_states(names, derived.sealing_key.as_slice()));
    patterns
}

/// The two SHA-256 states that stand for an HMAC key of at most 64 bytes.
fn hmac_states(names: [&'static str; 2], key: &[u8]) -> [Pattern; 2] {
    [(names[0], 0x36), (names[1], 0x5C)].map(|(name, pad)| {
        let mut block = Zeroizing::new([pad; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to ^= from);
        let mut state = Zeroizing::new(SHA256_START);
        compress256(&mut state, &[*block]);
        let octets: Zeroizing<Vec<u8>> =
            Zeroizing::new(state.iter().flat_map(|word| word.to_ne_bytes()).collect());
        Pattern::new(name, &octets)
    })
}

/// The Poly1305 key of a message: the first 32 octets of its key stream.
fn one_time_key(message_key: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    ChaCha20::new(message_key.into(), &[0; 12].into()).apply_keystream(key.as_mut_slice());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HMAC from its two states must be HMAC: RFC 4231, test case 2.
    #[test]
    fn the_states_are_those_of_hmac() {
        let [inner, outer] = hmac_states(["inner", "outer"], b"Jefe");
        let inner = finish(&inner, b"what do ya want for nothing?");
        let mac = finish(&outer, &inner);
        assert_eq!(mac[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
    }

    /// SHA-256 of a message of one block, after 64 octets that are already in the state.
    fn finish(state: &Pattern, message: &[u8]) -> Vec<u8> {
        let words = state.bytes.chunks(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap()));
        let mut state: [u32; 8] = words.collect::<Vec<_>>().try_into().unwrap();
        let mut block = [0; 64];
        block[..message.len()].copy_from_slice(message);
        block[message.len()] = 0x80;
        block[56..].copy_from_slice(&(8 * (64 + message.len() as u64)).to_be_bytes());
        compress256(&mut state, &[block]);
        state.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}
