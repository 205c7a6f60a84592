//! The command line, asked about a case.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::case::{Case, MAX_TTL_S, text};

/// A case that `seal` can make and `open` opens: sealed now, with data that is an object.
pub(crate) fn case(rng: &mut StdRng) -> Case {
    let case = Case::random(rng);
    let (created, renewed) = (case.now, case.now);
    Case {
        associated_data: text(rng, 12).into_bytes(),
        data: format!("{{ \"k\" : {} }}", json!(text(rng, 200))),
        epoch: (case.now / 1000).checked_div(case.period_s).unwrap_or(0),
        expires: renewed + 3_600_000,
        created,
        renewed,
        leeway_ms: 60_000,
        max_lifetime_ms: MAX_TTL_S * 1000,
        max_ttl_ms: MAX_TTL_S * 1000,
        revoked: false,
        retire_at_s: None,
        activate_at_s: 0,
        ..case
    }
}

pub(crate) fn ring_file(folder: &Path, case: &Case) -> PathBuf {
    let path = folder.join("ring.json");
    fs::write(&path, case.ring().to_string()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

pub(crate) fn seal(ring: &Path, case: &Case) -> String {
    let mut command = command("seal", ring, case);
    command.args(["--ttl", "1h", "--data", &case.data]);
    if let Some(user) = &case.user {
        command.arg(format!("--user={user}"));
    }
    run(command).trim_end().to_owned()
}

pub(crate) fn open(ring: &Path, case: &Case, token: &str) -> Value {
    let mut command = command("open", ring, case);
    command.arg(token);
    serde_json::from_str(&run(command)).unwrap()
}

fn command(name: &str, ring: &Path, case: &Case) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealed-session"));
    command.args([name, "--ring"]).arg(ring);
    command.args(["--name", &case.name, &format!("--app={}", case.app), "--now", &case.now.to_string()]);
    command.arg(format!("--ad={}", String::from_utf8(case.associated_data.clone()).unwrap()));
    command
}

fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
