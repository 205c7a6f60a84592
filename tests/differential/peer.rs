//! Another implementation, as a child process that answers a line for a line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(crate) fn python() -> Self {
        Self::start("SEALED_SESSION_PYTHON", "python3", "sealed_session.py")
    }

    pub(crate) fn node() -> Self {
        Self::start("SEALED_SESSION_NODE", "node", "sealed_session.mjs")
    }

    fn start(variable: &str, default: &str, script: &str) -> Self {
        let interpreter = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
        let script = Path::new(crate::IMPLEMENTATIONS).join(script);
        let mut child = Command::new(&interpreter)
            .arg(script)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{interpreter} does not start: {e}"));
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, requests, answers }
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "the other implementation ended at {request}");
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
