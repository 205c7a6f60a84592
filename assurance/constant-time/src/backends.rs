//! Which code of the primitives runs: they choose by what the processor says of itself, and the processor
//! that Valgrind plays has not all that the real one has.

use sealed_session::hazmat::Provider;

/// Prints what this run exercises.
pub fn print() {
    println!("processor as Valgrind plays it: {}", features());
    println!("SHA-256: {}", sha256());
    println!("RustCrypto: ChaCha20 {}, Poly1305 {}", chacha20(), poly1305());
    println!("providers: {:?}; tokens are sealed by {:?}", Provider::ALL, Provider::in_use());
}

/// What matters to the primitives, and whether the processor says that it has it.
#[cfg(target_arch = "x86_64")]
fn known() -> [(&'static str, bool); 5] {
    [
        ("SSE4.1", is_x86_feature_detected!("sse4.1")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
        ("AVX-512F", is_x86_feature_detected!("avx512f")),
        ("SHA-NI", is_x86_feature_detected!("sha")),
    ]
}

/// Elsewhere the primitives are not told apart.
#[cfg(not(target_arch = "x86_64"))]
fn known() -> [(&'static str, bool); 0] {
    []
}

fn has(name: &str) -> bool {
    known().contains(&(name, true))
}

fn features() -> String {
    let list = |wanted: bool| {
        let names = known().into_iter().filter(move |(_, has)| *has == wanted).map(|(name, _)| name);
        names.collect::<Vec<_>>().join(", ")
    };
    format!("{}: has {}; has not {}", std::env::consts::ARCH, list(true), list(false))
}

fn sha256() -> &'static str {
    match () {
        () if cfg!(sha2_256_backend = "soft") => "portable code",
        () if has("SHA-NI") => "SHA-NI",
        () if cfg!(target_arch = "x86_64") => "portable code",
        () => "what the architecture always has",
    }
}

fn chacha20() -> &'static str {
    match () {
        () if cfg!(chacha20_backend = "soft") => "portable code",
        () if cfg!(chacha20_backend = "sse2") => "SSE2",
        () if has("AVX2") => "AVX2",
        () => "what the architecture always has",
    }
}

fn poly1305() -> &'static str {
    match has("AVX2") && cfg!(not(poly1305_backend = "soft")) {
        true => "AVX2",
        false => "portable code",
    }
}
