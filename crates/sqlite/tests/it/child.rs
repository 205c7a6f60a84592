//! Another process: this test program run again as a server that does what it is told, line by line.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, fs, io};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use sealed_session::revocation::{Backend as _, Revocations, Sharer};
use sealed_session::{KeyRing, RootSecret, SealedStore, SessionId, SessionPlugin as _};
use sealed_session_sqlite::SqliteBackend;

use crate::{HOUR, now, revoke, session};

/// What the other process is for.
const ROLE: &str = "SEALED_SESSION_TEST_ROLE";
/// The database.
const FILE: &str = "SEALED_SESSION_TEST_FILE";
/// Begins each answer, since the test program says other things as well.
const MARK: &str = "> ";

const NOBODY: u32 = 65_534;

/// Another process; it is killed when this is dropped.
pub(crate) struct Other {
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Other {
    /// A server with a store over this file.
    pub(crate) fn server(file: &Path) -> Self {
        let mut server = Self::start(&env::current_exe().unwrap(), "server", file, false);
        assert_eq!(server.next().as_deref(), Some("ready"));
        server
    }

    /// Revokes sessions one by one from this number on, and says each number when that is done.
    pub(crate) fn writer(file: &Path, first: u64) -> Self {
        let mut writer = Self::start(&env::current_exe().unwrap(), "writer", file, false);
        writeln!(writer.commands, "{first}").unwrap();
        writer
    }

    /// What somebody without rights is told who opens this file.
    pub(crate) fn opens(file: &Path) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start(&program_for_all(folder.path()), "server", file, true);
        server.next().unwrap()
    }

    /// What one is told who opens this file and may write no file longer than nothing.
    pub(crate) fn opens_on_a_full_disk(file: &Path) -> String {
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
            .arg(env::current_exe().unwrap());
        Self::spawn(command, "server", file).next().unwrap()
    }

    /// A node of the backend over this file, where a script has changed what is mounted, for this process alone; what
    /// it says first.
    pub(crate) fn node_with_mounts(file: &Path, script: &str) -> (Self, String) {
        let mut command = Command::new("unshare");
        let script =
            format!("set -e; FILE=${FILE}; FOLDER=$(dirname \"$FILE\"); {script}; exec \"$0\" \"$@\"");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(env::current_exe().unwrap());
        let mut node = Self::spawn(command, "node", file);
        let answer = node.next();
        assert!(
            answer.is_some(),
            "unshare --map-root-user --mount: a process may have no mounts of its own here"
        );
        (node, answer.unwrap())
    }

