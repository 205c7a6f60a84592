//! Three processes with one Redis, which ask for news so seldom that only a push can tell them.

use std::collections::HashSet;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _, stdin};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use sealed_session::revocation::Revocations;
use sealed_session_redis::RedisBackend;

use crate::server::Server;
use crate::{session, until};

const URL: &str = "SEALED_SESSION_TEST_REDIS";
const NAME: &str = "processes::what_one_process_revokes_the_others_are_told";
/// Begins the lines that are meant for the first process; the others are those of the test runner.
const MARK: &str = "@ ";

struct Other {
    child: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    heard: HashSet<String>,
}

impl Other {
    fn start(url: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", NAME, "--nocapture"]).env(URL, url);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (words, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut other = Self { child, words, answers: BufReader::new(answers), heard: HashSet::new() };
        other.hear("ready");
        other
    }

    fn say(&mut self, word: &str) {
        writeln!(self.words, "{word}").unwrap();
    }

    /// Reads until it has said so.
    fn hear(&mut self, expected: &str) {
        let mut line = String::new();
        while !self.heard.contains(expected) {
            line.clear();
            assert!(self.answers.read_line(&mut line).unwrap() > 0, "it ended before it said {expected}");
            self.heard.extend(line.trim_end().rsplit_once(MARK).map(|(_, said)| said.to_owned()));
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn seldom(url: &str) -> Revocations {
    let backend = RedisBackend::open(url).unwrap();
    Revocations::builder().poll_every(Duration::from_secs(3600)).with_backend(backend).unwrap()
}

#[test]
fn what_one_process_revokes_the_others_are_told() {
    // The other two processes are this test as well.
    if let Ok(url) = env::var(URL) {
        return other_process(&url);
    }
    let server = Server::start(&[]);
    let revocations = seldom(&server.url());
    let mut others = [Other::start(&server.url()), Other::start(&server.url())];
    let mut times = Vec::new();
    for number in 1..=20_usize {
        others.iter_mut().for_each(|other| other.say(&format!("await {number}")));
        if number % 2 == 0 {
            others[0].say(&format!("revoke {number}"));
            others[0].hear(&format!("revoked {number}"));
        } else {
            revocations.revoke(session(u64::try_from(number).unwrap())).wait().unwrap();
        }
        let revoked = Instant::now();
        others.iter_mut().for_each(|other| other.hear(&format!("known {number}")));
        until("this process is told", || revocations.len() == number);
        times.push(revoked.elapsed());
    }
    times.sort();
    println!("told in {:?} (median) and {:?} (longest)", times[times.len() / 2], times[times.len() - 1]);
}

/// Does what it is told, on two threads: one may be waiting.
fn other_process(url: &str) {
    let revocations = seldom(url);
    println!("\n{MARK}ready");
    for line in stdin().lines() {
        let line = line.unwrap();
        let (word, number) = line.split_once(' ').unwrap();
        let number: usize = number.parse().unwrap();
        if word == "revoke" {
            revocations.revoke(session(u64::try_from(number).unwrap())).wait().unwrap();
            println!("{MARK}revoked {number}");
        } else {
            let revocations = revocations.clone();
            std::thread::spawn(move || {
                until("it is told", || revocations.len() == number);
                println!("{MARK}known {number}");
            });
        }
    }
}
