//! Each provider by itself: sealing with a secret key and a secret text, opening with a secret key.

use sealed_session::hazmat::Provider;

use crate::memcheck;
use crate::tally::Tally;

/// Around the block sizes of every backend (16, 64, and the 4 to 16 blocks that it does at once), and the
/// longest record of a cookie.
const SIZES: [usize; 30] = [
    0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 319, 320,
    511, 512, 513, 1_024, 1_025, 3_004,
];
const NONCE: [u8; 12] = [0; 12];
const AAD: [u8; 41] = [0xAD; 41];

pub fn check(tally: &mut Tally) {
    for &provider in Provider::ALL {
        for size in SIZES {
            let (ciphertext, tag) = seal(provider, size, tally);
            open(provider, &ciphertext, tag, size, tally);
            for at in [0, 15] {
                refuse(provider, &ciphertext, tag, at, tally);
            }
        }
    }
}

/// Key and text are made anew each time, so that none is left marked as public.
fn secret_key() -> [u8; 32] {
    let key = [0x4B; 32];
    memcheck::secret(&key);
    key
}

fn seal(provider: Provider, size: usize, tally: &mut Tally) -> (Vec<u8>, [u8; 16]) {
    let mut text = vec![b't'; size];
    memcheck::secret(text.as_slice());
    let tag = provider.seal(&secret_key(), &NONCE, &AAD, &mut text).expect("short");
    memcheck::assert_secret(&text, "ciphertext");
    memcheck::assert_secret(&tag, "tag");
    memcheck::public(text.as_slice());
    memcheck::public(&tag);
    tally.sealed();
    (text, tag)
}

fn open(provider: Provider, ciphertext: &[u8], tag: [u8; 16], size: usize, tally: &mut Tally) {
    let mut text = ciphertext.to_vec();
    let right = provider.open(&secret_key(), &NONCE, &AAD, &mut text, &tag);
    memcheck::public(&right);
    assert!(right);
    memcheck::assert_secret(&text, "plaintext");
    memcheck::public(text.as_slice());
    assert!(text == vec![b't'; size]);
    tally.opened(provider);
}

fn refuse(provider: Provider, ciphertext: &[u8], mut tag: [u8; 16], at: usize, tally: &mut Tally) {
    tag[at] ^= 1;
    let right = provider.open(&secret_key(), &NONCE, &AAD, &mut ciphertext.to_vec(), &tag);
    memcheck::public(&right);
    assert!(!right);
    tally.opened(provider);
}
