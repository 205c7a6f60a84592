//! Colours and progress on a terminal, which `script` plays (an essential package of Debian, and part of util-linux).

use std::fs::File;
use std::io::Write as _;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use crate::common::Folder;
use crate::common::running::{Running, on_a_terminal};

#[test]
fn the_tour_is_coloured_unless_colours_are_unwanted() {
    let folder = Folder::new();
    for (line, coloured) in [("sealed-session tour", true), ("NO_COLOR=1 sealed-session tour", false)] {
        let mut command = on_a_terminal(&folder, line);
        let mut running = Running::spawn(&mut command);
        let stdout = running.collect_stdout();
        let story = running.end(&stdout).succeeds();
        assert!(story.contains("All of it held."), "{story}");
        assert_eq!(story.contains("\x1b["), coloured, "{story}");
    }
}

#[test]
fn a_stream_shows_how_far_it_is_and_clears_it_away() {
    let folder = Folder::with_ring();
    let mut command =
        on_a_terminal(&folder, "sealed-session seal --ring ring.json --name s < lines > tokens");
    let made = Command::new("mkfifo").arg(folder.path("lines")).status();
    assert!(made.unwrap().success());
    let (path, (done, wait)) = (folder.path("lines"), mpsc::channel::<()>());
    // The stream goes on until its progress was seen. Opening waits for the reader.
    thread::spawn(move || {
        let mut lines = File::create(path).unwrap();
        lines.write_all("{}\n".repeat(1_024).as_bytes()).unwrap();
        let _ = wait.recv();
    });
    let mut running = Running::spawn(&mut command);
    let seen = running.wait_for("1024 lines, ");
    drop(done);
    let rest = running.end(&seen).succeeds();
    assert!(rest.ends_with("\x1b[2K"), "{rest:?}");
    assert_eq!(folder.read("tokens").lines().count(), 1_024);
}

#[test]
fn output_on_the_same_terminal_is_not_mixed_with_a_progress_bar() {
    let folder = Folder::with_ring();
    folder.write("lines", "{}\n{}\n{}\n");
    let line = "sealed-session seal --ring ring.json --name s < lines";
    let mut running = Running::spawn(&mut on_a_terminal(&folder, line));
    let stdout = running.collect_stdout();
    let shown = running.end(&stdout).succeeds();
    let is_token = |token: &str| token.trim_end().bytes().all(|c| c.is_ascii_graphic());
    assert!(shown.lines().all(is_token), "{shown:?}");
}
