//! Examples as programs that tests run.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// The program of an example. Cargo builds it together with the tests unless only one of them is asked for: so it
/// is built here, which does nothing when it is there already.
pub(crate) fn built(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    // target/PROFILE/deps/test
    let folder = test.ancestors().nth(2).unwrap();
    let target = folder.parent().unwrap();
    let profile = folder.file_name().and_then(OsStr::to_str).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--quiet",
        "--package",
        "sealed-session",
        "--no-default-features",
    ]);
    cargo.args(["--example", name, "--features", &features(), "--target-dir"]).arg(target);
    cargo.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
    assert!(cargo.status().unwrap().success());
    folder.join("examples").join(name)
}

/// The features of this build, so that nothing is built twice.
fn features() -> String {
    let features = [
        (cfg!(feature = "aws-lc-rs"), "aws-lc-rs"),
        (cfg!(feature = "axum"), "axum"),
        (cfg!(feature = "dbsc"), "dbsc"),
        (cfg!(feature = "hazmat"), "hazmat"),
        (cfg!(feature = "metrics"), "metrics"),
        (cfg!(feature = "revocation"), "revocation"),
        (cfg!(feature = "tower"), "tower"),
        (cfg!(feature = "tracing"), "tracing"),
        (cfg!(feature = "watch"), "watch"),
    ];
    let on: Vec<&str> = features.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    on.join(",")
}
