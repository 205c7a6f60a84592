//! `--now`: the life of a session, of a key and of an epoch.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::common::ring_file::{ring, root};
use crate::common::{DAY, Folder, HOUR, NOW};
use crate::{MAX_TTL_S, SECRET, check};

#[test]
fn a_session_is_over_from_the_millisecond_of_its_expiry_on() {
    let folder = Folder::with_ring();
    let token = folder.seal(&format!("--now {NOW} --ttl 1h"));
    folder.open(&token, &format!("--now {}", NOW + HOUR - 1)).line();
    for now in [NOW + HOUR, NOW + 100 * DAY, u64::MAX] {
        let ended = folder.open(&token, &format!("--now {now}"));
        ended.fails(4, "sealed-session: session not found\n");
    }
}

#[test]
fn the_rings_longest_ttl_is_the_maximum_lifetime_too() {
    let folder = Folder::new();
    folder.write("ring.json", ring(MAX_TTL_S, &[root(SECRET)]));
    let token = folder.seal(&format!("--now {NOW} --ttl 2h"));
    folder.write("ring.json", ring(3_600, &[root(SECRET)]));
    let session = folder.open(&token, &format!("--now {}", NOW + HOUR - 1)).json();
    assert_eq!(session["expires_at_ms"], NOW + HOUR);
    assert_eq!(folder.open(&token, &format!("--now {}", NOW + HOUR)).code, 4);
}

#[test]
fn a_session_of_the_future_is_refused_beyond_a_minute() {
    let folder = Folder::with_ring();
    let token = folder.seal(&format!("--now {NOW}"));
    folder.open(&token, &format!("--now {}", NOW - 60_000)).line();
    for now in [NOW - 60_001, 0] {
        assert_eq!(check(&folder, &token, &format!("--now {now}")), "future");
    }
}

#[test]
fn the_first_and_the_last_times_there_are_can_be_set() {
    let folder = Folder::with_ring();
    assert_eq!(folder.open(&folder.seal("--now 0"), "--now 0").json()["expires_at_ms"], DAY);
    let (last, end) = (u64::MAX - 1, u64::MAX);
    let token = folder.seal(&format!("--now {last}"));
    assert_eq!(folder.open(&token, &format!("--now {last}")).json()["expires_at_ms"], u64::MAX);
    folder.open(&token, &format!("--now {end}")).fails(4, "not found");
    let ended = folder.run(&format!("seal --ring ring.json --name s --data {{}} --now {end}"));
    ended.fails(1, "the session would be expired at once");
}

#[test]
fn a_time_that_is_no_u64_is_a_usage_error() {
    let folder = Folder::with_ring();
    for now in ["18446744073709551616", "-1", "1.5", "1e3", "", "now", "0x10"] {
        for command in ["seal --data {}", "open"] {
            let command = format!("{command} --ring ring.json --name s");
            folder.cli(&command).arg(format!("--now={now}")).end().fails(2, "--now");
        }
    }
}

#[test]
fn without_a_time_the_systems_clock_counts() {
    let now = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let folder = Folder::with_ring();
    let before = now();
    let session = folder.open(&folder.seal(""), "").json();
    assert!((before..=now()).contains(&session["created_at_ms"].as_u64().unwrap()), "{session}");
}

#[test]
fn the_state_of_the_key_tells_whether_a_newer_one_seals() {
    let folder = Folder::new();
    let (old, new) = (folder.keygen("old"), folder.keygen("new"));
    let mut roots = [root(&old), root(&new)];
    roots[0]["retire_at"] = json!("2026-12-19T11:06:40Z");
    roots[1]["activate_at"] = json!("2026-11-18T11:06:40Z");
    folder.write("ring.json", ring(MAX_TTL_S, &roots));
    let (before, after) = (folder.seal(&format!("--now {}", NOW - 1)), folder.seal(&format!("--now {NOW}")));
    let state =
        |token: &str, now: u64| folder.open(token, &format!("--now {now}")).json()["key_state"].clone();
    assert_eq!([state(&before, NOW - 1), state(&after, NOW - 1)], ["sealing", "staged"]);
    assert_eq!([state(&before, NOW), state(&after, NOW)], ["accepted", "sealing"]);
    folder.open(&before, &format!("--now {}", NOW + 31 * DAY - 1)).fails(4, "not found");
    assert_eq!(check(&folder, &before, &format!("--now {}", NOW + 31 * DAY)), "key_gone");
}

#[test]
fn a_token_of_an_epoch_lives_as_long_as_any_other() {
    let folder = Folder::new();
    folder.run("ring init ring.json --every 1d").succeeds();
    let token = folder.seal(&format!("--now {NOW} --ttl 30d"));
    let at = |now: u64| folder.open(&token, &format!("--now {now}"));
    assert_eq!(at(NOW).json()["key_state"], "sealing");
    assert_eq!(at(NOW + 30 * DAY - 1).json()["key_state"], "accepted");
    // Epoch 20775 has ended on day 20776, and is kept for the 30 days of a token and one of grace.
    at(NOW + 30 * DAY).fails(4, "not found");
    at(20_807 * DAY - 1).fails(4, "not found");
    assert_eq!(check(&folder, &token, &format!("--now {}", 20_807 * DAY)), "key_id");
}

#[test]
fn a_token_of_an_epoch_to_come_opens_a_minute_before_it() {
    let folder = Folder::new();
    folder.run("ring init ring.json --every 1d").succeeds();
    let midnight = 20_776 * DAY;
    let token = folder.seal(&format!("--now {midnight}"));
    assert_eq!(folder.open(&token, &format!("--now {}", midnight - 60_000)).json()["key_state"], "staged");
    assert_eq!(check(&folder, &token, &format!("--now {}", midnight - 60_001)), "key_id");
}
