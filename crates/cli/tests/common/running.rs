//! Commands at work, with pipes to and from them.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{Ended, Folder};

/// Far more than any command takes: what is still running then hangs.
const DEADLINE: Duration = Duration::from_secs(300);

/// A command at work. It is killed when a test fails in between.
pub(crate) struct Running {
    pub(crate) child: Child,
    stderr: Receiver<Vec<u8>>,
}

impl Running {
    /// Starts it with pipes for everything that was not set otherwise before.
    pub(crate) fn start(mut command: Command) -> Self {
        Self::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    /// Starts it; standard error is collected, the rest is as it was set.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = collect(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    pub(crate) fn collect_stdout(&mut self) -> Receiver<Vec<u8>> {
        collect(self.child.stdout.take().unwrap())
    }

    /// The lines of standard output, each as soon as it is there.
    pub(crate) fn lines(&mut self) -> Lines {
        let stdout = BufReader::new(self.child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::sync_channel(0);
        thread::spawn(move || stdout.lines().try_for_each(|line| sender.send(line.unwrap())));
        Lines(receiver)
    }

    /// Waits until these words were printed. What is printed after them comes when it ends.
    pub(crate) fn wait_for(&mut self, words: &str) -> Receiver<Vec<u8>> {
        let mut stdout = self.child.stdout.take().unwrap();
        let words = words.as_bytes().to_vec();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let (mut seen, mut octet) = (Vec::new(), [0]);
            while !seen.ends_with(&words) {
                stdout.read_exact(&mut octet).unwrap();
                seen.push(octet[0]);
            }
            sender.send(stdout)
        });
        collect(receiver.recv_timeout(DEADLINE).expect("the words are printed in time"))
    }

    pub(crate) fn end(mut self, stdout: &Receiver<Vec<u8>>) -> Ended {
        let stdout = stdout.recv_timeout(DEADLINE).expect("standard output ends in time");
        let stderr = self.stderr.recv_timeout(DEADLINE).expect("standard error ends in time");
        let code = self.child.wait().unwrap().code().expect("it was not killed by a signal");
        Ended { code, stdout: String::from_utf8(stdout).unwrap(), stderr: String::from_utf8(stderr).unwrap() }
    }

    /// Its end, when standard output went elsewhere.
    pub(crate) fn end_without_stdout(self) -> Ended {
        self.end(&collect(&b""[..]))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended, as it should.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut source: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).unwrap();
        // Nobody waits for it any more when the test has failed.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Lines that a running command prints.
pub(crate) struct Lines(Receiver<String>);

impl Lines {
    pub(crate) fn next(&self) -> String {
        self.0.recv_timeout(DEADLINE).expect("a line is printed in time")
    }

    pub(crate) fn assert_end(&self) {
        assert_eq!(self.0.recv_timeout(DEADLINE), Err(RecvTimeoutError::Disconnected));
    }
}

/// The write end of a pipe whose reader has gone.
pub(crate) fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A shell line that runs on a terminal; its words `sealed-session` stand for the command.
#[cfg(unix)]
pub(crate) fn on_a_terminal(folder: &Folder, line: &str) -> Command {
    let mut command = Command::new("script");
    let line = line.replace("sealed-session", concat!("'", env!("CARGO_BIN_EXE_sealed-session"), "'"));
    command.current_dir(folder.path("")).args(["-qec", &line, "/dev/null"]);
    command.env("TERM", "xterm").stdin(Stdio::null()).stdout(Stdio::piped());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}
