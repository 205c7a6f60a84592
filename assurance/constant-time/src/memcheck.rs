//! What is secret and what is public, told to Valgrind.
//!
//! Memcheck follows undefined bits through every instruction and reports a jump or an address that depends on
//! one. A secret that is marked as undefined is therefore followed into everything computed from it, and what
//! is reported is exactly what would show it to somebody who measures time (A. Langley, ctgrind, 2010).

use std::ffi::{c_int, c_uchar, c_void};

unsafe extern "C" {
    safe fn assurance_in_valgrind() -> c_int;
    fn assurance_mark_secret(at: *const c_void, len: usize);
    fn assurance_mark_public(at: *const c_void, len: usize);
    fn assurance_secret_bits(at: *const c_uchar, len: usize) -> usize;
    safe fn assurance_report_errors(on: c_int);
}

/// Whether Valgrind runs this program.
pub fn is_there() -> bool {
    assurance_in_valgrind() != 0
}

/// Marks a value as secret.
pub fn secret<T: ?Sized>(value: &T) {
    // SAFETY: the request reads and writes nothing of the program's, only Valgrind's notes about it.
    unsafe { assurance_mark_secret(std::ptr::from_ref(value).cast(), size_of_val(value)) }
}

/// Marks a value as public, whatever it was computed from.
pub fn public<T: ?Sized>(value: &T) {
    // SAFETY: as in `secret`.
    unsafe { assurance_mark_public(std::ptr::from_ref(value).cast(), size_of_val(value)) }
}

/// As [`secret`], for what is known by its address only.
pub fn secret_at(at: usize, len: usize) {
    // SAFETY: as in `secret`; Valgrind checks the address itself.
    unsafe { assurance_mark_secret(at as *const c_void, len) }
}

/// As [`public`], for what is known by its address only.
pub fn public_at(at: usize, len: usize) {
    // SAFETY: as in `secret_at`.
    unsafe { assurance_mark_public(at as *const c_void, len) }
}

/// Fails unless every bit is secret: what is checked next was really computed from a secret.
pub fn assert_secret(bytes: &[u8], what: &str) {
    let count = secret_bits(bytes);
    assert!(count == 8 * bytes.len(), "{count} of {} bits of the {what} are secret", 8 * bytes.len());
}

/// Whether any bit of the value is secret.
pub fn is_secret<T: ?Sized>(value: &T) -> bool {
    secret_bits(value) > 0
}

fn secret_bits<T: ?Sized>(value: &T) -> usize {
    // SAFETY: Valgrind is asked about the octets of the value; none of them is read.
    unsafe { assurance_secret_bits(std::ptr::from_ref(value).cast(), size_of_val(value)) }
}

/// Runs `look` without reports: it looks at secrets in order to find them.
pub fn without_reports<T>(look: impl FnOnce() -> T) -> T {
    assurance_report_errors(0);
    let found = look();
    assurance_report_errors(1);
    found
}
