//! The program of a server.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// Builds it where this test was built. That does nothing when it is there already.
pub(crate) fn built() -> PathBuf {
    let test = env::current_exe().unwrap();
    // target/PROFILE/deps/test
    let folder = test.ancestors().nth(2).unwrap();
    let target = folder.parent().unwrap();
    let profile = folder.file_name().and_then(OsStr::to_str).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    cargo.args(["build", "--quiet", "--package", "sealed-session", "--features", "watch"]);
    cargo.args(["--example", "rotating_server", "--target-dir"]).arg(target);
    cargo.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
    assert!(cargo.status().unwrap().success());
    folder.join("examples").join("rotating_server")
}
