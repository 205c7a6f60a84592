//! What a list of a million revocations costs, from a backend in memory: `cargo bench --bench long_list --features
//! revocation`. The crates of other backends have the same.

#[path = "common/long_list.rs"]
mod long_list;

use sealed_session::revocation::MemoryBackend;

fn main() {
    let memory = MemoryBackend::default();
    long_list::started("another server's memory", memory.clone(), memory);
}
