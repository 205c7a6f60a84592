//! A token whose key is unknown: it may be that another server has the new ring file already.

use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyState, Reason, SessionId};

use crate::common::{NOW, ring, root};
use crate::{Server, create, elsewhere, rotated, server};

/// Refused for its key, and whether the cookie is left alone.
#[track_caller]
fn refused(server: &Server, id: &SessionId) -> bool {
    let error = server.store.open(id).expect_err("its key is unknown");
    assert_eq!(error.reason(), Reason::UnknownKey);
    assert_eq!(error.to_string(), "invalid session: the token was refused");
    error.keeps_cookie()
}

#[test]
fn it_is_opened_after_one_reload() {
    let server = Server::new();
    server.save(&rotated(2));
    let id = elsewhere(2, &server.clock);
    assert_eq!(server.store.open(&id).unwrap().key_state(), KeyState::Sealing);
    assert_eq!(server.watcher.replacements(), 1);
}

#[test]
fn every_operation_waits_for_the_reload() {
    let operations: [fn(&Server, &SessionId) -> SessionId; 5] = [
        |server, id| server.store.update_with(id, "{}", b"").unwrap(),
        |server, id| server.store.touch_with(id, 0, b"").unwrap(),
        |server, id| server.store.reseal(id).unwrap(),
        |server, id| server.store.cycle(id).unwrap(),
        |server, id| server.store.authenticate(id, "user").unwrap(),
    ];
    for operation in operations {
        let server = Server::new();
        // The old root is revoked: what is sealed afterwards has to be under the new one.
        let new = || ring(vec![root(1).revoked(), root(2).activating_at(1)]);
        server.save(&new());
        let other = self::server(new(), &server.clock);
        let changed = operation(&server, &create(&other));
        assert!(other.open(&changed).is_ok(), "a ring is not mixed with the one before");
    }
}

#[test]
fn a_csrf_token_waits_for_the_reload_as_well() {
    let server = Server::new();
    let other = self::server(rotated(2), &server.clock);
    let uid = other.open(&create(&other)).unwrap().uid();
    let form = other.csrf_token(uid).unwrap();
    server.save(&rotated(2));
    assert_eq!(server.store.check_csrf_token(uid, &form), Ok(()));
}

#[test]
fn within_the_same_second_others_are_refused_at_once_and_keep_their_cookies() {
    let server = Server::new();
    let garbage = create(&self::server(ring(vec![root(9)]), &server.clock));
    assert!(!refused(&server, &garbage), "the file was read, is good, and does not know it");
    server.save(&rotated(2));
    let id = elsewhere(2, &ManualClock::at(NOW));
    for passed in [0, 1, 998] {
        server.clock.advance(passed);
        assert!(refused(&server, &id));
    }
    assert_eq!(server.watcher.replacements(), 0);
    server.clock.advance(1);
    assert!(server.store.open(&id).is_ok());
    assert_eq!(server.watcher.replacements(), 1);
}

#[test]
fn known_keys_are_opened_meanwhile() {
    let server = Server::new();
    let known = create(&server.store);
    assert!(!refused(&server, &create(&self::server(ring(vec![root(9)]), &server.clock))));
    server.save(&rotated(2));
    server.serves(&known);
    assert_eq!(server.watcher.replacements(), 0, "none of it read the file");
}

#[test]
fn refusals_for_another_reason_read_no_file() {
    let server = Server::new();
    let known = create(&server.store);
    server.save(&rotated(2));
    let tampered = format!("{}AAAA", &known.as_str()[..known.as_str().len() - 4]);
    for bad in ["", "garbage", &tampered] {
        let error = server.store.open(&SessionId::new(bad)).unwrap_err();
        assert!(error.reason() != Reason::UnknownKey && !error.keeps_cookie());
    }
    assert_eq!(server.watcher.replacements(), 0);
}

#[test]
fn while_the_file_cannot_be_used_cookies_are_kept() {
    let server = Server::new();
    std::fs::write(server.path(), "{").unwrap();
    let id = elsewhere(2, &server.clock);
    for _ in 0..3 {
        assert!(refused(&server, &id));
        server.clock.advance(1_000);
    }
    assert!(server.store.health().is_err());
    std::fs::remove_file(server.path()).unwrap();
    rotated(2).save_new(server.path()).unwrap();
    assert!(server.store.open(&id).is_ok());
    assert_eq!(server.store.health(), Ok(()));
}

#[test]
fn without_a_watcher_it_is_refused_for_good() {
    let server = Server::new();
    let id = elsewhere(2, &server.clock);
    let alone = self::server(ring(vec![root(1)]), &server.clock).open(&id).unwrap_err();
    assert!(!alone.keeps_cookie());
    server.save(&rotated(2));
    let Server { store, watcher, .. } = server;
    drop(watcher);
    let error = store.open(&id).unwrap_err();
    assert!(error.reason() == Reason::UnknownKey && !error.keeps_cookie());
}
