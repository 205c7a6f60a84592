//! Arbitrary text as a root secret: accepted if and only if a second reading of SPEC.md accepts it; there is
//! one text for a secret, up to one line feed; a changed character is refused; no error quotes the text.
//!
//! Few mutations hit a checksum, so the input is also taken for the length and the bytes of a secret, whose
//! text is then changed in the ways that the rest of the input says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sealed_session::RootSecret;
use sealed_session_fuzz::{root_secret, text};

fuzz_target!(|data: &[u8]| {
    check(&text(data));
    check_bytes(data);
});

fn check(text: &str) {
    let expected = root_secret::read(text);
    match RootSecret::from_text(text) {
        Ok(secret) => {
            let bytes = expected.expect("accepted against the specification");
            assert_eq!(secret.id(), RootSecret::from_bytes(&bytes).unwrap().id());
            assert_eq!(*secret.to_text(), text.strip_suffix('\n').unwrap_or(text));
            assert_eq!(format!("{secret:?}"), "RootSecret([redacted])");
        }
        Err(error) => {
            assert!(expected.is_none(), "refused against the specification: {error}");
            let message = error.to_string();
            assert!(
                root_secret::all_in(text).into_iter().all(|part| !root_secret::leaks(&message, part, text))
            );
        }
    }
}

fn check_bytes(data: &[u8]) {
    let Some((len, rest)) = data.split_first() else { return };
    let (bytes, changes) = rest.split_at(rest.len().min(32 + usize::from(len % 33)));
    let Ok(secret) = RootSecret::from_bytes(bytes) else {
        assert!(bytes.len() < 32);
        return;
    };
    let good = secret.to_text();
    assert_eq!(root_secret::read(&good).as_deref(), Some(bytes));
    check(&good);
    check(&format!("{}\n", *good));
    for change in changes.chunks_exact(3).take(4) {
        let changed = changed(&good, change[0], change[1], change[2]);
        check(&changed);
        // The checksum has 32 bits: a change that it misses is found every few years.
        let refused = RootSecret::from_text(&changed).is_err();
        assert!(refused || changed.trim_end_matches('\n') == *good || root_secret::read(&changed).is_some());
    }
}

/// One character more, less, or other.
fn changed(good: &str, kind: u8, at: u8, with: u8) -> String {
    let at = usize::from(at) % good.len();
    let (before, after) = good.split_at(at);
    let with = char::from(with);
    match kind % 5 {
        0 => format!("{before}{with}{}", &after[1..]),
        1 => format!("{before}{with}{after}"),
        2 => format!("{before}{}", &after[1..]),
        3 => before.to_owned(),
        _ => format!("{good}{with}"),
    }
}
