//! Compiles the client requests, which Valgrind's own header writes as machine code.

fn main() {
    println!("cargo::rerun-if-changed=src/memcheck.c");
    println!("cargo::rerun-if-changed=build.rs");
    cc::Build::new().file("src/memcheck.c").warnings(true).compile("memcheck_requests");
}
