//! A disk that is full and a folder that is read-only: a clear error, and the old ring stays.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::common::Folder;
use crate::states;

const NOBODY: u32 = 65_534;

/// Runs a command that may write no file longer than nothing.
fn on_a_full_disk(folder: &Folder, line: &str, signal: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_sealed-session");
    let mut shell = Command::new("sh");
    shell
        .current_dir(folder.path(""))
        .args(["-c", &format!("{signal} ulimit -f 0; exec '{program}' {line}")]);
    shell.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_full_disk_leaves_the_old_ring_and_no_temporary_file() {
    let folder = Folder::with_ring();
    folder.keygen("secret");
    let (before, names) = (folder.read("ring.json"), folder.names());
    for line in ["ring rotate ring.json", "ring add ring.json secret", "ring init new.json"] {
        let ended = on_a_full_disk(&folder, line, "trap '' XFSZ;");
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains(".json: cannot be written: File too large"), "{said}");
        assert_eq!((folder.read("ring.json"), folder.names()), (before.clone(), names.clone()), "{line}");
    }
}

#[test]
fn a_command_that_the_system_ends_because_of_a_full_disk_leaves_the_old_ring() {
    let folder = Folder::with_ring();
    let before = folder.read("ring.json");
    let ended = on_a_full_disk(&folder, "ring rotate ring.json", "");
    assert!(ended.status.signal().is_some(), "SIGXFSZ: {ended:?}");
    assert_eq!(folder.read("ring.json"), before);
    folder.run("ring rotate ring.json --wait 0s").succeeds();
    assert_eq!(states(&folder), ["sealing", "staged"]);
}

/// The command, where somebody without rights can run it.
fn program_for_all(folder: &Folder) -> PathBuf {
    let program = folder.path("program");
    // By a process of its own: what a test beside this one starts would inherit a file open for writing, and what is
    // being written cannot be run.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_sealed-session")).arg(&program).status().unwrap();
    assert!(copied.success(), "{copied}");
    folder.set_mode("program", 0o755);
    program
}

#[test]
fn a_read_only_folder_is_a_clear_error_and_the_old_ring_stays() {
    let (folder, programs) = (Folder::with_ring(), Folder::new());
    let (program, is_root) = (program_for_all(&programs), fs::metadata(folder.path("")).unwrap().uid() == 0);
    let before = folder.read("ring.json");
    fs::set_permissions(programs.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    // With a lock file of before and without one.
    for locked in [false, true] {
        if locked {
            folder.run("ring prune ring.json").succeeds();
        }
        let mut command = Command::new(&program);
        command.current_dir("/").args(["ring", "rotate"]).arg(folder.path("ring.json")).stdin(Stdio::null());
        if is_root {
            for name in ["ring.json", ".ring.json.lock"] {
                let _ = std::os::unix::fs::chown(folder.path(name), Some(NOBODY), None);
            }
            // Root may write everywhere, so it must be somebody else.
            command.uid(NOBODY).gid(NOBODY);
        }
        fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o555)).unwrap();
        let ended = command.output().unwrap();
        fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        let words = if locked { "cannot be written: " } else { "cannot be locked, so it was not changed: " };
        assert!(said.contains(words) && said.contains("ermission denied"), "{said}");
        assert_eq!(folder.read("ring.json"), before);
    }
}
