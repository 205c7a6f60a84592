//! The backend in memory.

use sealed_session::revocation::MemoryBackend;

use crate::suite;

fn fresh() -> impl Fn() -> MemoryBackend {
    let shared = MemoryBackend::default();
    move || shared.clone()
}

suite::behaves!(fresh);
suite::forgets_when_told!(fresh);
