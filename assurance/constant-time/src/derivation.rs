//! Derivation from a secret root: HKDF-Extract, sealing key, key id, message key, CSRF token.

use patterns::root_bytes;
use sealed_session::hazmat::{self, Context};
use sealed_session::{RootSecret, SessionUid};

use crate::memcheck;
use crate::tally::Tally;

/// A cookie of a rotating root, so that every field of the context is there.
pub const CONTEXT: Context<'_> =
    Context { app_id: "shop.example", cookie_name: "__Host-session", period_s: 86_400, epoch: 20_775 };

pub fn check(tally: &mut Tally) {
    for len in [32, 33, 48, 63, 64] {
        derive(len, tally);
        csrf_token(len, tally);
        sealed_plaintext(len, tally);
    }
}

/// A root secret that is marked from its first copy on.
pub fn secret_root(number: u8, len: usize) -> RootSecret {
    let bytes = root_bytes(number, len);
    memcheck::secret(bytes.as_slice());
    RootSecret::from_bytes(&bytes).expect("32 to 64 bytes")
}

fn derive(len: usize, tally: &mut Tally) {
    let derived = hazmat::derive(&secret_root(1, len), &CONTEXT, &[0x5A; 24]).expect("short names");
    memcheck::assert_secret(derived.sealing_key.as_slice(), "sealing key");
    memcheck::assert_secret(derived.message_key.as_slice(), "message key");
    memcheck::assert_secret(derived.key_id.as_bytes(), "key id");
    // Both are public, but it is their makers that say so; here they only had to be computed.
    memcheck::public(&derived.key_id);
    memcheck::public(&derived.root_id);
    tally.derived();
}

fn csrf_token(len: usize, tally: &mut Tally) {
    let uid = SessionUid::from_bytes([3; 16]);
    memcheck::secret(&uid);
    let text = hazmat::csrf_token(&secret_root(1, len), &CONTEXT, &[0x5A; 24], uid).expect("short names");
    memcheck::public(text.as_str());
    assert_eq!(text.len(), 96);
    tally.csrf_made();
}

/// Root secret, record and associated data are all secret: only their lengths may show.
fn sealed_plaintext(len: usize, tally: &mut Tally) {
    for size in [0, 1, 46, 64, 500, 3_004] {
        let record = vec![b'r'; size];
        memcheck::secret(record.as_slice());
        let associated_data = vec![b'a'; len % 3 * 7];
        memcheck::secret(associated_data.as_slice());
        let text =
            hazmat::seal_plaintext(&secret_root(1, len), &CONTEXT, &[0x5A; 24], &associated_data, &record)
                .expect("short names");
        memcheck::public(text.as_str());
        assert_eq!(text.len(), ((57 + size) * 4).div_ceil(3));
        tally.token_sealed();
    }
}
