//! Running the command `sealed-session` as a user would: in a folder of its own, without a terminal, and
//! never for longer than a deadline.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) mod ring_file;
pub(crate) mod running;

use running::Running;

/// 2026-11-18T11:06:40Z, in milliseconds; within daily epoch 20775.
pub(crate) const NOW: u64 = 1_795_000_000_000;
pub(crate) const HOUR: u64 = 60 * 60 * 1000;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A temporary folder in which commands run, so that they name files without a path.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a `ring.json` as `ring init` makes it.
    pub(crate) fn with_ring() -> Self {
        let folder = Self::new();
        folder.run("ring init ring.json").succeeds();
        folder
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
        self.set_mode(name, 0o600);
    }

    #[cfg(unix)]
    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    pub(crate) fn set_mode(&self, _: &str, _: u32) {}

    #[cfg(unix)]
    pub(crate) fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    /// What stands in the folder, hidden files too, but for the lock that every change of the ring leaves.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".ring.json.lock");
        names.sort();
        names
    }

    /// A new root secret in a private file.
    pub(crate) fn keygen(&self, file: &str) -> String {
        let secret = self.run("keygen").line();
        self.write(file, format!("{secret}\n"));
        secret
    }

    /// Runs a command whose arguments are the words of `line`.
    pub(crate) fn run(&self, line: &str) -> Ended {
        self.cli(line).end()
    }

    pub(crate) fn cli(&self, line: &str) -> Cli {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealed-session"));
        command.current_dir(self.0.path()).args(line.split_whitespace());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        Cli { command, input: Vec::new() }
    }

    /// Seals `{}` under `ring.json` and the cookie name `s`; `flags` go last.
    pub(crate) fn seal(&self, flags: &str) -> String {
        self.cli("seal --ring ring.json --name s --data {}").args(flags.split_whitespace()).end().line()
    }

    /// Opens a token under `ring.json` and the cookie name `s`; `flags` go last.
    pub(crate) fn open(&self, token: &str, flags: &str) -> Ended {
        self.cli("open --ring ring.json --name s").arg(token).args(flags.split_whitespace()).end()
    }

    /// What `ring list --json` tells of each root; `flags` go last.
    pub(crate) fn roots(&self, flags: &str) -> Vec<Value> {
        let ended = self.run(&format!("ring list ring.json --json {flags}"));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let list: Value = serde_json::from_str(&ended.stdout).expect("nothing but JSON on standard output");
        list["keys"].as_array().unwrap().clone()
    }

    pub(crate) fn root_id(&self, index: usize) -> String {
        self.roots("")[index]["root_id"].as_str().unwrap().to_owned()
    }
}

/// A command that is being put together.
pub(crate) struct Cli {
    pub(crate) command: Command,
    input: Vec<u8>,
}

impl Cli {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, variable: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(variable, value);
        self
    }

    /// What stands on standard input; otherwise it is empty.
    pub(crate) fn input(mut self, input: impl AsRef<[u8]>) -> Self {
        self.input = input.as_ref().to_vec();
        self
    }

    pub(crate) fn end(self) -> Ended {
        let input = self.input;
        let mut running = Running::start(self.command);
        let stdout = running.collect_stdout();
        let mut stdin = running.stdin();
        thread::spawn(move || {
            // A command that ends with an error need not have read it all.
            let _ = stdin.write_all(&input);
        });
        running.end(&stdout)
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// What it printed, having done its work without complaint.
    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// The one line that it printed, without its end.
    #[track_caller]
    pub(crate) fn line(self) -> String {
        let stdout = self.succeeds();
        let line = stdout.strip_suffix('\n').expect("a line has an end");
        assert!(!line.contains('\n'), "{line}");
        line.to_owned()
    }

    /// The last line that it printed.
    #[track_caller]
    pub(crate) fn last_line(self) -> String {
        self.succeeds().lines().last().expect("it printed something").to_owned()
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// It printed nothing and said why, in these words, on standard error.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self.says(words);
    }

    /// As [`fails`](Self::fails), after printing something.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        assert!(self.stderr.contains(words), "{words:?} is expected in {:?}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// The sessions that the repository ships.
pub(crate) fn shipped_sessions() -> File {
    File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/sessions.jsonl")).unwrap()
}
