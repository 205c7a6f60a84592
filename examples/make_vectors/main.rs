//! Writes the published test vectors: `cargo run --example make_vectors --features hazmat`.
//!
//! Everything in them is fixed, salts and times included, so that a second run changes nothing.

mod vectors;

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors");
    for file in vectors::all() {
        fs::write(folder.join(file.name), &file.text)?;
        println!("{:5} tests in {}", file.tests, file.name);
    }
    Ok(())
}
