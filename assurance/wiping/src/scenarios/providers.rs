//! The AEAD providers side by side, and keys laid open.

use sealed_session::SessionUid;
use sealed_session::hazmat::{Provider, csrf_token, derive, seal_plaintext};

use crate::secrets::{FIXED, SALT, root};

pub fn hazmat() {
    let derived = Box::new(derive(&root(1), &FIXED, &SALT).expect("short names"));
    drop(derived);
    let token = seal_plaintext(&root(2), &FIXED, &SALT, b"", b"a record").expect("short names");
    assert_eq!(token.len(), 87);
    assert_eq!(
        csrf_token(&root(3), &FIXED, &SALT, SessionUid::from_bytes([1; 16])).expect("short").len(),
        96
    );
}

pub fn each() {
    for &provider in Provider::ALL {
        for size in [0, 16, 100, 3_004] {
            seal_and_open(provider, size);
        }
    }
}

pub fn seal_and_open(provider: Provider, size: usize) {
    let derived = derive(&root(1), &FIXED, &SALT).expect("short names");
    let mut text = vec![b't'; size];
    let tag = provider.seal(&derived.message_key, &[0; 12], b"header", &mut text).expect("short");
    assert!(!provider.open(&derived.message_key, &[0; 12], b"footer", &mut text.clone(), &tag));
    assert!(provider.open(&derived.message_key, &[0; 12], b"header", &mut text, &tag));
    assert_eq!(text, vec![b't'; size]);
}
