//! A server in another process: this test program run again.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::{env, io};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use sealed_session::revocation::{Backend, BackendError};

use crate::node::GONE;
use crate::server::Server;

const FILE: &str = "SEALED_SESSION_MIX_FILE";
const SKEW: &str = "SEALED_SESSION_MIX_SKEW";
/// Begins each answer, since the test program says other things as well.
const MARK: &str = "> ";

pub struct Process {
    pid: Pid,
    talk: Mutex<Talk>,
}

struct Talk {
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// A server over this file.
    pub fn start(file: &Path, skew_ms: i64) -> Result<Self, String> {
        let mut command = Command::new("sh");
        // A file that may not grow is then an error, and does not end the process.
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
        command.args(["--exact", "child::serves", "--ignored", "--nocapture"]);
        command.current_dir("/").envs([(FILE, file.into()), (SKEW, OsString::from(skew_ms.to_string()))]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).process_group(0);
        let mut process = command.spawn().unwrap();
        let commands = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let pid = Pid::from_raw(process.id().cast_signed()).unwrap();
        let process = Self { pid, talk: Mutex::new(Talk { process, commands, answers }) };
        let ready = process.talk.lock().unwrap().next();
        ready.map(|_| process)
    }

    pub fn act(&self, command: &str) -> Result<String, String> {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.commands, "{command}").map_err(|_| gone())?;
        talk.next()
    }

    pub fn signal(&self, signal: Signal) {
        // It may have ended already.
        let _ = kill_process(self.pid, signal);
    }

    /// Lets it write no file longer than this.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        let _ = prlimit(Some(self.pid), Resource::Fsize, limit);
    }
}

impl Talk {
    fn next(&mut self) -> Result<String, String> {
        loop {
            let mut line = String::new();
            self.answers.read_line(&mut line).map_err(|_| gone())?;
            if !line.ends_with('\n') {
                return Err(gone());
            }
            let answer = line.trim_end().strip_prefix(MARK).unwrap_or_default();
            match answer.split_at_checked(1) {
                Some(("+", answer)) => return Ok(answer.to_owned()),
                Some(("-", error)) => return Err(error.to_owned()),
                _ => {}
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let talk = self.talk.get_mut().unwrap();
        let _ = talk.process.kill();
        let _ = talk.process.wait();
    }
}

fn gone() -> String {
    GONE.to_owned()
}

/// What such a process does: serves with the backend over its file, as it is told. A test with the name `child::serves`
/// calls this; it does nothing where it is run otherwise.
pub fn serve<B: Backend>(open: impl FnOnce(&Path) -> Result<B, BackendError>) {
    let Some(file) = env::var_os(FILE) else { return };
    let skew_ms = env::var(SKEW).unwrap().parse().unwrap();
    let server = match open(Path::new(&file)).and_then(|backend| Server::start(backend, skew_ms)) {
        Ok(server) => server,
        Err(error) => return say(Err(error.to_string())),
    };
    say(Ok(String::new()));
    for command in io::stdin().lines() {
        say(server.act(&command.unwrap()));
    }
}

fn say(answer: Result<String, String>) {
    let answer = answer.map_or_else(|error| format!("-{error}"), |answer| format!("+{answer}"));
    let mut out = io::stdout().lock();
    // In one piece, at the beginning of a line.
    out.write_all(format!("\n{MARK}{answer}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
