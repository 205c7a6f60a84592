//! The layer without a web framework: `examples/plain_tower`, as a program, over TCP.

#![cfg(feature = "tower")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod example;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reqwest::header::{COOKIE, SET_COOKIE};

/// Far more than it takes to start: who says nothing by then hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// The example at work. It is killed when the test ends.
struct Counter {
    child: Child,
    url: String,
}

impl Counter {
    fn start() -> Self {
        let mut command = Command::new(example::built("plain_tower"));
        let mut child = command.args(["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            sender.send(line)
        });
        let mut counter = Self { child, url: String::new() };
        let line = receiver.recv_timeout(DEADLINE).expect("it tells in time where it listens");
        let url = line.trim().strip_prefix("listening on http://localhost:").unwrap();
        counter.url = format!("http://127.0.0.1:{url}");
        counter
    }

    /// The answer to a visit with this cookie, and the cookie that it sets.
    async fn visit(&self, cookie: &str) -> (String, String) {
        let answer = reqwest::Client::new().get(&self.url).header(COOKIE, cookie).send().await.unwrap();
        let set = answer.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        let pair = set.split(';').next().unwrap().to_owned();
        (answer.text().await.unwrap(), pair)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // Both fail when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_server_without_a_framework_counts_visits_in_the_cookie() {
    let counter = Counter::start();
    let (first, cookie) = counter.visit("").await;
    assert!(first == "visit 1\n" && cookie.starts_with("__Host-session=A"), "{first}, {cookie}");
    let (second, newer) = counter.visit(&cookie).await;
    assert_eq!(second, "visit 2\n");
    assert_eq!(counter.visit(&newer).await.0, "visit 3\n");
    assert_eq!(counter.visit(&cookie).await.0, "visit 2\n", "an older token still opens");
    let tampered = format!("{cookie}A");
    assert_eq!(counter.visit(&tampered).await.0, "visit 1\n");
}
