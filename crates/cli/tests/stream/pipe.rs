//! Streams through pipes: whole, in little memory, at once, and quietly when nobody reads any more.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::common::running::{Running, closed_pipe};
use crate::common::{DAY, Folder, NOW, shipped_sessions};
use crate::{OPEN, SEAL};

#[test]
fn nothing_on_standard_input_is_nothing_to_do() {
    let folder = Folder::with_ring();
    for command in [SEAL, OPEN, "inspect"] {
        assert_eq!(folder.run(command).succeeds(), "");
    }
}

#[test]
fn the_shipped_sessions_come_back_through_a_pipe() {
    let folder = Folder::with_ring();
    let mut sealing = folder.cli(&format!("{SEAL} --now {NOW}")).command;
    let mut sealing = Running::spawn(sealing.stdin(shipped_sessions()).stdout(Stdio::piped()));
    let mut opening = folder.cli(&format!("{OPEN} --now {NOW}")).command;
    opening.stdin(sealing.child.stdout.take().unwrap()).stdout(Stdio::piped());
    let mut opening = Running::spawn(&mut opening);
    let stdout = opening.collect_stdout();
    let opened = opening.end(&stdout).succeeds();
    sealing.end_without_stdout().succeeds();

    let shipped = std::io::read_to_string(shipped_sessions()).unwrap();
    assert!(shipped.lines().count() >= 1_000);
    assert_eq!(opened.lines().count(), shipped.lines().count());
    for (line, opened) in shipped.lines().zip(opened.lines()) {
        assert_is_the_session_of(line, &serde_json::from_str(opened).unwrap());
    }
}

fn assert_is_the_session_of(line: &str, opened: &Value) {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(line).unwrap();
    assert_eq!(opened["data_json"].as_str(), fields.get("data").map(|data| data.get()), "{line}");
    let user = fields.get("user_id").map_or(Value::Null, |user| serde_json::from_str(user.get()).unwrap());
    assert_eq!(opened["user_id"], user, "{line}");
    let ttl = fields.get("ttl_ms").map_or(0, |ttl| ttl.get().parse().unwrap());
    let expires = NOW + if ttl == 0 { DAY } else { ttl };
    assert_eq!(
        (&opened["created_at_ms"], &opened["expires_at_ms"]),
        (&json!(NOW), &json!(expires)),
        "{line}"
    );
}

/// Both wait for more when all of it is answered, so that their peaks are final and can be read.
#[cfg(target_os = "linux")]
#[test]
fn twenty_thousand_lines_stream_through_a_pipe_in_constant_memory() {
    let folder = Folder::with_ring();
    let mut sealing = Running::start(folder.cli(SEAL).command);
    let mut opening = folder.cli(OPEN).command;
    opening.stdin(sealing.child.stdout.take().unwrap()).stdout(Stdio::piped());
    let mut opening = Running::spawn(&mut opening);
    let (stdin, opened) = (sealing.stdin(), opening.lines());
    let feeding = std::thread::spawn(move || {
        let mut stdin = std::io::BufWriter::new(stdin);
        for user in 0..20_000 {
            writeln!(stdin, "{{\"user_id\":\"{user}\",\"data\":{}}}", crate::object_of(1_000)).unwrap();
        }
        stdin.into_inner().unwrap()
    });
    for user in 0..20_000 {
        let session = opened.next();
        assert!(session.contains(&format!(",\"user_id\":\"{user}\",\"data_json\":\"{{ ")), "{session}");
    }
    // 20 MB went in, and 29 MB came out of the first one.
    let peaks = [peak_mib(&sealing), peak_mib(&opening)];
    assert!(peaks.iter().all(|peak| (1..16).contains(peak)), "{peaks:?} MiB");
    drop(feeding.join().unwrap());
    opened.assert_end();
    sealing.end_without_stdout().succeeds();
    opening.end_without_stdout().succeeds();
}

/// The most memory that a running process has held at a time.
#[cfg(target_os = "linux")]
fn peak_mib(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_of_64_mebibytes_is_refused_in_constant_memory() {
    let folder = Folder::with_ring();
    let mut opening = Running::start(folder.cli(OPEN).command);
    let (mut stdin, opened) = (opening.stdin(), opening.lines());
    let feeding = std::thread::spawn(move || {
        (0..64).for_each(|_| stdin.write_all(&vec![b'A'; crate::MIB]).unwrap());
        stdin.write_all(b"\n").unwrap();
        stdin
    });
    assert_eq!(opened.next(), r#"{"error":"invalid","line":1}"#);
    assert!((1..16).contains(&peak_mib(&opening)), "{} MiB", peak_mib(&opening));
    drop(feeding.join().unwrap());
    opened.assert_end();
    assert_eq!(opening.end_without_stdout().code, 3);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_read_or_written_is_an_error() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let open =
        |path: &str, write: bool| std::fs::File::options().read(!write).write(write).open(path).unwrap();
    for (command, line) in [(SEAL, "{}"), (OPEN, &token), ("inspect", &token)] {
        folder.write("input", line);
        let (input, full) = (open(folder.path("input").to_str().unwrap(), false), open("/dev/full", true));
        let mut full_disk = folder.cli(command).command;
        let full_disk = Running::spawn(full_disk.stdin(input).stdout(full));
        full_disk.end_without_stdout().fails(1, "No space left on device");
        let mut from_folder = folder.cli(command).command;
        let from_folder = Running::spawn(from_folder.stdin(open("/tmp", false)).stdout(Stdio::null()));
        from_folder.end_without_stdout().fails(1, "Is a directory");
    }
}

#[test]
fn every_line_is_answered_before_the_next_one_is_waited_for() {
    let folder = Folder::with_ring();
    let mut sealing = Running::start(folder.cli(SEAL).command);
    let mut opening = Running::start(folder.cli(OPEN).command);
    let (mut to_seal, mut to_open) = (sealing.stdin(), opening.stdin());
    let (sealed, opened) = (sealing.lines(), opening.lines());
    write!(to_seal, "{{").unwrap();
    for user in 0..100 {
        // The beginning of the next line is there already, and does not keep the answer back.
        write!(to_seal, "\"user_id\":\"{user}\"}}\n{{").unwrap();
        let token = sealed.next();
        writeln!(to_open, "{token}").unwrap();
        let session: Value = serde_json::from_str(&opened.next()).unwrap();
        assert_eq!(session["user_id"], user.to_string());
    }
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    for (command, line) in [(SEAL, "{}"), (OPEN, &token), (OPEN, "garbage"), ("inspect", &token)] {
        let mut command = folder.cli(command).command;
        let mut running = Running::spawn(command.stdin(Stdio::piped()).stdout(closed_pipe()));
        writeln!(running.stdin(), "{line}").unwrap();
        assert_eq!(running.end_without_stdout().succeeds(), "");
    }
}

#[test]
fn a_reader_that_goes_after_the_first_line_ends_it_quietly() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    for (command, line) in [(SEAL, "{}"), (OPEN, &*token), ("inspect", &token)] {
        let mut running = Running::start(folder.cli(command).command);
        let (mut stdin, lines, line) = (running.stdin(), running.lines(), line.to_owned());
        // Until nobody reads any more.
        let feeding = std::thread::spawn(move || while writeln!(stdin, "{line}").is_ok() {});
        lines.next();
        drop(lines);
        assert_eq!(running.end_without_stdout().succeeds(), "");
        feeding.join().unwrap();
    }
}
