//! What a list of a million revocations costs, from a SQLite file: `cargo bench -p sealed-session-sqlite`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it prints what it measures")]

#[path = "../../../benches/common/long_list.rs"]
mod long_list;

use sealed_session_sqlite::SqliteBackend;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("revocations.db");
    let open = || SqliteBackend::open(&path).unwrap();
    long_list::started("SQLite", open(), open());
    let files = std::fs::read_dir(folder.path()).unwrap();
    let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("  {} MB on the disk", bytes / 1_000_000);
}
