//! Base64url without padding (RFC 4648, section 5): the one engine for tokens and CSRF tokens.
//!
//! Exactly one text decodes to given bytes: padding, white space and bits that encode nothing are refused.
//! Where the processor has AVX2 or NEON, these are used; they make and refuse the same texts.

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;

#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
pub(crate) fn engine() -> &'static impl Engine {
    use std::sync::LazyLock;

    use base64::engine::Simd;

    // Once, because it asks the processor what it can do.
    static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
    &*ENGINE
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
pub(crate) fn engine() -> &'static impl Engine {
    use base64::alphabet::URL_SAFE;
    use base64::engine::GeneralPurpose;

    const ENGINE: &GeneralPurpose = &GeneralPurpose::new(&URL_SAFE, NO_PAD);
    ENGINE
}
