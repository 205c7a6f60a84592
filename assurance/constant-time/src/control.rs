//! Deliberate leaks: if memcheck let one of them pass, its silence about the rest would mean nothing.

use std::hint::black_box;

use patterns::root_bytes;
use sealed_session::RootSecret;
use sealed_session::hazmat::Provider;

use crate::derivation::secret_root;
use crate::memcheck;
use crate::tally::Tally;

/// The leaks there are.
pub const NAMES: [&str; 5] =
    ["leak-by-branch", "leak-by-index", "leak-by-derived-key", "leak-by-text-form", "miscount"];

/// Runs one of them, if there is one of that name.
pub fn run(name: &str) -> bool {
    match name {
        "leak-by-branch" => branch(),
        "leak-by-index" => index(),
        "leak-by-derived-key" => derived_key(),
        "leak-by-text-form" => text_form(),
        "miscount" => miscount(),
        _ => return false,
    }
    true
}

/// A comparison that ends at the first difference.
fn branch() {
    let secret = root_bytes(1, 32);
    memcheck::secret(secret.as_slice());
    let guess = root_bytes(2, 32);
    let equal = || black_box(&secret).iter().zip(guess.iter()).all(|(a, b)| black_box(a) == black_box(b));
    black_box(equal());
}

/// A table that is looked up by a secret octet.
fn index() {
    let secret = root_bytes(1, 32);
    memcheck::secret(secret.as_slice());
    let table: [u8; 256] = std::array::from_fn(|at| at as u8 ^ 0x63);
    black_box(black_box(&table)[usize::from(secret[7])]);
}

/// A branch on a key that was derived from a marked root: marks outlive HKDF.
fn derived_key() {
    let context = crate::derivation::CONTEXT;
    let derived =
        sealed_session::hazmat::derive(&secret_root(1, 32), &context, &[0; 24]).expect("short names");
    if black_box(derived.message_key[31]) & 1 == 1 {
        black_box(1);
    }
}

/// Base64 works with a table: the crate's own code, of which SECURITY.md says that its time varies.
fn text_form() {
    let text = RootSecret::from_bytes(&root_bytes(1, 32)).expect("32 bytes").to_text();
    memcheck::secret(text.as_str());
    black_box(RootSecret::from_text(&text).is_ok());
}

/// No report, but one decision more than the tally says.
fn miscount() {
    let key = [0x4B; 32];
    memcheck::secret(&key);
    black_box(Provider::RustCrypto.open(&key, &[0; 12], b"", &mut [0; 8], &[0; 16]));
    Tally::default().print();
}
