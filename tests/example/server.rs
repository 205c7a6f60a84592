//! An example that serves, as a program that a test starts.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far more than it takes to start: who says nothing by then hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// The example at work, on a free port. It is killed when the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(example: &str) -> Self {
        let mut command = Command::new(crate::example::built(example));
        let mut child = command.args(["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            sender.send(line)
        });
        let mut server = Self { child, url: String::new() };
        let line = receiver.recv_timeout(DEADLINE).expect("it tells in time where it listens");
        let port = line.trim().strip_prefix("listening on http://localhost:").unwrap();
        server.url = format!("http://127.0.0.1:{}", port.trim_end_matches('/'));
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