    fn start(program: &Path, role: &str, file: &Path, as_nobody: bool) -> Self {
        let mut command = Command::new("sh");
        // A file that may not grow is then an error, and does not end the process.
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program);
        if as_nobody && is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Self::spawn(command, role, file)
    }

    fn spawn(mut command: Command, role: &str, file: &Path) -> Self {
        command.args(["--exact", "child::does_what_it_is_told", "--ignored", "--nocapture"]);
        command.current_dir("/").envs([(ROLE, OsString::from(role)), (FILE, file.into())]);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let commands = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, commands, answers }
    }

    /// The next answer; none once the process has ended. A line that was begun only is none.
    pub(crate) fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            self.answers.read_line(&mut line).unwrap();
            if !line.ends_with('\n') {
                return None;
            }
            if let Some(answer) = line.trim_end().strip_prefix(MARK) {
                return Some(answer.to_owned());
            }
        }
    }

    pub(crate) fn ask(&mut self, command: &str) -> String {
        writeln!(self.commands, "{command}").unwrap();
        self.next().unwrap()
    }

    /// Ends it as a power switch would, and gives what it still had said.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Lets it write no file longer than this.
    pub(crate) fn limit_files(&self, octets: Option<u64>) {
        let limit = Rlimit { current: octets, maximum: None };
        prlimit(Pid::from_raw(self.process.id().cast_signed()), Resource::Fsize, limit).unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A file or folder that somebody without rights owns, where that is not who runs this.
pub(crate) fn give_to_nobody(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// This program, where somebody without rights can run it.
fn program_for_all(folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let program = folder.join("program");
    // By another program: a process that starts meanwhile would else have it open for writing, and it cannot be run.
    let copied = Command::new("cp").arg(env::current_exe().unwrap()).arg(&program).status().unwrap();
    assert!(copied.success());
    for path in [folder, &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    program
}

#[test]
#[ignore = "what other processes do that tests start"]
fn does_what_it_is_told() {
    let Some(file) = env::var_os(FILE) else { return };
    let mut commands = io::stdin().lines().map(Result::unwrap);
    match env::var(ROLE).as_deref() {
        Ok("server") => serve(Path::new(&file), &mut commands),
        Ok("node") => be_a_node(Path::new(&file), &mut commands),
        Ok("writer") => write(Path::new(&file), commands.next().unwrap().parse().unwrap()),
        other => panic!("{other:?}"),
    }
}

fn say(answer: &str) {
    let mut out = io::stdout().lock();
    // In one piece, at the beginning of a line.
    out.write_all(format!("\n{MARK}{answer}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Fast enough to be killed within a write most of the time.
fn write(file: &Path, first: u64) {
    // Two that write without a pause are not served in turn.
    let mut backend = SqliteBackend::open(file).unwrap().wait_at_most(Duration::from_secs(60));
    let late = now() + 24 * HOUR;
    for number in first.. {
        backend.record(&revoke(&[session(number, late)])).unwrap();
        say(&number.to_string());
    }
}

/// A backend without a server.
fn be_a_node(file: &Path, commands: &mut dyn Iterator<Item = String>) {
    let mut node = match SqliteBackend::open(file) {
        Ok(node) => node,
        Err(error) => return say(&error.to_string()),
    };
    say("ready");
    let filler = file.with_extension("filler");
    for command in commands {
        let done = match &*command {
            "record" => node.record(&revoke(&[session(now(), u64::MAX)])),
            "put_sharer" => node.put_sharer(&sharer(now())),
            "news" => node.news().map(drop),
            "fill" => {
                // It ends when there is no room any more.
                let _ = io::copy(&mut io::repeat(7), &mut fs::File::create(&filler).unwrap());
                Ok(())
            }
            "make room" => {
                fs::remove_file(&filler).unwrap();
                Ok(())
            }
            other => panic!("{other}"),
        };
        say(&done.map_or_else(|error| error.to_string(), |()| "done".to_owned()));
    }
}

fn sharer(seen_at_ms: u64) -> Sharer {
    Sharer {
        id: [1; 16],
        max_ttl_ms: HOUR,
        max_lifetime_ms: 2 * HOUR,
        leeway_ms: 60_000,
        poll_ms: 500,
        refuse_after_ms: Some(3_000),
        seen_at_ms,
    }
}

fn serve(file: &Path, commands: &mut dyn Iterator<Item = String>) {
    let revocations = SqliteBackend::open(file).and_then(|backend| {
        Revocations::builder().poll_every(Duration::from_millis(5)).with_backend(backend)
    });
    let revocations = match revocations {
        Ok(revocations) => revocations,
        Err(error) => return say(&error.to_string()),
    };
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).revocations(revocations.clone()).build().unwrap();
    say("ready");
    for command in commands {
        let (word, id) = command.split_once(' ').unwrap_or((&command, ""));
        let id = SessionId::new(id);
        let done = match word {
            "create" => store.create(Default::default()).map(|id| id.as_str().to_owned()),
            "read" => store.read(&id).map(|_| "good".to_owned()),
            "delete" => store.delete(&id).map(|()| "deleted".to_owned()),
            "trouble" => Ok(revocations.trouble().map_or("none".to_owned(), |error| error.to_string())),
            other => panic!("{other}"),
        };
        say(&done.unwrap_or_else(|error| format!("error: {error}")));
    }
}
