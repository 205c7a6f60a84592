//! A file that cannot be used: the last good ring stays, and an operator learns why, once.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sealed_session::{HealthError, RingEvent, SessionPlugin as _};

use crate::common::{DAY, NOW, ring, root, secret};
use crate::{Server, create, rotated, set_mode};

/// Puts something in place of the file, and names the words with which it is refused.
type Spoil = (&'static str, Box<dyn Fn(&Path)>);

fn written(text: impl Into<Vec<u8>>) -> Box<dyn Fn(&Path)> {
    let text = text.into();
    Box::new(move |path| fs::write(path, &text).unwrap())
}

/// The rotated ring's file with something else in it.
fn changed(from: &str, to: &str) -> Box<dyn Fn(&Path)> {
    let text = rotated(2).to_json().unwrap();
    assert!(text.contains(from), "{from}");
    written(text.replacen(from, to, 1))
}

fn spoils() -> Vec<Spoil> {
    let twice = rotated(2).to_json().unwrap().replace(&*secret(2).to_text(), &secret(1).to_text());
    let short = ring(vec![root(1)]).with_max_ttl(Duration::from_secs(60)).unwrap();
    let reversed =
        "\"activate_at\": \"1970-01-02T00:00:00Z\",\n      \"retire_at\": \"1970-01-01T00:00:00Z\"";
    vec![
        ("cannot be read", Box::new(|path| fs::remove_file(path).unwrap())),
        ("its mode 0604 lets every user", Box::new(|path| set_mode(path, 0o604))),
        (
            "is a folder without a ring.json",
            Box::new(|path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            }),
        ),
        (
            "is not a regular file",
            Box::new(|path| {
                fs::remove_file(path).unwrap();
                assert!(Command::new("mkfifo").args(["-m", "600"]).arg(path).status().unwrap().success());
            }),
        ),
        ("is larger than 1048576 bytes", written(vec![b' '; 10 << 20])),
        ("is not UTF-8", written([0xFF, 0xFE])),
        ("a JSON object is expected", written("")),
        ("the same secret stands in keys[0]", written(twice)),
        (
            "it retires before it activates",
            changed("\"activate_at\": \"1970-01-01T00:00:00Z\",\n      \"retire_at\": null", reversed),
        ),
        ("a time such as", changed("\"1970-01-01T00:00:00Z\"", "\"1969-12-31T23:59:59Z\"")),
        ("unknown field `retires_at`", changed("retire_at", "retires_at")),
        ("field format", changed("sealed-session-ring/1", "sealed-session-ring/2")),
        ("longer than the ring's longest life of a token", written(short.to_json().unwrap().as_str())),
    ]
}

/// Puts the file of the beginning back.
fn mend(path: &Path) {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
    ring(vec![root(1)]).save_new(path).unwrap();
}

#[test]
fn a_file_that_is_refused_keeps_the_last_good_ring_and_is_told_of_once() {
    let server = Server::new();
    let id = create(&server.store);
    for (words, spoil) in spoils() {
        spoil(&server.path());
        for _ in 0..3 {
            let error = server.watcher.reload_now().expect_err(words);
            assert!(error.to_string().contains(words), "{words:?} is expected in {error}");
            assert!(error.to_string().contains("ring.json: "), "{error}");
            assert_eq!(server.watcher.last_error(), Some(error.clone()));
            assert_eq!(server.store.health(), Err(HealthError::RingFile(error)));
            assert!(!server.store.is_healthy());
            assert_eq!(server.store.ready(), Ok(()), "a mistake in the file takes no server out of service");
            server.serves(&id);
        }
        assert!(server.failure().contains(words));
        server.no_event();
        mend(&server.path());
        server.watcher.reload_now().unwrap();
        assert_eq!(server.event(), RingEvent::Recovered, "{words}");
        server.no_event();
        assert_eq!((server.store.health(), server.watcher.last_error()), (Ok(()), None));
        assert!(server.store.is_healthy());
    }
    assert_eq!(server.watcher.replacements(), 0, "the same ring is not swapped in when it comes back");
}

#[test]
fn another_reason_is_told_of_again() {
    let server = Server::new();
    for (words, text) in [("a JSON object", "1"), ("missing field `format`", "{}"), ("a JSON object", "2")] {
        fs::write(server.path(), text).unwrap();
        assert!(server.watcher.reload_now().is_err());
        assert!(server.failure().contains(words));
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let server = Server::new();
    let (id, text) = (create(&server.store), rotated(2).to_json().unwrap());
    for len in 0..text.trim_end().len() {
        fs::write(server.path(), &text[..len]).unwrap();
        assert!(server.watcher.reload_now().is_err(), "{len} bytes");
        server.serves(&id);
    }
    assert_eq!(server.watcher.replacements(), 0);
    fs::write(server.path(), text.trim_end()).unwrap();
    server.watcher.reload_now().unwrap();
    assert_eq!(server.watcher.replacements(), 1);
}

#[test]
fn times_in_the_past_are_times() {
    // What is over is over, and it is the operator who says so.
    let server = Server::new();
    let id = create(&server.store);
    server.save(&ring(vec![root(1).retiring_at(NOW - DAY), root(2).activating_at(NOW - 2 * DAY)]));
    server.watcher.reload_now().unwrap();
    assert!(server.store.open(&id).is_err());
    assert_eq!(server.store.health(), Ok(()));
}

#[test]
fn a_good_file_whose_ring_seals_nothing_is_used_and_not_healthy() {
    let server = Server::new();
    let id = create(&server.store);
    server.save(&ring(vec![root(1).revoked()]));
    server.watcher.reload_now().unwrap();
    assert!(server.store.open(&id).is_err(), "a revocation counts even if it leaves nothing");
    assert_eq!(server.store.health(), Err(HealthError::NoSealingKey));
    assert_eq!(server.store.ready(), Err(HealthError::NoSealingKey));
    assert_eq!(server.watcher.last_error(), None);
}

#[test]
fn no_reason_quotes_a_secret() {
    let server = Server::new();
    let secret = secret(2).to_text();
    for text in [(*secret).clone(), rotated(2).to_json().unwrap().replacen("ssr1_", "ssr1-", 2)] {
        fs::write(server.path(), text).unwrap();
        let error = server.watcher.reload_now().unwrap_err();
        let health = server.store.health().unwrap_err();
        let shown = format!("{error} {health} {health:?} {:?} {}", server.watcher, server.event());
        assert!(!shown.contains(&secret[5..17]), "{shown}");
    }
}
